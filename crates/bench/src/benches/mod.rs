//! The benchmarks.

mod activate;
mod context;

use anyhow::Result;

pub use context::Context;

use crate::report::Line;

/// A benchmark.
#[derive(Debug, Clone, Copy)]
pub struct Benchmark {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// Runs it.
    pub run: fn(&Context) -> Result<Vec<Line>>,
}

/// All of them, in the order of the promises.
pub const ALL: &[Benchmark] = &[Benchmark {
    name: "activate",
    about: "V1, V2: activations a second and the time of one, SQLite",
    run: activate::run,
}];

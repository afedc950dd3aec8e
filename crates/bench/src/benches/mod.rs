//! The benchmarks.

mod activate;
mod arm;
mod context;
mod expiry;
mod graph;
mod growth;
mod ldap;
mod lists;
mod postgres;
mod schedules;
mod start;
mod tokens;

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
pub const ALL: &[Benchmark] = &[
    Benchmark {
        name: "activate",
        about: "V1, V2: activations a second and the time of one, SQLite",
        run: activate::run,
    },
    Benchmark { name: "lists", about: "V3: my roles, my requests", run: lists::run },
    Benchmark { name: "ldap", about: "V5: from the activation to the member in LDAP", run: ldap::run },
    Benchmark { name: "growth", about: "V6: cost as eligibilities and history grow", run: growth::run },
    Benchmark { name: "postgres", about: "V8: activations a second, PostgreSQL", run: postgres::run },
    Benchmark { name: "start", about: "O6, V7: time to serve a large store, and memory", run: start::run },
    Benchmark { name: "tokens", about: "signed tokens a second and core, and sign-in", run: tokens::run },
    Benchmark {
        name: "graph-activate",
        about: "V1 through Graph: activations of directory roles a second",
        run: graph::activate,
    },
    Benchmark {
        name: "graph-lists",
        about: "V3, V6 through Graph: lists beside a million schedules, and a scan of them for alerts",
        run: graph::lists,
    },
    Benchmark {
        name: "graph-ldap",
        about: "V5 through Graph: from the activation of a group to the member in LDAP",
        run: graph::ldap,
    },
    Benchmark {
        name: "arm-activate",
        about: "V1 through ARM: activations of resource roles a second",
        run: arm::activate,
    },
    Benchmark {
        name: "arm-lists",
        about: "V3, V4, V6 through ARM: access checks and lists beside a million assignments",
        run: arm::lists,
    },
    Benchmark { name: "expiry", about: "R1: ten thousand ends in one instant, and single ones", run: expiry::run },
];

//! The benchmarks: built as they are measured, and run with what was asked for.

use std::path::PathBuf;

use anyhow::Result;

use crate::step;

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Benchmarks, or `all`; without a name, they are listed.
    names: Vec<String>,
    /// Shorter and smaller: to see that it works.
    #[arg(long)]
    quick: bool,
    /// Where to write the report as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// A folder where large stores are kept for the next run of the same version.
    #[arg(long)]
    stores: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut bench = step::cargo();
    bench.args(["run", "--quiet", "--profile", "bench", "-p", "ephor-bench", "--"]);
    if options.names.is_empty() {
        bench.arg("--list");
    }
    bench.args(&options.names);
    if options.quick {
        bench.arg("--quick");
    }
    if let Some(json) = &options.json {
        bench.arg("--json").arg(std::path::absolute(json)?);
    }
    if let Some(stores) = &options.stores {
        bench.arg("--stores").arg(std::path::absolute(stores)?);
    }
    step::run(&mut bench)
}

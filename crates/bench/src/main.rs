//! `ephor-bench`: runs benchmarks, prints a table, and writes JSON where asked.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use ephor_bench::{
    benches::{ALL, Benchmark, Context},
    report::Report,
    world::{scratch::sqlite, served::Served},
};
use ephor_engine::Denied;
use ephor_store::{Fault, Store};

/// Measures Ephor beside the machine's own floors.
#[derive(Debug, Parser)]
struct Options {
    /// Benchmarks to run, by name or the first word of it; without a name, or with `all`, every one.
    names: Vec<String>,
    /// Shorter and smaller: to see that it works.
    #[arg(long)]
    quick: bool,
    /// Where to write the report as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// A folder where large stores are kept, and found by the next run of the same version: loading takes minutes.
    #[arg(long)]
    stores: Option<PathBuf>,
    /// Serves a store for a benchmark until its input ends.
    #[arg(long, hide = true)]
    serve: Option<PathBuf>,
    /// Lists the benchmarks.
    #[arg(long)]
    list: bool,
}

/// As the `ephor` binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]
fn main() -> ExitCode {
    let options = Options::parse();
    if options.list {
        for benchmark in ALL {
            println!("{:<15} {}", benchmark.name, benchmark.about);
        }
        return ExitCode::SUCCESS;
    }
    let done = match &options.serve {
        Some(store) => serve(store),
        None => run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}{}", inside(&error).map(|cause| format!(": {cause}")).unwrap_or_default());
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the benchmark reads the address from it")]
fn serve(store: &Path) -> Result<()> {
    log_to_nowhere();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(async { Served::start(Store::open(&sqlite(store)).await?).await })?;
    println!("{}", served.address);
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    runtime.block_on(served.stop())
}

/// The log that a server writes by default, without its disk: its lines are part of what a call costs.
fn log_to_nowhere() {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter("info")
        .with_writer(std::io::sink)
        .init();
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]
fn run(options: &Options) -> Result<()> {
    log_to_nowhere();
    let context = Context { quick: options.quick, stores: options.stores.clone() };
    let mut report = Report { machine: Vec::new(), lines: Vec::new() };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    report.machine.push(("cores".to_owned(), cores.to_string()));
    let mut failed = Vec::new();
    for benchmark in chosen(&options.names)? {
        eprintln!("== {}: {}", benchmark.name, benchmark.about);
        match (benchmark.run)(&context) {
            Ok(lines) => report.lines.extend(lines),
            Err(error) => {
                eprintln!("{error:#}{}", inside(&error).map(|cause| format!(": {cause}")).unwrap_or_default());
                failed.push(benchmark.name);
            }
        }
        // After each: a run of all takes long, and what is done is done.
        if let Some(path) = &options.json {
            std::fs::write(path, serde_json::to_vec_pretty(&report)?).with_context(|| path.display().to_string())?;
        }
    }
    println!("{report}");
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

/// What a fault keeps for the log: this is the log.
fn inside(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|error| match (error.downcast_ref(), error.downcast_ref()) {
        (Some(Denied::Failed(fault)), _) | (_, Some(fault)) => Some(Fault::cause(fault)),
        _ => None,
    })
}

fn chosen(names: &[String]) -> Result<Vec<&'static Benchmark>> {
    if names.is_empty() || names.iter().any(|name| name == "all") {
        return Ok(ALL.iter().collect());
    }
    let mut chosen = Vec::new();
    for name in names {
        // The first word of some names stands for all that begin with it.
        let is_it = |one: &Benchmark| one.name == name || one.name.split('-').next() == Some(name);
        let found: Vec<_> = ALL.iter().filter(|benchmark| is_it(benchmark)).collect();
        if found.is_empty() {
            bail!("no benchmark is called {name}; see --list");
        }
        chosen.extend(found);
    }
    Ok(chosen)
}

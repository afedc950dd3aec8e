//! The benchmarks. Each is a module here that builds what it measures with the `bench` profile and runs it.

use anyhow::{Result, bail};

/// A benchmark: its name, what it measures, and how it is run with the arguments that follow `--`.
type Bench = (&'static str, &'static str, fn(&[String]) -> Result<()>);

/// All benchmarks. To add one: a module, and a line here.
const BENCHES: &[Bench] = &[];

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A benchmark, or `all`.
    name: Option<String>,
    /// Arguments for the benchmark.
    #[arg(last = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let Some(wanted) = options.name.as_deref() else {
        list();
        return Ok(());
    };
    let chosen: Vec<&Bench> = BENCHES.iter().filter(|(name, ..)| wanted == "all" || wanted == *name).collect();
    if chosen.is_empty() {
        list();
        bail!("no benchmark is called {wanted}");
    }
    for (name, _, bench) in chosen {
        println!("== {name}");
        bench(&options.arguments)?;
    }
    Ok(())
}

fn list() {
    if BENCHES.is_empty() {
        println!("no benchmarks yet");
    }
    for (name, about, _) in BENCHES {
        println!("{name:<16} {about}");
    }
}

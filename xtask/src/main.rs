//! Repository chores: `cargo xtask help`.
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "chores speak to whoever started them")]

mod bench;
mod check;
mod codegen;
mod deny;
mod fuzz;
mod setup;
mod step;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Repository chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Install what the tests need: Debian packages (as root) and an API tester from PyPI.
    Setup,
    /// Run all tests against the real components; doc tests first.
    Test(test::Options),
    /// Formatting, lints, generated files, licences and banned crates.
    Check,
    /// Licences, banned crates, duplicates and sources of the dependencies, by deny.toml.
    Deny,
    /// Run benchmarks; without a name, list them.
    Bench(bench::Options),
    /// Write the generated files, or with --check say which are stale.
    Codegen(codegen::Options),
    /// Run a fuzz target; without a name, list them.
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Setup => setup::run().map(|()| ExitCode::SUCCESS),
        Chore::Test(options) => test::run(&options),
        Chore::Check => check::run().map(|()| ExitCode::SUCCESS),
        Chore::Deny => deny::run().map(|()| ExitCode::SUCCESS),
        Chore::Bench(options) => bench::run(&options).map(|()| ExitCode::SUCCESS),
        Chore::Codegen(options) => codegen::run(&options).map(|()| ExitCode::SUCCESS),
        Chore::Fuzz(options) => fuzz::run(&options).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

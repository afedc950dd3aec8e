//! Fuzzing on the stable toolchain: libFuzzer with the coverage instrumentation that LLVM has built in.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::step;

/// What `cargo fuzz` would set, less the sanitizers, which need a nightly compiler. Without them the comparisons of strings
/// are not seen, so every target has a dictionary.
const RUSTFLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions=on -Coverflow-checks=on --cfg fuzzing";

/// Tells the fuzz program which target to run.
const TARGET: &str = "EPHOR_FUZZ_TARGET";

/// What to fuzz.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The target.
    target: Option<String>,
    /// How long to run.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Arguments for libFuzzer, or an input file to run once.
    #[arg(last = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let host = host()?;
    build(&host)?;
    let program = directory().join(&host).join("release/ephor-fuzz");
    // Without a target it prints their names.
    let known = step::output(step::command(&program).env_remove(TARGET))?;
    let Some(target) = options.target.as_deref() else {
        print!("{known}");
        return Ok(());
    };
    if !known.lines().any(|name| name == target) {
        bail!("no fuzz target is called {target}; there are:\n{known}");
    }
    let corpus = directory().join("corpus").join(target);
    let findings = directory().join("findings").join(target);
    for path in [&corpus, &findings] {
        std::fs::create_dir_all(path).with_context(|| format!("creating {}", path.display()))?;
    }
    let dictionary = directory().join(format!("{target}.dict"));
    let words = step::output(step::command(&program).env(TARGET, target).env("EPHOR_FUZZ_DICTIONARY", "1"))?;
    std::fs::write(&dictionary, words).context("writing the dictionary")?;

    let mut command = step::command(&program);
    command.env(TARGET, target);
    command.arg(format!("-artifact_prefix={}/", findings.display()));
    command.arg(format!("-dict={}", dictionary.display()));
    command.arg(format!("-max_total_time={}", options.seconds));
    command.args(["-timeout=10", "-print_final_stats=1"]);
    command.args(&options.arguments);
    if options.arguments.iter().all(|argument| argument.starts_with('-')) {
        command.arg(&corpus);
        let seeds = step::root().join("fuzz/seeds").join(target);
        command.args(seeds.is_dir().then_some(seeds));
    }
    step::run(&mut command).with_context(|| format!("what breaks it is kept in {}", findings.display()))
}

/// Corpus, findings and the instrumented build.
fn directory() -> PathBuf {
    step::target_directory().join("fuzz")
}

fn build(host: &str) -> Result<()> {
    // The dependencies that are fuzzed are the ones that are shipped.
    std::fs::copy(step::root().join("Cargo.lock"), step::root().join("fuzz/Cargo.lock"))
        .context("copying Cargo.lock")?;
    let mut command: Command = step::cargo();
    // A named target keeps the instrumentation out of build scripts and procedural macros.
    command.args(["build", "--quiet", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", host]);
    command.env("RUSTFLAGS", RUSTFLAGS).env("CARGO_TARGET_DIR", directory());
    step::run(&mut command)
}

fn host() -> Result<String> {
    let version = step::output(step::command("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    Ok(host.to_owned())
}

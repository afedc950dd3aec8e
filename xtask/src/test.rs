//! All tests against the real components.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use ephor_testkit::postgres::{Cluster, ClusterOptions, SHARED_URL, Template};

use crate::{setup, step};

/// What to test.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Also the long tests, which are marked `#[ignore]`.
    #[arg(long)]
    long: bool,
    /// Install nothing; tests whose component is missing are skipped.
    #[arg(long)]
    no_setup: bool,
    /// Only tests whose name contains one of these; no doc tests then.
    filters: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if !options.no_setup {
        setup::run()?;
        if options.long {
            setup::install_azure_cli()?;
        }
    }
    // First, so that the output ends with the summary of the test runner.
    let documented = !options.filters.is_empty()
        || step::succeeds(step::cargo().args(["test", "--workspace", "--doc"]).args(setup::features()))?;

    let cluster = shared_cluster(options)?;
    let given = std::env::var(SHARED_URL).ok();
    let shared = cluster.as_ref().map(|cluster| cluster.url("postgres")).or(given);
    // What does not compile is explained by the test runner below.
    if let Some(url) = &shared
        && step::succeeds(step::cargo().args(["test", "--workspace", "--no-run", "--quiet"]).args(setup::features()))?
    {
        Template::make(url, migrate).context("making the template of the test databases")?;
    }
    let mut command =
        if step::exists(step::cargo().args(["nextest", "--version"])) { nextest(options) } else { cargo_test(options) };
    if let Some(url) = &shared {
        command.env(SHARED_URL, url);
    }
    if !options.no_setup {
        command.env("EPHOR_REQUIRE_COMPONENTS", "1");
    }
    if setup::schemathesis().is_file() {
        command.env("EPHOR_SCHEMATHESIS", setup::schemathesis());
    }
    if setup::browser_tools().join("node_modules").is_dir() {
        command.env("EPHOR_BROWSER_TOOLS", setup::browser_tools());
    }
    if setup::clients_python().is_file() {
        command.env("EPHOR_CLIENTS_PYTHON", setup::clients_python());
    }
    for (variable, python) in ["EPHOR_ARM_SDK_4", "EPHOR_ARM_SDK_5"].into_iter().zip(setup::arm_sdks()) {
        if python.is_file() {
            command.env(variable, python);
        }
    }
    if setup::clients_of_javascript().join("node_modules").is_dir() {
        command.env("EPHOR_CLIENTS_JS", setup::clients_of_javascript());
    }
    if setup::az().is_file() {
        command.env("EPHOR_AZ", setup::az());
    }
    let tested = step::succeeds(&mut command)?;
    drop(cluster);
    // Whatever failed has said so; another line would only hide the summary.
    Ok(if documented && tested { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One cluster for the whole run, because the runner starts a process per test. Not if one is given.
fn shared_cluster(options: &Options) -> Result<Option<Cluster>> {
    if std::env::var_os(SHARED_URL).is_some() {
        return Ok(None);
    }
    match Cluster::start(&ClusterOptions::default()) {
        Ok(cluster) => Ok(Some(cluster)),
        Err(ephor_testkit::LaunchError::Unavailable(missing)) if options.no_setup => {
            println!("test: {missing}");
            Ok(None)
        }
        Err(error) => Err(error).context("starting PostgreSQL for the tests"),
    }
}

/// Brings an empty database up to date, with the program as it was just built: each test then copies it.
fn migrate(url: &str) -> Result<()> {
    let program = step::target_directory().join("debug/ephor");
    let folder = step::target_directory().join("tools/template");
    std::fs::create_dir_all(&folder).context("creating the folder of the template")?;
    let file = folder.join("ephor.toml");
    std::fs::write(&file, format!("data_dir = '{}'\nstore.url = '{url}'\n", folder.display()))
        .context("writing the configuration of the template")?;
    step::run(step::command(program).args(["migrate", "--config"]).arg(file))
}

fn nextest(options: &Options) -> Command {
    let mut command = step::cargo();
    command.args(["nextest", "run", "--workspace", "--no-fail-fast"]).args(setup::features());
    if options.long {
        command.args(["--run-ignored", "all"]);
    }
    command.args(&options.filters);
    command
}

fn cargo_test(options: &Options) -> Command {
    let mut command = step::cargo();
    command
        .args(["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"])
        .args(setup::features())
        .arg("--");
    if options.long {
        command.arg("--include-ignored");
    }
    command.args(&options.filters);
    command
}

//! The pages in a real browser with a virtual authenticator: `crates/portal/tests/browser/walk.mjs` does it, this starts
//! it. `cargo xtask setup` installs Chromium and what the script drives it with.

use std::{path::Path, process::Command};

use crate::ephor::Demo;

/// Names the folder with the script's tools.
pub(crate) const TOOLS: &str = "EPHOR_BROWSER_TOOLS";

/// What is missing, if anything is.
pub(crate) fn missing(tools: &Path) -> Option<String> {
    let browser = std::env::var("EPHOR_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    if !Path::new(&browser).is_file() {
        return Some("Chromium (package chromium)".to_owned());
    }
    if Command::new("node").arg("--version").output().is_err() {
        return Some("Node (package nodejs)".to_owned());
    }
    let driver = tools.join("node_modules/playwright-core");
    (!driver.is_dir()).then(|| "playwright-core (cargo xtask setup)".to_owned())
}

#[test]
fn f18_people_walk_through_the_pages() {
    let tools = std::env::var_os(TOOLS).unwrap_or_default();
    if let Some(missing) = missing(Path::new(&tools)) {
        assert!(std::env::var_os("EPHOR_REQUIRE_COMPONENTS").is_none(), "missing: {missing}");
        println!("skipped: {missing} is not installed");
        return;
    }
    let demo = Demo::start(&["--simulated-clock"]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../portal/tests/browser/walk.mjs");
    let walked = Command::new("node")
        .arg(script)
        .env("EPHOR_DEMO", demo.facts.to_string())
        .env("EPHOR_TOOLS", tools)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&walked.stdout).into_owned() + &String::from_utf8_lossy(&walked.stderr);
    assert!(walked.status.success(), "{said}");
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 17, "{said}");
    demo.stop();
}

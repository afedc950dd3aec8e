//! Clients as people have them, unmodified, against the demo over its own authority. `cargo xtask setup` installs them;
//! without them these tests say so and pass.

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use ephor_testkit::{LaunchError, Unavailable, available_or_skip};

use crate::ephor::{Demo, call};

/// The Python that has the clients.
const PYTHON: &str = "EPHOR_CLIENTS_PYTHON";

fn script(name: &str, python: &str, more: &[(&str, &str)]) {
    script_at(&[], name, python, more);
}

/// Runs a script beside a demo that it learns about on its standard input.
fn script_at(arguments: &[&str], name: &str, interpreter: &str, more: &[(&str, &str)]) {
    let demo = Demo::start(arguments);
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "clients", name].iter().collect();
    let authority = demo.facts["ca"].as_str().unwrap();
    let mut child = Command::new(interpreter)
        .arg(path)
        .envs([("REQUESTS_CA_BUNDLE", authority), ("SSL_CERT_FILE", authority), ("NODE_EXTRA_CA_CERTS", authority)])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .envs(more.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(demo.facts.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    demo.stop();
}

/// What a variable names, or a line that says why the test does nothing.
fn installed(variable: &str, program: &'static str) -> Option<String> {
    let missing = Unavailable { program, package: "none: `cargo xtask setup` brings it" };
    available_or_skip(std::env::var(variable).map_err(|_| LaunchError::Unavailable(missing)))
}

fn python() -> Option<String> {
    installed(PYTHON, "msal and azure-identity")
}

#[test]
fn azure_identity_signs_an_application_in() {
    let Some(python) = python() else { return };
    script("service_principal.py", &python, &[]);
}

#[test]
fn msal_signs_a_person_in_by_device_code() {
    let Some(python) = python() else { return };
    script("device_code.py", &python, &[]);
}

#[test]
fn graph_156_the_python_sdk_walks_a_role_and_a_group_from_eligibility_to_end() {
    let Some(python) = python() else { return };
    script_at(&["--simulated-clock"], "graph_sdk.py", &python, &[]);
}

#[test]
fn graph_157_the_javascript_client_walks_the_same_and_lists_over_pages_and_batches() {
    let Some(tools) = installed("EPHOR_CLIENTS_JS", "the Graph client of JavaScript") else { return };
    script_at(&["--simulated-clock"], "graph_client.mjs", "node", &[("EPHOR_CLIENTS_JS", &tools)]);
}

#[test]
fn graph_160_the_python_sdk_waits_and_asks_again() {
    let Some(python) = python() else { return };
    script_at(&["--calls-per-second", "2"], "graph_throttle.py", &python, &[]);
}

#[test]
fn graph_160_the_javascript_client_waits_and_asks_again() {
    let Some(tools) = installed("EPHOR_CLIENTS_JS", "the Graph client of JavaScript") else { return };
    script_at(&["--calls-per-second", "2"], "graph_throttle.mjs", "node", &[("EPHOR_CLIENTS_JS", &tools)]);
}

#[test]
fn graph_159_documented_and_observed_examples_replay() {
    let Some(specification) = std::env::var_os("EPHOR_SPEC_DIR") else {
        eprintln!("skipped: EPHOR_SPEC_DIR does not say where the examples are");
        return;
    };
    let specification = specification.into_string().unwrap();
    script_at(&["--simulated-clock"], "graph_examples.py", "python3", &[("EPHOR_SPEC_DIR", &specification)]);
}

#[test]
fn arm_149_documented_examples_replay() {
    let Some(specification) = std::env::var_os("EPHOR_SPEC_DIR") else {
        eprintln!("skipped: EPHOR_SPEC_DIR does not say where the examples are");
        return;
    };
    let specification = specification.into_string().unwrap();
    script_at(&["--simulated-clock"], "arm_examples.py", "python3", &[("EPHOR_SPEC_DIR", &specification)]);
}

#[test]
fn arm_160_the_released_python_sdk_administers_activates_and_approves() {
    let Some(python) = installed("EPHOR_ARM_SDK_4", "azure-mgmt-authorization 4") else { return };
    script_at(&["--simulated-clock"], "arm_sdk.py", &python, &[]);
    script_at(&["--simulated-clock"], "arm_alerts.py", &python, &[]);
}

#[test]
fn arm_160_the_next_python_sdk_does_the_same() {
    let Some(python) = installed("EPHOR_ARM_SDK_5", "azure-mgmt-authorization 5") else { return };
    script_at(&["--simulated-clock"], "arm_sdk.py", &python, &[]);
    script_at(&["--simulated-clock"], "arm_alerts.py", &python, &[]);
}

#[test]
fn arm_161_the_javascript_sdk_does_the_same_where_it_can() {
    let Some(tools) = installed("EPHOR_CLIENTS_JS", "the ARM SDK of JavaScript") else { return };
    script_at(&["--simulated-clock"], "arm_sdk.mjs", "node", &[("EPHOR_CLIENTS_JS", &tools)]);
}

#[test]
#[ignore = "azure-cli is large: `cargo xtask test --long` installs it"]
fn arm_162_azure_cli_administers_roles_and_a_person_activates() {
    let Some(az) = installed("EPHOR_AZ", "azure-cli") else { return };
    script_at(&["--simulated-clock"], "azure_cli.py", "python3", &[("EPHOR_AZ", &az)]);
}

#[test]
fn the_demo_gives_tests_tokens_and_nobody_else() {
    const JSON: (&str, &str) = ("Content-Type", "application/json");
    let demo = Demo::start(&[]);
    let url = demo.url().to_owned();
    let order = |headers: &[(&str, &str)], body: &str| call(&url, "POST", "/demo/token", headers, body);
    let made = order(&[JSON], r#"{"user":"jen","lifetime":600}"#);
    assert_eq!((made.status, made.json()["expires_in"].as_i64()), (200, Some(600)));
    let bearer = format!("Bearer {}", made.json()["access_token"].as_str().unwrap());
    let found = call(&url, "GET", "/subscriptions?api-version=2022-12-01", &[("Authorization", &bearer)], "");
    assert_eq!(found.status, 200, "{found:?}");
    // Only what was asked for.
    let narrow = order(&[JSON], r#"{"user":"jen","scopes":["User.Read"]}"#);
    let bearer = format!("Bearer {}", narrow.json()["access_token"].as_str().unwrap());
    let refused = call(&url, "GET", "/subscriptions?api-version=2022-12-01", &[("Authorization", &bearer)], "");
    assert_eq!(refused.status, 403, "{refused:?}");

    assert_eq!(order(&[JSON], r#"{"app":"app1"}"#).status, 200);
    assert_eq!(order(&[JSON], r#"{"user":"nobody"}"#).status, 404);
    assert_eq!(order(&[JSON], r#"{"user":"jen","scopes":["No.Such"]}"#).status, 400);
    assert_eq!(order(&[JSON], r#"{"user":"jen","lifetime":86401}"#).status, 400);
    assert_eq!(order(&[], r#"{"user":"jen"}"#).status, 415);
    assert_eq!(order(&[JSON, ("Origin", "http://localhost")], r#"{"user":"jen"}"#).status, 403);
    assert_eq!(order(&[JSON, ("Host", "evil.example")], r#"{"user":"jen"}"#).status, 403);

    // Whoever comes without a token learns the tenant, as clients do.
    let nobody = call(&url, "GET", "/subscriptions/x?api-version=2022-12-01", &[], "");
    assert_eq!((nobody.status, nobody.json()["error"]["code"].as_str()), (401, Some("AuthenticationFailed")));
    assert!(nobody.head.contains(demo.facts["tenant"].as_str().unwrap()), "{}", nobody.head);
    demo.stop();
}

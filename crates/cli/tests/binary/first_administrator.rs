//! The first administrator, and what the server says before there is one.

use ephor_testkit::WorkDir;
use serde_json::Value;

use crate::ephor::{configure, run};

#[test]
fn the_first_administrator_is_made_on_the_host_and_once() {
    let folder = WorkDir::new("init").unwrap();
    let file = configure(folder.path(), "public_url = 'https://ephor.example'\n");
    let init = |more: &[&str], input: &str| {
        run(&[&["admin", "init", "--user", "root", "--config", &file], more].concat(), &[], input)
    };
    let weak = init(&["--password-stdin"], "short\n").complaint(1);
    assert!(weak.contains("at least 12 characters"), "{weak}");
    assert!(!folder.join("data/ephor.db").exists(), "nothing was made");

    let lonely = run(&["doctor", "--config", &file, "--json"], &[], "");
    assert_eq!(lonely.code, 3, "{lonely:?}");
    let findings: Vec<Value> = serde_json::from_str(&lonely.out).unwrap();
    let of = |findings: &[Value], what: &str| {
        findings.iter().find(|finding| finding["what"] == what).map(|finding| finding["verdict"].clone()).unwrap()
    };
    assert_eq!(of(&findings, "administrator"), "bad");

    let made = init(&["--json"], "").json();
    assert_eq!(made["username"], "PRIV\\root");
    let link = made["link"].as_str().unwrap();
    assert!(link.starts_with("https://ephor.example/portal/enrol?token="), "{link}");

    let refused = init(&[], "").complaint(2);
    assert!(refused.contains("there is an active administrator already"), "{refused}");
    let told = init(&["--emergency", "--password-stdin"], "correct horse battery\n").good();
    assert_eq!(told, "PRIV\\root is a Global Administrator now.\n");

    let healthy = run(&["doctor", "--config", &file, "--json"], &[], "");
    assert_eq!(healthy.code, 0, "{healthy:?}");
    let findings: Vec<Value> = serde_json::from_str(&healthy.out).unwrap();
    for what in ["configuration", "data_dir", "store", "administrator", "audit", "audit key", "clock", "roles"] {
        assert_eq!(of(&findings, what), "good", "{what}");
    }
}

#[test]
fn an_administrator_without_factors_is_let_in_on_the_host() {
    let folder = WorkDir::new("recover").unwrap();
    let file = configure(folder.path(), "public_url = 'https://ephor.example'\n");
    let init = ["admin", "init", "--user", "root", "--password-stdin", "--config", &file];
    run(&init, &[], "correct horse battery\n").good();
    let recover =
        |more: &[&str]| run(&[&["admin", "recover", "--user", "root", "--config", &file], more].concat(), &[], "");
    let needless = recover(&[]).complaint(2);
    assert!(needless.contains("(invalid)") && needless.contains("no second factor"), "{needless}");
    let database = rusqlite::Connection::open(folder.join("data/ephor.db")).unwrap();
    let enrolled = "INSERT INTO factor (id, principal, kind, label, secret, counter, created) \
                    SELECT id, id, 'totp', 'phone', x'00', 0, 0 FROM principal WHERE account = 'root'";
    assert_eq!(database.execute(enrolled, ()).unwrap(), 1);
    drop(database);
    let let_in = recover(&["--json"]).json();
    assert_eq!(let_in["username"], "PRIV\\root");
    let link = let_in["link"].as_str().unwrap();
    assert!(link.starts_with("https://ephor.example/portal/enrol?token="), "{link}");
    // A link that ran out is no lock-out.
    let again = recover(&["--json"]).json();
    assert_ne!(again["link"], let_in["link"]);
    let log = run(&["audit", "export", "--config", &file], &[], "").good();
    assert!(log.contains("emergency.recovery"), "{log}");
    let unknown = run(&["admin", "recover", "--user", "nobody", "--config", &file], &[], "").complaint(2);
    assert!(unknown.contains("(not_found)"), "{unknown}");
}

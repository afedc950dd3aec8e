//! The requestor's commands against the demo.

use serde_json::Value;

use crate::ephor::{Demo, run};

fn rows(value: Value) -> Vec<Value> {
    value.as_array().unwrap().clone()
}

fn text<'v>(row: &'v Value, name: &str) -> &'v str {
    row[name].as_str().unwrap_or_else(|| panic!("{row} has no text {name}"))
}

#[test]
fn pam_121_roles_request_requests_close() {
    let demo = Demo::start(&[]);
    let roles = rows(demo.by("jen", &["pam", "roles", "--json"]).json());
    let names: Vec<&str> = roles.iter().map(|role| text(role, "DisplayName")).collect();
    let sorted = ["Allow AD Access", "Domain Administration", "Help Desk", "Production Database", "Server Maintenance"];
    assert_eq!(names, sorted);

    let made =
        demo.by("jen", &["pam", "request", "allow ad access", "-j", "a look around", "--ttl", "00:10:00", "--json"]);
    let made = made.json();
    assert_eq!((text(&made, "RequestedTTL"), text(&made, "RequestStatus")), ("600", "Active"));
    assert_eq!(text(&made, "Justification"), "a look around");
    assert_eq!(text(&made, "RoleId"), text(&demo.facts["pam"]["roles"], "R0"));
    let id = text(&made, "RequestId");

    let active = rows(demo.by("jen", &["pam", "requests", "--active", "--json"]).json());
    assert_eq!(active.iter().map(|request| text(request, "RequestId")).collect::<Vec<_>>(), [id]);
    let held = demo.by("jen", &["pam", "roles", "--active"]).good();
    assert!(held.contains("Allow AD Access") && !held.contains("Help Desk"), "{held}");

    assert_eq!(demo.by("jen", &["pam", "close", id]).good(), format!("closed {id}\n"));
    assert_eq!(demo.by("jen", &["pam", "requests", "--active", "-q"]).good(), "");
    assert_eq!(demo.by("jen", &["pam", "requests", "--closed", "-q"]).good(), format!("{id}\n"));
    assert_eq!(demo.by("jen", &["pam", "session"]).good(), "DEMO\\jen\n");

    // The same over TLS, with the demo's own authority.
    let password = text(&demo.facts["users"]["jen"], "password");
    let https = ["pam", "session", "--server", text(&demo.facts, "https"), "--ca", text(&demo.facts, "ca")];
    let piped = run(&[&https[..], &["--user", "jen@demo.test", "--password-stdin"]].concat(), &[], password);
    assert_eq!(piped.good(), "DEMO\\jen\n");
    demo.stop();
}

#[test]
fn pam_122_a_request_without_a_ttl_takes_the_roles() {
    let demo = Demo::start(&[]);
    let made = demo.by("jen", &["pam", "request", "Allow AD Access", "--json"]).json();
    assert_eq!(text(&made, "RequestedTTL"), "3600");
    assert_eq!(made["Justification"], Value::Null);
    demo.stop();
}

#[test]
fn pam_123_status_switches_group_and_unite() {
    let demo = Demo::start(&[]);
    let ask = |role: &str| demo.by("jen", &["pam", "request", role, "-q"]).good().trim().to_owned();
    let active = ask("Allow AD Access");
    let waiting = ask("Production Database");
    let ended = ask("Allow AD Access");
    demo.by("jen", &["pam", "close", &ended]).good();
    let listed = |switches: &[&str]| {
        let ended = demo.by("jen", &[&["pam", "requests", "-q"], switches].concat()).good();
        let mut ids: Vec<String> = ended.lines().map(str::to_owned).collect();
        ids.sort();
        ids
    };
    let sorted = |ids: &[&String]| {
        let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(listed(&["--active"]), sorted(&[&active]));
    assert_eq!(listed(&["--pending"]), sorted(&[&waiting]));
    assert_eq!(listed(&["--closed"]), sorted(&[&ended]));
    assert_eq!(listed(&["--active", "--closed"]), sorted(&[&active, &ended]));
    assert_eq!(listed(&["--rejected", "--expired"]), Vec::<String>::new());
    assert_eq!(listed(&[]), sorted(&[&active, &waiting, &ended]));
    assert_eq!(listed(&["--all", "--active"]), listed(&[]));
    assert_eq!(listed(&["--filter", "RequestStatus eq 'Active'"]), [active]);
    demo.stop();
}

#[test]
fn pam_126_127_128_pipelines_of_roles_and_approvals() {
    let demo = Demo::start(&[]);
    // List roles, pick one by name, ask for it.
    let roles = demo.by("jen", &["pam", "roles", "Production Database", "--json"]).good();
    demo.piped("jen", &["pam", "request", "-"], &roles).good();
    demo.by("jen", &["pam", "request", "Production Database"]).good();

    // Whoever asked sees nothing to decide; nobody is asked to approve for himself.
    assert_eq!(demo.by("jen", &["pam", "to-approve", "-q"]).good(), "");
    let waiting = demo.by("pat", &["pam", "to-approve", "--json"]).good();
    let items = rows(serde_json::from_str(&waiting).unwrap());
    assert_eq!(items.len(), 2);
    assert_eq!(text(&items[0], "RoleName"), "Production Database");
    let rejected = demo.piped("pat", &["pam", "reject", "-"], &waiting).good();
    assert_eq!(rejected.lines().count(), 2);
    assert_eq!(demo.by("pat", &["pam", "to-approve", "-q"]).good(), "");
    assert_eq!(demo.by("jen", &["pam", "requests", "--rejected", "-q"]).good().lines().count(), 2);

    // Approve one, and end all that is open of the role by its name.
    for _ in 0..2 {
        demo.by("jen", &["pam", "request", "Production Database"]).good();
    }
    let ids = demo.by("pat", &["pam", "to-approve", "-q"]).good();
    demo.by("pat", &["pam", "approve", ids.lines().next().unwrap()]).good();
    assert_eq!(demo.by("jen", &["pam", "requests", "--active", "-q"]).good().lines().count(), 1);
    assert_eq!(demo.by("jen", &["pam", "close", "--role", "Production Database"]).good().lines().count(), 2);
    assert_eq!(demo.by("jen", &["pam", "requests", "--active", "--pending", "-q"]).good(), "");
    demo.stop();
}

#[test]
fn pam_121_exit_codes() {
    let demo = Demo::start(&[]);
    // 1: asked in the wrong way.
    for wrong in [
        &["pam", "no-such-command"][..],
        &["pam", "request"],
        &["pam", "request", "Allow AD Access", "--ttl", "soon"],
        &["pam", "close", "not-an-id"],
    ] {
        demo.by("jen", wrong).complaint(1);
    }
    // 2: refused, with code and sentence of the server.
    let refused = demo.by("eve", &["pam", "roles"]).complaint(2);
    assert!(refused.contains("(NotAuthorized)"), "{refused}");
    let foreign = "00000000-0000-4000-8000-000000000000";
    let refused = demo.by("jen", &["pam", "close", foreign]).complaint(2);
    assert!(refused.contains("(RequestNotAvailable)"), "{refused}");
    let refused = demo.by("jen", &["pam", "roles", "--filter", "Nonsense"]).complaint(2);
    assert!(refused.contains("(InvalidFilter)"), "{refused}");
    demo.by("jen", &["pam", "request", "No Such Role"]).complaint(2);
    let wrong = [("EPHOR_SERVER", demo.url()), ("EPHOR_USER", "jen"), ("EPHOR_PASSWORD", "wrong")];
    run(&["pam", "roles"], &wrong, "").complaint(2);
    // Nobody named: 1.
    run(&["pam", "roles"], &[("EPHOR_SERVER", demo.url())], "").complaint(1);
    // 0: help and version.
    assert!(run(&["--version"], &[], "").good().starts_with("ephor "));
    assert!(run(&["pam", "request", "--help"], &[], "").good().contains("Why you need it"));
    let url = demo.url().to_owned();
    demo.stop();
    // 3: nobody answers.
    let gone = [("EPHOR_SERVER", url.as_str()), ("EPHOR_USER", "jen"), ("EPHOR_PASSWORD", "x")];
    let gone = run(&["pam", "roles"], &gone, "").complaint(3);
    assert!(gone.starts_with("error: no answer from http://127.0.0.1:"), "{gone}");
}

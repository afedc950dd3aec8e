//! The administrators' commands against the demo.

use ephor_testkit::WorkDir;
use serde_json::Value;

use crate::ephor::{Demo, run};

fn rows(value: Value) -> Vec<Value> {
    value.as_array().unwrap().clone()
}

fn text<'v>(row: &'v Value, name: &str) -> &'v str {
    row[name].as_str().unwrap_or_else(|| panic!("{row} has no text {name}"))
}

#[test]
fn pam_121_125_a_role_is_made_seen_changed_and_used() {
    let demo = Demo::start(&[]);
    let group = demo.by("ada", &["admin", "group", "list", "-q"]).good().lines().next().unwrap().to_owned();
    let new = ["admin", "role", "new", "Night shift", "--ttl", "600", "--candidates", "jen,DEMO\\sam", "--privileges"];
    let made = demo.by("ada", &[&new[..], &[&group, "--json"]].concat()).json();
    assert_eq!((text(&made, "DisplayName"), &made["TTL"]), ("Night shift", &Value::from(600)));

    // What the PAM API says of it.
    let seen = rows(demo.by("jen", &["pam", "roles", "Night shift", "--json"]).json());
    assert_eq!((text(&seen[0], "TTL"), text(&seen[0], "RoleId")), ("600", text(&made, "RoleId")));

    let shown = demo.by("ada", &["admin", "role", "show", "night shift", "--json"]).json();
    let mut candidates: Vec<&str> =
        shown["Candidates"].as_array().unwrap().iter().map(|user| text(user, "Username")).collect();
    candidates.sort_unstable();
    assert_eq!(candidates, ["DEMO\\jen", "DEMO\\sam"]);
    assert_eq!(text(&shown["Privileges"][0], "GroupId"), group);

    // Lists replace the whole list; what is not given stays.
    let set = ["admin", "role", "set", "Night shift", "--ttl", "00:20:00", "--candidates", "sam", "--json"];
    let set = demo.by("ada", &set).json();
    assert_eq!((&set["TTL"], text(&set["Privileges"][0], "GroupId")), (&Value::from(1200), group.as_str()));
    assert_eq!(demo.by("jen", &["pam", "roles", "Night shift", "-q"]).good(), "");
    assert_eq!(demo.by("sam", &["pam", "roles", "Night shift", "-q"]).good().trim(), text(&made, "RoleId"));

    let long = demo.by("ada", &["admin", "role", "list", "-q", "--filter", "TTL le 1200"]).good();
    assert_eq!(long.trim(), text(&made, "RoleId"));
    demo.stop();
}

#[test]
fn pam_129_what_takes_away_asks_first_and_can_be_tried() {
    let demo = Demo::start(&[]);
    let id = demo.by("ada", &["admin", "role", "new", "Short", "--json"]).json();
    let id = text(&id, "RoleId").to_owned();
    let remove = ["admin", "role", "remove", "Short"];
    let there = || demo.by("ada", &["admin", "role", "list", "Short", "-q"]).good() == format!("{id}\n");

    let tried = demo.by("ada", &[&remove[..], &["--dry-run"]].concat()).good();
    assert_eq!(tried, format!("would have deleted Short ({id})\n"));
    assert!(there());
    for answer in ["", "n\n", "no\n"] {
        let refused = demo.piped("ada", &remove, answer).complaint(1);
        assert!(refused.contains("not confirmed: nothing was done"), "{refused}");
        assert!(there());
    }
    assert_eq!(demo.piped("ada", &remove, "y\n").good(), format!("deleted Short ({id})\n"));
    assert!(!there());
    let gone = demo.by("ada", &[&remove[..], &["--force"]].concat()).complaint(2);
    assert!(gone.contains("there is no role called \"Short\" (not_found)"), "{gone}");

    // A candidate cannot be removed, and the reason is named.
    let refused = demo.by("ada", &["admin", "user", "remove", "jen", "--force"]).complaint(2);
    assert!(refused.contains("in_use"), "{refused}");
    demo.stop();
}

#[test]
fn pam_120_121_123_requests_of_others_are_listed_and_closed() {
    let demo = Demo::start(&[]);
    let ask = |who: &str, role: &str| demo.by(who, &["pam", "request", role, "-q"]).good().trim().to_owned();
    let (active, waiting) = (ask("jen", "Allow AD Access"), ask("jen", "Production Database"));
    let list = |more: &[&str]| {
        let ids = demo.by("ada", &[&["admin", "request", "list", "-q"], more].concat()).good();
        let mut ids: Vec<String> = ids.lines().map(str::to_owned).collect();
        ids.sort();
        ids
    };
    let mut both = vec![active.clone(), waiting.clone()];
    both.sort();
    assert_eq!(list(&["jen"]), both);
    assert_eq!(list(&["jen", "--pending"]), std::slice::from_ref(&waiting));
    assert_eq!(list(&["--active", "--role", "Allow AD Access"]), std::slice::from_ref(&active));
    assert_eq!(list(&["jen", "--created-from", "2999-01-01T00:00:00Z"]), Vec::<String>::new());
    assert_eq!(
        list(&["--filter", "Username eq 'DEMO\\jen' and RequestStatus eq 'Active'"]),
        std::slice::from_ref(&active)
    );

    let closed = demo.by("ada", &["admin", "request", "close", &waiting, "--force", "--json"]).json();
    assert_eq!((text(&closed, "RequestId"), text(&closed, "RequestStatus")), (waiting.as_str(), "Closed"));
    let tried = demo.by("ada", &["admin", "request", "close", "--all", "--dry-run"]).good();
    assert_eq!(tried, "would have cancelled 1 open requests of everybody\n");
    let ended = demo.by("ada", &["admin", "request", "close", "--of", "jen", "--force"]).good();
    assert_eq!(ended, "cancelled 1 open requests of DEMO\\jen\n");
    assert_eq!(list(&["jen", "--closed"]), both);

    // Whoever administers nothing is refused.
    let refused = demo.by("eve", &["admin", "request", "list"]).complaint(2);
    assert!(refused.contains("not_administrator"), "{refused}");
    demo.stop();
}

#[test]
fn an_enrolment_link_sets_a_password_once() {
    let demo = Demo::start(&[]);
    let issued = demo.by("ada", &["admin", "account", "enrol", "jen", "--json"]).json();
    let link = format!("{}/portal/enrol?token={}", demo.url(), text(&issued, "secret"));
    let weak = run(&["enrol", &link, "--password-stdin"], &[], "short\n").complaint(2);
    assert!(weak.contains("(invalid)"), "{weak}");
    let set = run(&["enrol", &link, "--password-stdin"], &[], "a long enough password\n").good();
    assert_eq!(set, "DEMO\\jen has a password now.\n");
    let jen = [("EPHOR_SERVER", demo.url()), ("EPHOR_USER", "jen"), ("EPHOR_PASSWORD", "a long enough password")];
    assert_eq!(run(&["pam", "session"], &jen, "").good(), "DEMO\\jen\n");
    demo.by("jen", &["pam", "session"]).complaint(2);
    let used = run(&["enrol", &link, "--password-stdin"], &[], "another long password\n").complaint(2);
    assert!(used.contains("not_found"), "{used}");

    let clear = run(&["enrol", "http://ephor.example/portal/enrol?token=00", "--password-stdin"], &[], "x\n");
    assert!(clear.complaint(1).contains("would cross the network in clear"));
    demo.stop();
}

#[test]
fn access_is_revoked_at_once() {
    let demo = Demo::start(&[]);
    let id = demo.by("jen", &["pam", "request", "Allow AD Access", "-q"]).good().trim().to_owned();
    let tried = demo.by("ada", &["revoke", "--of", "jen", "--dry-run"]).good();
    assert_eq!(tried, format!("would have ended DEMO\\jen, Allow AD Access ({id})\n"));
    let ended = demo.by("ada", &["revoke", "--of", "jen", "--disable", "--force", "-j", "left the house"]).good();
    assert_eq!(ended, "DEMO\\jen, Allow AD Access is Closed\n");
    let refused = demo.by("jen", &["pam", "roles"]).complaint(2);
    assert!(refused.contains("AccountDisabled"), "{refused}");
    demo.stop();
}

#[test]
fn a_sign_in_is_kept_by_token_and_taken_back() {
    let demo = Demo::start(&[]);
    let folder = WorkDir::new("login").unwrap();
    let profile = folder.join("profile.toml").display().to_string();
    let with = |arguments: &[&str]| run(arguments, &[("EPHOR_PROFILE", &profile)], "");
    let (password, url) = (text(&demo.facts["users"]["ada"], "password"), demo.url());
    let login = ["login", "--server", url, "--user", "ada", "--password-stdin"];
    let said = run(&login, &[("EPHOR_PROFILE", &profile)], &format!("{password}\n")).good();
    assert!(said.starts_with(&format!("signed in at {url} as DEMO\\ada until ")), "{said}");
    assert!(!std::fs::read_to_string(&profile).unwrap().contains(password), "a password is never kept");

    assert_eq!(with(&["pam", "session"]).good(), "DEMO\\ada\n");
    let me = with(&["admin", "session", "--json"]).json();
    assert_eq!((text(&me, "username"), &me["administers"][0]), ("DEMO\\ada", &Value::from("global-administrator")));
    // What takes a person at the keyboard does not take the token.
    let refused = with(&["admin", "person", "link", "jen", "pat"]).complaint(2);
    assert!(refused.contains("person_required"), "{refused}");
    let linked = demo.by("ada", &["admin", "person", "link", "jen", "pat", "--json"]).json();
    assert_eq!(linked["accounts"].as_array().unwrap().len(), 2);

    let token = std::fs::read_to_string(&profile).unwrap();
    let token = token.lines().find_map(|line| line.strip_prefix("token = ")).unwrap().trim_matches('"').to_owned();
    assert_eq!(with(&["logout"]).good(), "signed out\n");
    with(&["admin", "session", "--server", url]).complaint(1);
    let over = run(&["admin", "session", "--server", url], &[("EPHOR_TOKEN", &token)], "").complaint(2);
    assert!(over.contains("unauthenticated"), "{over}");
    demo.stop();
}

#[test]
fn pam_121_users_groups_settings_and_what_does_not_apply() {
    let demo = Demo::start(&[]);
    let ada = |arguments: &[&str]| demo.by("ada", &[&["admin"], arguments].concat());
    let made = ada(&["user", "new", "DEMO", "nina", "--priv-only", "--priv-display-name", "Nina", "--json"]).json();
    assert_eq!((text(&made, "Username"), &made["PrivAccountActive"]), ("DEMO\\nina", &Value::Bool(true)));
    let set = ada(&["user", "set", "nina", "--source-email-address", "n@demo.test", "--json"]).json();
    assert_eq!(text(&set, "SourceEmailAddress"), "n@demo.test");
    let found = ada(&["user", "list", "-q", "--filter", "SourceEmailAddress eq 'n@demo.test'"]).good();
    assert_eq!(found.trim(), text(&made, "UserId"));
    let password = ["admin", "account", "password", "nina", "--new-password-stdin"];
    demo.piped("ada", &password, "a long enough password\n").good();
    let nina = [("EPHOR_SERVER", demo.url()), ("EPHOR_USER", "nina"), ("EPHOR_PASSWORD", "a long enough password")];
    assert_eq!(run(&["pam", "session"], &nina, "").good(), "DEMO\\nina\n");
    ada(&["user", "remove", "nina", "--force"]).good();
    ada(&["user", "show", "nina"]).complaint(2);

    let group = ada(&["group", "new", "night", "DEMO", "--priv-only", "--json"]).json();
    let off = ada(&["group", "set", text(&group, "GroupId"), "--active=false", "--json"]).json();
    assert_eq!(off["Active"], Value::Bool(false));
    ada(&["group", "remove", text(&group, "GroupId"), "--force"]).good();

    let settings = ada(&["config", "set", "--role-default-duration", "30m", "--maintenance", "--json"]).json();
    assert_eq!((&settings["RoleDefaultDuration"], &settings["Maintenance"]), (&Value::from(1800), &Value::Bool(true)));
    let refused = demo.by("jen", &["pam", "request", "Allow AD Access"]).complaint(3);
    assert!(refused.contains("Maintenance"), "{refused}");
    assert_eq!(ada(&["health", "--json"]).json()["maintenance"], Value::Bool(true));

    let administrators = rows(ada(&["administrator", "list", "--json"]).json());
    assert_eq!(text(&administrators[0], "role"), "global-administrator");
    ada(&["administrator", "dismiss", "global-administrator", "ga", "--force"]).good();
    let last = ada(&["administrator", "dismiss", "global-administrator", "ada", "--force"]).complaint(2);
    assert!(last.contains("last_administrator"), "{last}");
    assert_eq!(ada(&["log", "verify", "--json"]).json()["fault_count"], 0);
    for apart in [&["trust", "new"][..], &["domain", "test"], &["set", "list"], &["silo", "new"]] {
        let told = ada(apart).complaint(1);
        assert!(told.starts_with("error: Ephor "), "{told}");
    }
    demo.stop();
}

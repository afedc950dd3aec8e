//! The administrators' commands for roles, groups, resource roles and policies.

use serde_json::Value;

use crate::ephor::{Demo, http};

/// What was given stays for five minutes, whoever takes it.
fn later(demo: &Demo) {
    let json = ("Content-Type", "application/json");
    let (status, body) = http(demo.url(), "POST", "/demo/clock", &[json], "{\"advance\":\"PT6M\"}");
    assert_eq!(status, 200, "{body}");
}

fn rows(value: Value) -> Vec<Value> {
    value.as_array().unwrap().clone()
}

fn text<'v>(row: &'v Value, name: &str) -> &'v str {
    row[name].as_str().unwrap_or_else(|| panic!("{row} has no text {name}"))
}

#[test]
fn a_directory_role_is_made_given_taken_and_deleted() {
    let demo = Demo::start(&["--simulated-clock"]);
    let pra = |arguments: &[&str]| demo.by("pra", &[&["role"], arguments].concat());
    let made = pra(&["create", "Desk", "--action", "microsoft.directory/users/basic/update", "--json"]).json();
    assert_eq!(text(&made, "displayName"), "Desk");
    let custom = pra(&["list", "--custom", "-q"]).good();
    assert!(custom.lines().any(|id| id == text(&made, "id")), "{custom}");
    let shown = pra(&["show", "desk"]).good();
    assert!(shown.contains("allows  microsoft.directory/users/basic/update"), "{shown}");

    let no_length = pra(&["assign", "eligible", "Desk", "carol"]).complaint(1);
    assert!(no_length.contains("Give --for 30d, or --permanent"), "{no_length}");
    let given = pra(&["assign", "eligible", "Desk", "carol", "--for", "30d", "-r", "holiday"]).good();
    assert!(given.starts_with("Carol O'Brien is eligible for Desk, until "), "{given}");
    pra(&["assign", "active", "Desk", "DEMO\\bob", "--for", "1d", "-r", "now"]).good();
    let holders = rows(pra(&["holders", "Desk", "--json"]).json());
    let who: Vec<(&str, &str)> = holders.iter().map(|row| (text(row, "principal"), text(row, "how"))).collect();
    assert_eq!(who, [("carol@demo.test", "eligible"), ("bob@demo.test", "assigned")]);
    later(&demo);
    let unassigned = pra(&["unassign", "eligible", "Desk", "carol"]).good();
    assert_eq!(unassigned, "Carol O'Brien is no longer eligible for Desk\n");
    pra(&["unassign", "active", "Desk", "bob"]).good();
    assert_eq!(rows(pra(&["holders", "Desk", "--json"]).json()), Vec::<Value>::new());
    pra(&["delete", "Desk", "--force"]).good();
    assert!(pra(&["show", "Desk"]).complaint(2).contains("there is no role called \"Desk\""));

    // Not everybody's to do.
    let refused = demo.by("carol", &["role", "assign", "eligible", "User Administrator", "carol", "--for", "1d"]);
    assert!(refused.complaint(2).contains("you may not"));
    demo.stop();
}

#[test]
fn roles_for_resources_are_made_given_and_taken_at_scopes() {
    let demo = Demo::start(&["--simulated-clock"]);
    let scope = demo.facts["arm"]["scopes"]["S"].as_str().unwrap();
    let alice = |arguments: &[&str]| demo.by("alice", &[&["role"], arguments, &["--scope", scope]].concat());
    let made = alice(&[
        "definition",
        "create",
        "Salary reader",
        "--action",
        "Microsoft.Storage/storageAccounts/read",
        "--json",
    ]);
    assert_eq!(text(&made.json()["properties"], "roleName"), "Salary reader");
    let made = alice(&["assignment", "create", "Salary reader", "carol", "--json"]).json();
    let name = text(&made, "name").to_owned();
    let listed = alice(&["assignment", "list", "--of", "carol"]).good();
    assert!(listed.contains("Salary reader") && listed.contains("carol@demo.test"), "{listed}");
    let check = ["scope", "check", scope, "Microsoft.Storage/storageAccounts/read"];
    demo.by("carol", &check).good();
    alice(&["assignment", "delete", &name, "--force"]).good();
    demo.by("carol", &check).complaint(2);

    alice(&["assign", "eligible", "Salary reader", "carol", "--for", "30d", "-r", "audit"]).good();
    let holders = rows(alice(&["holders", "Salary reader", "--json"]).json());
    assert_eq!((text(&holders[0], "how"), text(&holders[0], "scope")), ("eligible", scope));
    later(&demo);
    alice(&["unassign", "eligible", "Salary reader", "carol"]).good();
    alice(&["delete", "Salary reader", "--force"]).good();
    assert_eq!(alice(&["denials", "--json"]).json(), Value::Array(Vec::new()));
    demo.stop();
}

#[test]
fn a_group_is_made_filled_given_and_deleted() {
    let demo = Demo::start(&["--simulated-clock"]);
    let ga = |arguments: &[&str]| demo.by("ga", &[&["group"], arguments].concat());
    let made = ga(&["create", "Night watch", "--owner", "dave", "--member", "bob", "--json"]).json();
    assert_eq!((text(&made, "displayName"), text(&made, "mailNickname")), ("Night watch", "nightwatch"));
    assert_eq!(ga(&["list", "night", "-q"]).good().trim(), text(&made, "id"));
    let dave = |arguments: &[&str]| demo.by("dave", &[&["group"], arguments].concat());
    dave(&["add", "nightwatch", "carol"]).good();
    let members = dave(&["members", "nightwatch"]).good();
    assert!(members.contains("bob@demo.test") && members.contains("carol@demo.test"), "{members}");
    assert_eq!(dave(&["remove", "nightwatch", "bob"]).good(), "Bob Brown is no member of Night watch\n");
    assert!(dave(&["members", "nightwatch", "--owners"]).good().contains("dave@demo.test"));

    dave(&["assign", "eligible", "nightwatch", "alice", "--as", "owner", "--for", "10d", "-r", "x"]).good();
    let holders = rows(dave(&["eligible", "nightwatch", "--json"]).json());
    assert!(holders.iter().any(|row| row["access"] == "owner" && row["how"] == "eligible"), "{holders:?}");
    later(&demo);
    dave(&["unassign", "eligible", "nightwatch", "alice", "--as", "owner"]).good();
    let shown = ga(&["show", "nightwatch"]).good();
    assert!(shown.contains("holds directory roles  no"), "{shown}");
    ga(&["create", "Keepers", "--privileged"]).good();
    assert!(ga(&["list", "--privileged"]).good().contains("Keepers"));
    ga(&["delete", "nightwatch", "--force"]).good();
    assert!(ga(&["show", "nightwatch"]).complaint(2).contains("(not_found)"));
    demo.stop();
}

#[test]
fn rules_are_read_as_sentences_and_changed_after_a_look_at_the_difference() {
    let demo = Demo::start(&["--simulated-clock"]);
    let pra = |arguments: &[&str]| demo.by("pra", &[&["policy"], arguments].concat());
    let before = pra(&["show", "User Administrator"]).good();
    assert!(before.starts_with("User Administrator\n  An activation lasts at most 8h.\n"), "{before}");
    assert!(before.contains("  It asks for a second factor and a reason.\n  It needs no approval.\n"), "{before}");

    let set = ["set", "User Administrator", "--max", "2h", "--require", "reason,ticket,approval", "--approver", "pat"];
    let tried = pra(&[&set[..], &["--dry-run"]].concat()).good();
    let lines: Vec<&str> = tried.lines().collect();
    assert_eq!(lines[1..3], ["- An activation lasts at most 8h.", "- It asks for a second factor and a reason."]);
    assert!(lines.contains(&"+ An activation lasts at most 2h."), "{tried}");
    assert!(lines.contains(&"+ It asks for a reason and a ticket."), "{tried}");
    assert!(tried.contains("+ It is approved by Pat") && tried.contains("within 1 day"), "{tried}");
    assert_eq!(pra(&["show", "User Administrator"]).good(), before, "a dry run changes nothing");
    // Without a yes nothing is saved, with one it is.
    let asked = demo.piped("pra", &[&["policy"], &set[..]].concat(), "n\n").complaint(1);
    assert!(asked.contains("Save these rules? [y/N]") && asked.contains("nothing was done"), "{asked}");
    demo.piped("pra", &[&["policy"], &set[..]].concat(), "y\n").good();
    let after = pra(&["show", "User Administrator"]).good();
    assert!(after.contains("lasts at most 2h") && after.contains("It is approved by Pat"), "{after}");
    let unchanged = pra(&["set", "User Administrator", "--max", "2h", "--force"]);
    assert_eq!(unchanged.err, "Nothing would change.\n");
    let listed = pra(&["list"]).good();
    let line = listed.lines().find(|line| line.starts_with("User Administrator")).unwrap();
    assert!(line.contains("2h") && line.contains("a reason and a ticket") && line.contains("Pat"), "{line}");

    // By a file, as it was printed.
    let rules = pra(&["show", "User Administrator", "--json"]).good();
    let rules = rules.replace("PT2H", "PT3H");
    let from_file = ["policy", "set", "User Administrator", "--file", "-", "--force"];
    demo.piped("pra", &from_file, &rules).good();
    assert!(pra(&["show", "User Administrator"]).good().contains("lasts at most 3h"));

    let dave = |arguments: &[&str]| demo.by("dave", &[&["policy"], arguments].concat());
    dave(&["set", "--group", "falcon", "--as", "owner", "--max", "30m", "--approver", "manager", "--force"]).good();
    let owners = dave(&["show", "--group", "falcon", "--as", "owner"]).good();
    assert!(owners.starts_with("Project Falcon (owner)\n  An activation lasts at most 30m.\n"), "{owners}");
    assert!(owners.contains("the manager of who asks"), "{owners}");
    assert_eq!(rows(dave(&["list", "--group", "falcon", "--json"]).json()).len(), 2);

    let scope = demo.facts["arm"]["scopes"]["S"].as_str().unwrap();
    let alice = |arguments: &[&str]| demo.by("alice", &[&["policy"], arguments, &["--scope", scope]].concat());
    alice(&["set", "Reader", "--max", "1h", "--approver", "group:Developers", "--force"]).good();
    let reader = alice(&["show", "Reader"]).good();
    assert!(reader.contains("lasts at most 1h") && reader.contains("the members of Developers"), "{reader}");
    assert!(alice(&["list"]).good().lines().any(|line| line.starts_with("Reader at Demo subscription")));
    let refused = demo.by("carol", &["policy", "set", "User Administrator", "--max", "1h", "--force"]).complaint(2);
    assert!(refused.contains("you may not do this"), "{refused}");
    demo.stop();
}

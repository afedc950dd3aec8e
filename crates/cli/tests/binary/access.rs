//! The commands over all providers, from eligibility to the end of an activation, by nothing but the command line.

use ephor_testkit::WorkDir;
use serde_json::{Value, json};

use crate::{
    ephor::{Demo, Ended, http, run},
    second_factor::code,
};

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Somebody who signed in once.
struct Person {
    folder: WorkDir,
    password: String,
}

impl Person {
    fn sign_in(demo: &Demo, who: &str) -> Self {
        let folder = WorkDir::new("profile").unwrap();
        let facts = &demo.facts["users"][who];
        let password = facts["password"].as_str().unwrap().to_owned();
        let person = Self { folder, password };
        let code = facts.get("totp").map(|_| code(demo, who)).unwrap_or_default();
        let login = ["login", "--server", demo.url(), "--user", who, "--password-stdin"];
        run(&login, &[("EPHOR_PROFILE", &person.profile()), ("EPHOR_CODE", &code)], &person.password).good();
        person
    }

    fn profile(&self) -> String {
        self.folder.join("profile.toml").display().to_string()
    }

    fn does(&self, arguments: &[&str]) -> Ended {
        run(arguments, &[("EPHOR_PROFILE", &self.profile())], "")
    }

    /// Several objects, one a line.
    #[track_caller]
    fn objects(&self, arguments: &[&str]) -> Vec<Value> {
        let out = self.does(&[arguments, &["--json"]].concat()).good();
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[track_caller]
    fn rows(&self, arguments: &[&str]) -> Vec<Value> {
        self.does(&[arguments, &["--json"]].concat()).json().as_array().unwrap().clone()
    }

    /// What `ephor list` says, as `name: state`.
    #[track_caller]
    fn states(&self, arguments: &[&str]) -> Vec<String> {
        let rows = self.rows(&[&["list"], arguments].concat());
        rows.iter().map(|row| format!("{}: {}", label(row), row["state"].as_str().unwrap())).collect()
    }
}

fn label(row: &Value) -> String {
    let more = row["access"].as_str().or(row["scopeName"].as_str()).map(|it| format!(" {it}")).unwrap_or_default();
    format!("{}{more}", row["name"].as_str().unwrap())
}

fn advance(demo: &Demo, by: &str) {
    let (status, body) = http(demo.url(), "POST", "/demo/clock", &[JSON], &json!({"advance": by}).to_string());
    assert_eq!(status, 200, "{body}");
}

fn scope<'d>(demo: &'d Demo, key: &str) -> &'d str {
    demo.facts["arm"]["scopes"][key].as_str().unwrap()
}

/// jen may have a directory role, a group and a resource role; none asks for more than a reason.
fn eligible(demo: &Demo) -> [Person; 4] {
    let [jen, pra, dave, alice] = ["jen", "pra", "dave", "alice"].map(|who| Person::sign_in(demo, who));
    let assign = ["assign", "eligible"];
    let more = ["jen", "--for", "10d", "--reason", "on call"];
    pra.does(&[&["role"], &assign[..], &["User Administrator"], &more].concat()).good();
    pra.does(&["policy", "set", "User Administrator", "--require", "reason", "--force"]).good();
    dave.does(&[&["group"], &assign[..], &["falcon"], &more].concat()).good();
    dave.does(&["policy", "set", "--group", "falcon", "--require", "reason", "--force"]).good();
    let at = ["--scope", scope(demo, "S")];
    alice.does(&[&["role"], &assign[..], &["Reader"], &more, &at].concat()).good();
    [jen, pra, dave, alice]
}

#[test]
fn everything_one_may_have_is_listed_activated_and_given_up_by_one_sign_in() {
    let demo = Demo::start(&["--simulated-clock"]);
    let [jen, ..] = eligible(&demo);
    assert_eq!(
        jen.states(&[]),
        [
            "Allow AD Access: eligible",
            "Domain Administration: eligible",
            "Help Desk: eligible",
            "Production Database: eligible",
            "Project Falcon member: eligible",
            "Reader Demo subscription: eligible",
            "Server Maintenance: eligible",
            "User Administrator: eligible",
        ]
    );
    assert_eq!(jen.states(&["--active"]), Vec::<String>::new());
    assert_eq!(jen.states(&["--provider", "group"]), ["Project Falcon member: eligible"]);

    let all = ["allow", "user adm", "falcon", "reader"];
    let asked = jen.objects(&[&["activate"], &all[..], &["--for", "1h", "--reason", "an incident"]].concat());
    let said: Vec<(&str, &str)> =
        asked.iter().map(|row| (row["provider"].as_str().unwrap(), row["status"].as_str().unwrap())).collect();
    assert_eq!(
        said,
        [("pam", "Active"), ("role", "Provisioned"), ("group", "Provisioned"), ("resource", "Provisioned")]
    );
    assert!(asked.iter().all(|row| row["seconds"] == 3600 && row["reason"] == "an incident"), "{asked:?}");
    let held = [
        "Allow AD Access: active",
        "Project Falcon member: active",
        "Reader Demo subscription: active",
        "User Administrator: active",
    ];
    assert_eq!(jen.states(&["--active"]), held);
    let shown = jen.does(&["status"]).good();
    assert!(shown.contains("Project Falcon") && !shown.contains("Help Desk"), "{shown}");
    // What is held lets its holder do what it says: the group's members are who they are.
    let members = jen.does(&["group", "members", "falcon"]).good();
    assert!(members.contains("jen@demo.test"), "{members}");

    // A second one is refused in a sentence; so is giving up within five minutes.
    let again = jen.does(&["activate", "User Administrator", "-r", "again"]).complaint(2);
    assert!(again.contains("it is in force already") && again.contains("(RoleAssignmentExists)"), "{again}");
    let early = jen.does(&["deactivate", "--all"]).complaint(2);
    assert_eq!(early.matches("five minutes").count(), 3, "{early}");
    assert_eq!(jen.states(&["--active"]).len(), 3, "the PAM API has no such rule");
    advance(&demo, "PT6M");
    let ended = jen.objects(&["deactivate", "--all"]);
    assert_eq!(ended.iter().map(|row| row["status"].as_str().unwrap()).collect::<Vec<_>>(), ["Revoked"; 3]);
    assert_eq!(jen.states(&["--active"]), Vec::<String>::new());
    let nothing = jen.does(&["deactivate", "falcon"]).complaint(2);
    assert!(nothing.contains("(not_active)"), "{nothing}");
    demo.stop();
}

#[test]
fn what_is_printed_for_programs_has_always_the_same_members() {
    let demo = Demo::start(&["--simulated-clock"]);
    let [jen, ..] = eligible(&demo);
    let names = |row: &Value| row.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    for row in jen.rows(&["list"]) {
        assert_eq!(
            names(&row),
            "access active definitionId eligible name provider scope scopeName state waiting",
            "{row}"
        );
        assert_eq!(names(&row["eligible"]), "from scheduleId until");
    }
    let request = "access action approvalId created dryRun from name principal provider reason requestId scope scopeName \
                   seconds status ticket until";
    let asked = jen.objects(&["activate", "allow", "falcon", "user", "reader", "-r", "x", "--ticket", "4711"]);
    for row in &asked {
        assert_eq!(names(row), request, "{row}");
    }
    let listed = jen.rows(&["requests"]);
    assert_eq!(listed.len(), 4 + 3, "activations, and what administrators gave: {listed:?}");
    for row in &listed {
        assert_eq!(names(row), request, "{row}");
        let one = &jen.objects(&["status", row["requestId"].as_str().unwrap()])[0];
        assert_eq!((&one["requestId"], &one["name"]), (&row["requestId"], &row["name"]));
    }
    let tickets: Vec<&Value> = asked.iter().map(|row| &row["ticket"]).collect();
    assert_eq!(tickets, [&Value::Null, &json!("4711"), &json!("4711"), &json!("4711")]);
    assert_eq!(asked[0]["reason"], "x (ticket 4711)", "PAM has no field for it");
    demo.stop();
}

#[test]
fn what_waits_is_approved_denied_and_cancelled_by_name_or_id() {
    let demo = Demo::start(&["--simulated-clock"]);
    let [jen, pra, dave, alice] = eligible(&demo);
    let pat = Person::sign_in(&demo, "pat");
    let approval = ["--require", "reason,approval", "--approver", "pat", "--force"];
    pra.does(&[&["policy", "set", "User Administrator"], &approval[..]].concat()).good();
    dave.does(&[&["policy", "set", "--group", "falcon"], &approval[..]].concat()).good();
    alice.does(&[&["policy", "set", "Reader", "--scope", scope(&demo, "S")], &approval[..]].concat()).good();
    let four = ["production", "user administrator", "falcon", "reader"];
    let ask = || jen.objects(&[&["activate"], &four[..], &["-r", "an incident", "--for", "1h"]].concat());

    let asked = ask();
    assert!(asked.iter().all(|row| row["status"] == "PendingApproval"), "{asked:?}");
    assert_eq!(jen.states(&["--waiting"]).len(), 4);
    // Whoever asked has nothing to decide.
    assert_eq!(jen.rows(&["approvals"]), Vec::<Value>::new());
    let waiting = pat.rows(&["approvals"]);
    assert_eq!(waiting.len(), 4);
    assert!(waiting.iter().all(|row| row["principal"].as_str().unwrap().contains("jen")), "{waiting:?}");
    let several = pat.does(&["approve", "jen"]).complaint(1);
    assert!(several.contains("\"jen\" may mean 4 things") && several.lines().count() == 5, "{several}");

    // Two are taken back, two denied, by name and by id.
    let id = asked[3]["requestId"].as_str().unwrap();
    jen.does(&["cancel", "User Administrator", id]).good();
    assert_eq!(jen.does(&["cancel", "User Administrator"]).complaint(2).matches("(not_found)").count(), 1);
    pat.does(&["deny", "falcon", "Production Database", "--reason", "not tonight"]).good();
    assert_eq!(pat.rows(&["approvals"]), Vec::<Value>::new());
    let states: Vec<(String, String)> = jen
        .rows(&["requests"])
        .iter()
        .filter(|row| asked.iter().any(|asked| asked["requestId"] == row["requestId"]))
        .map(|row| (row["name"].as_str().unwrap().to_owned(), row["status"].as_str().unwrap().to_owned()))
        .collect();
    let status = |name: &str| &states.iter().find(|(of, _)| of == name).unwrap().1;
    assert_eq!(
        ["Production Database", "User Administrator", "Project Falcon", "Reader"].map(status),
        ["Rejected", "Canceled", "Denied", "Canceled"]
    );

    // All of them once more, waited for while pat approves what a pipeline brings.
    let more = ["-r", "an incident", "--for", "1h", "--wait", "--json"];
    std::thread::scope(|threads| {
        let waits = threads.spawn(|| jen.does(&[&["activate"], &four[..], &more].concat()).good());
        let ids = loop {
            let ids = pat.does(&["approvals", "-q"]).good();
            if ids.lines().count() == 4 {
                break ids;
            }
        };
        let profile = pat.profile();
        let approve = ["approve", "-", "--reason", "as discussed"];
        let approved = run(&approve, &[("EPHOR_PROFILE", &profile)], &ids).good();
        assert_eq!(approved.matches(": approved").count(), 4, "{approved}");
        let told = waits.join().unwrap();
        let last: Vec<Value> = told.lines().skip(4).map(|line| serde_json::from_str(line).unwrap()).collect();
        let words: Vec<&str> = last.iter().map(|row| row["status"].as_str().unwrap()).collect();
        assert_eq!(words, ["Active", "Provisioned", "Provisioned", "Provisioned"]);
    });
    assert_eq!(jen.states(&["--active"]).len(), 4);
    demo.stop();
}

#[test]
fn waiting_for_what_is_denied_ends_with_a_refusal() {
    let demo = Demo::start(&["--simulated-clock"]);
    let (jen, pat) = (Person::sign_in(&demo, "jen"), Person::sign_in(&demo, "pat"));
    std::thread::scope(|threads| {
        let waits = threads.spawn(|| jen.does(&["activate", "Production Database", "-r", "x", "--wait"]));
        while pat.does(&["approvals", "-q"]).good().is_empty() {}
        pat.does(&["deny", "production"]).good();
        let told = waits.join().unwrap().complaint(2);
        assert!(told.contains("Production Database: the request is denied (Rejected)"), "{told}");
    });
    demo.stop();
}

#[test]
fn names_that_mean_several_things_are_refused_with_their_list() {
    let demo = Demo::start(&["--simulated-clock"]);
    let [jen, _, dave, alice] = eligible(&demo);
    dave.does(&["group", "assign", "eligible", "falcon", "jen", "--as", "owner", "--for", "10d", "-r", "x"]).good();
    let payroll = ["--scope", scope(&demo, "G1"), "--for", "10d", "-r", "x"];
    alice.does(&[&["role", "assign", "eligible", "Reader", "jen"], &payroll[..]].concat()).good();

    let told = jen.does(&["activate", "falcon", "-r", "x"]).complaint(1);
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines[0].starts_with("error: \"falcon\" may mean 2 things"), "{told}");
    assert!(lines[1].starts_with("  Project Falcon (member) (group member, "), "{told}");
    assert!(lines[2].starts_with("  Project Falcon (owner) (group owner, "), "{told}");
    // One bad name does not keep the others from being asked for; the worst decides the exit code.
    let mixed = jen.does(&["activate", "falcon", "Reader at payroll", "nonsense", "-r", "x"]);
    assert_eq!((mixed.code, mixed.out.starts_with("Reader at payroll: active until ")), (2, true), "{mixed:?}");
    assert!(mixed.err.contains("you are eligible for nothing called \"nonsense\""), "{mixed:?}");
    assert_eq!(jen.states(&["--active"]), ["Reader payroll: active"]);
    // By the id that the list of candidates shows.
    let id = lines[1].rsplit(' ').next().unwrap().trim_end_matches(')');
    jen.does(&["activate", id, "-r", "x"]).good();
    // Further down than it was given.
    let down = jen.does(&["activate", "Reader", "--scope", scope(&demo, "G2"), "-r", "x"]).good();
    assert!(down.starts_with("Reader at website: active until "), "{down}");

    // Without a name and without a terminal nothing is guessed.
    let none = jen.does(&["activate"]).complaint(1);
    assert!(none.contains("Give names, as `ephor list --eligible` shows them"), "{none}");
    demo.stop();
}

#[test]
fn refusals_say_what_is_missing_and_how_to_give_it() {
    let demo = Demo::start(&["--simulated-clock"]);
    let [jen, pra, ..] = eligible(&demo);
    let told = jen.does(&["activate", "User Administrator"]).complaint(2);
    assert!(told.contains("it asks for a reason: give --reason TEXT"), "{told}");
    let told = jen.does(&["activate", "User Administrator", "-r", "x", "--for", "9h"]).complaint(2);
    assert!(told.contains("it is not given for so long: give a shorter --for"), "{told}");
    let would = jen.does(&["activate", "User Administrator", "-r", "x", "--dry-run"]).good();
    assert_eq!(would, "User Administrator: would be given\n");
    assert_eq!(jen.states(&["--active"]), Vec::<String>::new(), "nothing came of it");

    // Where nothing is said it lasts as long as the rules allow.
    pra.does(&["policy", "set", "User Administrator", "--max", "4h", "--require", "mfa", "--force"]).good();
    let told = jen.does(&["activate", "User Administrator"]).complaint(2);
    assert!(told.contains("(mfa_required)") && told.contains("EPHOR_PASSWORD and EPHOR_CODE"), "{told}");
    let profile = jen.profile();
    let with = |code: &str| {
        let environment =
            [("EPHOR_PROFILE", profile.as_str()), ("EPHOR_PASSWORD", &jen.password), ("EPHOR_CODE", code)];
        run(&["activate", "User Administrator", "--json"], &environment, "")
    };
    let wrong = with("000000").complaint(2);
    assert!(wrong.contains("mfa_failed"), "{wrong}");
    let made = with(&code(&demo, "jen")).json();
    assert_eq!((made["status"].as_str(), made["seconds"].as_i64()), (Some("Provisioned"), Some(4 * 3600)));
    demo.stop();
}

#[test]
fn a_pam_request_that_waits_for_a_second_factor_is_confirmed_with_its_code() {
    let demo = Demo::start(&["--simulated-clock"]);
    let jen = Person::sign_in(&demo, "jen");
    let waits = jen.does(&["activate", "server", "-r", "x"]).good();
    assert!(waits.contains("waits for your second factor: `ephor mfa answer`"), "{waits}");
    let profile = jen.profile();
    let code = code(&demo, "jen");
    let environment = [("EPHOR_PROFILE", profile.as_str()), ("EPHOR_CODE", &code)];
    let made = run(&["activate", "server", "-r", "x", "--json"], &environment, "").json();
    assert_eq!((made["status"].as_str(), made["name"].as_str()), (Some("Active"), Some("Server Maintenance")));
    demo.stop();
}

#[test]
fn a_provider_that_fails_is_told_and_the_others_are_shown() {
    let demo = Demo::start(&["--simulated-clock"]);
    let [jen, ..] = eligible(&demo);
    // A token that opens the PAM API alone.
    let environment = [("EPHOR_SERVER", demo.url()), ("EPHOR_USER", "jen"), ("EPHOR_PASSWORD", &jen.password)];
    let code = code(&demo, "jen");
    let environment = [&environment[..], &[("EPHOR_CODE", code.as_str())]].concat();
    let made = run(&["admin", "token", "new", "narrow", "--scopes", "Pam.Use", "--json"], &environment, "").json();
    let narrow = [("EPHOR_SERVER", demo.url()), ("EPHOR_TOKEN", made["token"].as_str().unwrap())];
    let listed = run(&["list", "--json"], &narrow, "");
    assert_eq!(listed.code, 2, "{listed:?}");
    let rows: Value = serde_json::from_str(&listed.out).unwrap();
    assert!(rows.as_array().unwrap().iter().all(|row| row["provider"] == "pam"), "{rows}");
    assert_eq!(rows.as_array().unwrap().len(), 5);
    for said in ["directory roles: ", "groups: ", "resource roles: "] {
        assert!(listed.err.contains(&format!("error: {said}")), "{}", listed.err);
    }
    demo.stop();
}

#[test]
fn who_cannot_be_reached_says_nothing_of_who_is_signed_in() {
    let gone = [("EPHOR_SERVER", "http://127.0.0.1:1"), ("EPHOR_TOKEN", "eph_x")];
    for command in [&["list"][..], &["activate", "x"], &["approvals"], &["status"], &["role", "list"]] {
        let told = run(command, &gone, "").complaint(3);
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.starts_with("error: no answer from http://127.0.0.1:1"), "{told}");
    }
}

#[test]
fn an_eligibility_is_extended_by_asking_for_it() {
    let demo = Demo::start(&["--simulated-clock"]);
    let [jen, pra, dave, alice] = eligible(&demo);
    let long = jen.does(&["extend", "user"]).complaint(1);
    assert!(long.contains("Give --for 30d"), "{long}");
    let pam = jen.does(&["extend", "allow", "--for", "1d"]).complaint(2);
    assert!(pam.contains("PAM roles have no end"), "{pam}");
    for name in ["user", "falcon", "reader"] {
        let asked = &jen.objects(&["extend", name, "--for", "30d", "-r", "still on call"])[0];
        assert_eq!(asked["status"], "PendingAdminDecision", "{asked}");
        assert!(asked["action"].as_str().unwrap().eq_ignore_ascii_case("selfExtend"));
    }
    assert_eq!(jen.rows(&["list", "--waiting"]).len(), 3);
    // An administrator answers by giving the time.
    let more = ["jen", "--for", "20d", "-r", "fine"];
    pra.does(&[&["role", "extend", "eligible", "User Administrator"], &more[..]].concat()).good();
    dave.does(&[&["group", "extend", "eligible", "falcon"], &more[..]].concat()).good();
    let at = ["--scope", scope(&demo, "S")];
    alice.does(&[&["role", "extend", "eligible", "Reader"], &more[..], &at].concat()).good();
    assert_eq!(jen.rows(&["list", "--waiting"]).len(), 0);
    demo.stop();
}

#[test]
fn words_of_others_are_printed_inert() {
    let demo = Demo::start(&["--simulated-clock"]);
    let (jen, pat) = (Person::sign_in(&demo, "jen"), Person::sign_in(&demo, "pat"));
    // A reason is free text: whoever decides reads it.
    jen.does(&["activate", "production", "-r", "good \u{202e}dab"]).good();
    for shown in [pat.does(&["approvals"]).good(), jen.does(&["requests"]).good()] {
        assert!(shown.contains("good \u{fffd}dab") && !shown.contains('\u{202e}'), "{shown:?}");
    }
    let told = jen.does(&["activate", "\u{1b}[31m\u{202e}x"]).complaint(2);
    assert!(told.contains("\u{fffd}[31m\u{fffd}x") && !told.contains(['\u{1b}', '\u{202e}']), "{told:?}");
    demo.stop();
}

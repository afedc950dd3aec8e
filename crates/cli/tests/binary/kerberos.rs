//! Kerberos through the whole binary, with a real key distribution centre: `kinit` and `curl --negotiate`, as people do it.

use std::process::Command;

use ephor_testkit::{
    WorkDir, available_or_skip,
    krb5::{Kdc, KdcOptions, Tickets},
    samba::Samba,
};
use serde_json::Value;

use crate::{browser, ephor::run, server::Served};

const ROLES: &str = "/api/pamresources/pamroles";
const SESSION: &str = "/api/pamresources/sessioninfo";

/// What curl was answered last, after it had answered the challenge or had nothing to answer it with.
#[derive(Debug)]
struct Answered {
    status: u16,
    head: String,
    body: String,
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The envelope's code.
    fn code(&self) -> String {
        self.json()["odata.error"]["code"].as_str().unwrap().to_owned()
    }
}

fn curl(command: &mut Command) -> Answered {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{} {text}", String::from_utf8_lossy(&output.stderr));
    let last = text.rfind("HTTP/1.1 ").unwrap();
    let (head, body) = text[last..].split_once("\r\n\r\n").unwrap();
    Answered { status: head[9..12].parse().unwrap(), head: head.to_lowercase(), body: body.to_owned() }
}

fn kdc() -> Option<Kdc> {
    let people = ["alice", "bob", "carol", "nobody", "alice/admin"].map(str::to_owned).to_vec();
    available_or_skip(Kdc::start(&KdcOptions { people, ..KdcOptions::default() }))
}

fn configured(keytab: &std::path::Path, realm: &str) -> String {
    format!("[kerberos]\nkeytab_file = '{}'\nrealms = {{ '{realm}' = 'PRIV' }}\n", keytab.display())
}

#[test]
fn a_ticket_creates_a_request() {
    let Some(kdc) = kdc() else { return };
    let served = Served::start(&configured(&kdc.keytab(), kdc.realm()));
    served.people(&["alice", "bob"]);
    let alice = kdc.sign_in("alice", "alice-pw").unwrap();

    let session = curl(alice.curl().arg(served.at(SESSION)));
    assert_eq!((session.status, &session.json()["value"][0]["Username"]), (200, &Value::from("PRIV\\alice")));
    assert!(
        session.head.contains("www-authenticate: negotiate ey")
            || session.head.contains("www-authenticate: negotiate "),
        "mutual: {session:?}"
    );
    let roles = curl(alice.curl().arg(served.at(ROLES))).json();
    let role = roles["value"][0]["RoleId"].as_str().unwrap();
    let place = served.at(&format!("/api/pamresources/pamrequests?RoleId={role}&RequestedTTL=600&Justification=night"));
    let made = curl(alice.curl().args(["-X", "POST", "-d", ""]).arg(&place));
    assert_eq!((made.status, &made.json()["RequestStatus"]), (201, &Value::from("Active")), "{made:?}");
    let seen = curl(alice.curl().arg(served.at("/api/pamresources/pamrequests"))).json();
    assert_eq!(seen["value"].as_array().unwrap().len(), 1);

    // The forgery rule holds for tickets, as for everything a browser adds by itself.
    let forged = curl(alice.curl().args(["-X", "POST", "-d", "", "-H", "Origin: http://evil.example"]).arg(&place));
    assert_eq!((forged.status, forged.code()), (403, "OriginNotAllowed".to_owned()));
    served.stop();
}

#[test]
fn without_a_good_ticket_there_are_the_envelope_and_the_challenge() {
    let Some(kdc) = kdc() else { return };
    let served = Served::start(&configured(&kdc.keytab(), kdc.realm()));
    served.people(&["alice", "bob", "carol"]);
    let refused = |answered: &Answered, why: &str| {
        assert_eq!(
            (answered.status, answered.code()),
            (401, "AuthenticationRequired".to_owned()),
            "{why}: {answered:?}"
        );
        let challenges: Vec<&str> =
            answered.head.lines().filter_map(|line| line.strip_prefix("www-authenticate: ")).collect();
        assert_eq!(
            challenges,
            ["negotiate", "basic realm=\"ephor\", charset=\"utf-8\"", "bearer realm=\"ephor\""],
            "{why}"
        );
    };
    let none = Tickets::none(&kdc.config()).unwrap();
    refused(&curl(none.curl().arg(served.at(ROLES))), "no ticket");
    for (header, why) in [
        ("Negotiate TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAA=", "NTLM"),
        ("Negotiate YGxvbmc=", "nothing"),
        ("Negotiate", "the bare scheme"),
    ] {
        let mut call = Command::new("curl");
        let header = format!("Authorization: {header}");
        refused(&curl(call.args(["-s", "-i", "-H", &header]).arg(served.at(ROLES))), why);
    }
    // Good tickets of people without an account, of an instance, of another centre of the same name.
    for person in ["nobody", "alice/admin"] {
        let password = format!("{person}-pw");
        refused(&curl(kdc.sign_in(person, &password).unwrap().curl().arg(served.at(ROLES))), person);
    }
    let other = Kdc::start(&KdcOptions::default()).unwrap();
    let stranger = other.sign_in("alice", "alice-pw").unwrap();
    refused(&curl(stranger.curl().arg(served.at(ROLES))), "another key");

    // F12: a disabled account with a valid ticket.
    let bob = kdc.sign_in("bob", "bob-pw").unwrap();
    assert_eq!(curl(bob.curl().arg(served.at(ROLES))).status, 200);
    served.root(&["revoke", "--of", "PRIV\\bob", "--disable", "--force", "-j", "left"]).good();
    let disabled = curl(bob.curl().arg(served.at(ROLES)));
    assert_eq!((disabled.status, disabled.code()), (403, "AccountDisabled".to_owned()));

    // What was refused, and why, is in the record; names that strangers showed are not.
    let records = served.records();
    for word in ["\"ntlm\"", "\"bad-ticket\"", "\"foreign-ticket\"", "\"unknown-account\"", "\"disabled\""] {
        assert!(records.contains(word), "{word} {records}");
    }
    assert!(!records.contains("nobody@"), "{records}");
    served.stop();
}

#[test]
fn f13_a_realm_that_is_not_named_is_foreign() {
    let Some(kdc) = kdc() else { return };
    let served = Served::start(&configured(&kdc.keytab(), "ELSEWHERE.TEST"));
    served.people(&["alice"]);
    let alice = kdc.sign_in("alice", "alice-pw").unwrap();
    assert_eq!(curl(alice.curl().arg(served.at(ROLES))).status, 401);
    assert!(served.records().contains("\"foreign-ticket\""));
    let told = run(&["doctor", "--config", served.file()], &[], "");
    assert!(told.out.contains("the keys are of the realm CORP.TEST"), "{told:?}");
    served.stop();
}

#[test]
fn the_portal_takes_a_ticket_and_then_the_second_factor() {
    let Some(kdc) = kdc() else { return };
    let served = Served::start(&configured(&kdc.keytab(), kdc.realm()));
    served.people(&["alice"]);
    let page = curl(Command::new("curl").args(["-s", "-i"]).arg(served.at("/portal/sign-in")));
    assert!(page.body.contains("Sign in with Kerberos"), "{page:?}");
    let alice = kdc.sign_in("alice", "alice-pw").unwrap();
    let folder = WorkDir::new("jar").unwrap();
    let jar = folder.join("jar").display().to_string();
    let place = served.at("/portal/sign-in/kerberos");
    let signed = curl(alice.curl().args(["-X", "POST", "-d", "then=/portal/sessions", "-c", &jar]).arg(&place));
    assert_eq!(signed.status, 303, "{signed:?}");
    assert!(signed.head.contains("location: /portal/sessions") && signed.head.contains("set-cookie: "), "{signed:?}");
    let home = curl(Command::new("curl").args(["-s", "-i", "-b", &jar]).arg(served.at("/portal")));
    assert!(home.body.contains("Kerberos"), "{home:?}");

    // A page of somebody else signs nobody in.
    let forged = ["-X", "POST", "-d", "", "-H", "Origin: http://evil.example"];
    assert_eq!(curl(alice.curl().args(forged).arg(&place)).status, 403);
    let none = Tickets::none(&kdc.config()).unwrap();
    let asked = curl(none.curl().args(["-X", "POST", "-d", "", "-H", "Accept: text/html"]).arg(&place));
    assert!(asked.status == 401 && asked.head.contains("www-authenticate: negotiate"), "{asked:?}");
    assert!(asked.body.contains("Use a password instead"), "{asked:?}");
    let nobody = kdc.sign_in("nobody", "nobody-pw").unwrap();
    let refused = curl(nobody.curl().args(["-X", "POST", "-d", ""]).arg(&place));
    assert_eq!(refused.status, 403, "{refused:?}");
    served.stop();
}

#[test]
fn a_browser_signs_in_with_a_ticket() {
    let tools = std::env::var_os(browser::TOOLS).unwrap_or_default();
    if let Some(missing) = browser::missing(std::path::Path::new(&tools)) {
        assert!(std::env::var_os("EPHOR_REQUIRE_COMPONENTS").is_none(), "missing: {missing}");
        println!("skipped: {missing} is not installed");
        return;
    }
    let Some(kdc) = kdc() else { return };
    let served = Served::start(&configured(&kdc.keytab(), kdc.realm()));
    served.people(&["alice"]);
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../portal/tests/browser/ticket.mjs");
    let alice = kdc.sign_in("alice", "alice-pw").unwrap();
    let walked =
        alice.command("node").arg(script).env("EPHOR_AT", served.at("")).env("EPHOR_TOOLS", tools).output().unwrap();
    let said = String::from_utf8_lossy(&walked.stdout).into_owned() + &String::from_utf8_lossy(&walked.stderr);
    assert!(walked.status.success(), "{said}");
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 3, "{said}");
    served.stop();
}

#[test]
fn a_ticket_counts_once() {
    let Some(kdc) = kdc() else { return };
    let served = Served::start(&configured(&kdc.keytab(), kdc.realm()));
    served.people(&["alice"]);
    let alice = kdc.sign_in("alice", "alice-pw").unwrap();
    // What curl sent, as somebody who listens would have it.
    let output = alice.curl().arg("-v").arg(served.at(SESSION)).output().unwrap();
    let sent = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = sent.lines().find_map(|line| line.strip_prefix("> Authorization: ")).unwrap_or_else(|| panic!("{sent}"));
    let again = format!("Authorization: {}", line.trim());
    let replayed = curl(Command::new("curl").args(["-s", "-i", "-H", &again]).arg(served.at(SESSION)));
    assert_eq!(replayed.status, 401, "{replayed:?}");
    served.stop();
}

#[test]
fn mistakes_with_the_key_tab_are_explained() {
    let Some(kdc) = kdc() else { return };
    let folder = WorkDir::new("keytab").unwrap();
    let doctor = |keytab: &std::path::Path, more: &str| {
        let text = format!("{more}{}", configured(keytab, "CORP.TEST"));
        let file = crate::ephor::configure(folder.path(), &text);
        run(&["doctor", "--config", &file], &[], "")
    };
    let told = doctor(&folder.join("nowhere"), "");
    assert!(told.code == 1 && told.out.contains("nowhere is not there: make a key tab for HTTP/HOST"), "{told:?}");
    std::fs::write(folder.join("text"), "no key tab").unwrap();
    let told = doctor(&folder.join("text"), "");
    assert!(told.code == 1 && told.out.contains("text: it is no key tab: make it anew"), "{told:?}");
    let others =
        Kdc::start(&KdcOptions { services: vec!["host/localhost".to_owned()], ..KdcOptions::default() }).unwrap();
    let told = doctor(&others.keytab(), "");
    assert!(told.out.contains("holds no key of HTTP/HOST, only of host/localhost@CORP.TEST"), "{told:?}");

    let told = doctor(&kdc.keytab(), "public_url = 'https://ephor.corp.test'\n");
    assert!(told.out.contains("holds keys of HTTP/localhost@CORP.TEST"), "{told:?}");
    assert!(told.out.contains("browsers ask for HTTP/ephor.corp.test"), "{told:?}");
    let open = folder.join("open.keytab");
    std::fs::copy(kdc.keytab(), &open).unwrap();
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert!(doctor(&open, "").out.contains("chmod 600 it"), "{told:?}");
}

#[test]
fn tickets_and_passwords_of_active_directory() {
    let Some(samba) = available_or_skip(Samba::start()) else { return };
    let more = format!(
        "{}[directories.corp]\ndomains = ['PRIV']\n[directories.corp.ldap]\nurl = '{}'\nca_file = '{}'\n\
         bind_as = '{{account}}@corp.test'\n",
        configured(&samba.keytab(), "CORP.TEST"),
        samba.ldaps_url(),
        samba.ca_path().display()
    );
    let served = Served::start(&more);
    served.people(&["alice", "bob"]);
    // The ticket holds a PAC with the groups of the domain, which say nothing here.
    let alice = samba.sign_in("alice", "alice-Passw0rd1").unwrap();
    let session = curl(alice.curl().arg(served.at(SESSION)));
    assert_eq!((session.status, &session.json()["value"][0]["Username"]), (200, &Value::from("PRIV\\alice")));
    let bob = |password: &str| {
        let pair = format!("PRIV\\bob:{password}");
        curl(Command::new("curl").args(["-s", "-i", "-u", &pair]).arg(served.at(SESSION)))
    };
    assert_eq!(bob("bob-Passw0rd1").status, 200);
    assert_eq!(bob("guess").status, 401);
    samba.tool(&["user", "disable", "bob"]).unwrap();
    assert_eq!(bob("another").status, 401);
    assert!(served.records().contains("disabled-in-directory") || served.records().contains("wrong-password"));
    served.stop();
}

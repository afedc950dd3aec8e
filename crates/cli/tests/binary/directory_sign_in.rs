//! People whose passwords are in a directory, through the whole binary with a real one.

use ephor_testkit::{
    WorkDir, available_or_skip,
    slapd::{Account, Slapd, SlapdOptions, user_dn},
};
use serde_json::Value;

use crate::{
    ephor::{Answer, call, run},
    server::{ROOT, Served},
};

const SESSION: &str = "/api/pamresources/sessioninfo";

fn slapd() -> Option<Slapd> {
    let accounts = ["alice", "bob", "root", "stranger"].map(|name| Account::new(name, &format!("{name} in directory")));
    let options = SlapdOptions {
        users: 0,
        accounts: accounts.to_vec(),
        tls: true,
        lockout_after: Some(5),
        ..SlapdOptions::default()
    };
    available_or_skip(Slapd::start(options))
}

fn configured(slapd: &Slapd) -> String {
    format!(
        "[directories.corp]\ndomains = ['PRIV']\nfailures = 3\n[directories.corp.ldap]\nurl = '{}'\nca_file = '{}'\n\
         bind_as = 'uid={{account}},ou=people,dc=corp,dc=test'\n",
        slapd.ldaps_url().unwrap(),
        slapd.ca_path().unwrap().display()
    )
}

fn by(served: &Served, name: &str, password: &str) -> Answer {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let pair = format!("Basic {}", STANDARD.encode(format!("{name}:{password}")));
    let at = served.at("");
    call(&at, "GET", SESSION, &[("Authorization", &pair)], "")
}

#[test]
fn people_sign_in_with_the_password_of_their_directory() {
    let Some(mut slapd) = slapd() else { return };
    let served = Served::start(&configured(&slapd));
    served.people(&["alice", "bob"]);
    for name in ["PRIV\\alice", "alice"] {
        let answer = by(&served, name, "alice in directory");
        assert_eq!((answer.status, &answer.json()["value"][0]["Username"]), (200, &Value::from("PRIV\\alice")));
    }
    // The pages and the commands ask the same.
    let form = "name=alice&password=alice+in+directory";
    let kind = [("Content-Type", "application/x-www-form-urlencoded")];
    let signed = call(&served.at(""), "POST", "/portal/sign-in", &kind, form);
    assert!(signed.status == 303 && signed.head.contains("set-cookie"), "{signed:?}");
    let server = served.at("");
    let environment =
        [("EPHOR_SERVER", server.as_str()), ("EPHOR_USER", "alice"), ("EPHOR_PASSWORD", "alice in directory")];
    assert_eq!(run(&["pam", "session"], &environment, "").good(), "PRIV\\alice\n");
    assert!(run(&["pam", "request", "Ops", "-q"], &environment, "").good().len() > 30);

    // Who has no account here has none, whatever the directory says; a password kept here goes before one there.
    for (name, password) in [("stranger", "stranger in directory"), ("root", "root in directory"), ("alice", "")] {
        let answer = by(&served, name, password);
        assert_eq!((answer.status, answer.body.contains("You are not signed in.")), (401, true), "{name}");
    }
    served.root(&["admin", "session"]).good();

    // Three wrong passwords reach the directory, from wherever; it would lock after five.
    for _ in 0..3 {
        assert_eq!(by(&served, "bob", "guess").status, 401);
    }
    let held = by(&served, "bob", "bob in directory");
    assert!(held.status == 503 && held.head.contains("retry-after: "), "{held:?}");
    assert!(slapd.can_bind(&user_dn("bob"), "bob in directory").unwrap(), "not locked there");

    // Down: that is no wrong password. Whoever has one here gets in.
    slapd.stop().unwrap();
    served.root(&["revoke", "--of", "PRIV\\alice", "--force", "-j", "tidy"]).good();
    let down = by(&served, "PRIV\\bob", "other");
    assert_eq!(down.status, 503, "{down:?}");
    let stranger = by(&served, "PRIV\\whoever", "whatever");
    assert_eq!(stranger.status, 503, "no more is told of those who have no account: {stranger:?}");
    assert!(stranger.head.contains("retry-after: 10"), "{stranger:?}");
    assert_eq!(by(&served, "root", ROOT).status, 200);
    assert!(served.log().contains("a directory gives no answer"), "{}", served.log());
    let told = run(&["doctor", "--config", served.file()], &[], "");
    assert!(told.out.contains("directory corp") && told.out.contains("people of PRIV get 503"), "{told:?}");

    slapd.start_again().unwrap();
    let again = by(&served, "alice", "alice in directory");
    assert_eq!(again.status, 200, "{again:?}");
    let records = served.records();
    assert!(records.contains("wrong-password") && records.contains("throttled"), "{records}");
    assert!(!records.contains("in directory") && !served.log().contains("in directory"));
    served.stop();
}

#[test]
fn mistakes_with_directories_are_explained() {
    let folder = WorkDir::new("directories").unwrap();
    let complaint = |more: &str| {
        let file = crate::ephor::configure(folder.path(), more);
        run(&["serve", "--config", &file], &[], "").complaint(1)
    };
    let ldap = "[directories.corp.ldap]\nurl = 'ldap://127.0.0.1:1'\n";
    let said = complaint(&format!("[directories.corp]\ndomains = []\n{ldap}bind_as = 'uid={{account}},dc=x'\n"));
    assert!(said.contains("directories.corp.domains: expected at least one domain"), "{said}");
    let said = complaint(&format!("[directories.corp]\ndomains = ['CORP']\n{ldap}"));
    assert!(said.contains("directories.corp.ldap: set either `bind_as`"), "{said}");
    let said = complaint(&format!("[directories.corp]\ndomains = ['CORP']\n{ldap}bind_as = 'uid=x'\n"));
    assert!(said.contains("`bind_as` must hold {account} once"), "{said}");
    let said = complaint("[kerberos]\nkeytab_file = '/nowhere'\nrealms = {}\n");
    assert!(said.contains("kerberos.realms: expected at least one realm"), "{said}");
    let said = complaint("[kerberos]\nkeytab_file = '/nowhere'\nrealms = { 'CORP.TEST' = 'CORP' }\n");
    assert!(said.contains("kerberos.keytab_file: /nowhere is not there"), "{said}");
    assert_eq!(said.contains("built without Kerberos"), !cfg!(feature = "kerberos"), "{said}");
}

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use ephor_testkit::available_or_skip;
use ephor_testkit::slapd::{
    Account, BASE, CONNECTOR_DN, CONNECTOR_PASSWORD, Group, GroupKind, Slapd, SlapdOptions, group_dn, user_dn,
};

fn one_group_of_each_kind() -> Vec<Group> {
    let kinds = [GroupKind::Members, GroupKind::Names, GroupKind::UniqueNames, GroupKind::Posix];
    kinds.map(|kind| Group::new(kind.object_class(), kind)).to_vec()
}

#[test]
fn seeded_accounts_bind_and_groups_of_each_kind_change() {
    let options = SlapdOptions {
        users: 3,
        accounts: vec![Account::new("jen", "jen-secret")],
        groups: one_group_of_each_kind(),
        ..SlapdOptions::default()
    };
    let Some(slapd) = available_or_skip(Slapd::start(options)) else { return };

    assert!(slapd.can_bind(&user_dn("jen"), "jen-secret").unwrap());
    assert!(slapd.can_bind(&user_dn("user3"), "password3").unwrap());
    assert!(!slapd.can_bind(&user_dn("jen"), "wrong").unwrap());
    assert!(slapd.can_bind(CONNECTOR_DN, CONNECTOR_PASSWORD).unwrap());

    let admin = slapd.admin_dn().to_owned();
    for (kind, at_first) in [
        (GroupKind::Members, vec![]),
        (GroupKind::Names, vec![admin.clone()]),
        (GroupKind::UniqueNames, vec![admin]),
        (GroupKind::Posix, vec![]),
    ] {
        let group = group_dn(kind.object_class());
        assert_eq!(slapd.members(&group).unwrap(), Some(at_first.clone()), "{kind:?}");
        let jen = if kind == GroupKind::Posix { "jen".to_owned() } else { user_dn("jen") };
        slapd.change_member(&group, kind.attribute(), &jen, true).unwrap();
        let mut expected = at_first;
        expected.push(jen);
        assert_eq!(slapd.members(&group).unwrap(), Some(expected), "{kind:?}");
    }
    assert_eq!(
        slapd.member_of(&user_dn("jen")).unwrap().unwrap(),
        ["groupOfMembers", "groupOfNames", "groupOfUniqueNames"].map(group_dn)
    );
    assert_eq!(slapd.members(&group_dn("none")).unwrap(), None);
    assert_eq!(slapd.find("(uid=user*)").unwrap(), ["user1", "user2", "user3"].map(user_dn));
}

#[test]
fn a_group_of_names_refuses_to_lose_its_last_member() {
    let groups = vec![Group::new("ops", GroupKind::Names).with_members(&["user1"])];
    let Some(slapd) = available_or_skip(Slapd::start(SlapdOptions { groups, ..SlapdOptions::default() })) else {
        return;
    };
    let refused = slapd.change_member(&group_dn("ops"), "member", &user_dn("user1"), false).unwrap_err();
    assert!(refused.to_string().contains("Object class violation (65)"), "{refused}");
}

#[test]
fn the_certificate_is_good_for_the_names_it_is_used_with() {
    let Some(slapd) = available_or_skip(Slapd::start(SlapdOptions { tls: true, ..SlapdOptions::default() })) else {
        return;
    };
    for (url, start_tls) in [(slapd.ldaps_url().unwrap(), false), (slapd.url(), true)] {
        let whoami = |authority: std::path::PathBuf| {
            Command::new("ldapwhoami")
                .args(["-x", "-H", &url, "-D", slapd.admin_dn(), "-w", slapd.admin_password()])
                .args(start_tls.then_some("-ZZ"))
                .env("LDAPTLS_CACERT", authority)
                .output()
                .unwrap()
        };
        let trusted = whoami(slapd.ca_path().unwrap());
        assert_eq!(
            String::from_utf8_lossy(&trusted.stdout),
            format!("dn:{}\n", slapd.admin_dn()),
            "{url}: {trusted:?}"
        );
        assert!(!whoami("/dev/null".into()).status.success(), "{url} without its authority");
    }
}

#[test]
fn plain_binds_are_refused_where_tls_is_required() {
    let options = SlapdOptions { require_tls: true, ..SlapdOptions::default() };
    let Some(slapd) = available_or_skip(Slapd::start(options)) else { return };
    let plain = Command::new("ldapwhoami")
        .args(["-x", "-H", &slapd.url(), "-D", slapd.admin_dn(), "-w", slapd.admin_password()])
        .output()
        .unwrap();
    assert_eq!(plain.status.code(), Some(13), "confidentialityRequired: {plain:?}");
}

#[test]
fn data_and_port_survive_stop_and_kill() {
    let groups = vec![Group::new("ops", GroupKind::Members)];
    let Some(mut slapd) = available_or_skip(Slapd::start(SlapdOptions { groups, ..SlapdOptions::default() })) else {
        return;
    };
    let url = slapd.url();
    slapd.change_member(&group_dn("ops"), "member", &user_dn("user1"), true).unwrap();
    slapd.stop().unwrap();
    assert!(slapd.members(&group_dn("ops")).is_err(), "a stopped server answers");
    slapd.start_again().unwrap();
    slapd.change_member(&group_dn("ops"), "member", &user_dn("user2"), true).unwrap();
    slapd.kill();
    slapd.start_again().unwrap();
    assert_eq!(slapd.members(&group_dn("ops")).unwrap().unwrap(), ["user1", "user2"].map(user_dn));
    assert_eq!(slapd.url(), url);
}

#[test]
fn a_paused_server_accepts_and_does_not_answer() {
    let Some(slapd) = available_or_skip(Slapd::start(SlapdOptions::default())) else { return };
    slapd.pause().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", slapd.port())).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    // An anonymous simple bind.
    stream.write_all(b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00").unwrap();
    let mut answer = [0; 2];
    assert_eq!(stream.read_exact(&mut answer).unwrap_err().kind(), ErrorKind::WouldBlock);
    slapd.resume().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [0x30, 0x0c]);
    assert!(slapd.can_bind(slapd.admin_dn(), slapd.admin_password()).unwrap());
}

#[test]
fn the_connector_account_writes_groups_and_nothing_else() {
    let groups = vec![Group::new("ops", GroupKind::Members)];
    let options = SlapdOptions { groups, record_changes: true, ..SlapdOptions::default() };
    let Some(slapd) = available_or_skip(Slapd::start(options)) else { return };
    let modify = |dn: &str, attribute: &str, value: &str| {
        let directory = ephor_testkit::WorkDir::new("ldif").unwrap();
        let file = directory.join("change.ldif");
        std::fs::write(&file, format!("dn: {dn}\nchangetype: modify\nadd: {attribute}\n{attribute}: {value}\n"))
            .unwrap();
        let status = Command::new("ldapmodify")
            .args(["-x", "-H", &slapd.url(), "-D", CONNECTOR_DN, "-w", CONNECTOR_PASSWORD, "-f"])
            .arg(&file)
            .output()
            .unwrap()
            .status;
        status.code().unwrap()
    };
    assert_eq!(modify(&group_dn("ops"), "member", &user_dn("user1")), 0);
    assert_eq!(modify(&user_dn("user1"), "description", "x"), 50, "insufficientAccess");

    let changes = slapd.changes().unwrap();
    let seen: Vec<_> = changes.iter().map(|c| (c.kind.as_str(), c.dn.as_str(), c.by.as_str(), c.result)).collect();
    let (ops, user1) = (group_dn("ops"), user_dn("user1"));
    assert_eq!(seen, [("modify", &*ops, CONNECTOR_DN, 0), ("modify", &*user1, CONNECTOR_DN, 50)]);
    assert_eq!(changes[0].modifications, [format!("member:+ {user1}")]);
}

#[test]
fn options_reach_the_server() {
    let options = SlapdOptions {
        users: 12,
        lockout_after: Some(2),
        dynamic_entries: true,
        size_limit: Some(5),
        sync: true,
        extra_ldif: format!("dn: ou=more,{BASE}\nobjectClass: organizationalUnit\nou: more\n\n"),
        ..SlapdOptions::default()
    };
    let Some(slapd) = available_or_skip(Slapd::start(options)) else { return };
    assert!(!slapd.can_bind(&user_dn("user1"), "wrong").unwrap());
    assert!(!slapd.can_bind(&user_dn("user1"), "wrong").unwrap());
    assert!(!slapd.can_bind(&user_dn("user1"), "password1").unwrap(), "locked after two failures");

    assert_eq!(slapd.values("", &["dynamicSubtrees"]).unwrap().unwrap(), [BASE]);
    assert_eq!(slapd.find("(ou=more)").unwrap(), [format!("ou=more,{BASE}")]);

    let search = |paging: &[&str]| {
        let mut command = Command::new("ldapsearch");
        command.args(["-x", "-LLL", "-H", &slapd.url(), "-D", CONNECTOR_DN, "-w", CONNECTOR_PASSWORD, "-b", BASE]);
        let output = command.args(paging).args(["(objectClass=person)", "1.1"]).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap().matches("dn: ").count())
    };
    assert_eq!(search(&[]), (4, 5), "sizeLimitExceeded");
    assert_eq!(search(&["-E", "pr=5/noprompt"]), (0, 12));
}

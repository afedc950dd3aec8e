//! The demo with its people in a real LDAP directory.

use ephor_testkit::{
    available_or_skip,
    slapd::{ADMIN_DN, ADMIN_PASSWORD, Slapd, SlapdOptions},
};

use crate::ephor::{Demo, http};

/// An empty corner of the directory: the demo makes its own containers there.
const CORNER: &str = "ou=tour,dc=corp,dc=test";

#[test]
fn people_and_groups_live_in_the_directory_and_get_their_membership_there() {
    let extra_ldif = format!("dn: {CORNER}\nobjectClass: organizationalUnit\nou: tour\n\n");
    let Some(slapd) = available_or_skip(Slapd::start(SlapdOptions { extra_ldif, ..SlapdOptions::default() })) else {
        return;
    };
    let url = slapd.url();
    let directory = ["--ldap", &url, "--ldap-bind", ADMIN_DN, "--ldap-base", CORNER, "--ldap-password", ADMIN_PASSWORD];
    let demo = Demo::start(&[&directory[..], &["--simulated-clock"]].concat());
    let group = format!("cn=ad-access,ou=groups,{CORNER}");
    let jen = format!("uid=jen,ou=people,{CORNER}");
    let holds = || slapd.members(&group).unwrap().unwrap().contains(&jen);
    assert!(slapd.values(&jen, &["uid"]).unwrap().is_some());
    assert!(!slapd.can_bind(&jen, "demo-password-of-jen").unwrap(), "a password everybody knows stays out of it");
    assert!(!holds());

    // Time stands still, yet what an order sets in motion is done before its answer leaves.
    let made = demo.by("jen", &["pam", "request", "Allow AD Access", "-q"]).good();
    assert!(holds());
    assert_eq!(demo.by("jen", &["pam", "requests", "--active", "-q"]).good(), made);
    let (status, _) =
        http(demo.url(), "POST", "/demo/clock", &[("Content-Type", "application/json")], "{\"advance\":\"PT1H\"}");
    assert_eq!(status, 200);
    assert!(!holds());
    assert_eq!(demo.by("jen", &["pam", "requests", "--expired", "-q"]).good(), made);
    demo.stop();
}

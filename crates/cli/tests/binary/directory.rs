//! The demo with its people in a real LDAP directory.

use ephor_testkit::{
    available_or_skip,
    slapd::{ADMIN_DN, ADMIN_PASSWORD, Slapd, SlapdOptions},
};

use serde_json::{Value, json};

use crate::ephor::{Demo, call, http};

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

/// A call of the Graph face in somebody's name, with a second factor shown just now.
fn graph(demo: &Demo, user: &str, path: &str, body: &Value) -> Value {
    let wanted = json!({"user": user, "lifetime": 86_400}).to_string();
    let as_json = ("Content-Type", "application/json");
    let token = call(demo.url(), "POST", "/demo/token", &[as_json], &wanted).json();
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let path = format!("/v1.0/identityGovernance/privilegedAccess/group/{path}");
    let answer = call(demo.url(), "POST", &path, &[as_json, ("Authorization", &bearer)], &body.to_string());
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

#[test]
fn r1_r3_a_group_activated_through_graph_is_in_the_directory_as_long_as_it_lasts() {
    let extra_ldif = format!("dn: {CORNER}\nobjectClass: organizationalUnit\nou: tour\n\n");
    let Some(slapd) = available_or_skip(Slapd::start(SlapdOptions { extra_ldif, ..SlapdOptions::default() })) else {
        return;
    };
    let url = slapd.url();
    let directory = ["--ldap", &url, "--ldap-bind", ADMIN_DN, "--ldap-base", CORNER, "--ldap-password", ADMIN_PASSWORD];
    let demo = Demo::start(&[&directory[..], &["--simulated-clock"]].concat());
    let native = format!("cn=ad-access,ou=groups,{CORNER}");
    let pat = format!("uid=pat,ou=people,{CORNER}");
    let holds = || slapd.members(&native).unwrap().unwrap().contains(&pat);
    let group = demo.facts["pam"]["groups"]["R0"][0].as_str().unwrap();
    let person = demo.facts["users"]["pat"]["id"].as_str().unwrap();
    let order = |action: &str, expiration: Value| {
        json!({"accessId": "member", "groupId": group, "principalId": person, "action": action,
               "justification": "the directory is slow", "scheduleInfo": {"expiration": expiration}})
    };
    let days = json!({"type": "afterDuration", "duration": "P30D"});
    graph(&demo, "ga", "eligibilityScheduleRequests", &order("adminAssign", days));
    assert!(!holds());
    let hour = json!({"type": "afterDuration", "duration": "PT1H"});
    let given = graph(&demo, "pat", "assignmentScheduleRequests", &order("selfActivate", hour.clone()));
    assert_eq!(given["status"], "Provisioned");
    assert!(holds());
    let pass = |by: &str| {
        let body = json!({"advance": by}).to_string();
        let (status, _) = http(demo.url(), "POST", "/demo/clock", &[("Content-Type", "application/json")], &body);
        assert_eq!(status, 200);
    };
    pass("PT59M59S");
    assert!(holds());
    pass("PT1S");
    assert!(!holds());
    // Given up before its end.
    graph(&demo, "pat", "assignmentScheduleRequests", &order("selfActivate", hour));
    pass("PT5M");
    assert!(holds());
    let up =
        graph(&demo, "pat", "assignmentScheduleRequests", &order("selfDeactivate", json!({"type": "notSpecified"})));
    assert_eq!(up["status"], "Revoked");
    assert!(!holds());
    demo.stop();
}

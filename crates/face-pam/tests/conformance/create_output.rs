//! PAM-059 to PAM-063: what O2 answers.

use crate::app::{BASE, SENTINEL, Setup, at, members, on_both, on_both_with, seconds, text};

pub(crate) const PROPERTIES: [&str; 10] = [
    "RequestId",
    "CreatorID",
    "Justification",
    "CreationTime",
    "CreationMethod",
    "ExpirationTime",
    "RoleId",
    "RequestedTTL",
    "RequestedTime",
    "RequestStatus",
];

#[tokio::test]
async fn pam_059_060_a_created_request() {
    on_both(async |app| {
        let jen = app.caller("jen");
        let reply = jen.ask("R0", "RequestedTTL=7200&Justification=why").await;
        assert_eq!(reply.status, 201);
        assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
        let mut names = members(reply.text());
        assert_eq!(names.remove(0), "odata.metadata");
        assert_eq!(names, PROPERTIES);
        let made = reply.json();
        let id = text(&made["RequestId"]);
        assert_eq!(reply.header("location"), format!("{BASE}/pamrequests(guid'{id}')"));
        assert_eq!(text(&made["CreatorID"]), app.user_id("jen").to_string());
        assert_eq!(text(&made["CreationMethod"]), "PAM Web API");
        assert_eq!(text(&made["Justification"]), "why");
        assert_eq!(text(&made["CreationTime"]), "2030-06-03T12:00:00Z");
        assert_eq!(text(&made["RequestedTime"]), "2030-06-03T12:00:00Z");
        assert_eq!(text(&made["RequestedTTL"]), "7200");
        assert_eq!(text(&made["RoleId"]), app.role_id("R0").to_string());
        let again = jen.create("R0", 7200).await;
        assert_ne!(again["RequestId"], made["RequestId"]);
        assert_eq!(again["CreatorID"], made["CreatorID"]);
        let mut listed = jen.request(&made).await;
        listed["odata.metadata"] = made["odata.metadata"].clone();
        assert_eq!(listed, made, "the list shows what was answered");
    })
    .await;
}

#[tokio::test]
async fn pam_061_063_the_status_tells_the_gate() {
    on_both(async |app| {
        let jen = app.caller("jen");
        let later = "RequestedTTL=600&RequestedTime=2030-06-03T13:00:00Z";
        for (role, query, status, expiration) in [
            ("R0", "RequestedTTL=600", "Active", "2030-06-03T12:10:00Z"),
            ("R1", "RequestedTTL=600", "PendingApproval", SENTINEL),
            ("R2", "RequestedTTL=600", "PendingMFA", SENTINEL),
            ("R3", "RequestedTTL=600", "PendingMFA", SENTINEL),
            ("R0", later, "Scheduled", SENTINEL),
            ("R1", later, "PendingApproval", SENTINEL),
        ] {
            let made = jen.create_with(role, query).await;
            assert_eq!((text(&made["RequestStatus"]), text(&made["ExpirationTime"])), (status, expiration), "{role}");
        }
    })
    .await;
}

#[tokio::test]
async fn pam_061_063_an_outside_directory_has_to_confirm_first() {
    let setup = Setup { outside: true, ..Setup::default() };
    on_both_with(setup, async |app| {
        let jen = app.caller("jen");
        let quick = jen.create("R2", 0).await;
        assert_eq!(text(&quick["RequestStatus"]), "Closed");
        app.target.refuse_additions(true);
        let made = jen.create("R0", 600).await;
        assert_eq!((text(&made["RequestStatus"]), text(&made["ExpirationTime"])), ("Processing", SENTINEL));
        assert!(!app.holds("jen", "R0").await);
        app.target.refuse_additions(false);
        app.advance(seconds(5)).await;
        assert_eq!(jen.status(&made).await, "Active");
        assert!(app.holds("jen", "R0").await);
        let prompt = jen.create("R0", 600).await;
        assert_eq!(text(&prompt["RequestStatus"]), "Active", "confirmed while the call waits");
        assert_eq!(text(&prompt["ExpirationTime"]), "2030-06-03T12:10:05Z");
    })
    .await;
}

/// `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)$` without a zero at the end of the fraction.
fn is_instant(shown: &str) -> bool {
    let Some(rest) = shown.strip_suffix('Z') else { return false };
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, "1"));
    let shape: String = whole.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    shape == "9999-99-99T99:99:99"
        && (1..=7).contains(&fraction.len())
        && fraction.bytes().all(|b| b.is_ascii_digit())
        && !fraction.ends_with('0')
}

#[tokio::test]
async fn pam_062_instants_have_one_shape() {
    on_both(async |app| {
        let jen = app.caller("jen");
        for instant in
            ["2030-06-03T12:00:00Z", "2030-06-03T12:00:00.5Z", "2030-06-03T12:00:01.12Z", "2030-06-03T12:00:02.007Z"]
        {
            app.advance_to(at(instant)).await;
            assert_eq!(text(&jen.create("R0", 600).await["CreationTime"]), instant);
            jen.create("R1", 600).await;
        }
        for item in jen.list("pamrequests").await {
            for name in ["CreationTime", "ExpirationTime", "RequestedTime"] {
                let instant = text(&item[name]);
                assert!(is_instant(instant) || instant == SENTINEL, "{name}: {instant}");
            }
        }
    })
    .await;
}

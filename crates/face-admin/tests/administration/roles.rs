//! Roles and their lists (`PAM 10.1`, `PAM-114` to `PAM-116`).

use ephor_domain::{approval::Verdict, pam::PamStatus, request::Channel};
use ephor_engine::pam::create::NewRequest;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::app::{App, hours, minutes, on_both};

async fn get(app: &App, role: &str) -> Value {
    app.caller("ada").get(&format!("roles/{}", app.id(role))).await.ok(200)
}

#[tokio::test]
async fn pam_114_a_window_must_end_later_than_it_begins() {
    on_both(async |app| {
        let ada = app.caller("ada");
        for (from, to) in [("17:00", "08:00"), ("08:00", "08:00:00")] {
            let new = json!({"displayName": "W", "availableFrom": from, "availableTo": to});
            let refused = ada.post("roles", new).await;
            assert_eq!(refused.problem(), (400, "invalid".to_owned()));
            assert_eq!(refused.json()["field"], "availableTo");
        }
        let half = ada.post("roles", json!({"displayName": "W", "availableFrom": "08:00"})).await;
        assert_eq!(half.problem(), (400, "invalid".to_owned()));
        assert_eq!(ada.list("roles?displayName=W").await, [] as [Value; 0]);

        let new = json!({"displayName": "W", "availableFrom": "08:00", "availableTo": "17:00",
            "availabilityWindowEnabled": true});
        let made = ada.post("roles", new).await.ok(201);
        assert_eq!((&made["availableFrom"], &made["availableTo"]), (&json!("08:00:00"), &json!("17:00:00")));
        app.call("W", &made["roleId"]);
        let path = format!("roles/{}", app.id("W"));
        let refused = ada.patch(&path, json!({"availableTo": "07:00"})).await;
        assert_eq!(refused.problem(), (400, "invalid".to_owned()));
        assert_eq!(get(app, "W").await["availableTo"], "17:00:00");
        // The window cannot go while it is enforced.
        let bare = json!({"availableFrom": null, "availableTo": null});
        assert_eq!(ada.patch(&path, bare).await.json()["field"], "availabilityWindowEnabled");
        let off = json!({"availableFrom": null, "availableTo": null, "availabilityWindowEnabled": false});
        assert_eq!(ada.patch(&path, off).await.ok(200)["availableFrom"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn pam_115_the_ttl_of_a_role_keeps_to_its_bounds_and_has_a_default() {
    on_both(async |app| {
        let ada = app.caller("ada");
        for ttl in [299, 7 * 86_400 + 1, 0] {
            let refused = ada.post("roles", json!({"displayName": "T", "ttl": ttl})).await;
            assert_eq!(refused.problem(), (400, "invalid".to_owned()), "{ttl}");
            assert_eq!(refused.json()["field"], "ttl");
        }
        assert_eq!(ada.list("roles?displayName=T").await, [] as [Value; 0]);
        assert_eq!(ada.post("roles", json!({"displayName": "T"})).await.ok(201)["ttl"], 3600);
        assert_eq!(ada.post("roles", json!({"displayName": "U", "ttl": 600})).await.ok(201)["ttl"], 600);
        // Changed bounds hold for what is set from then on.
        ada.patch("configuration", json!({"roleMinimalDuration": 900, "roleDefaultDuration": 1800})).await.ok(200);
        assert_eq!(ada.post("roles", json!({"displayName": "V"})).await.ok(201)["ttl"], 1800);
        let old = ada.list("roles?displayName=U").await.remove(0);
        app.call("U", &old["roleId"]);
        let path = format!("roles/{}", app.id("U"));
        assert_eq!(ada.patch(&path, json!({"description": "kept"})).await.ok(200)["ttl"], 600);
        assert_eq!(ada.patch(&path, json!({"ttl": 601})).await.problem(), (400, "invalid".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn pam_116_raised_gates_spare_who_is_past_them_and_a_lower_ttl_caps_later_activations() {
    on_both(async |app| {
        let running = app.ask("jen", "R0", 3600).await;
        let start = app.now().checked_add(hours(2)).unwrap();
        let new = NewRequest {
            role: app.typed("R0"),
            ttl: 3600,
            start: Some(start),
            justification: None,
            channel: Channel::PamRest,
        };
        let later = app.engine.pam_create(&app.actor("jen").await, new).await.unwrap();
        assert_eq!((running.view.status, later.view.status), (PamStatus::Active, PamStatus::Scheduled));

        let raise = json!({"mfaEnabled": true, "approvalEnabled": true, "approvers": [app.id("pat")], "ttl": 600});
        app.caller("ada").patch(&format!("roles/{}", app.id("R0")), raise).await.ok(200);
        assert_eq!(app.status(&running).await, PamStatus::Active);
        assert_eq!(app.status(&later).await, PamStatus::Scheduled);
        assert_eq!(app.ask("jen", "R0", 60).await.view.status, PamStatus::PendingMfa);

        // What runs keeps its end; what starts later is capped.
        app.advance(minutes(59)).await;
        assert_eq!(app.status(&running).await, PamStatus::Active);
        app.advance(minutes(61)).await;
        assert_eq!(app.status(&running).await, PamStatus::Expired);
        assert_eq!(app.status(&later).await, PamStatus::Active);
        app.advance(SignedDuration::from_secs(599)).await;
        assert_eq!(app.status(&later).await, PamStatus::Active);
        app.advance(SignedDuration::from_secs(1)).await;
        assert_eq!(app.status(&later).await, PamStatus::Expired);
    })
    .await;
}

#[tokio::test]
async fn names_are_unique_case_blind_and_keep_their_blanks() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let made = ada.post("roles", json!({"displayName": "Mailbox Keeper "})).await.ok(201);
        assert_eq!(made["displayName"], "Mailbox Keeper ");
        let again = ada.post("roles", json!({"displayName": "mailbox keeper "})).await;
        assert_eq!(again.problem(), (409, "conflict".to_owned()));
        let renamed = ada.patch(&format!("roles/{}", app.id("R1")), json!({"displayName": "r0"})).await;
        assert_eq!(renamed.problem(), (409, "conflict".to_owned()));
        // Its own name in other letters is no conflict.
        let own = ada.patch(&format!("roles/{}", app.id("R1")), json!({"displayName": "r1"})).await;
        assert_eq!(own.ok(200)["displayName"], "r1");
        for blank in ["", "   ", "a\nb"] {
            let refused = ada.post("roles", json!({"displayName": blank})).await;
            assert_eq!(refused.problem(), (400, "invalid".to_owned()), "{blank:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn who_loses_candidacy_loses_what_he_holds_and_what_he_waits_for() {
    on_both(async |app| {
        let active = app.ask("jen", "R0", 3600).await;
        let waiting = app.ask("jen", "R1", 3600).await;
        assert_eq!(waiting.view.status, PamStatus::PendingApproval);
        assert!(app.is_member("jen", "g0").await);
        let ada = app.caller("ada");
        let (r0, r1, jen) = (app.id("R0"), app.id("R1"), app.id("jen"));
        ada.delete(&format!("roles/{r0}/candidates/{jen}")).await.ok(204);
        assert_eq!(app.status(&active).await, PamStatus::Closed);
        assert!(!app.is_member("jen", "g0").await);
        assert_eq!(app.status(&waiting).await, PamStatus::PendingApproval);
        ada.patch(&format!("roles/{r1}"), json!({"candidates": [app.id("sam")]})).await.ok(200);
        assert_eq!(app.status(&waiting).await, PamStatus::Closed);
        let pat = app.actor("pat").await;
        assert_eq!(app.engine.pam_to_approve(&pat, None, 10).await.unwrap().rows, []);
        assert_eq!(ada.delete(&format!("roles/{r0}/candidates/{jen}")).await.problem().0, 404);
        // Back again, and again: the same once.
        for _ in 0..2 {
            ada.put(&format!("roles/{r0}/candidates/{jen}"), Value::Null).await.ok(204);
        }
        assert_eq!(ada.list(&format!("roles/{r0}/candidates")).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn privileges_follow_the_role_also_for_who_holds_it_now() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let (r0, g1, shared) = (app.id("R0"), app.id("g1"), app.id("shared"));
        app.ask("jen", "R0", 3600).await;
        app.ask("jen", "R0", 600).await;
        app.ask("jen", "R1", 3600).await;
        app.decide("pat", Verdict::Approve).await;
        ada.delete(&format!("roles/{}/privileges/{g1}", app.id("R1"))).await.ok(204);
        assert!(!app.is_member("jen", "g1").await);
        ada.put(&format!("roles/{r0}/privileges/{g1}"), Value::Null).await.ok(204);
        assert!(app.is_member("jen", "g1").await);
        // R1 owes it still.
        ada.delete(&format!("roles/{r0}/privileges/{shared}")).await.ok(204);
        assert!(app.is_member("jen", "shared").await);
        // The first of two grants of R0 ends, the second one keeps what was added.
        app.advance(minutes(10)).await;
        assert!(app.is_member("jen", "g1").await);
        app.advance(minutes(50)).await;
        assert!(!app.is_member("jen", "g1").await);
        assert!(!app.is_member("jen", "g0").await);
        assert!(!app.is_member("jen", "shared").await);
    })
    .await;
}

#[tokio::test]
async fn a_removed_role_ends_what_is_open_of_it_and_its_name_stays_in_history() {
    on_both(async |app| {
        let active = app.ask("jen", "R0", 3600).await;
        let ada = app.caller("ada");
        let path = format!("roles/{}", app.id("R0"));
        assert_eq!(ada.delete(&path).await.ok(200), json!({"endedRequests": 1}));
        assert_eq!(app.status(&active).await, PamStatus::Closed);
        assert!(!app.is_member("jen", "g0").await);
        assert_eq!(ada.get(&path).await.problem(), (404, "not_found".to_owned()));
        assert_eq!(ada.delete(&path).await.problem(), (404, "not_found".to_owned()));
        let shown = ada.get(&format!("requests/{}", active.request.id)).await.ok(200);
        assert_eq!((&shown["roleName"], &shown["requestStatus"]), (&json!("R0"), &json!("Closed")));
        // The name is free again.
        ada.post("roles", json!({"displayName": "R0"})).await.ok(201);
    })
    .await;
}

#[tokio::test]
async fn a_role_that_needs_approval_keeps_an_approver() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let r1 = app.id("R1");
        let none = ada.patch(&format!("roles/{r1}"), json!({"approvers": []})).await;
        assert_eq!(none.problem(), (400, "invalid".to_owned()));
        assert_eq!(none.json()["field"], "approvalEnabled");
        ada.delete(&format!("roles/{r1}/approvers/{}", app.id("sam"))).await.ok(204);
        let last = ada.delete(&format!("roles/{r1}/approvers/{}", app.id("pat"))).await;
        assert_eq!(last.problem(), (409, "in_use".to_owned()));
        assert_eq!(ada.list(&format!("roles/{r1}/approvers")).await.len(), 1, "a refused order changes nothing");
        let enabled = ada.patch(&format!("roles/{}", app.id("R0")), json!({"approvalEnabled": true})).await;
        assert_eq!(enabled.problem(), (400, "invalid".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn lists_of_a_role_are_replaced_whole_and_name_nobody_unknown() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let path = format!("roles/{}", app.id("R0"));
        let names = |list: &Value, member: &str| -> Vec<String> {
            let mut names: Vec<_> =
                list.as_array().unwrap().iter().map(|item| item[member].as_str().unwrap().to_owned()).collect();
            names.sort();
            names
        };
        let lists = json!({"candidates": [app.id("sam"), app.id("pat"), app.id("sam")],
            "approvers": [app.id("pat")], "privileges": [app.id("g1")]});
        let set = ada.patch(&path, lists).await.ok(200);
        assert_eq!(names(&set["approvers"], "username"), ["PRIV\\pat"]);
        assert_eq!(names(&set["privileges"], "privAccountName"), ["g1"]);
        let candidates = json!(ada.list(&format!("{path}/candidates")).await);
        assert_eq!(names(&candidates, "username"), ["PRIV\\pat", "PRIV\\sam"]);

        for (list, stranger) in [("candidates", "eve"), ("approvers", "ada"), ("privileges", "jen")] {
            let refused = ada.patch(&path, json!({list: [app.id(stranger)]})).await;
            assert_eq!(refused.problem(), (400, "invalid".to_owned()), "{list}");
            assert_eq!(refused.json()["field"], list);
        }
        assert_eq!(json!(ada.list(&format!("{path}/candidates")).await), candidates);
    })
    .await;
}

#[tokio::test]
async fn roles_are_searched_and_paged_by_name() {
    on_both(async |app| {
        let ada = app.caller("ada");
        for name in ["b", "A", "c", "R2"] {
            ada.post("roles", json!({"displayName": name})).await.ok(201);
        }
        let mut seen = Vec::new();
        let mut path = "roles?limit=2".to_owned();
        loop {
            let page = ada.get(&path).await.ok(200);
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 2);
            seen.extend(items.iter().map(|item| item["displayName"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("roles?limit=2&cursor={next}");
        }
        assert_eq!(seen, ["A", "b", "c", "R0", "R1", "R2"]);
        assert_eq!(ada.list("roles?search=r").await.len(), 3);
        assert_eq!(ada.list("roles?active=true").await, [] as [Value; 0]);
        app.ask("jen", "R0", 600).await;
        let active = ada.list("roles?active=true").await;
        assert_eq!(active.len(), 1);
        assert_eq!(active[0]["roleId"], json!(app.id("R0")));
        for wrong in ["limit=0", "limit=1001", "cursor=%25", "search=a&search=b", "top=3"] {
            assert_eq!(ada.get(&format!("roles?{wrong}")).await.problem(), (400, "invalid".to_owned()), "{wrong}");
        }
    })
    .await;
}

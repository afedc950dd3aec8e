//! Groups (`PAM 11.2`).

use ephor_domain::Refusal;
use ephor_engine::{Denied, pam::create::NewRequest};
use serde_json::{Value, json};

use crate::app::{minutes, on_both};

#[tokio::test]
async fn a_mirror_is_made_at_the_directory_and_a_priv_group_is_registered_from_it() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let made = ada.post("groups", json!({"sourceGroupName": "Admins", "sourceDomain": "CORP"})).await.ok(201);
        assert_eq!(made["privAccountName"], "CORP.Admins");
        assert_eq!(made["nativeName"], "cn=CORP.Admins");
        assert_eq!(made["targetId"], json!(app.id("outside")));
        assert!(app.target.has_group("CORP.Admins"));
        let again = ada.post("groups", json!({"sourceGroupName": "Admins", "sourceDomain": "CORP"})).await;
        assert_eq!(again.problem(), (409, "conflict".to_owned()));

        let mine = json!({"sourceGroupName": "Keepers", "sourceDomain": "PRIV", "privOnly": true});
        assert_eq!(ada.post("groups", mine.clone()).await.json()["field"], "sourceGroupName");
        app.target.put_group("Keepers");
        let registered = ada.post("groups", mine).await.ok(201);
        assert_eq!((&registered["privOnly"], &registered["nativeName"]), (&json!(true), &json!("cn=Keepers")));
        let elsewhere = json!({"sourceGroupName": "x", "sourceDomain": "CORP", "targetId": app.id("jen")});
        assert_eq!(ada.post("groups", elsewhere).await.problem(), (404, "not_found".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn an_inactive_group_blocks_activations_that_would_give_it() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let path = format!("groups/{}", app.id("g0"));
        assert_eq!(ada.patch(&path, json!({"active": false})).await.ok(200)["active"], false);
        let new = NewRequest {
            role: app.typed("R0"),
            ttl: 600,
            start: None,
            justification: None,
            channel: ephor_domain::request::Channel::PamRest,
        };
        let refused = app.engine.pam_create(&app.actor("jen").await, new).await.unwrap_err();
        assert!(matches!(refused, Denied::Refused(Refusal::TargetUnwritable)), "{refused}");
        ada.patch(&path, json!({"active": true})).await.ok(200);
        app.ask("jen", "R0", 600).await;
    })
    .await;
}

#[tokio::test]
async fn groups_change_are_searched_and_go_when_nothing_needs_them() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let path = format!("groups/{}", app.id("g0"));
        let change = json!({"privDisplayName": "Keys", "privDescription": "all of them", "sourceAccountSid": "S-1-5"});
        ada.patch(&path, change).await.ok(200);
        let changed = ada.get(&path).await.ok(200);
        assert_eq!((&changed["privDisplayName"], &changed["sourceAccountSid"]), (&json!("Keys"), &json!("S-1-5")));
        assert_eq!(ada.list("groups?privDisplayName=key").await.len(), 1);
        assert_eq!(ada.list("groups?privAccountName=g").await.len(), 2);
        assert_eq!(ada.list(&format!("groups?targetId={}", app.id("outside"))).await, [] as [Value; 0]);
        assert_eq!(ada.list(&format!("targets/{}/groups", app.id("built-in"))).await.len(), 3);

        assert_eq!(ada.delete(&path).await.problem(), (409, "in_use".to_owned()));
        app.ask("jen", "R0", 600).await;
        ada.delete(&format!("roles/{}/privileges/{}", app.id("R0"), app.id("g0"))).await.ok(204);
        // A grant that runs had it, and is not over before that is known to be gone.
        assert_eq!(ada.delete(&path).await.problem(), (409, "in_use".to_owned()));
        app.advance(minutes(10)).await;
        ada.delete(&path).await.ok(204);
        assert_eq!(ada.get(&path).await.problem(), (404, "not_found".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_group_of_a_slow_directory_stays_until_its_memberships_are_gone() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let kim = json!({"sourceDomain": "CORP", "sourceAccountName": "Kim"});
        let kim = ada.post("users", kim).await.ok(201);
        app.call("kim", &kim["userId"]);
        let group = ada.post("groups", json!({"sourceGroupName": "Admins", "sourceDomain": "CORP"})).await.ok(201);
        app.call("admins", &group["groupId"]);
        let role = json!({"displayName": "Far", "candidates": [app.id("kim")], "privileges": [app.id("admins")]});
        let role = ada.post("roles", role).await.ok(201);
        app.call("far", &role["roleId"]);
        app.ask("kim", "far", 600).await;
        assert!(app.target.holds(app.typed("admins"), app.typed("kim")));

        app.target.be_down(true);
        ada.delete(&format!("roles/{}", app.id("far"))).await.ok(200);
        let path = format!("groups/{}", app.id("admins"));
        assert_eq!(ada.delete(&path).await.problem(), (409, "in_use".to_owned()));
        assert_eq!(ada.delete(&format!("users/{}", app.id("kim"))).await.problem(), (409, "in_use".to_owned()));
        app.target.be_down(false);
        app.advance(minutes(5)).await;
        assert!(!app.target.holds(app.typed("admins"), app.typed("kim")));
        ada.delete(&path).await.ok(204);
        ada.delete(&format!("users/{}", app.id("kim"))).await.ok(204);
    })
    .await;
}

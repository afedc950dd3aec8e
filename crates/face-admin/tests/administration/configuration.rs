//! Settings, maintenance mode, and how the API reads what it is sent.

use axum::body::Body;
use ephor_audit::events;
use ephor_domain::Refusal;
use ephor_engine::{Denied, pam::create::NewRequest};
use serde_json::{Value, json};

use crate::app::on_both;

#[tokio::test]
async fn settings_are_checked_changed_one_by_one_and_recorded_with_old_and_new() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let before = ada.get("configuration").await.ok(200);
        assert_eq!((&before["privUserPrefix"], &before["requestExpirationInDays"]), (&json!("PRIV."), &json!(30)));
        for (wrong, field) in [
            (json!({"timeZone": "Mars/Olympus"}), "timeZone"),
            (json!({"roleMinimalDuration": 0}), "roleMinimalDuration"),
            (json!({"roleDefaultDuration": 1}), "roleDefaultDuration"),
            (json!({"userAdminPasswordLength": 4}), "userAdminPasswordLength"),
            (json!({"forestFunctionality": "DS_BEHAVIOR_WIN95"}), "forestFunctionality"),
        ] {
            let refused = ada.patch("configuration", wrong).await;
            assert_eq!(refused.problem(), (400, "invalid".to_owned()), "{field}");
            assert_eq!(refused.json()["field"], field);
        }
        assert_eq!(ada.get("configuration").await.ok(200), before);

        let records = app.records().await.len();
        let change = json!({"timeZone": "UTC", "requestsPerMinute": null, "forestFunctionality": "DS_BEHAVIOR_2015"});
        let after = ada.patch("configuration", change).await.ok(200);
        assert_eq!(after["requestsPerMinute"], Value::Null);
        assert_eq!(after["forestFunctionality"], "DS_BEHAVIOR_WIN2015");
        let record = app.records().await.remove(records);
        assert_eq!(record.event, events::CONFIGURATION_CHANGED.id);
        let names: Vec<_> = record.details.keys().map(String::as_str).collect();
        assert_eq!(names, ["requestsPerMinute.new", "requestsPerMinute.old"]);
        // What changes nothing is no change.
        ada.patch("configuration", json!({"timeZone": "UTC"})).await.ok(200);
        assert_eq!(app.records().await.len(), records + 1);
    })
    .await;
}

#[tokio::test]
async fn maintenance_refuses_new_requests_and_nothing_else() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let records = app.records().await.len();
        assert_eq!(ada.patch("configuration", json!({"maintenance": true})).await.ok(200)["maintenance"], true);
        let new = NewRequest {
            role: app.typed("R0"),
            ttl: 600,
            start: None,
            justification: None,
            channel: ephor_domain::request::Channel::PamRest,
        };
        let jen = app.actor("jen").await;
        let refused = app.engine.pam_create(&jen, new).await.unwrap_err();
        assert!(matches!(refused, Denied::Refused(Refusal::Maintenance)), "{refused}");
        assert_eq!(app.engine.pam_roles(&jen).await.unwrap().len(), 2);
        ada.patch("configuration", json!({"maintenance": false})).await.ok(200);
        app.ask("jen", "R0", 600).await;
        let events = app.events_since(records).await;
        assert_eq!(events[0], events::MAINTENANCE_STARTED.id);
        assert!(events.contains(&events::MAINTENANCE_ENDED.id));
    })
    .await;
}

#[tokio::test]
async fn bodies_are_read_strictly_and_answers_repeat_nothing_of_them() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let invalid = (400, "invalid".to_owned());
        let evil = "<script>alert(1)</script>";
        for body in [
            json!({"displayName": "X", evil: 1}),
            json!({"displayName": 7}),
            json!({"displayName": "X", "ttl": "600"}),
            json!({"displayName": "X", "ttl": -1}),
            json!({"displayName": "X", "ttl": 1.5}),
            json!({"displayName": "X", "roleId": app.id("R0")}),
            json!({"displayName": "X", "candidates": ["jen"]}),
            json!({"displayName": "X", "availableFrom": evil, "availableTo": "17:00"}),
            json!([]),
        ] {
            let refused = ada.post("roles", body.clone()).await;
            assert_eq!(refused.problem(), invalid, "{body}");
            assert!(!refused.text().contains("script"), "{}", refused.text());
        }
        let twice = ada.with("content-type", "application/json");
        let twice = twice.call("POST", "roles", Body::from(r#"{"displayName":"X","displayName":"Y"}"#)).await;
        assert_eq!(twice.problem(), invalid);
        let broken = ada.with("content-type", "application/json; charset=utf-8");
        assert_eq!(broken.call("POST", "roles", Body::from("{\"displayName\":")).await.problem(), invalid);
        let text = ada.with("content-type", "text/plain").call("POST", "roles", Body::from("{}")).await;
        assert_eq!(text.problem(), (415, "unsupported_media_type".to_owned()));
        let bare = ada.call("POST", "roles", Body::from("{}")).await;
        assert_eq!(bare.problem(), (415, "unsupported_media_type".to_owned()));
        let large = json!({"displayName": "X", "description": "y".repeat(64 * 1024)});
        assert_eq!(ada.post("roles", large).await.problem(), (413, "payload_too_large".to_owned()));
        let long = json!({"displayName": "X", "description": "y".repeat(4001)});
        assert_eq!(ada.post("roles", long).await.json()["field"], "description");
        assert_eq!(ada.list("roles?displayName=X").await, [] as [Value; 0]);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_and_what_cannot_be_done_there_are_told_apart() {
    on_both(async |app| {
        let ada = app.caller("ada");
        for path in ["nothing", "roles/R0", "roles/00000000-0000-0000-0000-000000000000", "audit/records/x/proof"] {
            assert_eq!(ada.get(path).await.problem(), (404, "not_found".to_owned()), "{path}");
        }
        let bare = app.id("R0").simple().to_string();
        assert_eq!(ada.get(&format!("roles/{bare}")).await.problem().0, 404, "one spelling of each address");
        let upper = app.id("R0").to_string().to_uppercase();
        ada.get(&format!("roles/{upper}")).await.ok(200);
        let wrong = ada.put("roles", json!({})).await;
        assert_eq!(wrong.problem(), (405, "method_not_allowed".to_owned()));
        assert_eq!(wrong.headers["allow"], "GET,HEAD,POST");
        let reply = ada.get("roles").await;
        assert_eq!(reply.headers["cache-control"], "no-store");
        assert_eq!(reply.headers["content-type"], "application/json");
        let unknown = app.stranger().get("roles").await;
        assert_eq!(unknown.problem(), (401, "unauthenticated".to_owned()));
        assert_eq!(unknown.headers["www-authenticate"], "Bearer realm=\"Ephor\"");
    })
    .await;
}

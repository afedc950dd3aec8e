//! The monitor follows CORP accounts (`PAM 15.1`, `PAM-135`).

use ephor_audit::events;
use ephor_domain::{pam::PamStatus, principal::Principal};
use ephor_engine::admin::monitor::{Finding, Observation};
use serde_json::json;

use crate::app::{App, minutes, on_both};

/// Kim of CORP with a PRIV account, a candidate of R0.
async fn kim(app: &mut App) {
    let ada = app.caller("ada");
    let new = json!({"sourceDomain": "CORP", "sourceAccountName": "Kim", "sourcePhoneNumber": "+49 1"});
    let made = ada.post("users", new).await.ok(201);
    app.call("kim", &made["userId"]);
    app.call("corp kim", &made["sourceId"]);
    ada.put(&format!("roles/{}/candidates/{}", app.id("R0"), app.id("kim")), serde_json::Value::Null).await.ok(204);
}

#[tokio::test]
async fn pam_135_a_disabled_corp_account_takes_the_priv_account_and_its_requests_along() {
    on_both(async |app| {
        kim(app).await;
        let active = app.ask("kim", "R0", 3600).await;
        let records = app.records().await.len();
        let corp = app.principal("corp kim").await;
        app.write(move |tx| {
            let disabled = Principal { enabled: false, ..corp.clone() };
            Box::pin(async move { tx.update_principal(&disabled).await })
        })
        .await;
        app.advance(minutes(1)).await;
        assert!(!app.principal("kim").await.enabled);
        assert_eq!(app.status(&active).await, PamStatus::Closed);
        assert!(!app.is_member("kim", "g0").await);
        assert!(app.target.is_disabled("PRIV.Kim"));
        let events = app.events_since(records).await;
        assert_eq!(events[..2], [events::SOURCE_ACCOUNT_DISABLED.id, events::PRINCIPAL_DISABLED.id]);
        // Once is enough.
        assert_eq!(app.engine.monitor().await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn pam_135_a_changed_phone_number_is_event_825() {
    on_both(async |app| {
        kim(app).await;
        let finding = Finding { user: app.typed("kim"), seen: Observation::Phone(Some("+49 2".to_owned())) };
        assert!(app.engine.monitor_source(finding.clone()).await.unwrap());
        let record = app.records().await.pop().unwrap();
        assert_eq!((record.event, record.subject), (825, Some(app.id("kim"))));
        assert_eq!(record.erasable["new"], "+49 2");
        assert!(!format!("{:?}", record.details).contains("+49"));
        let shown = app.caller("ada").get(&format!("users/{}", app.id("kim"))).await.ok(200);
        assert_eq!(shown["sourcePhoneNumber"], "+49 2");
        assert!(!app.engine.monitor_source(finding).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn findings_of_other_sources_are_reported_by_administrators() {
    on_both(async |app| {
        kim(app).await;
        let ada = app.caller("ada");
        let report =
            |seen: &str, value: serde_json::Value| json!({"userId": app.id("kim"), "seen": seen, "value": value});
        let reply = ada.post("monitor/findings", report("email-address", json!("kim@corp.test"))).await.ok(200);
        assert_eq!(reply, json!({"changed": true}));
        let wrong = ada.post("monitor/findings", report("disabled", json!("x"))).await;
        assert_eq!(wrong.problem(), (400, "invalid".to_owned()));
        let gone = json!({"userId": app.id("kim"), "seen": "gone"});
        assert_eq!(app.caller("aud").post("monitor/findings", gone.clone()).await.problem().0, 403);
        assert_eq!(ada.post("monitor/findings", gone.clone()).await.ok(200), json!({"changed": true}));
        assert_eq!(ada.post("monitor/findings", gone).await.ok(200), json!({"changed": false}));
        assert!(!app.principal("kim").await.enabled);
    })
    .await;
}

//! Other people's requests (`PAM-120`), the emergency end (seams §14), retention (`PAM-134`).

use ephor_audit::events::{self, Transition};
use ephor_domain::{pam::PamStatus, request::Channel};
use ephor_engine::pam::create::NewRequest;
use serde_json::{Value, json};

use crate::app::{hours, minutes, on_both};

fn ids(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["requestId"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn pam_120_requests_of_anybody_are_listed_by_status_and_creation_and_cancelled() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let old = app.ask("jen", "R0", 600).await;
        app.advance(minutes(30)).await;
        let active = app.ask("jen", "R0", 3600).await;
        let pending = app.ask("jen", "R1", 3600).await;
        let sams = app.ask("sam", "R1", 3600).await;
        let text = |request: &ephor_engine::pam::PamRequest| request.request.id.to_string();
        let jen = app.id("jen");

        // Newest first, of everybody and of one.
        let all = ada.list("requests").await;
        assert_eq!(ids(&all), [text(&sams), text(&pending), text(&active), text(&old)]);
        assert_eq!(ids(&ada.list(&format!("requests?userId={jen}&status=Pending")).await), [text(&pending)]);
        assert_eq!(ids(&ada.list("requests?status=Active,Expired").await), [text(&active), text(&old)]);
        assert_eq!(ids(&ada.list("requests?createdFrom=2030-06-03T12:30:00Z&status=Active").await), [text(&active)]);
        assert_eq!(ada.list("requests?createdFrom=2030-06-03T12:30:01Z").await, [] as [Value; 0]);
        let r1 = app.id("R1");
        assert_eq!(ada.list(&format!("requests?roleId={r1}")).await.len(), 2);
        let first = ada.get("requests?limit=3").await.ok(200);
        let next = first["next"].as_str().unwrap();
        assert_eq!(ids(&ada.list(&format!("requests?limit=3&cursor={next}")).await), [text(&old)]);

        let shown = &all[2];
        assert_eq!(shown["fimRequestId"], shown["requestId"]);
        assert_eq!((&shown["username"], &shown["roleName"]), (&json!("PRIV\\jen"), &json!("R0")));
        assert_eq!((&shown["requestedTtl"], &shown["requestStatus"]), (&json!(3600), &json!("Active")));
        assert_eq!(shown["expirationTime"], "2030-06-03T13:30:00Z");
        assert_eq!(all[3]["requestStatus"], "Expired");

        // By request.
        let path = format!("requests/{}/cancel", text(&pending));
        assert_eq!(ada.post(&path, Value::Null).await.ok(200)["requestStatus"], "Closed");
        assert_eq!(ada.post(&path, Value::Null).await.ok(200)["requestStatus"], "Closed");
        let expired = format!("requests/{}/cancel", text(&old));
        assert_eq!(ada.post(&expired, Value::Null).await.ok(200)["requestStatus"], "Expired");
        // By user.
        let cancelled = ada.post("requests/cancel", json!({"userId": jen})).await.ok(200);
        assert_eq!(cancelled, json!({"endedRequests": 1}));
        assert_eq!(app.status(&active).await, PamStatus::Closed);
        assert!(!app.is_member("jen", "g0").await);
        assert_eq!(app.status(&sams).await, PamStatus::PendingApproval);
        // By role.
        assert_eq!(ada.post("requests/cancel", json!({"roleId": r1})).await.ok(200), json!({"endedRequests": 1}));
        assert_eq!(app.status(&sams).await, PamStatus::Closed);
        // All.
        let one = app.ask("jen", "R0", 3600).await;
        let other = app.ask("sam", "R1", 3600).await;
        assert_eq!(ada.post("requests/cancel", json!({"all": true})).await.ok(200), json!({"endedRequests": 2}));
        assert_eq!((app.status(&one).await, app.status(&other).await), (PamStatus::Closed, PamStatus::Closed));
        // Nothing is cancelled by leaving the question open.
        for open in [json!({}), json!({"all": false}), json!({"all": true, "userId": jen})] {
            assert_eq!(ada.post("requests/cancel", open).await.problem(), (400, "invalid".to_owned()));
        }
    })
    .await;
}

#[tokio::test]
async fn a_request_past_its_time_is_shown_as_it_is_with_every_worker_dead() {
    on_both(async |app| {
        let ada = app.caller("ada");
        app.ask("jen", "R0", 600).await;
        app.ask("jen", "R1", 600).await;
        app.clock.set(app.now().checked_add(hours(24 * 8)).unwrap());
        assert_eq!(ada.list("requests?status=Active").await, [] as [Value; 0]);
        assert_eq!(ada.list("requests?status=PendingApproval").await, [] as [Value; 0]);
        assert_eq!(ada.list("requests?status=Closing").await.len(), 1);
        assert_eq!(ada.list("requests?status=Rejected").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_emergency_end_takes_access_at_once_and_alarms() {
    on_both(async |app| {
        let active = app.ask("jen", "R0", 3600).await;
        let grant = active.grant.as_ref().unwrap().id;
        let before = app.records().await.len();
        let path = format!("grants/{grant}/end");
        let ended = app.caller("padm").post(&path, json!({"justification": "stolen laptop"})).await.ok(200);
        assert_eq!(ended["requestStatus"], "Closed");
        assert!(!app.is_member("jen", "g0").await);
        let records = app.records().await;
        let numbers: Vec<_> = records[before..].iter().map(|record| record.event).collect();
        let [closing, gone] = [Transition::T15, Transition::T16].map(|transition| transition.event().id);
        assert_eq!(numbers, [events::EMERGENCY_END.id, closing, gone]);
        assert_eq!(records[before].erasable["justification"], "stolen laptop");
        assert_eq!(records[before].subject, Some(app.id("jen")));
        // What has ended is no emergency any more.
        app.caller("padm").post(&path, json!({})).await.ok(200);
        assert_eq!(app.records().await.len(), records.len());
        assert_eq!(app.caller("padm").post(&format!("grants/{}/end", app.id("R0")), json!({})).await.problem().0, 404);
    })
    .await;
}

#[tokio::test]
async fn pam_134_finished_requests_go_with_time_and_unfinished_ones_never_do() {
    on_both(async |app| {
        let ada = app.caller("ada");
        let done = app.ask("jen", "R0", 600).await;
        let start = app.now().checked_add(hours(24 * 300)).unwrap();
        let new = NewRequest {
            role: app.typed("R0"),
            ttl: 600,
            start: Some(start),
            justification: None,
            channel: Channel::PamRest,
        };
        let scheduled = app.engine.pam_create(&app.actor("jen").await, new).await.unwrap();
        app.advance(hours(24 * 29)).await;
        app.engine.purge().await.unwrap();
        assert_eq!(ada.list("requests").await.len(), 2);
        ada.patch("configuration", json!({"requestExpirationInDays": 40})).await.ok(200);
        app.advance(hours(24 * 2)).await;
        app.engine.purge().await.unwrap();
        assert_eq!(ada.list("requests").await.len(), 2);

        app.advance(hours(24 * 10)).await;
        let before = app.records().await.len();
        assert_eq!(app.engine.purge().await.unwrap(), 1);
        let left = ada.list("requests").await;
        assert_eq!(ids(&left), [scheduled.request.id.to_string()]);
        let record = app.records().await.remove(before);
        assert_eq!((record.event, record.request_id), (Transition::T19.event().id, Some(done.request.id.uuid())));
        assert_eq!(app.engine.purge().await.unwrap(), 0);
    })
    .await;
}

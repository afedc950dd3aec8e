//! PAM-130: what is on record of requests, by the transitions of 9.2 and by refusal.

use ephor_audit::{Actor, events, record::Record};
use ephor_engine::port::mfa::ChallengeStatus;
use serde_json::Value;

use crate::app::{App, Caller, PASSWORD, Setup, at, hours, minutes, on_both_with, seconds, text};

/// The transitions on record of a request, in order, as `T1 Processing`.
async fn story(app: &App, made: &Value) -> Vec<String> {
    let id: uuid::Uuid = text(&made["RequestId"]).parse().unwrap();
    let told = |record: &Record| {
        let details = serde_json::to_value(&record.details).unwrap();
        Some(format!("{} {}", details["transition"].as_str()?, record.new_status.as_deref().unwrap_or("-")))
    };
    app.records().await.iter().filter(|record| record.request_id == Some(id)).filter_map(told).collect()
}

async fn check(app: &App, made: &Value, expected: &[&str]) {
    assert_eq!(story(app, made).await, expected);
}

/// A decision of pat on a request of jen.
async fn decided(jen: &Caller, pat: &Caller, query: &str, word: &str) -> Value {
    let made = jen.create_with("R1", query).await;
    pat.decide(&pat.approval_of(&made).await, word).await.done();
    made
}

#[tokio::test]
async fn pam_130_each_transition_leaves_one_record() {
    on_both_with(Setup { outside: true, ..Setup::default() }, async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let later = "RequestedTTL=600&RequestedTime=2030-06-03T14:00:00Z";
        let expired = jen.create("R0", 600).await;
        app.advance(minutes(10)).await;
        check(app, &expired, &["T1 Processing", "T5 Active", "T17 Closing", "T16 Expired"]).await;
        let closed = jen.create("R0", 600).await;
        jen.close(&closed).await.done();
        check(app, &closed, &["T1 Processing", "T5 Active", "T15 Closing", "T16 Closed"]).await;
        let started = jen.create_with("R0", later).await;
        let withdrawn = jen.create_with("R0", later).await;
        jen.close(&withdrawn).await.done();
        check(app, &withdrawn, &["T1 Processing", "T4 Scheduled", "T14 Closed"]).await;
        let rejected = decided(&jen, &pat, "RequestedTTL=600", "Reject").await;
        check(app, &rejected, &["T1 Processing", "T3 PendingApproval", "T11 Rejected"]).await;
        let scheduled = decided(&jen, &pat, later, "Approve").await;
        check(app, &scheduled, &["T1 Processing", "T3 PendingApproval", "T9 Scheduled"]).await;
        let undecided = jen.create("R1", 600).await;
        let both = jen.create("R3", 600).await;
        let failed = jen.create("R2", 600).await;
        app.mfa.answer(text(&both["RequestId"]), ChallengeStatus::Success);
        app.mfa.answer(text(&failed["RequestId"]), ChallengeStatus::Failed);
        app.advance(seconds(1)).await;
        check(app, &failed, &["T1 Processing", "T2 PendingMFA", "T8 Rejected"]).await;
        check(app, &both, &["T1 Processing", "T2 PendingMFA", "T6 PendingApproval"]).await;
        app.target.refuse_additions(true);
        let given_up = jen.create("R0", 600).await;
        app.advance(minutes(20)).await;
        app.target.refuse_additions(false);
        app.advance_to(at("2030-06-03T15:00:00Z")).await;
        check(app, &given_up, &["T1 Processing", "T18 Rejected"]).await;
        // An outside directory has to confirm first: the start passes through Processing.
        check(app, &started, &["T1 Processing", "T4 Scheduled", "T5 Active", "T17 Closing", "T16 Expired"]).await;
        app.sleep(hours(7 * 24));
        app.drain().await;
        check(app, &undecided, &["T1 Processing", "T3 PendingApproval", "T12 Rejected"]).await;
        app.sleep(hours(31 * 24));
        app.engine().purge().await.unwrap();
        assert_eq!(story(app, &undecided).await.last().map(String::as_str), Some("T19 -"));
    })
    .await;
}

#[tokio::test]
async fn pam_130_transitions_that_the_built_in_directory_confirms_at_once() {
    on_both_with(Setup::default(), async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let started = jen.create_with("R0", "RequestedTTL=600&RequestedTime=2030-06-03T13:00:00Z").await;
        let approved = decided(&jen, &pat, "RequestedTTL=600", "Approve").await;
        let proved = jen.create("R2", 600).await;
        app.mfa.answer(text(&proved["RequestId"]), ChallengeStatus::Success);
        app.advance(hours(2)).await;
        check(app, &started, &["T1 Processing", "T4 Scheduled", "T13 Active", "T17 Expired"]).await;
        check(app, &approved, &["T1 Processing", "T3 PendingApproval", "T10 Active", "T17 Expired"]).await;
        check(app, &proved, &["T1 Processing", "T2 PendingMFA", "T7 Active", "T17 Expired"]).await;
    })
    .await;
}

#[tokio::test]
async fn pam_130_each_refusal_leaves_one_record_with_its_facts() {
    on_both_with(Setup::default(), async |app| {
        let (jen, pat, eve) = (app.caller("jen"), app.caller("pat"), app.caller("eve"));
        let made = jen.create_with("R1", "RequestedTTL=600&Justification=private+matter").await;
        let approval = pat.approval_of(&made).await;
        jen.ask("R9", "RequestedTTL=60").await.refused(403, "RoleNotAvailable");
        eve.ask("R0", "RequestedTTL=60").await.refused(403, "NotAuthorized");
        pat.close(&made).await.refused(403, "RequestNotAvailable");
        jen.decide(&approval, "Approve").await.refused(403, "SelfApprovalDenied");
        app.caller("ada").decide(&approval, "Approve").await.refused(403, "ApprovalNotAvailable");
        jen.with("origin", "http://evil.test").close(&made).await.refused(403, "OriginNotAllowed");
        let records = app.records().await;
        let refused: Vec<(u16, &str)> = records
            .iter()
            .filter(|record| record.kind.ends_with(".refused"))
            .map(|record| (record.event, record.reason.as_deref().unwrap_or_default()))
            .collect();
        assert_eq!(
            refused,
            [
                (events::CREATE_REFUSED.id, "role_not_available"),
                (events::CREATE_REFUSED.id, "unknown_caller"),
                (events::CLOSE_REFUSED.id, "request_not_available"),
                (events::SELF_APPROVAL_REFUSED.id, "self_approval"),
                (events::DECISION_REFUSED.id, "approval_not_available"),
                (events::FOREIGN_ORIGIN_REFUSED.id, "origin_not_allowed"),
            ]
        );
        let (jen_id, role) = (app.user_id("jen").uuid(), app.role_id("R9").uuid());
        let first = records.iter().find(|record| record.event == events::CREATE_REFUSED.id).unwrap();
        assert_eq!(first.actor, Actor::principal(jen_id));
        assert_eq!(first.actor_address.map(|address| address.to_string()).as_deref(), Some("127.0.0.1"));
        assert_eq!((first.at, first.entitlement_id), (app.now(), Some(role)));
        let all =
            serde_json::to_string(&records.iter().map(|record| format!("{record:?}")).collect::<Vec<_>>()).unwrap();
        assert!(!all.contains(PASSWORD), "no secret is ever recorded");
    })
    .await;
}

//! Linking and unlinking accounts (seams §1, F13).

use ephor_audit::events;
use ephor_domain::{Refusal, approval::Verdict, pam::PamStatus, principal::Proof};
use ephor_engine::{
    Denied,
    admin::{
        person::{Link, Unlink},
        role::{AddMember, Member},
    },
};
use serde_json::json;

use crate::app::{App, minutes, on_both};

async fn link(app: &App, one: &str, other: &str) -> Result<(), Denied> {
    let command = Link { one: app.typed(one), other: app.typed(other) };
    app.engine.administer(&app.actor("ada").await, command).await.map(drop)
}

async fn unlink(app: &App, who: &str) -> Result<bool, Denied> {
    app.engine.administer(&app.actor("ada").await, Unlink { principal: app.typed(who) }).await
}

#[tokio::test]
async fn linked_accounts_are_one_person_and_unlinking_waits_for_their_requests() {
    on_both(async |app| {
        link(app, "jen", "pat").await.unwrap();
        assert_eq!(app.principal("jen").await.person, app.principal("pat").await.person);
        let person = app.caller("ada").get(&format!("users/{}/person", app.id("jen"))).await.ok(200);
        assert_eq!(person["accounts"].as_array().unwrap().len(), 2);

        // pat is jen now: he neither sees nor decides her request, also not after leaving in the middle of it.
        let asked = app.ask("jen", "R1", 600).await;
        let pat = app.actor("pat").await;
        assert_eq!(app.engine.pam_to_approve(&pat, None, 10).await.unwrap().rows, []);
        assert!(!unlink(app, "pat").await.unwrap());
        let person = app.caller("ada").get(&format!("users/{}/person", app.id("jen"))).await.ok(200);
        assert_eq!(person["leaving"], json!([app.id("pat")]));
        assert_eq!(app.engine.settle_unlinks().await.unwrap(), 0);
        assert_eq!(app.engine.pam_to_approve(&app.actor("pat").await, None, 10).await.unwrap().rows, []);
        app.decide("sam", Verdict::Approve).await;
        assert_eq!(app.status(&asked).await, PamStatus::Active);
        assert_eq!(app.engine.settle_unlinks().await.unwrap(), 0, "what runs still was asked for by that person");

        app.advance(minutes(10)).await;
        assert_eq!(app.status(&asked).await, PamStatus::Expired);
        assert_ne!(app.principal("jen").await.person, app.principal("pat").await.person);
        let records = app.records().await;
        assert!(records.iter().any(|record| record.event == events::UNLINK_IN_FORCE.id));
        app.ask("jen", "R1", 600).await;
        app.decide("pat", Verdict::Approve).await;
    })
    .await;
}

#[tokio::test]
async fn linking_takes_a_person_who_is_neither() {
    on_both(async |app| {
        link(app, "jen", "padm").await.unwrap();
        let padm = app.actor("padm").await;
        let own = app.engine.administer(&padm, Link { one: app.typed("jen"), other: app.typed("sam") }).await;
        assert!(matches!(own, Err(Denied::Refused(Refusal::SelfApproval))));
        let own = app.engine.administer(&padm, Unlink { principal: app.typed("jen") }).await;
        assert!(matches!(own, Err(Denied::Refused(Refusal::SelfApproval))));
        // A token is nobody at the keyboard.
        let accounts = json!({"userId": app.id("sam"), "otherUserId": app.id("pat")});
        let by_token = app.caller("ada").post("persons/links", accounts).await;
        assert_eq!(by_token.problem(), (403, "person_required".to_owned()));
        let mut application = app.actor("ada").await;
        application.proof = Proof::Application;
        let by_program = app.engine.administer(&application, Unlink { principal: app.typed("jen") }).await;
        assert!(matches!(by_program, Err(Denied::Refused(Refusal::PersonRequired))));
    })
    .await;
}

#[tokio::test]
async fn the_two_accounts_of_a_user_are_not_parted() {
    on_both(async |app| {
        let kim = json!({"sourceDomain": "CORP", "sourceAccountName": "Kim"});
        let kim = app.caller("ada").post("users", kim).await.ok(201);
        app.call("kim", &kim["userId"]);
        app.call("corp kim", &kim["sourceId"]);
        assert_eq!(app.principal("kim").await.person, app.principal("corp kim").await.person);
        for account in ["kim", "corp kim"] {
            assert!(matches!(unlink(app, account).await, Err(Denied::Refused(Refusal::InUse { .. }))), "{account}");
        }
        assert!(matches!(unlink(app, "jen").await, Err(Denied::Refused(Refusal::NotFound { .. }))));
    })
    .await;
}

#[tokio::test]
async fn an_approver_whom_the_requester_named_after_asking_does_not_count() {
    on_both(async |app| {
        // sam administers under another account, asks, and then names a friend.
        link(app, "sam", "padm").await.unwrap();
        let asked = app.ask("sam", "R1", 600).await;
        app.advance(minutes(1)).await;
        let named = AddMember { role: app.typed("R1"), member: Member::Approver(app.typed("jen")) };
        app.engine.administer(&app.actor("padm").await, named).await.unwrap();
        let jen = app.actor("jen").await;
        let approval = asked.request.id;
        let waiting = app.read(move |tx| Box::pin(async move { tx.request_case(approval).await })).await.unwrap();
        let approval = waiting.approval.unwrap().id;
        let refused = app.engine.pam_decide(&jen, approval, Verdict::Approve, None).await;
        assert!(matches!(refused, Err(Denied::Refused(Refusal::ApprovalNotAvailable))), "{refused:?}");
        app.engine.pam_decide(&app.actor("pat").await, approval, Verdict::Approve, None).await.unwrap();
        assert_eq!(app.status(&asked).await, PamStatus::Active);
    })
    .await;
}

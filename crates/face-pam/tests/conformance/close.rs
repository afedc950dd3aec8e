//! PAM-095 to PAM-099: closing.

use axum::body::Body;
use ephor_engine::port::mfa::ChallengeStatus;
use http::Method;
use serde_json::Value;

use crate::app::{SENTINEL, Setup, at, hours, minutes, on_both, on_both_with, text};

#[tokio::test]
async fn pam_095_099_closing_an_active_request() {
    on_both(async |app| {
        let jen = app.caller("jen");
        let made = jen.create("R0", 3600).await;
        app.advance(minutes(5)).await;
        jen.close(&made).await.done();
        let request = jen.request(&made).await;
        assert_eq!(text(&request["RequestStatus"]), "Closed");
        assert_eq!(text(&request["ExpirationTime"]), "2030-06-03T12:05:00Z", "the instant of closing");
        assert!(!app.holds("jen", "R0").await);
        app.advance(hours(2)).await;
        assert_eq!(jen.request(&made).await, request, "a terminal state never changes");
    })
    .await;
}

#[tokio::test]
async fn pam_095_an_outside_directory_has_to_confirm_the_end() {
    on_both_with(Setup { outside: true, ..Setup::default() }, async |app| {
        let jen = app.caller("jen");
        let made = jen.create("R0", 3600).await;
        app.advance(minutes(5)).await;
        app.target.refuse_removals(true);
        jen.close(&made).await.done();
        let request = jen.request(&made).await;
        assert_eq!(text(&request["RequestStatus"]), "Closing");
        assert!(at(text(&request["ExpirationTime"])) <= app.now());
        jen.close(&made).await.done();
        app.target.refuse_removals(false);
        app.advance(minutes(1)).await;
        let request = jen.request(&made).await;
        assert_eq!(text(&request["RequestStatus"]), "Closed");
        assert_eq!(text(&request["ExpirationTime"]), "2030-06-03T12:05:00Z");
        assert!(!app.holds("jen", "R0").await);
    })
    .await;
}

#[tokio::test]
async fn pam_096_closing_what_is_not_active_yet() {
    on_both(async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let pending = jen.create("R1", 600).await;
        let unproved = jen.create("R3", 600).await;
        let scheduled = jen.create_with("R0", "RequestedTTL=600&RequestedTime=2030-06-03T13:00:00Z").await;
        let approval = pat.approval_of(&pending).await;
        for made in [&pending, &unproved, &scheduled] {
            jen.close(made).await.done();
            let request = jen.request(made).await;
            assert_eq!((text(&request["RequestStatus"]), text(&request["ExpirationTime"])), ("Closed", SENTINEL));
        }
        assert_eq!(pat.list("pamrequeststoapprove").await, Vec::<Value>::new());
        pat.decide(&approval, "Approve").await.refused(403, "ApprovalNotAvailable");
        app.mfa.answer(text(&unproved["RequestId"]), ChallengeStatus::Success);
        app.advance(hours(2)).await;
        for made in [&pending, &unproved, &scheduled] {
            assert_eq!(jen.status(made).await, "Closed");
        }
        assert!(!app.holds("jen", "R0").await && !app.holds("jen", "R1").await && !app.holds("jen", "R3").await);
    })
    .await;
}

#[tokio::test]
async fn pam_097_closing_again_and_closing_what_is_over() {
    on_both(async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let closed = jen.create("R0", 600).await;
        jen.close(&closed).await.done();
        jen.close(&closed).await.done();
        let given_up = jen.create("R0", 0).await;
        jen.close(&given_up).await.done();
        let rejected = jen.create("R1", 600).await;
        pat.decide(&pat.approval_of(&rejected).await, "Reject").await.done();
        jen.close(&rejected).await.refused(403, "RequestNotClosable");
        let expired = jen.create("R0", 600).await;
        app.advance(minutes(10)).await;
        jen.close(&expired).await.refused(403, "RequestNotClosable");
        assert_eq!(jen.status(&expired).await, "Expired");
        assert_eq!(jen.status(&rejected).await, "Rejected");
    })
    .await;
}

#[tokio::test]
async fn pam_098_unknown_and_foreign_requests_look_the_same() {
    on_both(async |app| {
        let (jen, sam) = (app.caller("jen"), app.caller("sam"));
        let made = jen.create("R1", 600).await;
        let foreign = sam.close(&made).await;
        foreign.refused(403, "RequestNotAvailable");
        let unknown = sam.post("pamrequests(guid'00000000-0000-4000-8000-000000000000')/Close").await;
        assert_eq!((unknown.status, unknown.text()), (foreign.status, foreign.text()));
        let approver = app.caller("pat").close(&made).await;
        assert_eq!((approver.status, approver.text()), (foreign.status, foreign.text()));
        let admin = app.caller("ada").close(&made).await;
        assert_eq!((admin.status, admin.text()), (foreign.status, foreign.text()));
        assert_eq!(jen.status(&made).await, "PendingApproval");
    })
    .await;
}

#[tokio::test]
async fn pam_099_a_post_without_body_and_type() {
    on_both(async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let bare = jen.create("R1", 600).await;
        let path = format!("/api/pamresources/pamrequests(guid'{}')/Close", text(&bare["RequestId"]));
        jen.call(Method::POST, &path, Body::empty()).await.done();
        for word in ["Approve", "Reject"] {
            let made = jen.create("R1", 600).await;
            pat.decide(&pat.approval_of(&made).await, word).await.done();
        }
        let made = jen.create("R1", 600).await;
        let path = format!("pamrequests(guid'{}')/Close", text(&made["RequestId"]));
        jen.send(&path, "application/json", "{}").await.done();
    })
    .await;
}

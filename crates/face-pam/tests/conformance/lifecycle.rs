//! PAM-074 to PAM-094: the life of a request.

use ephor_audit::events;
use ephor_engine::port::mfa::ChallengeStatus;
use serde_json::Value;

use crate::app::{App, Caller, SENTINEL, Setup, at, hours, minutes, on_both, on_both_with, seconds, text};

fn outside() -> Setup {
    Setup { outside: true, ..Setup::default() }
}

/// Status and expiration as they stand now.
async fn now(caller: &Caller, made: &Value) -> (String, String) {
    let request = caller.request(made).await;
    (text(&request["RequestStatus"]).to_owned(), text(&request["ExpirationTime"]).to_owned())
}

fn is(status: &str, expiration: &str) -> (String, String) {
    (status.to_owned(), expiration.to_owned())
}

#[tokio::test]
async fn pam_074_076_granted_is_capped_and_counted_from_activation() {
    on_both(async |app| {
        let jen = app.caller("jen");
        let made = jen.create("R0", 7200).await;
        assert_eq!(now(&jen, &made).await, is("Active", "2030-06-03T13:00:00Z"));
        app.advance(hours(1)).await;
        assert_eq!(now(&jen, &made).await, is("Expired", "2030-06-03T13:00:00Z"));
        assert!(!app.holds("jen", "R0").await);
    })
    .await;
}

#[tokio::test]
async fn pam_075_076_memberships_are_there_while_active_and_only_then() {
    for setup in [Setup::default(), outside()] {
        on_both_with(setup, async |app| {
            let jen = app.caller("jen");
            assert!(!app.holds("jen", "R0").await);
            let made = jen.create("R0", 600).await;
            app.drain().await;
            assert_eq!(jen.status(&made).await, "Active");
            assert!(app.holds("jen", "R0").await);
            app.advance(seconds(599)).await;
            assert_eq!(jen.status(&made).await, "Active");
            assert!(app.holds("jen", "R0").await);
            app.advance(seconds(1)).await;
            assert_eq!(now(&jen, &made).await, is("Expired", "2030-06-03T12:10:00Z"));
            assert!(!app.holds("jen", "R0").await);
        })
        .await;
    }
}

#[tokio::test]
async fn pam_077_no_read_at_the_end_says_active_with_every_worker_dead() {
    on_both(async |app| {
        let jen = app.caller("jen");
        let made = jen.create("R0", 600).await;
        app.sleep(seconds(599));
        assert_eq!(now(&jen, &made).await, is("Active", "2030-06-03T12:10:00Z"));
        app.sleep(seconds(1));
        assert_eq!(now(&jen, &made).await, is("Closing", "2030-06-03T12:10:00Z"));
        app.sleep(hours(5));
        assert_eq!(now(&jen, &made).await, is("Closing", "2030-06-03T12:10:00Z"));
        assert_eq!(jen.filtered("pamrequests", "RequestStatus eq 'Active'").await, Vec::<Value>::new());
        app.drain().await;
        assert_eq!(now(&jen, &made).await, is("Expired", "2030-06-03T12:10:00Z"));
    })
    .await;
}

#[tokio::test]
async fn pam_078_an_approval_activates_from_its_own_instant() {
    on_both(async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let made = jen.create("R1", 600).await;
        app.advance(minutes(30)).await;
        assert!(!app.holds("jen", "R1").await);
        pat.decide(&pat.approval_of(&made).await, "Approve").await.done();
        assert_eq!(now(&jen, &made).await, is("Active", "2030-06-03T12:40:00Z"));
        assert!(app.holds("jen", "R1").await);
        app.advance(minutes(10)).await;
        assert_eq!(now(&jen, &made).await, is("Expired", "2030-06-03T12:40:00Z"));
    })
    .await;
}

#[tokio::test]
async fn pam_079_a_rejection_writes_no_membership() {
    on_both_with(outside(), async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let made = jen.create("R1", 600).await;
        pat.decide(&pat.approval_of(&made).await, "Reject").await.done();
        assert_eq!(now(&jen, &made).await, is("Rejected", SENTINEL));
        app.advance(hours(2)).await;
        assert_eq!(now(&jen, &made).await, is("Rejected", SENTINEL));
        assert_eq!(app.target.writes(), 0);
    })
    .await;
}

#[tokio::test]
async fn pam_080_an_approved_request_waits_for_its_start() {
    on_both(async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let made = jen.create_with("R1", "RequestedTTL=600&RequestedTime=2030-06-03T13:00:00Z").await;
        pat.decide(&pat.approval_of(&made).await, "Approve").await.done();
        assert_eq!(now(&jen, &made).await, is("Scheduled", SENTINEL));
        app.advance_to(at("2030-06-03T13:00:00Z")).await;
        assert_eq!(now(&jen, &made).await, is("Active", "2030-06-03T13:10:00Z"));
        assert!(app.holds("jen", "R1").await);
    })
    .await;
}

#[tokio::test]
async fn pam_081_the_challenge_decides() {
    on_both(async |app| {
        let jen = app.caller("jen");
        let (yes, no, never) = (jen.create("R2", 600).await, jen.create("R2", 600).await, jen.create("R2", 600).await);
        app.drain().await;
        assert_eq!(app.mfa.initiated().len(), 3);
        for made in [&yes, &no, &never] {
            assert_eq!(now(&jen, made).await, is("PendingMFA", SENTINEL));
        }
        app.mfa.answer(text(&yes["RequestId"]), ChallengeStatus::Success);
        app.mfa.answer(text(&no["RequestId"]), ChallengeStatus::Failed);
        app.advance(seconds(1)).await;
        let (status, _) = now(&jen, &yes).await;
        assert_eq!(status, "Active");
        assert!(app.holds("jen", "R2").await);
        assert_eq!(now(&jen, &no).await, is("Rejected", SENTINEL));
        assert_eq!(app.count(events::MFA_COMPLETED).await, 1);
        assert_eq!(app.count(events::MFA_NOT_COMPLETED).await, 1);
        app.sleep(seconds(298));
        app.drain().await;
        assert_eq!(now(&jen, &never).await, is("PendingMFA", SENTINEL));
        app.advance_to(at("2030-06-03T12:05:00Z")).await;
        assert_eq!(now(&jen, &never).await, is("Rejected", SENTINEL));
        assert_eq!(app.count(events::MFA_NOT_COMPLETED).await, 2);
    })
    .await;
}

#[tokio::test]
async fn pam_082_nobody_is_asked_to_approve_before_presence_is_proved() {
    on_both(async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let made = jen.create("R3", 600).await;
        app.drain().await;
        assert_eq!(pat.list("pamrequeststoapprove").await, Vec::<Value>::new());
        app.mfa.answer(text(&made["RequestId"]), ChallengeStatus::Success);
        app.advance(seconds(1)).await;
        assert_eq!(now(&jen, &made).await, is("PendingApproval", SENTINEL));
        pat.decide(&pat.approval_of(&made).await, "Approve").await.done();
        assert_eq!(jen.status(&made).await, "Active");
    })
    .await;
}

#[tokio::test]
async fn pam_083_nobody_decides_in_time() {
    on_both(async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let made = jen.create("R1", 600).await;
        let approval = pat.approval_of(&made).await;
        app.sleep(hours(7 * 24).checked_sub(seconds(1)).unwrap());
        app.drain().await;
        assert_eq!(now(&jen, &made).await, is("PendingApproval", SENTINEL));
        app.sleep(seconds(1));
        assert_eq!(now(&jen, &made).await, is("Rejected", SENTINEL), "also before any worker noticed");
        assert_eq!(pat.list("pamrequeststoapprove").await, Vec::<Value>::new());
        pat.decide(&approval, "Approve").await.refused(403, "ApprovalNotAvailable");
        app.drain().await;
        assert_eq!(now(&jen, &made).await, is("Rejected", SENTINEL));
        assert_eq!(app.count(events::REQUEST_APPROVAL_TIMED_OUT).await, 1);
    })
    .await;
}

#[tokio::test]
async fn pam_084_a_scheduled_request_starts_at_its_instant() {
    on_both(async |app| {
        let jen = app.caller("jen");
        let made = jen.create_with("R0", "RequestedTTL=600&RequestedTime=2030-06-03T13:00:00Z").await;
        app.advance_to(at("2030-06-03T12:59:59Z")).await;
        assert_eq!(now(&jen, &made).await, is("Scheduled", SENTINEL));
        assert!(!app.holds("jen", "R0").await);
        app.advance(seconds(1)).await;
        assert!(app.holds("jen", "R0").await, "without any call of a client");
        assert_eq!(now(&jen, &made).await, is("Active", "2030-06-03T13:10:00Z"));
    })
    .await;
}

#[tokio::test]
async fn pam_085_two_requests_for_one_role() {
    for setup in [Setup::default(), outside()] {
        on_both_with(setup, async |app| {
            let jen = app.caller("jen");
            let first = jen.create("R0", 600).await;
            app.advance(minutes(5)).await;
            let second = jen.create("R0", 600).await;
            app.drain().await;
            assert_eq!(jen.filtered("pamrequests", "RequestStatus eq 'Active'").await.len(), 2);
            app.advance(minutes(5)).await;
            assert_eq!(jen.status(&first).await, "Expired");
            assert_eq!(jen.status(&second).await, "Active");
            assert!(app.holds("jen", "R0").await);
            app.advance(minutes(5)).await;
            assert_eq!(jen.status(&second).await, "Expired");
            assert!(!app.holds("jen", "R0").await);

            let (first, second) = (jen.create("R0", 600).await, jen.create("R0", 600).await);
            app.drain().await;
            jen.close(&first).await.done();
            app.drain().await;
            assert!(app.holds("jen", "R0").await, "the other one still owes it");
            jen.close(&second).await.done();
            app.drain().await;
            assert!(!app.holds("jen", "R0").await);
        })
        .await;
    }
}

#[tokio::test]
async fn pam_086_two_roles_that_share_a_group() {
    on_both(async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let r0 = jen.create("R0", 600).await;
        let r1 = jen.create("R1", 3600).await;
        pat.decide(&pat.approval_of(&r1).await, "Approve").await.done();
        jen.close(&r0).await.done();
        assert_eq!(app.memberships("jen", "R0").await, (1, 2), "the shared group stays");
        assert!(app.holds("jen", "R1").await);
        jen.close(&r1).await.done();
        assert_eq!(app.memberships("jen", "R0").await, (0, 2));
        assert_eq!(app.memberships("jen", "R1").await, (0, 2));
    })
    .await;
}

#[tokio::test]
async fn pam_087_a_time_to_live_of_zero_gives_the_role_up() {
    on_both(async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let (first, second) = (jen.create("R0", 600).await, jen.create("R0", 1200).await);
        let scheduled = jen.create_with("R0", "RequestedTTL=600&RequestedTime=2030-06-03T15:00:00Z").await;
        let pending = jen.create("R1", 600).await;
        app.advance(minutes(1)).await;
        let record = jen.create_with("R0", "RequestedTTL=0&Justification=done").await;
        assert_eq!(text(&record["RequestedTTL"]), "0");
        assert_eq!(text(&record["RequestStatus"]), "Closed");
        assert_eq!(text(&record["ExpirationTime"]), text(&record["CreationTime"]));
        assert_eq!(text(&record["CreationTime"]), "2030-06-03T12:01:00Z");
        assert_eq!(text(&record["Justification"]), "done");
        for made in [&first, &second] {
            assert_eq!(now(&jen, made).await, is("Closed", "2030-06-03T12:01:00Z"));
        }
        assert_eq!(jen.status(&scheduled).await, "Scheduled");
        assert_eq!(jen.status(&pending).await, "PendingApproval");
        assert!(!app.holds("jen", "R0").await);

        // No gate stands before giving up.
        let approved = pat.approval_of(&pending).await;
        pat.decide(&approved, "Approve").await.done();
        jen.create("R1", 0).await;
        assert_eq!(jen.status(&pending).await, "Closed");
        let proved = jen.create("R2", 600).await;
        app.mfa.answer(text(&proved["RequestId"]), ChallengeStatus::Success);
        app.advance(seconds(1)).await;
        assert_eq!(jen.status(&proved).await, "Active");
        assert_eq!(text(&jen.create("R2", 0).await["RequestStatus"]), "Closed");
        assert_eq!(jen.status(&proved).await, "Closed");
        let office = jen.create("R4", 3600).await;
        app.set_role("R4", |role| role.ttl = Some(90_000)).await;
        let night = jen.create("R4", 80_000).await;
        app.advance_to(at("2030-06-03T22:00:00Z")).await;
        assert_eq!(jen.status(&office).await, "Expired");
        assert_eq!(jen.status(&night).await, "Active");
        jen.create("R4", 0).await;
        assert_eq!(jen.status(&night).await, "Closed");
    })
    .await;
}

#[tokio::test]
async fn pam_088_giving_up_nothing() {
    on_both(async |app| {
        let jen = app.caller("jen");
        let waiting = jen.create("R1", 600).await;
        for role in ["R0", "R1", "R2", "R4"] {
            let record = jen.create(role, 0).await;
            assert_eq!(text(&record["RequestStatus"]), "Closed", "{role}");
        }
        assert_eq!(jen.status(&waiting).await, "PendingApproval");
        assert_eq!(jen.list("pamrequests").await.len(), 5);
        assert_eq!(text(&jen.create_with("R0", "RequestedTTL=0.4").await["RequestedTTL"]), "0");
    })
    .await;
}

#[tokio::test]
async fn pam_089_a_failing_removal_is_never_called_ended() {
    for (end, word) in [("close", "Closed"), ("expire", "Expired")] {
        on_both_with(outside(), async |app| {
            let jen = app.caller("jen");
            let made = jen.create("R2", 600).await;
            app.mfa.answer(text(&made["RequestId"]), ChallengeStatus::Success);
            app.advance(seconds(1)).await;
            assert!(app.holds("jen", "R2").await);
            app.target.refuse_removals(true);
            if end == "close" {
                jen.close(&made).await.done();
            }
            app.advance(minutes(15)).await;
            assert_eq!(jen.status(&made).await, "Closing", "{end}");
            assert!(app.holds("jen", "R2").await);
            app.sleep(hours(3));
            app.drain().await;
            assert_eq!(jen.status(&made).await, "Closing", "{end}");
            assert!(app.count(events::REMOVAL_FAILED).await >= 1);
            app.target.refuse_removals(false);
            app.advance(minutes(2)).await;
            assert_eq!(jen.status(&made).await, word);
            assert!(!app.holds("jen", "R2").await);
        })
        .await;
    }
}

#[tokio::test]
async fn pam_090_a_failing_activation_is_never_called_active() {
    on_both_with(outside(), async |app| {
        let jen = app.caller("jen");
        app.target.refuse_additions(true);
        let made = jen.create("R0", 600).await;
        app.advance(minutes(2)).await;
        assert_eq!(now(&jen, &made).await, is("Processing", SENTINEL));
        jen.close(&made).await.refused(403, "RequestNotClosable");
        app.target.refuse_additions(false);
        app.advance(minutes(2)).await;
        assert_eq!(jen.status(&made).await, "Active");
        assert!(app.holds("jen", "R0").await);
        jen.close(&made).await.done();
        app.drain().await;

        app.target.refuse_additions(true);
        let made = jen.create("R0", 600).await;
        app.advance(hours(1)).await;
        assert_eq!(now(&jen, &made).await, is("Rejected", SENTINEL));
        assert!(!app.holds("jen", "R0").await);
        assert_eq!(app.count(events::REQUEST_GIVEN_UP).await, 1);
        app.target.refuse_additions(false);
        app.advance(hours(1)).await;
        assert_eq!(now(&jen, &made).await, is("Rejected", SENTINEL));
        assert!(!app.holds("jen", "R0").await);
    })
    .await;
}

#[tokio::test]
async fn pam_091_what_fell_due_while_the_server_was_down_is_done_at_its_start() {
    for setup in [Setup::default(), outside()] {
        on_both_with(setup, async |app| {
            let jen = app.caller("jen");
            let made = jen.create("R0", 600).await;
            let start = jen.create_with("R2", "RequestedTTL=60").await;
            app.drain().await;
            app.sleep(hours(2));
            app.restart().await;
            let jen = app.caller("jen");
            assert_eq!(now(&jen, &made).await, is("Expired", "2030-06-03T12:10:00Z"));
            assert_eq!(now(&jen, &start).await, is("Rejected", SENTINEL));
            assert!(!app.holds("jen", "R0").await);
        })
        .await;
    }
}

#[tokio::test]
async fn pam_092_a_clock_set_back_extends_nothing() {
    on_both(async |app| {
        let jen = app.caller("jen");
        let made = jen.create("R0", 600).await;
        app.advance_to(at("2030-06-03T11:00:00Z")).await;
        assert_eq!(now(&jen, &made).await, is("Active", "2030-06-03T12:10:00Z"));
        app.advance_to(at("2030-06-03T12:10:00Z")).await;
        assert_eq!(now(&jen, &made).await, is("Expired", "2030-06-03T12:10:00Z"));
        assert_eq!(app.count(events::CLOCK_JUMPED_BACK).await, 1);
    })
    .await;
}

async fn transitions(app: &App, made: &Value, event: events::Event) -> usize {
    let id: uuid::Uuid = text(&made["RequestId"]).parse().unwrap();
    app.records().await.iter().filter(|record| record.event == event.id && record.request_id == Some(id)).count()
}

#[tokio::test]
async fn pam_094_two_servers_on_one_store() {
    on_both(async |app| {
        let other = app.second_node().await;
        let (jen, pat, sam) = (app.caller("jen"), app.caller("pat"), other.caller("sam"));
        for _ in 0..5 {
            let made = jen.create("R1", 600).await;
            let approval = pat.approval_of(&made).await;
            let (approve, reject) = tokio::join!(pat.decide(&approval, "Approve"), sam.decide(&approval, "Reject"));
            let winners = [&approve, &reject].iter().filter(|reply| reply.status == 200).count();
            assert_eq!(winners, 1, "{} {}", approve.text(), reject.text());
            let loser = if approve.status == 200 { &reject } else { &approve };
            loser.refused(403, "ApprovalNotAvailable");
            let expected = if approve.status == 200 { "Active" } else { "Rejected" };
            assert_eq!(jen.status(&made).await, expected);
        }
        let made = jen.create("R0", 600).await;
        app.sleep(minutes(10));
        let (here, there) = tokio::join!(app.engine().drain(), other.engine.drain());
        here.unwrap();
        there.unwrap();
        assert_eq!(jen.status(&made).await, "Expired");
        assert_eq!(transitions(app, &made, events::REQUEST_EXPIRED).await, 1);
    })
    .await;
}

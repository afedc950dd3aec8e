//! The life cycle of `PAM 9`, at the engine (PAM-074 to PAM-099).

use std::time::Duration;

use ephor_audit::events::{self, Transition};
use ephor_domain::Refusal;
use ephor_domain::pam::PamStatus;
use ephor_domain::request::Stage;
use ephor_engine::port::mfa::{ChallengeStatus, MfaFault};
use ephor_testkit::world::{Options, Trouble, for_both_stores, minutes, seconds};
use jiff::SignedDuration;

use crate::scene::{refusal, seed};

const MILLISECOND: SignedDuration = SignedDuration::from_millis(1);

#[tokio::test]
async fn pam_074_pam_075_pam_076_active_for_the_capped_time_and_gone_at_its_end() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, target) = (world.caller("jen"), world.target("ldap"));
        assert!(!target.has("G0", "jen"));
        let activated = world.now();
        let asked = jen.ask("R0", 7200).await.unwrap();
        assert_eq!(asked.view.status, PamStatus::Active);
        assert_eq!(asked.request.asked_ttl, 7200);
        let end = activated + seconds(3600);
        assert_eq!(asked.view.expiration, Some(end));
        assert!(target.has("G0", "jen") && target.has("shared", "jen"));

        world.advance(seconds(3600) - MILLISECOND).await;
        assert_eq!(jen.status(asked.request.id).await, PamStatus::Active);
        assert!(target.has("G0", "jen"));

        world.advance(MILLISECOND).await;
        let over = jen.request(asked.request.id).await;
        assert_eq!((over.view.status, over.view.expiration), (PamStatus::Expired, Some(end)));
        assert!(!target.has("G0", "jen") && !target.has("shared", "jen"));
        assert_eq!(target.removed_at("G0", "jen"), Some(end));
        let story = world.events_of(asked.request.id).await;
        let transitions = [Transition::T1, Transition::T5, Transition::T17, Transition::T16].map(|t| t.event().id);
        let applying = events::REQUEST_APPLYING.id;
        assert_eq!(story, [transitions[0], applying, transitions[1], transitions[2], transitions[3]]);
    })
    .await;
}

#[tokio::test]
async fn pam_077_a_read_after_the_end_never_says_active_with_every_worker_dead() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let jen = world.caller("jen");
        let asked = jen.ask("R0", 60).await.unwrap();
        world.pass_unnoticed(seconds(60) - MILLISECOND);
        assert_eq!(jen.status(asked.request.id).await, PamStatus::Active);
        world.pass_unnoticed(MILLISECOND);
        assert_eq!(jen.status(asked.request.id).await, PamStatus::Closing);
        world.pass_unnoticed(minutes(600));
        let late = jen.request(asked.request.id).await;
        assert_eq!((late.view.status, late.view.expiration), (PamStatus::Closing, asked.view.expiration));
        assert!(world.target("ldap").has("G0", "jen"));
        // A command first settles what is due: closing it now changes nothing.
        jen.close(asked.request.id).await.unwrap();
        world.advance(seconds(0)).await;
        let over = jen.request(asked.request.id).await;
        assert_eq!((over.view.status, over.view.expiration), (PamStatus::Expired, asked.view.expiration));
        assert!(!world.target("ldap").has("G0", "jen"));
        let expired = world.story(asked.request.id).await;
        let expired = expired.iter().find(|record| record.event == Transition::T17.event().id).unwrap();
        assert_eq!(Some(expired.at), asked.view.expiration);
        assert_eq!(expired.recorded_at, Some(world.now()));
    })
    .await;
}

#[tokio::test]
async fn pam_078_pam_079_an_approver_says_yes_or_no() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, pat, target) = (world.caller("jen"), world.caller("pat"), world.target("ldap"));
        let yes = jen.ask("R1", 600).await.unwrap();
        assert_eq!((yes.view.status, yes.view.expiration), (PamStatus::PendingApproval, None));
        assert_eq!(pat.to_approve().await.unwrap().len(), 1);
        assert_eq!(jen.to_approve().await.unwrap().len(), 0);
        assert!(!target.has("G1", "jen"));
        world.advance(minutes(30)).await;
        pat.approve(&yes).await.unwrap();
        let active = jen.request(yes.request.id).await;
        assert_eq!((active.view.status, active.view.expiration), (PamStatus::Active, Some(world.now() + seconds(600))));
        assert!(target.has("G1", "jen"));
        assert_eq!(pat.to_approve().await.unwrap().len(), 0);
        world.advance(minutes(10)).await;
        assert_eq!(jen.status(yes.request.id).await, PamStatus::Expired);

        let written = target.written().len();
        let no = jen.ask("R1", 600).await.unwrap();
        pat.reject(&no).await.unwrap();
        let rejected = jen.request(no.request.id).await;
        assert_eq!((rejected.view.status, rejected.view.expiration), (PamStatus::Rejected, None));
        // PAM-104: the second decision finds nothing, whichever it is.
        for again in [pat.approve(&no).await, world.caller("sam").reject(&no).await] {
            assert_eq!(refusal(again), Refusal::ApprovalNotAvailable);
        }
        world.advance(minutes(60)).await;
        assert_eq!(jen.status(no.request.id).await, PamStatus::Rejected);
        assert_eq!(target.written().len(), written);
    })
    .await;
}

#[tokio::test]
async fn pam_080_pam_084_scheduled_until_its_start_and_active_without_any_call() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, pat, target) = (world.caller("jen"), world.caller("pat"), world.target("ldap"));
        let start = world.now() + minutes(60);
        let free = jen.ask_from("R0", 600, Some(start)).await.unwrap();
        let gated = jen.ask_from("R1", 600, Some(start)).await.unwrap();
        assert_eq!(free.view.status, PamStatus::Scheduled);
        pat.approve(&gated).await.unwrap();
        let ids = [free.request.id, gated.request.id];
        world.advance(minutes(60) - seconds(1)).await;
        for id in ids {
            let waits = jen.request(id).await;
            assert_eq!((waits.view.status, waits.view.expiration), (PamStatus::Scheduled, None));
        }
        assert!(target.written().is_empty());
        world.advance(seconds(1)).await;
        for id in ids {
            let active = jen.request(id).await;
            assert_eq!((active.view.status, active.view.expiration), (PamStatus::Active, Some(start + seconds(600))));
        }
        assert!(target.has("G0", "jen") && target.has("G1", "jen"));
        world.advance(minutes(10)).await;
        assert!(!target.has("G0", "jen") && !target.has("G1", "jen"));
    })
    .await;
}

#[tokio::test]
async fn pam_081_the_proof_of_presence_decides() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, target) = (world.caller("jen"), world.target("ldap"));
        let asked = jen.ask("R2", 600).await.unwrap();
        assert_eq!(asked.view.status, PamStatus::PendingMfa);
        world.advance(seconds(10)).await;
        assert_eq!(jen.status(asked.request.id).await, PamStatus::PendingMfa);
        assert_eq!(world.mfa().initiated().keys().collect::<Vec<_>>(), [&asked.request.id]);
        // No usable answer is no proof (F21).
        world.mfa().answer(Err(MfaFault::Timeout));
        world.advance(seconds(10)).await;
        assert_eq!(jen.status(asked.request.id).await, PamStatus::PendingMfa);
        world.mfa().answer(Ok(ChallengeStatus::Success));
        world.advance(seconds(1)).await;
        assert_eq!(jen.status(asked.request.id).await, PamStatus::Active);
        assert!(target.has("G2", "jen"));
        assert!(world.events_of(asked.request.id).await.contains(&events::MFA_COMPLETED.id));

        world.mfa().answer(Ok(ChallengeStatus::Failed));
        let failed = jen.ask("R2", 600).await.unwrap();
        world.advance(seconds(1)).await;
        assert_eq!(jen.status(failed.request.id).await, PamStatus::Rejected);
        assert!(world.events_of(failed.request.id).await.contains(&events::MFA_NOT_COMPLETED.id));

        world.mfa().answer(Ok(ChallengeStatus::Pending));
        world.settings(|settings| settings.mfa_timeout = 30).await;
        let ignored = jen.ask("R2", 600).await.unwrap();
        world.advance(seconds(29)).await;
        assert_eq!(jen.status(ignored.request.id).await, PamStatus::PendingMfa);
        world.advance(seconds(1)).await;
        assert_eq!(jen.status(ignored.request.id).await, PamStatus::Rejected);
        // A proof that comes too late changes nothing (S4).
        world.mfa().answer(Ok(ChallengeStatus::Success));
        world.advance(seconds(5)).await;
        assert_eq!(jen.status(ignored.request.id).await, PamStatus::Rejected);
    })
    .await;
}

#[tokio::test]
async fn pam_081_a_user_without_a_telephone_fails_where_one_is_needed() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        world.mfa().needs_phone();
        let jen = world.caller("jen");
        let asked = jen.ask("R2", 600).await.unwrap();
        world.advance(seconds(0)).await;
        assert_eq!(jen.status(asked.request.id).await, PamStatus::Rejected);
        assert!(world.mfa().initiated().is_empty());
    })
    .await;
}

#[tokio::test]
async fn pam_082_pam_083_presence_before_approval_and_the_approval_times_out() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, pat) = (world.caller("jen"), world.caller("pat"));
        let asked = jen.ask("R3", 600).await.unwrap();
        assert_eq!(pat.to_approve().await.unwrap().len(), 0);
        world.mfa().answer(Ok(ChallengeStatus::Success));
        world.advance(seconds(1)).await;
        let pending = jen.request(asked.request.id).await;
        assert_eq!(pending.view.status, PamStatus::PendingApproval);
        assert_eq!(pat.to_approve().await.unwrap().len(), 1);
        let Stage::AwaitingApproval { until, .. } = pending.request.stage else { panic!("awaits approval") };
        world.advance(until.duration_since(world.now()) - MILLISECOND).await;
        assert_eq!(jen.status(asked.request.id).await, PamStatus::PendingApproval);
        world.advance(MILLISECOND).await;
        assert_eq!(jen.status(asked.request.id).await, PamStatus::Rejected);
        assert_eq!(pat.to_approve().await.unwrap().len(), 0);
        let story = world.events_of(asked.request.id).await;
        assert_eq!(story.last(), Some(&Transition::T12.event().id));
        assert_eq!(refusal(pat.approve(&pending).await), Refusal::ApprovalNotAvailable);
        assert!(world.target("ldap").written().is_empty());
    })
    .await;
}

#[tokio::test]
async fn pam_085_asking_again_makes_another_active_request() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, target) = (world.caller("jen"), world.target("ldap"));
        let first = jen.ask("R0", 600).await.unwrap();
        world.advance(minutes(5)).await;
        let second = jen.ask("R0", 600).await.unwrap();
        assert_eq!((first.view.status, second.view.status), (PamStatus::Active, PamStatus::Active));
        world.advance(minutes(5)).await;
        assert_eq!(jen.status(first.request.id).await, PamStatus::Expired);
        assert_eq!(jen.status(second.request.id).await, PamStatus::Active);
        assert!(target.has("G0", "jen"));
        let third = jen.ask("R0", 3600).await.unwrap();
        jen.close(second.request.id).await.unwrap();
        assert_eq!(jen.status(second.request.id).await, PamStatus::Closed);
        assert!(target.has("G0", "jen"));
        jen.close(third.request.id).await.unwrap();
        assert!(!target.has("G0", "jen"));
        // Put in once and taken out once.
        assert_eq!(target.written().iter().filter(|write| write.group == "cn=G0").count(), 2);
    })
    .await;
}

#[tokio::test]
async fn pam_087_pam_088_giving_a_role_up() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, target) = (world.caller("jen"), world.target("ldap"));
        let nothing = jen.ask("R2", 0).await.unwrap();
        assert_eq!((nothing.view.status, nothing.view.expiration), (PamStatus::Closed, Some(world.now())));

        let one = jen.ask("R0", 600).await.unwrap();
        let two = jen.ask("R0", 1200).await.unwrap();
        let other = jen.ask("R5", 600).await.unwrap();
        let later = jen.ask_from("R0", 600, Some(world.now() + minutes(60))).await.unwrap();
        world.advance(minutes(1)).await;
        let given_up = jen.ask("R0", 0).await.unwrap();
        assert_eq!((given_up.request.asked_ttl, given_up.view.status), (0, PamStatus::Closed));
        assert_eq!(given_up.view.expiration, Some(world.now()));
        world.advance(seconds(1)).await;
        for id in [one.request.id, two.request.id] {
            let closed = jen.request(id).await;
            assert_eq!((closed.view.status, closed.view.expiration), (PamStatus::Closed, given_up.view.expiration));
        }
        assert_eq!(jen.status(other.request.id).await, PamStatus::Active);
        assert_eq!(jen.status(later.request.id).await, PamStatus::Scheduled);
        assert!(!target.has("G0", "jen") && target.has("shared", "jen"));
    })
    .await;
}

#[tokio::test]
async fn pam_089_a_removal_that_fails_stays_closing_until_it_succeeds() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, target) = (world.caller("jen"), world.target("ldap"));
        let expires = jen.ask("R0", 600).await.unwrap();
        let closed = jen.ask("R5", 7200).await.unwrap();
        target.trouble(Trouble::Refuses);
        world.advance(minutes(5)).await;
        jen.close(closed.request.id).await.unwrap();
        // The membership of R5 is R0's as well: nothing is left to remove for it.
        assert_eq!(jen.status(closed.request.id).await, PamStatus::Closed);
        world.advance(minutes(20)).await;
        let over = jen.request(expires.request.id).await;
        assert_eq!((over.view.status, over.view.expiration), (PamStatus::Closing, expires.view.expiration));
        assert!(target.has("G0", "jen"));
        assert!(world.count(events::REMOVAL_FAILED).await >= 1);
        target.repair();
        world.advance(seconds(5)).await;
        assert_eq!(jen.status(expires.request.id).await, PamStatus::Expired);
        assert!(target.members("G0").is_empty() && target.members("shared").is_empty());
    })
    .await;
}

#[tokio::test]
async fn pam_090_an_activation_that_fails_is_retried_and_then_rejected() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, target) = (world.caller("jen"), world.target("ldap"));
        target.trouble(Trouble::Busy);
        let comes = jen.ask("R0", 3600).await.unwrap();
        assert_eq!((comes.view.status, comes.view.expiration), (PamStatus::Processing, None));
        assert_eq!(refusal(jen.close(comes.request.id).await), Refusal::RequestNotClosable);
        world.advance(minutes(14)).await;
        assert_eq!(jen.status(comes.request.id).await, PamStatus::Processing);
        target.repair();
        world.advance(seconds(5)).await;
        let active = jen.request(comes.request.id).await;
        assert_eq!(active.view.status, PamStatus::Active);
        // The window counts from the activation, not from the request (PAM 9.4).
        let since = target.written().first().unwrap().at;
        assert_eq!(active.view.expiration, Some(since + seconds(3600)));

        target.trouble(Trouble::Refuses);
        let never = jen.ask("R1", 600).await.unwrap();
        world.caller("pat").approve(&never).await.unwrap();
        assert_eq!(jen.status(never.request.id).await, PamStatus::Processing);
        world.advance(minutes(5) - MILLISECOND).await;
        assert_eq!(jen.status(never.request.id).await, PamStatus::Processing);
        world.advance(MILLISECOND).await;
        let given_up = jen.request(never.request.id).await;
        assert_eq!((given_up.view.status, given_up.view.expiration), (PamStatus::Rejected, None));
        assert_eq!(world.events_of(never.request.id).await.last(), Some(&Transition::T18.event().id));
        target.repair();
        world.advance(minutes(1)).await;
        assert!(target.written().iter().all(|write| write.group != "cn=G1"));
    })
    .await;
}

#[tokio::test]
async fn pam_090_an_activation_whose_answer_was_lost_is_taken_back() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, target) = (world.caller("jen"), world.target("ldap"));
        target.trouble(Trouble::AnswerLost);
        let asked = jen.ask("R0", 60).await.unwrap();
        assert_eq!(asked.view.status, PamStatus::Processing);
        assert!(target.has("G0", "jen"));
        target.trouble(Trouble::Refuses);
        world.advance(seconds(30)).await;
        // Given up after half the window, but what was written must go first.
        assert_eq!(jen.status(asked.request.id).await, PamStatus::Processing);
        target.repair();
        world.advance(seconds(5)).await;
        assert_eq!(jen.status(asked.request.id).await, PamStatus::Rejected);
        assert!(!target.has("G0", "jen"));
    })
    .await;
}

#[tokio::test]
async fn pam_091_overdue_ends_and_starts_are_carried_out_after_a_restart() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let jen = world.caller("jen");
        let ends = jen.ask("R0", 600).await.unwrap();
        let starts = jen.ask_from("R1", 600, Some(world.now() + minutes(20))).await.unwrap();
        world.caller("pat").approve(&starts).await.unwrap();
        world.pass_unnoticed(minutes(30));
        world.reopen().await;
        world.advance(seconds(0)).await;
        let jen = world.caller("jen");
        assert_eq!(jen.status(ends.request.id).await, PamStatus::Expired);
        let late = jen.request(starts.request.id).await;
        assert_eq!((late.view.status, late.view.expiration), (PamStatus::Active, Some(world.now() + seconds(600))));
        assert!(!world.target("ldap").has("G0", "jen") && world.target("ldap").has("G1", "jen"));
    })
    .await;
}

#[tokio::test]
async fn pam_091_removed_within_five_seconds_of_start_up() {
    for_both_stores(&Options::real(), async |world| {
        seed(world).await;
        world.run();
        let asked = world.caller("jen").ask("R0", 3).await.unwrap();
        let limit = Duration::from_secs(3);
        world.until(limit, "active", async || world.target("ldap").has("G0", "jen")).await;
        // Killed, and not there at the end.
        world.kill();
        let jen = world.caller("jen");
        let closing = async || jen.status(asked.request.id).await == PamStatus::Closing;
        world.until(Duration::from_secs(5), "over", closing).await;
        assert!(world.target("ldap").has("G0", "jen"));
        world.restart();
        world.run();
        let jen = world.caller("jen");
        world
            .until(Duration::from_secs(5), "gone and said so", async || {
                jen.status(asked.request.id).await == PamStatus::Expired && !world.target("ldap").has("G0", "jen")
            })
            .await;
    })
    .await;
}

#[tokio::test]
async fn pam_095_pam_097_closing_an_active_request() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, target) = (world.caller("jen"), world.target("ldap"));
        let asked = jen.ask("R0", 3600).await.unwrap();
        world.advance(minutes(7)).await;
        jen.close(asked.request.id).await.unwrap();
        let closed = jen.request(asked.request.id).await;
        assert_eq!((closed.view.status, closed.view.expiration), (PamStatus::Closed, Some(world.now())));
        assert!(!target.has("G0", "jen") && !target.has("shared", "jen"));
        let story = world.events_of(asked.request.id).await;
        world.advance(minutes(60)).await;
        // Again: no error, no change, no record.
        jen.close(asked.request.id).await.unwrap();
        assert_eq!(jen.request(asked.request.id).await.view, closed.view);
        assert_eq!(world.events_of(asked.request.id).await, story);

        let expired = jen.ask("R0", 60).await.unwrap();
        world.advance(minutes(2)).await;
        assert_eq!(refusal(jen.close(expired.request.id).await), Refusal::RequestNotClosable);
        let rejected = jen.ask("R1", 60).await.unwrap();
        world.caller("pat").reject(&rejected).await.unwrap();
        assert_eq!(refusal(jen.close(rejected.request.id).await), Refusal::RequestNotClosable);
    })
    .await;
}

#[tokio::test]
async fn pam_096_closing_what_waits() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, pat) = (world.caller("jen"), world.caller("pat"));
        let start = world.now() + minutes(60);
        let waiting = [
            (jen.ask("R1", 60).await.unwrap(), PamStatus::PendingApproval),
            (jen.ask("R2", 60).await.unwrap(), PamStatus::PendingMfa),
            (jen.ask_from("R0", 60, Some(start)).await.unwrap(), PamStatus::Scheduled),
        ];
        assert_eq!(pat.to_approve().await.unwrap().len(), 1);
        for (asked, status) in &waiting {
            assert_eq!(asked.view.status, *status);
            jen.close(asked.request.id).await.unwrap();
            let closed = jen.request(asked.request.id).await;
            assert_eq!((closed.view.status, closed.view.expiration), (PamStatus::Closed, None));
            assert_eq!(world.events_of(asked.request.id).await.last(), Some(&Transition::T14.event().id));
        }
        assert_eq!(pat.to_approve().await.unwrap().len(), 0);
        assert_eq!(refusal(pat.approve(&waiting[0].0).await), Refusal::ApprovalNotAvailable);
        world.mfa().answer(Ok(ChallengeStatus::Success));
        world.advance(minutes(120)).await;
        assert!(world.target("ldap").written().is_empty());
    })
    .await;
}

#[tokio::test]
async fn pam_098_a_foreign_request_looks_like_an_unknown_one() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let asked = world.caller("jen").ask("R0", 60).await.unwrap();
        let foreign = refusal(world.caller("pat").close(asked.request.id).await);
        let unknown = refusal(world.caller("pat").close(ephor_testkit::world::id("no such request")).await);
        assert_eq!((foreign, unknown), (Refusal::RequestNotAvailable, Refusal::RequestNotAvailable));
        assert_eq!(world.caller("jen").status(asked.request.id).await, PamStatus::Active);
    })
    .await;
}

//! F14, S3: policy, eligibility, account and approvers change between asking, approval and start.

use ephor_audit::events::Transition;
use ephor_domain::Refusal;
use ephor_domain::pam::PamStatus;
use ephor_domain::request::{Declined, Stage};
use ephor_engine::admin::role::RemoveRole;
use ephor_engine::pam::PamRequest;
use ephor_testkit::world::{Options, World, for_both_stores, id, minutes, seconds};

use crate::scene::{refusal, seed};

/// What a request can lose.
#[derive(Debug, Clone, Copy)]
enum Loss {
    Eligibility,
    Account,
    Role,
}

const LOSSES: [(Loss, Declined); 3] = [
    (Loss::Eligibility, Declined::EligibilityLost),
    (Loss::Account, Declined::AccountDisabled),
    (Loss::Role, Declined::EntitlementRemoved),
];

async fn lose(world: &World, loss: Loss) {
    match loss {
        Loss::Eligibility => world.candidate("jen", "R1", false).await,
        Loss::Account => world.enabled("jen", false).await,
        Loss::Role => {
            let root = world.caller("root");
            world.engine().administer(root.actor(), RemoveRole { role: id("R1") }).await.unwrap();
        }
    }
}

/// The request as the store has it: its owner may not be able to ask.
async fn stored(world: &World, asked: &PamRequest) -> PamRequest {
    let id = asked.request.id;
    let case = world.store().read(move |tx| Box::pin(tx.request_case(id))).await.unwrap().unwrap();
    PamRequest::at(case.request, case.grant, world.now())
}

#[tokio::test]
async fn f14_s3_what_is_lost_before_the_approval_stops_it_with_a_reason() {
    for (loss, cause) in LOSSES {
        for_both_stores(&Options::default(), async |world| {
            seed(world).await;
            let asked = world.caller("jen").ask("R1", 600).await.unwrap();
            lose(world, loss).await;
            let answer = world.caller("pat").approve(&asked).await;
            assert_eq!(refusal(answer), Refusal::ApprovalNotAvailable, "{loss:?}");
            let closed = stored(world, &asked).await;
            assert_eq!(closed.view.status, PamStatus::Closed, "{loss:?}");
            let expected = Stage::Declined { cause, at: world.now() };
            assert_eq!(closed.request.stage, expected, "{loss:?}");
            let story = world.story(asked.request.id).await;
            let stopped = story.iter().find(|record| record.event == Transition::T14.event().id).unwrap();
            assert_eq!(stopped.reason.as_deref(), Some(cause.word()));
            world.advance(minutes(60)).await;
            assert!(world.target("ldap").written().is_empty(), "{loss:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn f14_s3_what_is_lost_before_the_start_stops_it_with_a_reason() {
    for (loss, cause) in LOSSES {
        for_both_stores(&Options::default(), async |world| {
            seed(world).await;
            let start = world.now() + minutes(60);
            let asked = world.caller("jen").ask_from("R1", 600, Some(start)).await.unwrap();
            world.caller("pat").approve(&asked).await.unwrap();
            world.advance(minutes(30)).await;
            lose(world, loss).await;
            world.advance(minutes(30)).await;
            assert_eq!(stored(world, &asked).await.view.status, PamStatus::Closed, "{loss:?}");
            let story = world.story(asked.request.id).await;
            let stopped = story.last().unwrap();
            assert_eq!(stopped.event, Transition::T14.event().id, "{loss:?}");
            assert_eq!(stopped.reason.as_deref(), Some(cause.word()));
            world.advance(minutes(60)).await;
            assert!(world.target("ldap").written().is_empty(), "{loss:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn f14_s3_what_is_lost_at_the_proof_of_presence_stops_it() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let asked = world.caller("jen").ask("R2", 600).await.unwrap();
        world.candidate("jen", "R2", false).await;
        world.mfa().answer(Ok(ephor_engine::port::mfa::ChallengeStatus::Success));
        world.advance(seconds(1)).await;
        assert_eq!(world.caller("jen").status(asked.request.id).await, PamStatus::Closed);
        assert!(world.target("ldap").written().is_empty());
    })
    .await;
}

#[tokio::test]
async fn f14_an_approver_who_is_none_any_more_decides_nothing() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, pat, sam) = (world.caller("jen"), world.caller("pat"), world.caller("sam"));
        let asked = jen.ask("R1", 600).await.unwrap();
        world.approver("pat", "R1", None, false).await;
        assert_eq!(refusal(pat.approve(&asked).await), Refusal::ApprovalNotAvailable);
        assert_eq!(refusal(pat.reject(&asked).await), Refusal::ApprovalNotAvailable);
        assert_eq!(pat.to_approve().await.unwrap().len(), 0);
        world.enabled("sam", false).await;
        refusal(sam.approve(&asked).await);
        assert_eq!(jen.status(asked.request.id).await, PamStatus::PendingApproval);
        world.enabled("sam", true).await;
        sam.approve(&asked).await.unwrap();
        assert_eq!(jen.status(asked.request.id).await, PamStatus::Active);
    })
    .await;
}

#[tokio::test]
async fn f14_the_cap_and_the_window_are_those_of_the_approval_and_of_the_start() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, pat) = (world.caller("jen"), world.caller("pat"));
        let capped = jen.ask("R1", 3600).await.unwrap();
        world.policy("R1", |role| role.ttl = 300).await;
        pat.approve(&capped).await.unwrap();
        let active = jen.request(capped.request.id).await;
        assert_eq!(active.view.expiration, Some(world.now() + seconds(300)));

        let later = jen.ask_from("R1", 3600, Some(world.now() + minutes(60))).await.unwrap();
        pat.approve(&later).await.unwrap();
        world.policy("R1", |role| role.ttl = 120).await;
        // It is 9 h. The window shuts before the start and opens again the next day.
        world.policy("R1", |role| window(role, 12, 13)).await;
        world.advance(minutes(60)).await;
        assert_eq!(jen.status(later.request.id).await, PamStatus::Scheduled);
        world.advance(minutes(120) - seconds(1)).await;
        assert_eq!(jen.status(later.request.id).await, PamStatus::Scheduled);
        world.advance(seconds(1)).await;
        let active = jen.request(later.request.id).await;
        assert_eq!(active.view.status, PamStatus::Active);
        assert_eq!(active.view.expiration, Some(world.now() + seconds(120)));

        // Asked inside the window, approved outside.
        let waits = jen.ask("R1", 60).await.unwrap();
        world.advance(minutes(61)).await;
        pat.approve(&waits).await.unwrap();
        assert_eq!(jen.status(waits.request.id).await, PamStatus::Scheduled);
        world.advance(minutes(60 * 23)).await;
        let story = world.events_of(waits.request.id).await;
        assert!(story.contains(&Transition::T9.event().id), "{story:?}");
        assert_eq!(jen.status(waits.request.id).await, PamStatus::Expired);
    })
    .await;
}

fn window(role: &mut ephor_domain::pam::Role, from: i8, to: i8) {
    let hour = |hour| jiff::civil::Time::new(hour, 0, 0, 0).unwrap();
    role.window = ephor_domain::time::window::DailyWindow::new(hour(from), hour(to));
    role.window_enabled = true;
}

#[tokio::test]
async fn f14_pam_116_gates_that_were_passed_are_not_asked_again() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, pat) = (world.caller("jen"), world.caller("pat"));
        let pending = jen.ask("R1", 600).await.unwrap();
        let scheduled = jen.ask_from("R0", 600, Some(world.now() + minutes(10))).await.unwrap();
        world.policy("R1", |role| role.mfa = true).await;
        world.policy("R0", |role| role.mfa = true).await;
        pat.approve(&pending).await.unwrap();
        assert_eq!(jen.status(pending.request.id).await, PamStatus::Active);
        world.advance(minutes(10)).await;
        assert_eq!(jen.status(scheduled.request.id).await, PamStatus::Active);
    })
    .await;
}

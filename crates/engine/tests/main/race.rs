//! F6, S2: approvers, the canceller and the expiry in the same instant. One outcome, one story, one set of notifications.

use std::sync::Arc;

use ephor_audit::events::{self, Transition};
use ephor_domain::pam::PamStatus;
use ephor_domain::request::Stage;
use ephor_testkit::world::{Options, Role, World, for_both_stores, long, minutes, seconds};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

const APPROVERS: usize = 50;

async fn approvers(world: &World) -> Vec<String> {
    let names: Vec<String> = (0..APPROVERS).map(|index| format!("a{index:02}")).collect();
    let approvers: Vec<&str> = names.iter().map(String::as_str).collect();
    world.people(&["jen"]).await;
    world.people(&approvers).await;
    world.group("G1", "ldap").await;
    world.role(Role::new("R1").gives(&["G1"]).candidates(&["jen"]).approvers(&approvers)).await;
    world
        .settings(|settings| {
            settings.requests_per_minute = None;
            settings.approval_timeout = 60;
        })
        .await;
    names
}

/// One race; answers how it came out.
async fn race(world: &World, names: &[String], with_expiry: bool) -> &'static str {
    let jen = world.caller("jen");
    let asked = jen.ask("R1", 600).await.unwrap();
    let Stage::AwaitingApproval { until, .. } = asked.request.stage else { panic!("awaits approval") };
    let id = asked.request.id;
    // The last millisecond in which a decision counts.
    world.clock().set(until - jiff::SignedDuration::from_millis(1));
    let start = Arc::new(Barrier::new(names.len() + 2));
    let mut decisions = JoinSet::new();
    for (index, name) in names.iter().enumerate() {
        let (caller, asked, start) = (world.caller(name), asked.clone(), Arc::clone(&start));
        decisions.spawn(async move {
            start.wait().await;
            let decided = if index % 2 == 0 { caller.approve(&asked).await } else { caller.reject(&asked).await };
            decided.is_ok()
        });
    }
    let close = {
        let (jen, start) = (jen.clone(), Arc::clone(&start));
        tokio::spawn(async move {
            start.wait().await;
            jen.close(id).await.is_ok()
        })
    };
    let expiry = {
        let (engine, clock, start) = (world.engine().clone(), world.clock().clone(), Arc::clone(&start));
        tokio::spawn(async move {
            start.wait().await;
            if with_expiry {
                clock.set(until);
            }
            engine.drain().await.unwrap();
        })
    };
    let won = decisions.join_all().await.into_iter().filter(|won| *won).count();
    close.await.unwrap();
    expiry.await.unwrap();
    world.advance(seconds(1)).await;

    assert!(won <= 1, "{won} decisions won");
    let story = world.events_of(id).await;
    let approved = events::APPROVAL_STAGE_DECIDED.id;
    let outcomes = [approved, Transition::T10.event().id, Transition::T11.event().id]
        .into_iter()
        .chain([Transition::T12.event().id, Transition::T14.event().id]);
    let outcomes: Vec<u16> =
        outcomes.flat_map(|event| story.iter().copied().filter(move |found| *found == event)).collect();
    assert_eq!(outcomes.len(), 1, "one outcome in {story:?}");
    let decided = [approved, Transition::T10.event().id, Transition::T11.event().id].contains(&outcomes[0]);
    assert_eq!(won == 1, decided, "who won is who is on record: {story:?}");
    let status = jen.status(id).await;
    let told = world.notices().about(id);
    let expected = match outcomes[0] {
        event if event == Transition::T11.event().id => ("rejected", PamStatus::Rejected),
        event if event == Transition::T12.event().id => ("timed-out", PamStatus::Rejected),
        event if event == Transition::T14.event().id => ("withdrawn", PamStatus::Closed),
        // Approved; the canceller may have come after that.
        _ if status == PamStatus::Closed => ("approved", PamStatus::Closed),
        _ => ("approved", PamStatus::Active),
    };
    assert_eq!(status, expected.1, "{story:?}");
    let word = format!("request.{}", expected.0);
    let of_outcome: Vec<_> = told.iter().filter(|event| *event != "request.pending-approval").collect();
    let expected_notices = if expected.0 == "withdrawn" { Vec::new() } else { vec![&word] };
    assert_eq!(of_outcome, expected_notices, "{story:?}");
    world.advance(minutes(15)).await;
    assert!(world.target("ldap").members("G1").is_empty());
    expected.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f6_s2_one_decision_wins() {
    for_both_stores(&Options::default(), async |world| {
        let names = approvers(world).await;
        let mut seen = std::collections::BTreeMap::new();
        for round in 0..long(8, 200) {
            for many in [2, 10, APPROVERS] {
                let outcome = race(world, &names[..many], round % 2 == 0).await;
                *seen.entry(outcome).or_insert(0) += 1;
            }
        }
        assert!(seen.len() > 1, "always the same: {seen:?}");
    })
    .await;
}

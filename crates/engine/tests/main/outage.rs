//! F3, R2, R3, O3: a target that fails, during grants and during many ends, and what that costs everybody else.

use std::time::{Duration, Instant};

use ephor_audit::events;
use ephor_domain::pam::PamStatus;
use ephor_testkit::world::{
    Options, Role, StoreKind, Trouble, World, for_both_stores, for_store, long, minutes, seconds,
};
use jiff::SignedDuration;

use crate::scene::{refusal, seed};

const TROUBLES: [Trouble; 6] = [
    Trouble::Refuses,
    Trouble::Resets,
    Trouble::Busy,
    Trouble::WrongPassword,
    Trouble::AnswerLost,
    Trouble::BreaksMidway,
];

#[tokio::test]
async fn r2_an_hour_without_the_target_is_retried_and_raises_each_alarm_once() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, target) = (world.caller("jen"), world.target("ldap"));
        let asked = jen.ask("R0", 600).await.unwrap();
        let end = asked.view.expiration.unwrap();
        target.trouble(Trouble::Refuses);
        world.advance(minutes(10)).await;
        for _ in 0..61 {
            let calls = target.calls();
            world.advance(minutes(1)).await;
            assert!(target.calls() > calls, "a minute without a try");
            assert_eq!(jen.status(asked.request.id).await, PamStatus::Closing);
        }
        let alarms = [
            (events::REMOVAL_OVERDUE_30_S, seconds(30)),
            (events::REMOVAL_OVERDUE_5_MIN, minutes(5)),
            (events::REMOVAL_OVERDUE_1_H, minutes(60)),
        ];
        let records = world.records().await;
        for (event, age) in alarms {
            let raised: Vec<_> = records.iter().filter(|record| record.event == event.id).collect();
            // One for each of the two memberships.
            assert_eq!(raised.len(), 2, "{event:?}");
            assert!(raised.iter().all(|record| record.at == end + age), "{raised:?}");
        }
        assert_eq!(world.notices().count("removal.overdue"), 3);
        assert_eq!(world.count(events::TARGET_UNREACHABLE).await, 1);
        target.repair();
        world.advance(seconds(5)).await;
        assert_eq!(jen.status(asked.request.id).await, PamStatus::Expired);
        assert!(target.members("G0").is_empty() && target.members("shared").is_empty());
        assert_eq!(world.count(events::TARGET_REACHABLE).await, 1);
        world.advance(minutes(90)).await;
        assert_eq!(world.notices().count("removal.overdue"), 3);
    })
    .await;
}

#[tokio::test]
async fn f3_a_grant_on_a_failing_target_is_processing_until_it_is_back() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, target) = (world.caller("jen"), world.target("ldap"));
        for trouble in TROUBLES {
            target.trouble(trouble);
            let asked = jen.ask("R0", 3600).await.unwrap();
            assert_eq!(asked.view.status, PamStatus::Processing, "{trouble:?}");
            world.advance(minutes(3)).await;
            assert_eq!(jen.status(asked.request.id).await, PamStatus::Processing, "{trouble:?}");
            target.repair();
            world.advance(seconds(5)).await;
            assert_eq!(jen.status(asked.request.id).await, PamStatus::Active, "{trouble:?}");
            jen.close(asked.request.id).await.unwrap();
            assert_eq!(jen.status(asked.request.id).await, PamStatus::Closed, "{trouble:?}");
            assert!(target.members("G0").is_empty(), "{trouble:?}");
        }
        // Each failure is on record once, however often it was tried again.
        let six = TROUBLES.len();
        assert_eq!(world.count(events::TARGET_UNREACHABLE).await, six);
        assert_eq!(world.count(events::TARGET_REACHABLE).await, six);
        assert_eq!(world.count(events::APPLY_FAILED).await, 2 * six);
    })
    .await;
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("u{index:04}")).collect()
}

async fn crowd(world: &World, names: &[String]) {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.settings(|settings| settings.requests_per_minute = None).await;
    world.people(&names).await;
    world.group("A", "ldap").await;
    world.group("B", "other").await;
    world.role(Role::new("both").gives(&["A", "B"]).candidates(&names).ttl(600)).await;
    world.role(Role::new("elsewhere").gives(&["B"]).candidates(&names).ttl(600)).await;
}

#[tokio::test]
async fn f3_o3_a_crowd_ends_at_a_failing_target_and_the_other_one_does_not_notice() {
    let options = Options::default().with_targets(&["ldap", "other"]);
    for_both_stores(&options, async |world| {
        let names = names(long(25, 1000));
        crowd(world, &names).await;
        let (failing, other) = (world.target("ldap").clone(), world.target("other").clone());
        for trouble in TROUBLES {
            for name in &names {
                let asked = world.caller(name).ask("both", 600).await.unwrap();
                assert_eq!(asked.view.status, PamStatus::Active);
            }
            let end = world.now() + seconds(600);
            failing.trouble(trouble);
            world.advance(minutes(12)).await;
            assert_eq!(other.members("B").len(), 0, "{trouble:?}");
            let late = names.iter().filter(|name| other.removed_at("B", name) != Some(end)).count();
            assert_eq!(late, 0, "{trouble:?}");
            failing.repair();
            world.advance(seconds(5)).await;
            assert_eq!(failing.members("A").len(), 0, "{trouble:?}");
            for name in &names {
                let last = world.caller(name).requests().await.unwrap().pop().unwrap();
                assert_eq!(last.view.status, PamStatus::Expired, "{trouble:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn f3_a_target_that_hangs_or_is_slow_costs_one_call_at_a_time() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, target) = (world.caller("jen"), world.target("ldap"));
        let slow = jen.ask("R5", 3600).await.unwrap();
        target.trouble(Trouble::Slow(Duration::from_millis(100)));
        let active = jen.ask("R0", 5).await.unwrap();
        assert_eq!(active.view.status, PamStatus::Active);
        target.trouble(Trouble::Hangs);
        let calls = target.calls();
        world.advance(seconds(6)).await;
        assert_eq!(jen.status(active.request.id).await, PamStatus::Closing);
        assert!((1..=3).contains(&(target.calls() - calls)), "{} calls", target.calls() - calls);
        target.repair();
        world.advance(seconds(5)).await;
        assert_eq!(jen.status(active.request.id).await, PamStatus::Expired);
        assert_eq!(jen.status(slow.request.id).await, PamStatus::Active);
        assert_eq!((target.members("G0").len(), target.members("shared").len()), (0, 1));
    })
    .await;
}

#[tokio::test]
async fn f3_one_account_the_target_does_not_know_holds_up_nobody_and_backs_off() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, target) = (world.caller("jen"), world.target("ldap"));
        let (person, directory) = (ephor_testkit::world::id("sam"), ephor_testkit::world::id("ldap"));
        world.change(move |tx| Box::pin(async move { tx.delete_account(person, directory).await })).await;
        let unknown = world.caller("sam").ask("R0", 3600).await.unwrap();
        assert_eq!(unknown.view.status, PamStatus::Processing);
        let known = jen.ask("R0", 3600).await.unwrap();
        assert_eq!(known.view.status, PamStatus::Active);
        world.advance(minutes(10)).await;
        assert_eq!(world.caller("sam").status(unknown.request.id).await, PamStatus::Processing);
        assert_eq!(world.count(events::APPLY_FAILED).await, 2);
        assert_eq!(world.count(events::TARGET_UNREACHABLE).await, 0);
        let rows = world.rows(ephor_testkit::world::id("G0")).await;
        let row = rows.iter().find(|row| !row.membership.in_force).unwrap();
        assert!((5..=25).contains(&row.membership.attempts), "{} attempts", row.membership.attempts);
        world.advance(minutes(5)).await;
        assert_eq!(world.caller("sam").status(unknown.request.id).await, PamStatus::Rejected);
        assert_eq!(target.members("G0"), ["jen"]);
    })
    .await;
}

#[tokio::test]
async fn r2_a_removal_at_a_target_that_nobody_works_on_raises_its_alarms() {
    let options = Options::default().with_targets(&["ldap", "other"]);
    for_both_stores(&options, async |world| {
        seed(world).await;
        let asked = world.caller("jen").ask("R0", 600).await.unwrap();
        // The operator took the target out of the configuration.
        let lost = world.forget_target("ldap");
        for step in [seconds(600), seconds(30), minutes(5), minutes(60)] {
            world.advance(step).await;
        }
        assert_eq!(world.caller("jen").status(asked.request.id).await, PamStatus::Closing);
        let events = [events::REMOVAL_OVERDUE_30_S, events::REMOVAL_OVERDUE_5_MIN, events::REMOVAL_OVERDUE_1_H];
        for event in events {
            assert_eq!(world.count(event).await, 2, "{event:?}");
        }
        world.remember_target("ldap", lost);
        world.advance(seconds(1)).await;
        assert_eq!(world.caller("jen").status(asked.request.id).await, PamStatus::Expired);
    })
    .await;
}

#[tokio::test]
async fn r7_a_target_without_rights_is_found_and_refuses_new_grants() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, target) = (world.caller("jen"), world.target("ldap"));
        let held = jen.ask("R0", 3600).await.unwrap();
        let directory = ephor_testkit::world::id("ldap");
        for trouble in [Trouble::NoRights, Trouble::WrongPassword] {
            target.trouble(trouble);
            world.engine().test_target(directory).await.unwrap();
            assert_eq!(refusal(jen.ask("R4", 600).await), ephor_domain::Refusal::TargetUnwritable, "{trouble:?}");
            // What is held goes on, and may be given up.
            assert_eq!(jen.status(held.request.id).await, PamStatus::Active);
            target.repair();
            world.engine().test_target(directory).await.unwrap();
            jen.ask("R4", 600).await.unwrap();
        }
        // One that does not answer is slow, not unwritable.
        target.trouble(Trouble::Refuses);
        world.engine().test_target(directory).await.unwrap();
        let slow = world.caller("pat").ask("R4", 600).await.unwrap();
        assert_eq!(slow.view.status, PamStatus::Processing);
        assert_eq!(world.count(events::TARGET_UNWRITABLE).await, 2);
        assert_eq!(world.count(events::TARGET_WRITABLE).await, 2);
        target.repair();
    })
    .await;
}

#[tokio::test]
async fn o1_a_row_that_nobody_can_settle_spins_nothing_and_holds_up_nobody() {
    for_store(StoreKind::Postgres, &Options::default(), async |world| {
        seed(world).await;
        let broken = world.caller("sam").ask("R0", 600).await.unwrap();
        let good = world.caller("jen").ask("R0", 600).await.unwrap();
        let id = broken.request.id;
        let _ = world.sql(&format!("UPDATE request SET provider = 99 WHERE id = '{id}'"));
        world.advance(minutes(30)).await;
        assert_eq!(world.caller("jen").status(good.request.id).await, PamStatus::Expired);
        assert!(!world.target("ldap").has("G0", "jen"));
        let _ = world.sql(&format!("UPDATE request SET provider = 0 WHERE id = '{id}'"));
        world.advance(minutes(2)).await;
        assert_eq!(world.caller("sam").status(id).await, PamStatus::Expired);
        assert!(!world.target("ldap").has("G0", "sam"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o3_a_dead_target_slows_no_call_and_no_other_target() {
    let options = Options::real().with_targets(&["ldap", "dead"]);
    for_both_stores(&options, async |world| {
        seed(world).await;
        world.settings(|settings| settings.requests_per_minute = None).await;
        world.group("D", "dead").await;
        world.role(Role::new("RD").gives(&["D"]).candidates(&["jen", "pat"])).await;
        world.run();
        let (jen, dead) = (world.caller("jen"), world.target("dead").clone());
        let first = jen.ask("RD", 3600).await.unwrap();
        assert_eq!(first.view.status, PamStatus::Active);
        dead.trouble(Trouble::Hangs);
        let begun = Instant::now();
        let waits = world.caller("pat").ask("RD", 3600).await.unwrap();
        assert_eq!(waits.view.status, PamStatus::Processing);
        assert!(begun.elapsed() < Duration::from_millis(1900), "the first call waited {:?}", begun.elapsed());
        for _ in 0..20 {
            let begun = Instant::now();
            jen.ask("RD", 3600).await.unwrap();
            assert!(begun.elapsed() < Duration::from_millis(700), "a later call waited {:?}", begun.elapsed());
        }
        let begun = Instant::now();
        let elsewhere = jen.ask("R0", 3600).await.unwrap();
        assert_eq!(elsewhere.view.status, PamStatus::Active);
        assert!(begun.elapsed() < Duration::from_millis(900), "the other target waited {:?}", begun.elapsed());
        dead.repair();
        let pat = world.caller("pat");
        let limit = Duration::from_secs(7);
        world.until(limit, "back", async || pat.status(waits.request.id).await == PamStatus::Active).await;
        // Once it confirms again, calls wait for it again.
        let again = pat.ask("RD", 3600).await.unwrap();
        assert_eq!(again.view.status, PamStatus::Active);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r1_a_caller_that_went_away_leaves_no_grant_without_its_end() {
    for_both_stores(&Options::real(), async |world| {
        seed(world).await;
        world.settings(|settings| settings.requests_per_minute = None).await;
        world.run();
        let (jen, target) = (world.caller("jen"), world.target("ldap"));
        let mut committed = 0;
        // Given up somewhere between the command and its answer: ever later, for as long as a slow machine needs.
        for patience in 0..1000_u64 {
            if patience >= 30 && committed > 0 {
                break;
            }
            let ask = jen.ask("R0", 1);
            let _ = tokio::time::timeout(Duration::from_micros(200 * patience), ask).await;
            committed = jen.requests().await.unwrap().len();
        }
        assert!(committed > 0);
        let all_over = async || {
            let requests = jen.requests().await.unwrap();
            requests.iter().all(|row| row.view.status.is_terminal()) && target.members("G0").is_empty()
        };
        world.until(Duration::from_secs(6), "all ended", all_over).await;
        for row in jen.requests().await.unwrap() {
            let story = world.story(row.request.id).await;
            let over = story.last().unwrap();
            let late = over.recorded_at.unwrap_or(over.at).duration_since(row.view.expiration.unwrap_or(over.at));
            assert!(late <= SignedDuration::from_millis(2500), "{late} late: {over:?}");
        }
    })
    .await;
}

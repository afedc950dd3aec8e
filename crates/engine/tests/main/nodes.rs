//! PAM-094, O2: two nodes on one PostgreSQL.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ephor_audit::events::{self, Transition};
use ephor_domain::pam::PamStatus;
use ephor_testkit::world::{Options, Point, StoreKind, for_store, long, minutes, seconds};
use tokio::sync::Barrier;

use crate::scene::seed;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pam_094_two_nodes_decide_once_and_expire_once() {
    for_store(StoreKind::Postgres, &Options::default(), async |world| {
        seed(world).await;
        world.settings(|settings| settings.requests_per_minute = None).await;
        let store = world.another_store().await;
        let second = world.another_engine(store.clone());
        let mut approved = 0;
        for _ in 0..long(12, 200) {
            let jen = world.caller("jen");
            let asked = jen.ask("R1", 60).await.unwrap();
            let start = Arc::new(Barrier::new(2));
            let (pat, sam) = (world.caller("pat"), world.caller_at(&second, "sam"));
            let approve = {
                let (asked, start) = (asked.clone(), Arc::clone(&start));
                tokio::spawn(async move {
                    start.wait().await;
                    pat.approve(&asked).await.is_ok()
                })
            };
            let reject = {
                let (asked, start) = (asked.clone(), Arc::clone(&start));
                tokio::spawn(async move {
                    start.wait().await;
                    sam.reject(&asked).await.is_ok()
                })
            };
            let (yes, no) = (approve.await.unwrap(), reject.await.unwrap());
            assert!(yes ^ no, "exactly one wins: {yes} {no}");
            let expected = if yes { PamStatus::Active } else { PamStatus::Rejected };
            world.advance(seconds(0)).await;
            assert_eq!(jen.status(asked.request.id).await, expected);
            approved += usize::from(yes);
            // The end comes to both at once.
            world.pass_unnoticed(minutes(2));
            let (one, other) = (world.engine().clone(), second.clone());
            let ended = tokio::join!(
                tokio::spawn(async move { one.drain().await.map(drop) }),
                tokio::spawn(async move { other.drain().await.map(drop) })
            );
            ended.0.unwrap().unwrap();
            ended.1.unwrap().unwrap();
            let story = world.events_of(asked.request.id).await;
            let expired = story.iter().filter(|event| **event == Transition::T17.event().id).count();
            assert_eq!(expired, usize::from(yes), "{story:?}");
        }
        assert!(world.target("ldap").members("G1").is_empty());
        let told = world.notices().count("request.approved");
        assert_eq!(told, approved);
        store.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn o2_another_node_takes_a_target_over_and_waits_before_it_writes() {
    for_store(StoreKind::Postgres, &Options::real(), async |world| {
        seed(world).await;
        world.settings(|settings| settings.requests_per_minute = None).await;
        let target = world.target("ldap").clone();
        world.run();
        let ends = world.caller("jen").ask("R0", 4).await.unwrap();
        assert_eq!(ends.view.status, PamStatus::Active);

        let store = world.another_store().await;
        let second = world.another_engine(store.clone());
        let workers = second.run();
        // The second node answers for a target that the first one writes to.
        let sam = world.caller_at(&second, "sam");
        let asked = sam.ask("R0", 3600).await.unwrap();
        assert_eq!(asked.view.status, PamStatus::Active);

        // The first node dies in the middle of a call.
        target.hold_at(Point::BeforeWrite);
        let pat = world.caller_at(&second, "pat");
        let stuck = pat.ask("R0", 3600).await.unwrap();
        assert_eq!(stuck.view.status, PamStatus::Processing);
        target.held().await;
        let died = Instant::now();
        world.kill();
        target.release();
        let calls = target.written().len();
        let waits = sam.ask("R1", 3600).await.unwrap();
        world.caller_at(&second, "pat").approve(&waits).await.unwrap();
        // Towards less access needs no lease: the grant of the dead node ends in time.
        world.until(Duration::from_secs(7), "ended", async || !target.has("G0", "jen")).await;
        let active = async || sam.status(waits.request.id).await == PamStatus::Active;
        world.until(Duration::from_secs(12), "taken over", active).await;
        let took = died.elapsed();
        assert!(took < Duration::from_secs(10), "taken over after {took:?}");
        let additions = target.written().iter().skip(calls).filter(|write| write.present).count();
        assert!(additions >= 1);
        assert!(took > Duration::from_secs(2), "wrote at once: {took:?}");
        let pat_active = async || pat.status(stuck.request.id).await == PamStatus::Active;
        world.until(Duration::from_secs(3), "pat too", pat_active).await;
        assert_eq!(world.count(events::DRIFT_FOREIGN_ADDITION).await, 0);
        workers.stop().await;
        store.close().await;
    })
    .await;
}

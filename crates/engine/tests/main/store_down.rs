//! A1: what gives access waits for the record; a removal that is due does not wait for the store.

use std::time::Duration;

use ephor_audit::events::{self, Transition};
use ephor_domain::pam::PamStatus;
use ephor_engine::Denied;
use ephor_testkit::postgres::Cluster;
use ephor_testkit::world::{Options, StoreKind, World, for_store};

use crate::scene::seed;

/// A cluster that goes on in any case: a frozen one cannot be taken down.
struct Frozen<'c>(&'c Cluster);

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        self.0.resume().unwrap();
    }
}

/// jen holds R0 for a few seconds; the book of ends has had time to read it.
async fn active(world: &mut World, ttl: u64) -> ephor_engine::pam::PamRequest {
    seed(world).await;
    world.run();
    let asked = world.caller("jen").ask("R0", ttl).await.unwrap();
    assert_eq!(asked.view.status, PamStatus::Active);
    let limit = Duration::from_secs(2);
    let jen = world.caller("jen");
    // One more turn of the scheduler, which reads the book.
    let scheduled = jen.ask_from("R5", 1, Some(world.now())).await.unwrap();
    world.until(limit, "over", async || jen.status(scheduled.request.id).await == PamStatus::Expired).await;
    asked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_a_removal_that_is_due_does_not_wait_for_the_server() {
    let options = Options { own_cluster: true, ..Options::real() };
    for_store(StoreKind::Postgres, &options, async |world| {
        let asked = active(world, 5).await;
        let (jen, target) = (world.caller("jen"), world.target("ldap").clone());
        world.cluster().pause().unwrap();
        let frozen = Frozen(world.cluster());
        let refused = jen.ask("R4", 600).await;
        assert!(matches!(refused, Err(Denied::Failed(_))), "{refused:?}");
        let limit = Duration::from_secs(12);
        world.until(limit, "gone without the store", async || !target.has("G0", "jen")).await;
        assert!(target.members("G4").is_empty());
        let gone = target.removed_at("G0", "jen").unwrap();
        drop(frozen);
        let said = async || {
            let requests = jen.requests().await;
            requests.is_ok_and(|rows| {
                rows.iter().any(|row| row.request.id == asked.request.id && row.view.status == PamStatus::Expired)
            })
        };
        world.until(Duration::from_secs(15), "recorded", said).await;
        let late = world.records().await;
        let late: Vec<_> = late.iter().filter(|record| record.event == events::REMOVAL_RECORDED_LATE.id).collect();
        assert_eq!(late.len(), 2, "one for each membership");
        assert!(late.iter().any(|record| record.at == gone && record.recorded_at > Some(gone)), "{late:?}");
        let story = world.story(asked.request.id).await;
        let expired = story.iter().find(|record| record.event == Transition::T17.event().id).unwrap();
        assert_eq!(Some(expired.at), asked.view.expiration);
        // Asked again at once, it is written again before it is said to be active.
        let again = jen.ask("R0", 600).await.unwrap();
        assert_eq!(again.view.status, PamStatus::Active);
        assert!(target.has("G0", "jen"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_a_removal_that_is_due_does_not_wait_for_the_file() {
    for_store(StoreKind::Sqlite, &Options::real(), async |world| {
        let asked = active(world, 3).await;
        let target = world.target("ldap").clone();
        world.store().close().await;
        let refused = world.caller("jen").ask("R4", 600).await;
        assert!(matches!(refused, Err(Denied::Failed(_))), "{refused:?}");
        world.until(Duration::from_secs(5), "gone without the store", async || !target.has("G0", "jen")).await;
        assert!(world.now() >= asked.view.expiration.unwrap());
        assert!(target.members("G4").is_empty());
        world.reopen().await;
        let jen = world.caller("jen");
        let said = async || jen.status(asked.request.id).await == PamStatus::Expired;
        world.until(Duration::from_secs(5), "recorded", said).await;
    })
    .await;
}

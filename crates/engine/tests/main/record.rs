//! A2: the record itself. Retention of bodies (seams §15), and leaves that vanish before they have a number (seams §16).

use ephor_audit::events;
use ephor_audit::verify::{Cause, Report};
use ephor_domain::{approval::Verdict, authentication::Method};
use ephor_testkit::world::{Options, StoreKind, World, approval_of, for_both_stores, for_store, minutes};
use jiff::SignedDuration;

use crate::scene::seed;

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

async fn verified(world: &World) -> Report {
    let root = world.caller("root");
    world.engine().verify_audit(root.actor(), None).await.unwrap()
}

#[tokio::test]
async fn a2_bodies_are_forgotten_after_their_retention_and_the_log_still_verifies() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let forget = async || world.engine().forget_records().await.unwrap();
        world.caller("jen").ask("R0", 600).await.unwrap();
        world.advance(minutes(20)).await;
        world.verify().await;
        let size = async || world.store().read(|tx| Box::pin(tx.audit_size())).await.unwrap();
        let old = size().await;
        assert!(old > 3, "{old}");
        world.pass_unnoticed(days(400) - minutes(21));
        assert_eq!(forget().await, 0, "nothing is older than 400 days yet");
        let young = world.caller("jen").ask("R0", 600).await.unwrap();
        world.advance(minutes(20)).await;
        world.verify().await;
        let before = world.store().read(|tx| Box::pin(tx.leaves(0, 1000))).await.unwrap();
        world.pass_unnoticed(minutes(60));

        assert_eq!(forget().await, old);
        assert_eq!(forget().await, 0);
        let after = world.store().read(|tx| Box::pin(tx.leaves(0, 1000))).await.unwrap();
        for (was, is) in before.iter().zip(&after) {
            assert_eq!((was.index, was.leaf_hash), (is.index, is.leaf_hash));
            assert_eq!(is.leaf.is_none(), is.index < old, "{}", is.index);
            assert!(is.leaf.is_some() || is.erasable.is_none(), "personal texts go with the body");
        }
        world.verify().await;
        let report = verified(world).await;
        assert!(report.is_good(), "{report}");
        assert_eq!(report.pruned, old);
        assert!(report.named >= 4, "requests and grants name their leaves: {report}");

        // With a shorter retention the young ones go as well, and the note of the first forgetting stays.
        world.engine().keep_records(0);
        world.pass_unnoticed(minutes(1));
        assert!(forget().await > 0);
        world.verify().await;
        let report = verified(world).await;
        assert!(report.is_good() && report.pruned + 1 == report.records, "{report}");
        assert_eq!(world.caller("jen").request(young.request.id).await.request.id, young.request.id);
    })
    .await;
}

#[tokio::test]
async fn decisions_are_recorded_with_what_their_maker_proved() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let approver = world.caller("pat").with_methods([Method::Totp, Method::Password]);
        for verdict in [Verdict::Approve, Verdict::Reject] {
            let asked = world.caller("jen").with_methods([Method::Passkey]).ask("R1", 600).await.unwrap();
            approver.decide(approval_of(&asked), verdict).await.unwrap();
            world.verify().await;
            let story = world.story(asked.request.id).await;
            let told: Vec<(u16, String)> = story
                .iter()
                .filter_map(|record| Some((record.event, format!("{:?}", record.details.get("methods")?))))
                .collect();
            assert!(!told.is_empty() && told.iter().all(|(_, told)| told.contains("password totp")), "{told:?}");
            assert!(
                told.iter().all(|(event, _)| *event != events::REQUEST_AWAITS_APPROVAL.id),
                "asking takes no proof"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a2_a_body_that_was_removed_before_its_time_is_found() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        world.caller("jen").ask("R0", 600).await.unwrap();
        world.verify().await;
        world.store().transact(|tx| Box::pin(tx.forget_bodies(0, 2))).await.unwrap();
        let report = verified(world).await;
        let causes: Vec<&Cause> = report.faults.iter().map(|fault| &fault.cause).collect();
        assert!(matches!(causes.as_slice(), [Cause::BodyRemoved]), "{report}");
    })
    .await;
}

#[tokio::test]
async fn a2_a_leaf_that_vanished_before_it_had_a_number_is_missed() {
    for_store(StoreKind::Postgres, &Options::default(), async |world| {
        seed(world).await;
        world.verify().await;
        let asked = world.caller("jen").ask("R1", 600).await.unwrap();
        let report = verified(world).await;
        assert!(report.is_good() && report.unnumbered > 0, "{report}");

        let _ = world.sql(
            "CREATE TABLE kept AS SELECT l.* FROM leaf l, audit_head h WHERE (l.xid, l.seq) > (h.mark_xid, h.mark_seq); \
             DELETE FROM leaf l USING kept k WHERE l.xid = k.xid AND l.seq = k.seq",
        );
        let report = verified(world).await;
        let missed = report.faults.iter().any(|fault| {
            matches!(&fault.cause, Cause::NamedLeafMissing(name)
                if name.table == "request" && name.id == asked.request.id.to_string())
        });
        assert!(missed, "{report}");

        let _ = world.sql("INSERT INTO leaf OVERRIDING SYSTEM VALUE SELECT * FROM kept");
        assert!(verified(world).await.is_good());
        world.advance(minutes(1)).await;
        world.verify().await;
        let report = verified(world).await;
        assert!(report.is_good() && report.unnumbered == 0, "{report}");
        assert_eq!(world.count(events::AUDIT_BODIES_PRUNED).await, 0);
    })
    .await;
}

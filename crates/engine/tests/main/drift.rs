//! R6 and what it must not do: foreign changes are found, and nobody owed is taken for foreign.

use ephor_audit::events;
use ephor_domain::id::TargetId;
use ephor_domain::pam::PamStatus;
use ephor_store::tx::target::Mode;
use ephor_testkit::world::{Options, Point, World, for_both_stores, id, minutes};

use crate::scene::seed;

async fn cycle(world: &World) {
    let ldap: TargetId = id("ldap");
    world.engine().test_target(ldap).await.unwrap();
}

#[tokio::test]
async fn r6_foreign_additions_are_reported_once_and_corrected_where_the_target_is_authoritative() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let target = world.target("ldap").clone();
        target.meddle("G0", "before", true);
        world.caller("jen").ask("R0", 3600).await.unwrap();
        cycle(world).await;
        target.meddle("G0", "mallory", true);
        cycle(world).await;
        cycle(world).await;
        assert_eq!(world.count(events::DRIFT_FOREIGN_ADDITION).await, 1);
        assert_eq!(target.members("G0"), ["before", "jen", "mallory"]);

        world.mode("ldap", Mode::Authoritative).await;
        for index in 0..120 {
            target.meddle("G0", &format!("m{index:03}"), true);
        }
        for left in [70, 20, 0] {
            cycle(world).await;
            assert_eq!(target.members("G0").len(), 3 + left);
        }
        cycle(world).await;
        assert_eq!(target.members("G0"), ["before", "jen", "mallory"]);
    })
    .await;
}

#[tokio::test]
async fn r6_a_membership_given_during_the_comparison_is_not_foreign() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        world.mode("ldap", Mode::Authoritative).await;
        let target = world.target("ldap").clone();
        cycle(world).await;
        target.hold_at(Point::BeforeMembers);
        let engine = world.engine().clone();
        let compared = tokio::spawn(async move { engine.test_target(id("ldap")).await.unwrap() });
        target.held().await;
        // Groups are compared by id: give in all of them.
        for role in ["R0", "R4"] {
            let asked = world.caller("jen").ask(role, 3600).await.unwrap();
            assert_eq!(asked.view.status, PamStatus::Active);
        }
        target.release();
        compared.await.unwrap();
        assert!(["G0", "shared", "G4"].iter().all(|group| target.has(group, "jen")));
        assert_eq!(world.count(events::DRIFT_FOREIGN_ADDITION).await, 0);
        assert_eq!(world.count(events::DRIFT_FOREIGN_REMOVAL).await, 0);
    })
    .await;
}

#[tokio::test]
async fn r6_a_foreign_removal_ends_the_grant_or_is_repaired() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, target) = (world.caller("jen"), world.target("ldap").clone());
        let ends = jen.ask("R0", 3600).await.unwrap();
        target.meddle("G0", "jen", false);
        cycle(world).await;
        world.advance(minutes(0)).await;
        assert_eq!(jen.status(ends.request.id).await, PamStatus::Closed);
        assert!(!target.has("shared", "jen"));

        world.mode("ldap", Mode::Authoritative).await;
        // Had before, taken by its owner while the grant runs, written again by us: ours to take away.
        target.meddle("G0", "jen", true);
        let stays = jen.ask("R0", 3600).await.unwrap();
        target.meddle("G0", "jen", false);
        cycle(world).await;
        world.advance(minutes(0)).await;
        assert_eq!(jen.status(stays.request.id).await, PamStatus::Active);
        assert!(target.has("G0", "jen"));
        world.advance(minutes(61)).await;
        assert!(!target.has("G0", "jen"), "nobody but us wanted it");
    })
    .await;
}

//! F5, O5: the clock jumps.

use ephor_audit::events;
use ephor_domain::pam::PamStatus;
use ephor_testkit::world::{Options, for_both_stores, minutes, seconds};
use jiff::SignedDuration;

use crate::scene::seed;

#[tokio::test]
async fn f5_pam_092_a_clock_set_back_moves_no_end() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let jen = world.caller("jen");
        let asked = jen.ask("R0", 3600).await.unwrap();
        world.advance(minutes(20)).await;
        world.advance(-minutes(60)).await;
        let back = jen.request(asked.request.id).await;
        assert_eq!((back.view.status, back.view.expiration), (PamStatus::Active, asked.view.expiration));
        assert_eq!(world.count(events::CLOCK_JUMPED_BACK).await, 1);
        // What is made now lies before what was made then, and both end when they said.
        let early = jen.ask("R5", 600).await.unwrap();
        world.advance(minutes(10)).await;
        assert_eq!(jen.status(early.request.id).await, PamStatus::Expired);
        let end = asked.view.expiration.unwrap();
        world.advance(end.duration_since(world.now())).await;
        assert_eq!(jen.status(asked.request.id).await, PamStatus::Expired);
        assert_eq!(world.target("ldap").removed_at("G0", "jen"), Some(end));
    })
    .await;
}

#[tokio::test]
async fn f5_a_clock_set_forward_ends_what_is_over_and_starts_what_is_due() {
    const YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let jen = world.caller("jen");
        for jump in [minutes(20), minutes(60), YEAR * 10] {
            let now = world.now();
            let ends = jen.ask("R0", 600).await.unwrap();
            let starts = jen.ask_from("R5", 600, Some(now + minutes(15))).await.unwrap();
            let waits = jen.ask("R1", 600).await.unwrap();
            world.pass_unnoticed(jump);
            // The first read already tells the truth.
            assert_eq!(jen.status(ends.request.id).await, PamStatus::Closing);
            world.advance(seconds(0)).await;
            assert_eq!(jen.status(ends.request.id).await, PamStatus::Expired);
            assert_eq!(jen.request(ends.request.id).await.view.expiration, ends.view.expiration);
            let late = jen.request(starts.request.id).await;
            assert_eq!(late.view.status, PamStatus::Active);
            assert_eq!(late.view.expiration, Some(world.now() + seconds(600)));
            let timed_out = if jump > YEAR { PamStatus::Rejected } else { PamStatus::PendingApproval };
            assert_eq!(jen.status(waits.request.id).await, timed_out);
            world.advance(minutes(20)).await;
            assert_eq!(world.target("ldap").members("shared"), [""; 0]);
        }
    })
    .await;
}

//! F2: the engine is cut off between the target's write and its own commit, and the other way round, anywhere else too.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use ephor_testkit::world::{Dice, Options, Point, StubTarget, World, for_both_stores, long, minutes, seconds};

use crate::scene::seed;

/// Runs `future` until it is done, a call at the target is cut off, or it was polled so often; then drops it.
async fn cut<F: Future>(future: F, target: &StubTarget, polls: u64) -> bool {
    let mut left = polls;
    let mut future = pin!(future);
    let limited = poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    });
    tokio::select! {
        biased;
        () = target.crashed() => true,
        done = limited => done.is_none(),
    }
}

/// One story of one account: asked, prolonged, closed or expired, with the engine dying on the way.
async fn story(world: &mut World, dice: &mut Dice) {
    const POINTS: [Point; 3] = [Point::BeforeLook, Point::BeforeWrite, Point::AfterWrite];
    let target = world.target("ldap").clone();
    let had_it = dice.one_in(4);
    if had_it {
        target.meddle("shared", "jen", true);
    }
    let steps = 2 + dice.below(5);
    for _ in 0..steps {
        let polls = match dice.below(3) {
            0 => {
                target.crash_at(*dice.pick(&POINTS), 1 + u32::try_from(dice.below(2)).unwrap());
                u64::MAX
            }
            1 => 1 + dice.below(60),
            _ => u64::MAX,
        };
        let jen = world.caller("jen");
        let died = match dice.below(5) {
            0 | 1 => {
                let role = *dice.pick(&["R0", "R5"]);
                cut(jen.ask(role, 60 + dice.below(600)), &target, polls).await
            }
            2 => {
                let requests = jen.requests().await.unwrap();
                let open: Vec<_> = requests.iter().filter(|row| !row.view.status.is_terminal()).collect();
                let Some(row) = open.first() else { continue };
                cut(jen.close(row.request.id), &target, polls).await
            }
            _ => {
                let by = seconds(i64::try_from(dice.below(400)).unwrap());
                cut(world.advance(by), &target, polls).await
            }
        };
        target.no_crash();
        if died {
            world.restart();
        }
    }
    // Left alone, it converges.
    world.advance(seconds(10)).await;
    world.verify_memberships().await;
    world.advance(minutes(120)).await;
    let jen = world.caller("jen");
    for row in jen.requests().await.unwrap() {
        assert!(row.view.status.is_terminal(), "{row:?}");
    }
    assert!(!target.has("G0", "jen"), "an orphan");
    assert_eq!(target.has("shared", "jen"), had_it, "what people had before stays, the rest goes (R4)");
    target.meddle("shared", "jen", false);
}

#[tokio::test]
async fn f2_cut_off_anywhere_it_converges_and_leaves_no_orphan() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        world.settings(|settings| settings.requests_per_minute = None).await;
        for seed in 0..long(25, 3000) {
            story(world, &mut Dice::new(seed)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn f2_written_but_not_recorded_is_recorded_after_the_restart() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let target = world.target("ldap").clone();
        target.meddle("shared", "jen", true);
        target.crash_at(Point::AfterWrite, 1);
        assert!(cut(world.caller("jen").ask("R0", 600), &target, u64::MAX).await);
        let landed = target.written().len();
        assert_eq!(landed, 1);
        world.restart();
        world.advance(seconds(1)).await;
        let jen = world.caller("jen");
        let asked = jen.requests().await.unwrap().remove(0);
        assert_eq!(asked.view.status, ephor_domain::pam::PamStatus::Active);
        assert!(target.has("G0", "jen"));
        // The write that landed was ours, the membership from before is not.
        world.advance(minutes(11)).await;
        assert_eq!(target.members("G0"), [""; 0]);
        assert_eq!(target.members("shared"), ["jen"]);
    })
    .await;
}

#[tokio::test]
async fn f2_recorded_but_not_written_is_written_after_the_restart() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let target = world.target("ldap").clone();
        for point in [Point::BeforeLook, Point::BeforeWrite] {
            target.crash_at(point, 1);
            assert!(!cut(world.caller("jen").ask("R1", 600), &target, u64::MAX).await);
            let asked = world.caller("jen").requests().await.unwrap().pop().unwrap();
            assert!(cut(world.caller("pat").approve(&asked), &target, u64::MAX).await);
            world.restart();
            world.advance(seconds(1)).await;
            assert!(target.has("G1", "jen"));
            target.crash_at(Point::BeforeWrite, 1);
            assert!(cut(world.advance(minutes(11)), &target, u64::MAX).await);
            assert!(target.has("G1", "jen"));
            world.restart();
            world.advance(seconds(1)).await;
            assert!(!target.has("G1", "jen"));
        }
    })
    .await;
}

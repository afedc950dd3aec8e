//! Random histories of PAM requests on a simulated clock (F22).
//!
//! [`world`] carries commands out through the functions of the crate, in the order the engine does it. [`reference`]
//! follows the same commands with plain arithmetic of its own. After every command each request must look the same in
//! both, and the promises S1, S2, R1, R3 and R4 must hold.

mod command;
mod reference;
mod target;
mod world;

use command::{Command, Mood};
use proptest::prelude::*;
use reference::Reference;
use world::World;

fn run(commands: &[Command]) {
    let (mut world, mut reference) = (World::new(), Reference::new());
    for command in commands.iter().chain([&Command::Deliver]) {
        let answer = world.carry_out(command);
        reference.follow(command, answer, &world);
        reference.compare(&world);
    }
    world.settle();
    reference.follow(&Command::Tick, Ok(()), &world);
    reference.compare(&world);
    reference.check_settled(&world);
}

#[test]
fn a_membership_that_was_never_looked_at_is_not_taken_away() {
    run(&[
        Command::Target { mood: Mood::Down },
        Command::Ask { who: 3, role: 4, ttl: 600, delay: Some(7_200) },
        Command::Sleep { seconds: 7_200 },
        Command::Tick,
        Command::Send,
        Command::GiveUp { who: 3, role: 4 },
        Command::Target { mood: Mood::Well },
        Command::Send,
    ]);
}

#[test]
fn what_ran_out_has_expired_whoever_comes_later() {
    run(&[
        Command::Ask { who: 0, role: 0, ttl: 60, delay: None },
        Command::Sleep { seconds: 60 },
        Command::GiveUp { who: 0, role: 0 },
    ]);
}

#[test]
fn a_gate_that_timed_out_stays_shut_whoever_comes_later() {
    run(&[
        Command::Ask { who: 0, role: 2, ttl: 60, delay: None },
        Command::Sleep { seconds: 300 },
        Command::Account { who: 0, enabled: false },
    ]);
}

/// Three times the usual number of cases: histories are many. `PROPTEST_CASES` scales it.
fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: usual.cases.saturating_mul(3),
        max_shrink_iters: 20_000,
        failure_persistence: None,
        ..usual
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_history_agrees_with_the_reference(commands in prop::collection::vec(command::any(), 1..60)) {
        run(&commands);
    }
}

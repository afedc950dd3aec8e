//! The workers of a running engine, and time travel for engines on a simulated clock.

use std::time::Duration;

use ephor_audit::events;
use ephor_store::Fault;
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;

use crate::{
    answer::Answer,
    engine::Engine,
    port::clock::{SimulatedClock, SystemClock, monotonic},
    reconcile::note,
};

/// A wall clock that differs from monotonic time by more than this has jumped (O5).
const JUMP: SignedDuration = SignedDuration::from_secs(2);

/// The running workers. They stop when this is dropped or [`Workers::stop`] is called.
pub struct Workers {
    tasks: JoinSet<()>,
    engine: Engine,
}

impl std::fmt::Debug for Workers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workers").field("running", &self.tasks.len()).finish_non_exhaustive()
    }
}

impl Workers {
    /// Stops the workers, waits until they have, and gives back what only one node may do.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
        self.engine.give_leases_back().await;
    }
}

impl Engine {
    /// Starts the workers: scheduler, one reconciler and one self-test a target, challenges, outbox, sequencer, clock
    /// watch, retention. With a simulated clock nothing is started: [`Engine::advance`] does their work.
    #[must_use]
    pub fn run(&self) -> Workers {
        let mut tasks = JoinSet::new();
        if self.inner.clock.is_simulated() {
            return Workers { tasks, engine: self.clone() };
        }
        let workers = self.for_workers();
        let engine = workers.clone();
        tasks.spawn(async move { engine.run_scheduler().await });
        let engine = workers.clone();
        tasks.spawn(async move { engine.run_challenges().await });
        let engine = workers.clone();
        tasks.spawn(async move { engine.run_outbox().await });
        let engine = workers.clone();
        tasks.spawn(async move { engine.run_clock_watch().await });
        let engine = workers.clone();
        tasks.spawn(async move { engine.run_keeper().await });
        for target in self.targets() {
            let engine = workers.clone();
            tasks.spawn(async move { engine.run_target(target).await });
            let engine = workers.clone();
            tasks.spawn(async move { engine.run_self_test(target).await });
        }
        Workers { tasks, engine: self.clone() }
    }

    /// Does everything that is due by now, with one attempt of each target call, until nothing more follows from it.
    /// Answers the next due instant.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn drain(&self) -> Answer<Option<Timestamp>> {
        let mut next = None;
        // What the book knows goes first, as it does while workers run.
        for target in self.targets() {
            self.take_out_over(target).await?;
        }
        // A start may lead to a target call, whose outcome may lead to a due instant; more than a few turns are a loop.
        for _ in 0..8 {
            next = earliest([self.drain_due().await?, self.work_challenges().await?]);
            for target in self.targets() {
                next = earliest([next, self.work_target(target).await?]);
            }
            self.raise_at_strangers().await?;
            next = earliest([next, self.deliver_outbox().await?]);
            if self.store.numbers_later() {
                self.number_leaves().await?;
            }
            if next.is_none_or(|next| next > self.now()) {
                break;
            }
        }
        self.work_scans().await?;
        self.refresh_book().await?;
        Ok(next)
    }

    /// Moves a simulated clock to `to`, visiting every due instant on the way, in order (seams §19). A move backwards is a
    /// clock set back: nothing is visited.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn advance(&self, clock: &SimulatedClock, to: Timestamp) -> Answer<()> {
        if to < self.now() {
            let by = to.duration_since(self.now());
            clock.set(to);
            self.jumped(by).await?;
            return Ok(());
        }
        loop {
            let next = self.drain().await?;
            match next {
                Some(next) if next <= to && next > self.now() => clock.set(next),
                Some(_) | None => break,
            }
        }
        clock.set(to);
        self.drain().await?;
        self.monitor().await?;
        self.settle_unlinks().await?;
        Ok(())
    }

    /// Notices jumps of the wall clock against monotonic time, records them, and wakes whoever waits for an instant.
    async fn run_clock_watch(&self) {
        let (mut wall, mut steady) = (SystemClock::raw_now(), monotonic());
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let (wall_now, steady_now) = (SystemClock::raw_now(), monotonic());
            let passed = SignedDuration::try_from(steady_now.duration_since(steady)).unwrap_or(SignedDuration::ZERO);
            let jump = wall_now.duration_since(wall).saturating_sub(passed);
            (wall, steady) = (wall_now, steady_now);
            if jump.abs() > JUMP {
                tracing::warn!(seconds = jump.as_secs(), "the clock jumped");
                if let Err(fault) = self.jumped(jump).await {
                    tracing::error!(%fault, "a clock jump could not be recorded");
                }
                self.inner.scheduler.ring();
                for slot in self.inner.targets.values() {
                    slot.work.notify_one();
                }
            }
        }
    }

    async fn jumped(&self, by: SignedDuration) -> Result<(), Fault> {
        let event = if by.is_negative() { events::CLOCK_JUMPED_BACK } else { events::CLOCK_JUMPED_FORWARD };
        note(self, self.system("clock"), move |call| call.record(event).detail("seconds", by.as_secs().to_string()))
            .await
    }
}

fn earliest<const N: usize>(instants: [Option<Timestamp>; N]) -> Option<Timestamp> {
    instants.into_iter().flatten().min()
}

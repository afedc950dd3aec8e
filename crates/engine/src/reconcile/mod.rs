//! The reconciler: drives each target's memberships towards what the live grants say, for ever (architecture §7).
//!
//! ```text
//! due memberships ──look──> prior known ──claim (commit)──> attempt at the target ──outcome (commit)──> grants settle
//! ```
//!
//! A claim is durable before the attempt is sent, and what the target held before Ephor first wrote is durable before
//! that: a crash between the target's write and our commit is then told from a membership that people had anyway (F2, R4).

mod attempt;
pub(crate) mod book;
mod ends;
pub(crate) mod lease;
mod outcome;
mod overdue;
mod readback;
mod selftest;
mod state;

use std::time::Duration;

use ephor_domain::id::TargetId;
use ephor_store::Fault;
use jiff::{SignedDuration, Timestamp};

pub(crate) use outcome::note;
pub(crate) use state::TargetState;
pub use state::TargetStatus;

use crate::{
    engine::{Engine, TargetSlot},
    wake::Waiting,
};

/// Longest pause between two attempts (R2).
pub const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(60);
/// First pause after a failure.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_millis(250);

/// The pause before the next attempt: doubling, capped at [`LONGEST_PAUSE`].
#[must_use]
pub fn pause(attempts: u32) -> SignedDuration {
    let doubled = FIRST_PAUSE.checked_mul(1 << attempts.saturating_sub(1).min(12)).unwrap_or(LONGEST_PAUSE);
    doubled.min(LONGEST_PAUSE)
}

/// Rows that are due and cannot be worked on now are looked at again after this.
const AGAIN: SignedDuration = SignedDuration::from_millis(100);
/// How often the holder of a lease looks for work that other nodes made.
const LOOK_EVERY: Duration = Duration::from_millis(200);

impl Engine {
    /// One round at one target: every due membership gets one attempt. Answers the next instant at which something is
    /// due there.
    ///
    /// # Errors
    /// Faults of the store. A fault of the target is no error: it is recorded, and the membership stays due.
    pub async fn work_target(&self, target: TargetId) -> Result<Option<Timestamp>, Fault> {
        let Some(slot) = self.inner.targets.get(&target) else { return Ok(None) };
        let _alone = slot.round.lock().await;
        self.work_alone(target, slot).await
    }

    /// As [`work_target`](Self::work_target), unless the grant settled while others worked.
    pub(crate) async fn work_target_for(&self, target: TargetId, settled: &mut Waiting<'_>) -> Result<(), Fault> {
        let Some(slot) = self.inner.targets.get(&target) else { return Ok(()) };
        let _alone = slot.round.lock().await;
        if settled.has_settled() {
            return Ok(());
        }
        self.work_alone(target, slot).await.map(drop)
    }

    /// Whoever calls holds the lock of the round.
    async fn work_alone(&self, target: TargetId, slot: &TargetSlot) -> Result<Option<Timestamp>, Fault> {
        loop {
            let now = self.now();
            ends::send(self, slot, now).await?;
            let paused = slot.state.paused_until().filter(|until| *until > now);
            overdue::raise(self, target, now).await?;
            if paused.is_some() {
                return Ok(earliest(paused, overdue::next(self, target, now).await?));
            }
            let round = attempt::round(self, slot, now).await?;
            if round.attempted == 0 || round.stopped {
                let next =
                    self.store.read(move |tx| Box::pin(async move { tx.next_due_membership(target).await })).await?;
                let now = self.now();
                let floor = now.saturating_add(AGAIN).unwrap_or(Timestamp::MAX);
                let floor = slot.state.paused_until().map_or(floor, |until| until.max(floor));
                return Ok(earliest(next.map(|next| next.max(floor)), overdue::next(self, target, now).await?));
            }
        }
    }

    /// Takes out at one target what is over by the book, before anything is settled.
    ///
    /// # Errors
    /// Faults of the store.
    pub(crate) async fn take_out_over(&self, target: TargetId) -> Result<(), Fault> {
        let Some(slot) = self.inner.targets.get(&target) else { return Ok(()) };
        let _alone = slot.round.lock().await;
        ends::send(self, slot, self.now()).await
    }

    /// Works on one target for ever; ends when the task is dropped.
    pub(crate) async fn run_target(&self, target: TargetId) {
        let Some(slot) = self.inner.targets.get(&target) else { return };
        // Beside the work, so that a long round does not outlive its lease.
        tokio::join!(lease::keep(self, slot), self.run_rounds(target, slot));
    }

    async fn run_rounds(&self, target: TargetId, slot: &TargetSlot) {
        let nap = if self.store.numbers_later() { LOOK_EVERY } else { lease::RENEW };
        loop {
            let woken = slot.work.notified();
            let worked = match lease::look_first(self, slot).await {
                Ok(()) => self.work_target(target).await,
                Err(fault) => Err(fault),
            };
            match worked {
                Ok(next) => {
                    let next = earliest(next, self.inner.book.next(target, self.now())).unwrap_or(Timestamp::MAX);
                    tokio::select! {
                        () = woken => (),
                        () = self.inner.clock.wait_until(next) => (),
                        () = tokio::time::sleep(nap) => (),
                    }
                }
                Err(fault) => {
                    tracing::error!(%target, %fault, "target work waits for the store");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
        }
    }

    /// Gives the leases of all targets back: the last thing a node does that stops in good order.
    pub(crate) async fn give_leases_back(&self) {
        for slot in self.inner.targets.values() {
            if let Err(fault) = lease::give_back(self, slot).await {
                tracing::warn!(%fault, "a lease could not be given back; it runs out by itself");
            }
        }
    }

    /// The ids of the outside targets this engine was given.
    #[must_use]
    pub fn targets(&self) -> Vec<TargetId> {
        self.inner.targets.keys().copied().collect()
    }

    /// How one target stands, as far as this node knows.
    #[must_use]
    pub fn target_status(&self, target: TargetId) -> Option<TargetStatus> {
        self.inner.targets.get(&target).map(|slot| slot.state.status())
    }
}

fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The name of a target's lease.
fn lease_name(slot: &TargetSlot) -> String {
    format!("target:{}", slot.directory.id())
}

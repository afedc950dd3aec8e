//! Who may write to a target: one lease a target (seams §17).
//!
//! Directories know no fencing token. So a holder trusts only its own monotonic clock, starts no call it might not
//! finish within the lease, and a new holder waits out the old lease and reads back before it writes.

use std::time::Duration;

use ephor_store::Fault;

use super::{lease_name, readback};
use crate::{
    engine::{Engine, TargetSlot},
    port::{
        clock::monotonic,
        target::{FaultKind, TargetFault},
    },
};

/// How long a lease lasts, by the database's clock.
pub(crate) const LIFE: Duration = Duration::from_secs(5);
/// How often it is renewed.
pub(crate) const RENEW: Duration = Duration::from_millis(1500);
/// The longest a call at a target takes.
pub(crate) const CALL: Duration = Duration::from_secs(2);
/// What a connector may need beyond [`CALL`] to say that it took too long.
const GRACE: Duration = Duration::from_millis(250);

/// Keeps the lease for ever: renews it, or waits until the other holder is gone.
pub(super) async fn keep(engine: &Engine, slot: &TargetSlot) {
    loop {
        if slot.state.lapses() {
            // Nothing begun before the pause may still be sent.
            slot.directory.disconnect();
        }
        let pause = match take(engine, slot).await {
            Ok(()) => RENEW,
            Err(fault) => {
                tracing::error!(target_id = %slot.directory.id(), %fault, "the lease of a target could not be taken");
                Duration::from_millis(500)
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn take(engine: &Engine, slot: &TargetSlot) -> Result<(), Fault> {
    let asked = monotonic();
    let (name, holder) = (lease_name(slot), engine.inner.node);
    let taken = engine
        .store
        .transact(move |tx| {
            let name = name.clone();
            Box::pin(async move { tx.lease_take(&name, holder, LIFE).await })
        })
        .await?;
    let target_id = slot.directory.id();
    match taken {
        Some(lease) => {
            // Less than the lease itself, by the longest call: what is begun ends before another node may begin.
            let until = asked + LIFE.saturating_sub(CALL + GRACE);
            if slot.state.hold(lease.epoch, until, lease.taken_over) {
                tracing::info!(%target_id, epoch = lease.epoch, taken_over = lease.taken_over, "writing to the target");
                slot.work.notify_one();
            }
        }
        None => {
            if slot.state.let_go() {
                tracing::warn!(%target_id, "another node writes to the target");
                slot.directory.disconnect();
            }
        }
    }
    Ok(())
}

/// Gives the lease back, so that the next holder need not wait for its end.
pub(crate) async fn give_back(engine: &Engine, slot: &TargetSlot) -> Result<(), Fault> {
    let Some(epoch) = slot.state.epoch() else { return Ok(()) };
    slot.state.let_go();
    slot.directory.disconnect();
    let (name, holder) = (lease_name(slot), engine.inner.node);
    engine
        .store
        .transact(move |tx| {
            let name = name.clone();
            Box::pin(async move { tx.lease_release(&name, holder, epoch).await })
        })
        .await
}

/// A new holder waits out the last calls of the old one, and looks, before it writes.
pub(super) async fn look_first(engine: &Engine, slot: &TargetSlot) -> Result<(), Fault> {
    let Some(epoch) = slot.state.epoch().filter(|_| !slot.state.may_write()) else { return Ok(()) };
    tracing::warn!(target_id = %slot.directory.id(), "taking the target over from another node");
    tokio::time::sleep(CALL).await;
    readback::cycle(engine, slot).await?;
    slot.state.has_looked(epoch);
    Ok(())
}

/// A call at a target, cut off when it takes longer than any may.
pub(crate) async fn within_limit<T>(call: impl Future<Output = Result<T, TargetFault>>) -> Result<T, TargetFault> {
    tokio::time::timeout(CALL + GRACE, call).await.unwrap_or_else(|_| {
        Err(TargetFault { kind: FaultKind::Timeout, cause: "no answer within the time a call may take".to_owned() })
    })
}

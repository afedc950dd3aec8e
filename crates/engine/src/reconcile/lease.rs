//! Who may write to a target: one lease a target (seams §17).
//!
//! Directories know no fencing token. So a holder trusts only its own monotonic clock, starts no call it might not
//! finish within the lease, and a new holder waits out the old lease and reads back before it writes.

use std::time::Duration;

use ephor_store::Fault;

use super::{lease_name, readback};
use crate::{
    engine::{Engine, TargetSlot},
    port::clock::monotonic,
};

/// How long a lease lasts, by the database's clock.
pub(crate) const LIFE: Duration = Duration::from_secs(5);
/// How often it is renewed.
pub(crate) const RENEW: Duration = Duration::from_millis(1500);
/// The longest a call at a target takes.
pub(crate) const CALL: Duration = Duration::from_secs(2);

/// Takes or renews the lease, and waits until this node may write.
pub(super) async fn hold(engine: &Engine, slot: &TargetSlot) -> Result<(), Fault> {
    let name = lease_name(slot);
    loop {
        let asked = monotonic();
        let (lease, holder) = (name.clone(), engine.inner.node);
        let taken = engine
            .inner
            .store
            .transact(move |tx| {
                let lease = lease.clone();
                Box::pin(async move { tx.lease_take(&lease, holder, LIFE).await })
            })
            .await?;
        match taken {
            Some(lease) => {
                if lease.taken_over && !slot.state.is_held() {
                    tracing::warn!(target = %slot.directory.id(), "taking a target over from another node");
                    tokio::time::sleep(CALL).await;
                    readback::after_take_over(engine, slot).await?;
                }
                // Less than the lease itself, by the longest call: what is begun ends before another node may begin.
                slot.state.hold(asked + LIFE.saturating_sub(CALL));
                return Ok(());
            }
            None => {
                slot.state.let_go();
                tokio::time::sleep(RENEW).await;
            }
        }
    }
}

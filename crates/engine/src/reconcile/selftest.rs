//! The self-test: finds within a minute that a target cannot be written to any more, and refuses new grants on it (R7).

use std::{collections::BTreeMap, time::Duration};

use ephor_audit::events;
use ephor_domain::id::TargetId;
use ephor_store::{Fault, Write};
use jiff::SignedDuration;

use super::{attempt::attribute, lease::within_limit, readback};
use crate::{
    call::word,
    engine::{Engine, TargetSlot},
    ledger::Ledger,
    outgoing,
    port::target::{FaultKind, Health, TargetFault, TargetGroup},
};

/// How often a target is tested and read back.
const EVERY: SignedDuration = SignedDuration::from_secs(30);
/// Groups tested in one round.
const GROUPS: u32 = 64;

impl Engine {
    /// Tests one target once and compares it with what is owed.
    ///
    /// # Errors
    /// Faults of the store; what the target answers is recorded.
    pub async fn test_target(&self, target: TargetId) -> Result<(), Fault> {
        let Some(slot) = self.inner.targets.get(&target) else { return Ok(()) };
        let groups = self
            .store
            .read(move |tx| Box::pin(async move { tx.groups_of_target(target, None, GROUPS).await }))
            .await?
            .into_iter()
            .map(|group| TargetGroup { id: group.id, native: group.native, attribute: attribute(&group.attribute) })
            .collect::<Vec<_>>();
        let outcome = within_limit(slot.directory.self_test(&groups)).await;
        note(self, slot, &outcome).await?;
        if let Ok(health) = outcome {
            slot.state.tested(health);
            if slot.state.paused_until().is_some() {
                slot.state.resume();
                slot.work.notify_one();
            }
            readback::cycle(self, slot).await?;
        }
        Ok(())
    }

    /// Tests one target for ever; ends when the task is dropped.
    pub(crate) async fn run_self_test(&self, target: TargetId) {
        loop {
            let Some(slot) = self.inner.targets.get(&target) else { return };
            if slot.state.is_held()
                && let Err(fault) = self.test_target(target).await
            {
                tracing::error!(%target, %fault, "the self-test of a target waits for the store");
            }
            // The lease may come any moment after start.
            let pause = if slot.state.is_held() { EVERY } else { SignedDuration::from_secs(1) };
            tokio::time::sleep(Duration::try_from(pause).unwrap_or(Duration::from_secs(30))).await;
        }
    }
}

/// Stores what the test found, and raises the alarm when writability changed.
async fn note(engine: &Engine, slot: &TargetSlot, outcome: &Result<Health, TargetFault>) -> Result<(), Fault> {
    let target = slot.directory.id();
    // A target that cannot be reached is slow, not unwritable: grants on it wait, they are not refused (seams §5).
    let unwritable = match outcome {
        Ok(health) => !health.writable,
        Err(fault) => matches!(fault.kind, FaultKind::Credentials | FaultKind::Rights),
    };
    let reachable = !matches!(outcome, Err(fault) if fault.kind.is_of_target() && !unwritable);
    let health = match outcome {
        Ok(health) => serde_json::json!({
            "reachable": true,
            "writable": health.writable,
            "nativeExpiry": health.native_expiry,
            "nativeExpiryOff": health.expiry_off,
            "product": health.product,
            "level": health.level,
            "findings": health.findings,
        }),
        Err(fault) => serde_json::json!({ "reachable": reachable, "writable": false, "fault": fault.kind.to_string() }),
    };
    let call = engine.system("monitor");
    let (health, at) = (health.to_string(), call.now);
    let changed = engine
        .store
        .transact(move |tx| {
            let (call, health) = (call.clone(), health.clone());
            Box::pin(async move {
                let Some(stored) = tx.target(target).await? else { return Ok(false) };
                // Of a target that does not answer nothing new is known.
                let unwritable = if reachable { unwritable } else { stored.unwritable };
                tx.put_target_health(target, unwritable, &health, at).await?;
                if stored.unwritable == unwritable {
                    return Ok(false);
                }
                let event = if unwritable { events::TARGET_UNWRITABLE } else { events::TARGET_WRITABLE };
                let mut ledger = Ledger::new(&call);
                let mut record = call.record(event).detail("target", target.to_string());
                record.reason = Some(word("self_test"));
                ledger.record(&record);
                let facts = BTreeMap::from([("target".to_owned(), target.to_string())]);
                let word = if unwritable { "target.unwritable" } else { "target.writable" };
                ledger.write(Write::Outbox(outgoing::alarm(&call, word, target.uuid(), facts, call.now)));
                ledger.post(tx).await?;
                Ok(true)
            })
        })
        .await?;
    if changed {
        engine.inner.outbox.notify_one();
    }
    Ok(())
}

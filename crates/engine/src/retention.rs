//! Forgets the bodies of old records (seams §15). Their hashes stay in the tree, so every proof outlives them.

use std::sync::atomic::Ordering;

use ephor_audit::{events, leaf};
use ephor_store::{Fault, Tx, tx::audit::StoredLeaf};
use jiff::{SignedDuration, Timestamp};

use crate::{engine::Engine, ledger::Ledger};

/// How long bodies are kept unless somebody says otherwise.
pub(crate) const DAYS: u32 = 400;

/// Bodies forgotten in one transaction.
const BATCH: u32 = 1000;

/// Where the number of the first record is kept that has its body.
const KEPT_FROM: &str = "audit.bodies_kept_from";

/// The number of the first record whose body must be there.
pub(crate) async fn kept_from(tx: &mut Tx) -> Result<u64, Fault> {
    let Some(text) = tx.meta(KEPT_FROM).await? else { return Ok(0) };
    text.parse().map_err(|_| Fault::Inconsistent { table: "meta", column: "value", id: KEPT_FROM.to_owned() })
}

impl Engine {
    /// From now on, the bodies of records are kept for so many days.
    pub fn keep_records(&self, days: u32) {
        self.inner.record_days.store(days, Ordering::Relaxed);
    }

    /// Forgets the bodies of records that are older than that. Answers how many it forgot.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn forget_records(&self) -> Result<u64, Fault> {
        let kept = SignedDuration::from_hours(24 * i64::from(self.inner.record_days.load(Ordering::Relaxed)));
        let mut forgotten = 0;
        loop {
            // A call each: salts are not used twice.
            let call = self.system("retention");
            let before = call.now.saturating_sub(kept).unwrap_or(Timestamp::MIN);
            let (gone, is_last) = self
                .store
                .transact(move |tx| {
                    let call = call.clone();
                    Box::pin(async move {
                        let from = kept_from(tx).await?;
                        let leaves = tx.leaves(from, BATCH).await?;
                        let to = leaves.iter().take_while(|leaf| is_older(leaf, before)).last();
                        let Some(to) = to.map(|leaf| leaf.index + 1) else { return Ok((0, true)) };
                        let gone = tx.forget_bodies(from, to).await?;
                        tx.forget_directory_audits(before).await?;
                        tx.put_meta(KEPT_FROM, Some(&to.to_string())).await?;
                        let mut ledger = Ledger::new(&call);
                        let record = call.record(events::AUDIT_BODIES_PRUNED);
                        ledger.record(&record.detail("from", from.to_string()).detail("to", to.to_string()));
                        ledger.post(tx).await?;
                        Ok((gone, to - from < u64::from(BATCH)))
                    })
                })
                .await?;
            forgotten += gone;
            if is_last {
                return Ok(forgotten);
            }
        }
    }
}

/// Whether a record may go. What cannot be read stays, and everything behind it: it is evidence.
fn is_older(stored: &StoredLeaf, before: Timestamp) -> bool {
    let Some(body) = &stored.leaf else { return true };
    match leaf::open(body, stored.erasable.as_deref()) {
        Ok(opened) => opened.record.recorded_at.unwrap_or(opened.record.at) < before,
        Err(error) => {
            tracing::error!(index = stored.index, %error, "retention stops at a record that cannot be read: run `ephor audit verify`");
            false
        }
    }
}

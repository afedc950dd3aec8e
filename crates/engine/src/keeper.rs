//! The keeper of the audit log and of the store's size: numbers leaves where commits leave them unnumbered, signs
//! checkpoints, deletes what retention has passed (seams §15, §16).

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ephor_audit::{Frontier, checkpoint::Checkpoint, events::Transition, key::SigningKey};
use ephor_store::{Fault, tx::retention::Kept};
use jiff::{SignedDuration, Timestamp};

use crate::{engine::Engine, ledger::Ledger, reconcile::lease};

/// What checkpoints are signed with.
#[derive(Clone)]
pub struct AuditSigner {
    /// Names the log, in every checkpoint.
    pub origin: String,
    /// The key.
    pub key: Arc<SigningKey>,
}

/// Leaves numbered in one go.
const BATCH: u32 = 4096;
/// How often leaves are numbered where commits leave them unnumbered.
const NUMBER_EVERY: Duration = Duration::from_millis(100);
/// How often a checkpoint is signed while the log grows.
const SIGN_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// How often retention looks.
const RETAIN_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// How often CORP accounts are compared with the PAM records (`PAM 15.1`).
const MONITOR_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// How often targets that nobody works on are looked at for overdue removals.
const ALARM_EVERY: SignedDuration = SignedDuration::from_secs(15);
/// How often is looked for what alerts are about (`GRAPH 14.4`), and when for the first time.
const SCAN_EVERY: SignedDuration = SignedDuration::from_hours(24);
const FIRST_SCAN: SignedDuration = SignedDuration::from_mins(10);
/// Days that a finished order for a schedule is kept unless somebody says otherwise (`GRAPH 9.2`, `ARM 8`).
pub(crate) const ORDER_DAYS: u32 = 45;
/// Requests deleted in one transaction.
const PURGE: u32 = 500;

impl Engine {
    /// Signs the tree as it is now; `None` when nothing was recorded since the last checkpoint, or no key is set.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn checkpoint(&self) -> Result<Option<String>, Fault> {
        let Some(signer) = &self.inner.signer else { return Ok(None) };
        let (bytes, last) = self
            .store
            .read(|tx| Box::pin(async move { Ok((tx.audit_frontier().await?, tx.checkpoint(u64::MAX).await?)) }))
            .await?;
        let frontier = Frontier::from_bytes(&bytes)
            .map_err(|_| Fault::Corrupt { cause: "the head of the audit log".to_owned() })?;
        let size = frontier.size();
        if size == 0 || last.is_some_and(|(last, _)| last >= size) {
            return Ok(None);
        }
        let signed = Checkpoint::of(&frontier, &signer.origin, self.now()).sign(&[&signer.key]);
        let text = match signed {
            Ok(signed) => signed.to_string(),
            Err(error) => {
                tracing::error!(%error, "a checkpoint could not be signed");
                return Ok(None);
            }
        };
        let stored = text.clone();
        let outcome = self
            .store
            .transact(move |tx| {
                let text = stored.clone();
                Box::pin(async move { tx.insert_checkpoint(size, &text).await })
            })
            .await;
        match outcome {
            // Another node signed the same tree.
            Err(Fault::Conflict { .. }) => Ok(None),
            outcome => outcome.map(|()| Some(text)),
        }
    }

    /// Numbers what is committed without a number. Answers how many leaves that were.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn number_leaves(&self) -> Result<u64, Fault> {
        let mut numbered = 0;
        loop {
            let batch = self.store.transact(|tx| Box::pin(async move { tx.number_leaves(BATCH).await })).await?;
            numbered += batch;
            if batch < u64::from(BATCH) {
                return Ok(numbered);
            }
        }
    }

    /// From now on, finished orders for schedules are kept for so many days. Those behind a schedule that is in force or
    /// to come are not finished.
    pub fn keep_orders(&self, days: u32) {
        self.inner.order_days.store(days, Ordering::Relaxed);
    }

    /// Deletes finished requests whose retention has passed (T19, `PAM 15.4`, `GRAPH 9.2`). Answers how many.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn purge(&self) -> Result<u64, Fault> {
        let call = self.system("retention");
        let days = self.inner.order_days.load(Ordering::Relaxed);
        let mut purged = 0;
        loop {
            let call = call.clone();
            let batch = self
                .store
                .transact(move |tx| {
                    let call = call.clone();
                    Box::pin(async move {
                        let before = |days: u32| {
                            let kept = SignedDuration::from_hours(24 * i64::from(days));
                            call.now.saturating_sub(kept).unwrap_or(Timestamp::MIN)
                        };
                        let pam = before(tx.settings().await?.request_expiration_in_days);
                        let gone = tx.purge_finished(Kept { pam, orders: before(days) }, PURGE).await?;
                        let mut ledger = Ledger::new(&call);
                        for id in &gone {
                            let mut record = call
                                .record(Transition::T19.event())
                                .detail("transition", format!("{:?}", Transition::T19));
                            record.request_id = Some(id.uuid());
                            ledger.record(&record);
                        }
                        ledger.post(tx).await?;
                        Ok(gone.len())
                    })
                })
                .await?;
            purged += u64::try_from(batch).unwrap_or(u64::MAX);
            if u32::try_from(batch).is_ok_and(|batch| batch < PURGE) {
                return Ok(purged);
            }
        }
    }

    /// Deletes what people and applications signed in with, a day after its end. Answers how much.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn purge_credentials(&self) -> Result<u64, Fault> {
        let before = self.now().saturating_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
        self.store.transact(move |tx| Box::pin(tx.purge_credentials(before))).await
    }

    /// Keeps for ever; ends when the task is dropped.
    pub(crate) async fn run_keeper(&self) {
        let shared = self.store.numbers_later();
        let (mut sign, mut retain, mut watch) = (self.now(), self.now(), self.now());
        let mut alarm = self.now();
        let mut scan = alarm.saturating_add(FIRST_SCAN).unwrap_or(Timestamp::MAX);
        loop {
            let pause = if shared { NUMBER_EVERY } else { Duration::from_secs(1) };
            tokio::time::sleep(pause).await;
            let now = self.now();
            let outcome = async {
                if shared && !self.holds_sequencer().await? {
                    return Ok(());
                }
                if shared {
                    self.number_leaves().await?;
                }
                if now >= sign {
                    self.checkpoint().await?;
                    sign = now.saturating_add(SIGN_EVERY).unwrap_or(Timestamp::MAX);
                }
                if now >= retain {
                    self.purge().await?;
                    self.forget_records().await?;
                    self.purge_credentials().await?;
                    retain = now.saturating_add(RETAIN_EVERY).unwrap_or(Timestamp::MAX);
                }
                if now >= alarm {
                    self.raise_at_strangers().await?;
                    self.take_up_scans().await;
                    alarm = now.saturating_add(ALARM_EVERY).unwrap_or(Timestamp::MAX);
                }
                if now >= scan {
                    scan = now.saturating_add(SCAN_EVERY).unwrap_or(Timestamp::MAX);
                    self.scan().await;
                }
                if now >= watch {
                    self.watch().await;
                    watch = now.saturating_add(MONITOR_EVERY).unwrap_or(Timestamp::MAX);
                }
                Ok::<(), Fault>(())
            };
            if let Err(fault) = outcome.await {
                tracing::error!(%fault, "the keeper of the audit log waits for the store");
            }
        }
    }

    /// Looks for what alerts are about. What fails is tried next time.
    async fn scan(&self) {
        if let Err(denied) = self.scan_alerts(None).await {
            tracing::error!(%denied, "the scan for alerts waits for the store");
        }
        if let Err(denied) = self.scan_all_scopes().await {
            tracing::error!(%denied, "the scan for alerts of resources waits for the store");
        }
    }

    /// Does scans that somebody ordered and whose node is gone.
    async fn take_up_scans(&self) {
        if let Err(denied) = self.work_scans().await {
            tracing::error!(%denied, "a scan for alerts waits for the store");
        }
    }

    /// Follows the CORP accounts, and lets unlinkings come into force that waited. What fails is tried next time.
    async fn watch(&self) {
        if let Err(denied) = self.monitor().await {
            tracing::error!(%denied, "the monitor waits for the store");
        }
        if let Err(denied) = self.settle_unlinks().await {
            tracing::error!(%denied, "unlinkings wait for the store");
        }
    }

    /// Takes or renews the lease of the sequencer. Numbering by two would not harm, the store orders it; it would be waste.
    async fn holds_sequencer(&self) -> Result<bool, Fault> {
        let holder = self.inner.node;
        let lease = self
            .store
            .transact(move |tx| Box::pin(async move { tx.lease_take("sequencer", holder, lease::LIFE).await }))
            .await?;
        Ok(lease.is_some())
    }
}

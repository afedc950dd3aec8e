//! The book of ends: what must go soon at outside targets, kept in memory, so that a removal that is due never waits for
//! the store (promise A1, seams §16).
//!
//! The book is read from the store every few seconds while the store answers, and learns at once of grants that this node
//! starts. When the store does not answer at an end, the removal is sent from the book; once the store is back the
//! scheduler records the end as usual, finds the membership gone, and the record names both instants.

use std::collections::{BTreeMap, HashMap};

use ephor_audit::events;
use ephor_domain::{
    effect::Prior,
    id::{GroupId, PrincipalId, TargetId},
};
use ephor_store::{Fault, tx::membership::Placed};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::attempt::{target_account, target_group};
use crate::{
    engine::Engine,
    ledger::Ledger,
    port::target::{Change, Outcome, Wanted},
};

/// How far ahead the book reads.
const HORIZON: SignedDuration = SignedDuration::from_hours(1);
/// How old it may grow while the store answers.
const FRESH: SignedDuration = SignedDuration::from_secs(5);
/// Most memberships in it.
const MOST: u32 = 100_000;

type Key = (GroupId, PrincipalId);

/// Memberships at outside targets that end within the hour.
#[derive(Debug, Default)]
pub(crate) struct EndBook {
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    read: Option<Timestamp>,
    ends: HashMap<Key, Placed>,
    /// Sent while the store was down: when.
    sent: BTreeMap<Key, Timestamp>,
}

impl EndBook {
    /// A grant that starts now keeps this membership until `until`; `None` is for good.
    pub(crate) fn extended(&self, key: Key, until: Option<Timestamp>) {
        let mut pages = self.pages.lock();
        match (pages.ends.get_mut(&key), until) {
            (Some(placed), Some(until)) => placed.until = placed.until.map(|before| before.max(until)),
            (Some(_), None) => {
                pages.ends.remove(&key);
            }
            // A membership the book does not know yet: it is read with the next refresh.
            (None, _) => pages.read = None,
        }
    }

    fn is_stale(&self, now: Timestamp) -> bool {
        self.pages.lock().read.is_none_or(|read| now.duration_since(read).abs() > FRESH)
    }

    fn fill(&self, placed: Vec<Placed>, now: Timestamp) {
        let mut pages = self.pages.lock();
        pages.read = Some(now);
        pages.ends =
            placed.into_iter().map(|placed| ((placed.membership.group, placed.membership.principal), placed)).collect();
    }

    /// What is over by `now` and was not sent yet, by target and group.
    fn over(&self, now: Timestamp) -> BTreeMap<(TargetId, GroupId), Vec<Placed>> {
        let pages = self.pages.lock();
        let mut over: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (key, placed) in &pages.ends {
            let ours = placed.membership.prior != Prior::Present && placed.account_native.is_some();
            if ours && placed.until.is_some_and(|until| until <= now) && !pages.sent.contains_key(key) {
                over.entry((placed.membership.target, key.0)).or_default().push(placed.clone());
            }
        }
        over
    }

    fn sent(&self, key: Key, at: Timestamp) {
        self.pages.lock().sent.insert(key, at);
    }

    fn take_sent(&self) -> BTreeMap<Key, Timestamp> {
        std::mem::take(&mut self.pages.lock().sent)
    }

    fn put_back(&self, sent: BTreeMap<Key, Timestamp>) {
        self.pages.lock().sent.extend(sent);
    }
}

impl Engine {
    /// Reads the book anew when it has grown old, and records what was sent without the store.
    ///
    /// # Errors
    /// Faults of the store: the book stays as it is.
    pub(crate) async fn refresh_book(&self) -> Result<(), Fault> {
        let now = self.now();
        if self.inner.targets.is_empty() || !self.inner.book.is_stale(now) {
            return Ok(());
        }
        let before = now.saturating_add(HORIZON).unwrap_or(Timestamp::MAX);
        let placed =
            self.inner.store.read(move |tx| Box::pin(async move { tx.memberships_until(before, MOST).await })).await?;
        self.inner.book.fill(placed, now);
        let sent = self.inner.book.take_sent();
        if sent.is_empty() {
            return Ok(());
        }
        let recorded = self.record_late(sent.clone()).await;
        if recorded.is_err() {
            self.inner.book.put_back(sent);
        }
        recorded
    }

    async fn record_late(&self, sent: BTreeMap<Key, Timestamp>) -> Result<(), Fault> {
        let call = self.system("reconciler");
        self.inner
            .store
            .transact(move |tx| {
                let (call, sent) = (call.clone(), sent.clone());
                Box::pin(async move {
                    let mut ledger = Ledger::new(&call);
                    for ((group, principal), at) in sent {
                        let mut record = call.record(events::REMOVAL_RECORDED_LATE).detail("group", group.to_string());
                        record.subject = Some(principal.uuid());
                        record.at = at;
                        record.recorded_at = Some(call.now);
                        ledger.record(&record);
                    }
                    ledger.post(tx).await.map(drop)
                })
            })
            .await
    }

    /// The store does not answer: sends the removals that are due by now from memory. Needs no lease: it goes towards less
    /// access (seams §17).
    pub(crate) async fn remove_from_book(&self) {
        let now = self.now();
        for ((target, _), placed) in self.inner.book.over(now) {
            let (Some(slot), Some(group)) = (self.inner.targets.get(&target), placed.first().map(target_group)) else {
                continue;
            };
            let changes: Vec<Change> = placed
                .iter()
                .map(|placed| Change { account: target_account(placed), wanted: Wanted::Absent })
                .collect();
            match slot.directory.apply(&group, &changes).await {
                Ok(outcomes) => {
                    for (placed, outcome) in placed.iter().zip(outcomes) {
                        if !matches!(outcome, Outcome::Refused(_)) {
                            self.inner.book.sent((placed.membership.group, placed.membership.principal), self.now());
                        }
                    }
                }
                Err(fault) => tracing::warn!(%target, %fault, "a removal that was sent without the store failed"),
            }
        }
    }
}

//! The book of ends: what must go soon at outside targets, kept in memory, so that a removal that is due never waits for
//! the store (promise A1, seams §16).
//!
//! The book is read from the store every few seconds while the store answers, and learns at once of grants that this node
//! starts. When the store does not answer at an end, the removal is sent from the book; once the store is back the end is
//! recorded before anything else, and the record names both instants.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use ephor_audit::events;
use ephor_domain::{
    effect::Prior,
    grant::{EndCause, Phase},
    id::{GroupId, PrincipalId, TargetId},
};
use ephor_store::{
    Fault, Tx,
    tx::{Lock, membership::Placed},
};
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::{
    attempt::{target_account, target_group},
    lease::within_limit,
};
use crate::{
    call::Call,
    engine::{Engine, TargetSlot},
    ledger::Ledger,
    port::{
        clock::monotonic,
        target::{Change, Outcome, Wanted},
    },
    wake::Wake,
};

/// How far ahead the book reads.
const HORIZON: SignedDuration = SignedDuration::from_hours(1);
/// How old it may grow while the store answers.
const FRESH: SignedDuration = SignedDuration::from_secs(5);
/// How old it may grow when something is known to be missing: a crowd that starts costs no reading for each.
const LACKING: SignedDuration = SignedDuration::from_millis(500);
/// Reading it takes at most one part in so many of the time.
const SHARE: i32 = 20;
/// Most memberships in it.
const MOST: u32 = 100_000;
/// Above every alarm level: removals of whatever level.
const ANY_ALARM: u8 = u8::MAX;

type Key = (GroupId, PrincipalId);

/// Memberships at outside targets that end within the hour, or are being removed.
#[derive(Debug, Default)]
pub(crate) struct EndBook {
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    /// When it was read, and how long that took.
    read: Option<(Timestamp, SignedDuration)>,
    /// A membership started that is not in it.
    lacks: bool,
    ends: HashMap<Key, Placed>,
    /// Sent while the store was down: when.
    sent: BTreeMap<Key, Timestamp>,
}

impl EndBook {
    /// A grant that starts now keeps this membership until `until`; `None` is for good.
    pub(crate) fn extended(&self, key: Key, until: Option<Timestamp>) {
        let mut pages = self.pages.lock();
        match (pages.ends.get_mut(&key), until) {
            (Some(placed), Some(until)) => {
                let before = placed.until.filter(|_| placed.membership.wanted);
                placed.until = Some(before.map_or(until, |before| before.max(until)));
                placed.membership.wanted = true;
            }
            (Some(_), None) => {
                pages.ends.remove(&key);
            }
            // A membership the book does not know yet: it is read with the next refresh.
            (None, Some(_)) => pages.lacks = true,
            (None, None) => {}
        }
    }

    /// What the target held before Ephor first wrote these is known now.
    pub(super) fn looked(&self, placed: &[Placed]) {
        let mut pages = self.pages.lock();
        for placed in placed.iter().filter(|placed| placed.membership.wanted) {
            if let Some(known) = pages.ends.get_mut(&(placed.membership.group, placed.membership.principal)) {
                known.membership.prior = placed.membership.prior;
                known.account_native.clone_from(&placed.account_native);
            }
        }
    }

    fn is_stale(&self, now: Timestamp) -> bool {
        let pages = self.pages.lock();
        let good = if pages.lacks { LACKING } else { FRESH };
        pages.read.is_none_or(|(read, took)| {
            let good = good.max(took.checked_mul(SHARE).unwrap_or(SignedDuration::MAX));
            now.duration_since(read).abs() > good
        })
    }

    /// About to be read: what starts from now on may be missing.
    fn opens(&self) {
        self.pages.lock().lacks = false;
    }

    fn fill(&self, placed: Vec<Placed>, now: Timestamp, took: Duration) {
        let took = SignedDuration::try_from(took).unwrap_or(SignedDuration::ZERO);
        let mut pages = self.pages.lock();
        pages.read = Some((now, took));
        // Read before the first look at the target was on record.
        pages.lacks |= placed.iter().any(|placed| placed.membership.prior == Prior::Unknown);
        pages.ends =
            placed.into_iter().map(|placed| ((placed.membership.group, placed.membership.principal), placed)).collect();
    }

    /// What is over by `now` and was not sent yet, by target and group.
    fn over(&self, now: Timestamp) -> BTreeMap<TargetId, BTreeMap<GroupId, Vec<Placed>>> {
        let pages = self.pages.lock();
        let mut over: BTreeMap<_, BTreeMap<_, Vec<_>>> = BTreeMap::new();
        for (key, placed) in &pages.ends {
            let ours = placed.membership.prior == Prior::Absent && placed.account_native.is_some();
            let is_over = !placed.membership.wanted || placed.until.is_some_and(|until| until <= now);
            if ours && is_over && !pages.sent.contains_key(key) {
                over.entry(placed.membership.target).or_default().entry(key.0).or_default().push(placed.clone());
            }
        }
        over
    }

    fn note_sent(&self, key: Key, at: Timestamp) {
        self.pages.lock().sent.insert(key, at);
    }

    fn sent(&self) -> BTreeMap<Key, Timestamp> {
        self.pages.lock().sent.clone()
    }

    /// These are on record.
    fn settled(&self, sent: &BTreeMap<Key, Timestamp>) {
        let mut pages = self.pages.lock();
        pages.sent.retain(|key, _| !sent.contains_key(key));
        pages.read = None;
    }
}

impl Engine {
    /// Reads the book anew when it has grown old.
    ///
    /// # Errors
    /// Faults of the store: the book stays as it is.
    pub(crate) async fn refresh_book(&self) -> Result<(), Fault> {
        let now = self.now();
        if self.inner.targets.is_empty() || !self.inner.book.is_stale(now) {
            return Ok(());
        }
        let before = now.saturating_add(HORIZON).unwrap_or(Timestamp::MAX);
        self.inner.book.opens();
        let begun = monotonic();
        let placed = self
            .inner
            .store
            .read(move |tx| {
                Box::pin(async move {
                    let mut placed = tx.memberships_until(before, MOST).await?;
                    // What is being removed already must not wait either.
                    let removals = tx.overdue_removals(now, ANY_ALARM, MOST).await?;
                    placed.extend(removals.into_iter().filter(|placed| !placed.membership.built_in));
                    Ok(placed)
                })
            })
            .await?;
        self.inner.book.fill(placed, now, monotonic().duration_since(begun));
        Ok(())
    }

    /// Puts on record what was sent without the store: the grants behind it end, and a membership that another grant owes
    /// by now is written again.
    ///
    /// # Errors
    /// Faults of the store that pass: it stays to be recorded.
    pub(crate) async fn settle_sent(&self) -> Result<(), Fault> {
        let sent = self.inner.book.sent();
        if sent.is_empty() {
            return Ok(());
        }
        match self.record_sent(&sent).await {
            Ok(wake) => self.woken(&wake),
            // What can never be recorded must not keep everything else from being done: the scheduler ends the grants.
            Err(fault @ Fault::Inconsistent { .. }) => {
                tracing::error!(%fault, "removals that were sent without the store could not be recorded");
            }
            Err(fault) => return Err(fault),
        }
        self.inner.book.settled(&sent);
        Ok(())
    }

    async fn record_sent(&self, sent: &BTreeMap<Key, Timestamp>) -> Result<Wake, Fault> {
        let (call, sent) = (self.system("reconciler"), sent.clone());
        self.inner
            .store
            .transact(move |tx| {
                let (call, sent) = (call.clone(), sent.clone());
                Box::pin(async move {
                    let locks: Vec<_> = sent.keys().map(|(_, principal)| Lock::Exclusive(principal.uuid())).collect();
                    tx.lock(&locks).await?;
                    let (mut records, mut wake) = (0, Wake::default());
                    for (key, at) in sent {
                        let (total, more) = record_late(tx, &call, records, key, at).await?;
                        records = total;
                        wake.merge(more);
                    }
                    Ok(wake)
                })
            })
            .await
    }

    /// The store does not answer: sends the removals that are due by now from memory. Needs no lease: it goes towards less
    /// access (seams §17). A target that fails keeps no other one waiting (O3).
    pub(crate) async fn remove_from_book(&self) {
        let over = self.inner.book.over(self.now());
        stream::iter(over)
            .for_each_concurrent(None, |(target, groups)| async move {
                let Some(slot) = self.inner.targets.get(&target) else { return };
                for placed in groups.into_values() {
                    if !self.remove_without_store(slot, &placed).await {
                        return;
                    }
                }
            })
            .await;
    }

    /// False when the target failed as a whole.
    async fn remove_without_store(&self, slot: &TargetSlot, placed: &[Placed]) -> bool {
        let Some(group) = placed.first().map(target_group) else { return true };
        let changes: Vec<Change> =
            placed.iter().map(|placed| Change { account: target_account(placed), wanted: Wanted::Absent }).collect();
        match within_limit(slot.directory.apply(&group, &changes)).await {
            Ok(outcomes) => {
                for (placed, outcome) in placed.iter().zip(outcomes) {
                    if !matches!(outcome, Outcome::Refused(_)) {
                        self.inner.book.note_sent((placed.membership.group, placed.membership.principal), self.now());
                    }
                }
                true
            }
            Err(fault) => {
                tracing::warn!(target_id = %slot.directory.id(), %fault, "a removal sent without the store failed");
                !fault.kind.is_of_target()
            }
        }
    }
}

async fn record_late(
    tx: &mut Tx,
    call: &Call,
    records: usize,
    (group, principal): Key,
    at: Timestamp,
) -> Result<(usize, Wake), Fault> {
    let mut ledger = Ledger::following(call, records);
    let mut record = call.record(events::REMOVAL_RECORDED_LATE).detail("group", group.to_string());
    record.subject = Some(principal.uuid());
    record.at = at;
    record.recorded_at = Some(call.now);
    ledger.record(&record);
    let (mut records, mut wake) = ledger.post(tx).await?;
    for grant in tx.grants_owing(group, principal).await? {
        let Some(case) = tx.grant_case(grant).await? else { continue };
        let Some(grant) = case.grant else { continue };
        if let Phase::InForce { end: Some(end), .. } = grant.phase
            && end <= call.now
        {
            let mut ledger = Ledger::following(call, records);
            ledger.end(&case.request, grant, case.owed, end, EndCause::Expired);
            let (total, more) = ledger.post(tx).await?;
            records = total;
            wake.merge(more);
        }
    }
    // Whatever the row says, the target holds it no more: a grant that owes it by now waits for a fresh confirmation.
    if let Some(mut membership) = tx.membership(group, principal).await?
        && membership.prior == Prior::Absent
    {
        membership.in_force = false;
        membership.due = Some(call.now);
        let mut ledger = Ledger::following(call, records);
        ledger.put_membership(membership);
        let (total, more) = ledger.post(tx).await?;
        records = total;
        wake.merge(more);
    }
    Ok((records, wake))
}

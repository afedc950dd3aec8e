//! The book of ends: what must go soon at outside targets, kept in memory, so that a removal that is due never waits for
//! the store (promise A1, seams §16).
//!
//! The book is read from the store every few seconds while the store answers, and learns at once of grants that this node
//! starts. When the store does not answer at an end, the removal is sent from the book; once the store is back the end is
//! recorded before anything else, and the record names both instants.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Bound,
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
use tokio::sync::Notify;
use uuid::Uuid;

use super::{
    attempt::{target_account, target_group},
    ends,
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
/// So many ends at one target in one instant are a crowd: settling them would keep processors and disk from the removals.
const CROWD: usize = 256;
/// The longest that settling waits for a crowd to be removed. Nobody reads *active* meanwhile (R1).
const HEAD_START: Duration = Duration::from_secs(1);
/// Above every alarm level: removals of whatever level.
const ANY_ALARM: u8 = u8::MAX;

/// A membership.
pub(super) type Key = (GroupId, PrincipalId);

/// The membership of a row.
pub(super) fn key(placed: &Placed) -> Key {
    (placed.membership.group, placed.membership.principal)
}

/// Memberships at outside targets that end within the hour, or are being removed.
#[derive(Debug, Default)]
pub(crate) struct EndBook {
    pages: Mutex<Pages>,
    /// Some that were over are gone from the book, or from the target.
    fewer: Notify,
}

#[derive(Debug, Default)]
struct Pages {
    /// When it was read, and how long that took.
    read: Option<(Timestamp, SignedDuration)>,
    /// A membership started that is not in it.
    lacks: bool,
    ends: HashMap<Key, Placed>,
    /// When each of those that are ours to take away ends, in order.
    order: BTreeSet<(TargetId, Timestamp, Key)>,
    /// Let go in the store; the target has not confirmed all of them yet.
    in_hand: BTreeMap<TargetId, usize>,
    /// Sent while the store was down: when.
    sent: BTreeMap<Key, Timestamp>,
}

/// Where a membership stands in the order; `None` for one that is not ours to take away, or goes already.
fn place(key: Key, placed: &Placed) -> Option<(TargetId, Timestamp, Key)> {
    let ours = placed.membership.wanted && placed.membership.prior == Prior::Absent && placed.account_native.is_some();
    placed.until.filter(|_| ours).map(|until| (placed.membership.target, until, key))
}

impl Pages {
    fn change(&mut self, key: Key, change: impl FnOnce(&mut Placed)) {
        let Some(placed) = self.ends.get_mut(&key) else { return };
        if let Some(before) = place(key, placed) {
            self.order.remove(&before);
        }
        change(placed);
        self.order.extend(place(key, placed));
    }

    fn remove(&mut self, key: Key) {
        if let Some(before) = self.ends.remove(&key).and_then(|placed| place(key, &placed)) {
            self.order.remove(&before);
        }
    }

    /// What is over at a target, the longest over first.
    fn over_at(&self, target: TargetId, now: Timestamp) -> impl Iterator<Item = &(TargetId, Timestamp, Key)> {
        let first = (GroupId::new(Uuid::nil()), PrincipalId::new(Uuid::nil()));
        let from = (target, Timestamp::MIN, first);
        self.order.range(from..).take_while(move |(at, until, _)| *at == target && *until <= now)
    }
}

impl EndBook {
    /// A grant that starts now keeps this membership until `until`; `None` is for good.
    pub(crate) fn extended(&self, key: Key, until: Option<Timestamp>) {
        let mut pages = self.pages.lock();
        match (pages.ends.contains_key(&key), until) {
            (true, Some(until)) => pages.change(key, |placed| {
                let before = placed.until.filter(|_| placed.membership.wanted);
                placed.until = Some(before.map_or(until, |before| before.max(until)));
                placed.membership.wanted = true;
            }),
            (true, None) => pages.remove(key),
            // A membership the book does not know yet: it is read with the next refresh.
            (false, Some(_)) => pages.lacks = true,
            (false, None) => {}
        }
    }

    /// What the target held before Ephor first wrote these is known now.
    pub(super) fn looked(&self, placed: &[Placed]) {
        let mut pages = self.pages.lock();
        for placed in placed.iter().filter(|placed| placed.membership.wanted) {
            pages.change(key(placed), |known| {
                known.membership.prior = placed.membership.prior;
                known.account_native.clone_from(&placed.account_native);
            });
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
        pages.ends = placed.into_iter().map(|placed| (key(&placed), placed)).collect();
        pages.order = pages.ends.iter().filter_map(|(key, placed)| place(*key, placed)).collect();
        drop(pages);
        self.fewer.notify_waiters();
    }

    /// The next end at a target after `now`.
    pub(super) fn next(&self, target: TargetId, now: Timestamp) -> Option<Timestamp> {
        let pages = self.pages.lock();
        let last = (GroupId::new(Uuid::max()), PrincipalId::new(Uuid::max()));
        let mut after = pages.order.range((Bound::Excluded((target, now, last)), Bound::Unbounded));
        after.next().filter(|(at, ..)| *at == target).map(|(_, until, _)| *until)
    }

    /// What is over at a target by `now` and is ours to take away, by group.
    pub(super) fn over_at(&self, target: TargetId, now: Timestamp) -> BTreeMap<GroupId, Vec<Placed>> {
        let pages = self.pages.lock();
        let mut over: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (_, _, key) in pages.over_at(target, now) {
            over.entry(key.0).or_default().extend(pages.ends.get(key).cloned());
        }
        over
    }

    /// The store knows that these are over, or why they are not: the book has done its work for them. Those let go are in
    /// hand until [`EndBook::confirmed`].
    pub(super) fn let_go(&self, target: TargetId, keys: &[Key], in_hand: usize) {
        let mut pages = self.pages.lock();
        for key in keys {
            pages.remove(*key);
        }
        *pages.in_hand.entry(target).or_default() += in_hand;
        drop(pages);
        self.fewer.notify_waiters();
    }

    /// Nothing of this target is in hand any more.
    pub(super) fn confirmed(&self, target: TargetId) {
        self.pages.lock().in_hand.remove(&target);
        self.fewer.notify_waiters();
    }

    /// How many removals at a target go from the book at present, or are about to.
    fn going(&self, target: TargetId, now: Timestamp, most: usize) -> usize {
        let pages = self.pages.lock();
        pages.over_at(target, now).take(most).count() + pages.in_hand.get(&target).copied().unwrap_or(0)
    }

    /// What is over at a target by `now`, or goes already, and was not sent yet, by group.
    fn over(&self, target: TargetId, now: Timestamp) -> BTreeMap<GroupId, Vec<Placed>> {
        let pages = self.pages.lock();
        let mut over: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (key, placed) in pages.ends.iter().filter(|(_, placed)| placed.membership.target == target) {
            let ours = placed.membership.prior == Prior::Absent && placed.account_native.is_some();
            let is_over = !placed.membership.wanted || placed.until.is_some_and(|until| until <= now);
            if ours && is_over && !pages.sent.contains_key(key) {
                over.entry(key.0).or_default().push(placed.clone());
            }
        }
        over
    }

    fn note_sent(&self, key: Key, at: Timestamp) {
        self.pages.lock().sent.entry(key).or_insert(at);
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

    /// Lets a crowd of removals go before the ends behind it are settled, for a moment and once: what the target has
    /// confirmed by then is settled in one step. `waited` is what the last call left there.
    pub(crate) async fn let_a_crowd_go_first(&self, waited: &mut bool) {
        let now = self.now();
        let crowded = |slot: &&TargetSlot| {
            ends::may_send(self, slot) && self.inner.book.going(slot.directory.id(), now, CROWD) >= CROWD
        };
        let crowds: Vec<_> = self.inner.targets.values().filter(crowded).map(|slot| slot.directory.id()).collect();
        if crowds.is_empty() || std::mem::replace(waited, true) {
            *waited = !crowds.is_empty();
            return;
        }
        let gone = async {
            loop {
                let fewer = self.inner.book.fewer.notified();
                if crowds.iter().all(|target| self.inner.book.going(*target, now, 1) == 0) {
                    return;
                }
                fewer.await;
            }
        };
        // What takes longer is settled in two steps.
        let _ = tokio::time::timeout(HEAD_START, gone).await;
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
        self.store
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
        stream::iter(self.inner.targets.keys())
            .for_each_concurrent(None, |target| self.remove_from_book_at(*target))
            .await;
    }

    /// As [`Engine::remove_from_book`], at one target.
    pub(super) async fn remove_from_book_at(&self, target: TargetId) {
        let Some(slot) = self.inner.targets.get(&target) else { return };
        for placed in self.inner.book.over(target, self.now()).into_values() {
            if !self.remove_without_store(slot, &placed).await {
                return;
            }
        }
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

//! What this node knows of a target: lease, breaker, pause, last fault, last self-test.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use ephor_domain::id::GroupId;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::readback::Foreign;
use crate::port::{
    clock::monotonic,
    target::{Health, TargetFault},
};

/// Longest pause of a whole target: what is due there is gone within so much of its coming back (F3).
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(4);
/// A node that does not write to the target itself never sees it recover: it waits again after this.
const HALF_OPEN: Duration = Duration::from_secs(10);

/// What this node knows of a target.
#[derive(Debug, Default)]
pub(crate) struct TargetState {
    inner: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    breaker: Option<Instant>,
    failures: u32,
    paused_until: Option<Timestamp>,
    last_fault: Option<TargetFault>,
    health: Option<Health>,
    lease: Option<Held>,
    foreign: Foreign,
}

/// A lease as its holder knows it.
#[derive(Debug, Clone, Copy)]
struct Held {
    epoch: u64,
    until: Instant,
    may_write: bool,
    lapsed: bool,
}

/// How a target stands, for the admin face and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetStatus {
    /// Calls do not wait for it at present.
    pub breaker_open: bool,
    /// Failures since it last confirmed.
    pub failures: u32,
    /// The last fault since it last confirmed.
    pub last_fault: Option<TargetFault>,
    /// What the last self-test found.
    pub health: Option<Health>,
}

impl Known {
    fn is_held(&self) -> bool {
        self.lease.is_some_and(|lease| monotonic() < lease.until)
    }

    fn breaker_is_open(&self) -> bool {
        self.breaker.is_some_and(|since| self.is_held() || monotonic().duration_since(since) < HALF_OPEN)
    }
}

impl TargetState {
    /// Calls do not wait for this target's confirmation (O3).
    pub(crate) fn breaker_is_open(&self) -> bool {
        self.inner.lock().breaker_is_open()
    }

    pub(crate) fn open_breaker(&self) {
        self.inner.lock().breaker = Some(monotonic());
    }

    /// The target did what it was asked. True when it had failed before.
    pub(crate) fn confirmed(&self) -> bool {
        let mut known = self.inner.lock();
        let recovered = known.failures > 0;
        known.breaker = None;
        known.failures = 0;
        known.paused_until = None;
        known.last_fault = None;
        recovered
    }

    /// The target as a whole failed: the breaker opens, and the next attempt waits.
    pub(crate) fn failed(&self, fault: &TargetFault, now: Timestamp) -> u32 {
        let mut known = self.inner.lock();
        known.breaker = Some(monotonic());
        known.failures = known.failures.saturating_add(1);
        known.paused_until = now.saturating_add(super::pause(known.failures).min(LONGEST_PAUSE)).ok();
        known.last_fault = Some(fault.clone());
        known.failures
    }

    /// True since the target failed, until it confirms again.
    pub(crate) fn is_failing(&self) -> bool {
        self.inner.lock().failures > 0
    }

    pub(crate) fn paused_until(&self) -> Option<Timestamp> {
        self.inner.lock().paused_until
    }

    /// Forgets a pause: the operator or a self-test says that it is worth trying again.
    pub(crate) fn resume(&self) {
        self.inner.lock().paused_until = None;
    }

    pub(crate) fn tested(&self, health: Health) {
        self.inner.lock().health = Some(health);
    }

    /// Notes who is in a group without being owed; answers who is new since the last look. The first look is the
    /// baseline: what people had before Ephor looked is no drift.
    pub(crate) fn foreign(&self, group: GroupId, now: BTreeSet<String>) -> BTreeSet<String> {
        let mut known = self.inner.lock();
        let before = known.foreign.insert(group, now.clone());
        before.map_or_else(BTreeSet::new, |before| now.difference(&before).cloned().collect())
    }

    /// Forgets members that were taken out or are to be: should they be seen again, that is drift again.
    pub(crate) fn forget_foreign<'a>(&self, group: GroupId, members: impl Iterator<Item = &'a String>) {
        let mut known = self.inner.lock();
        if let Some(foreign) = known.foreign.get_mut(&group) {
            for member in members {
                foreign.remove(member);
            }
        }
    }

    /// Who is in the groups without being owed, as of the last look.
    pub(crate) fn seen(&self) -> Foreign {
        self.inner.lock().foreign.clone()
    }

    /// The lease is held until `until` of this node's own monotonic clock (seams §17). A holder that has to look first
    /// writes nothing before [`TargetState::has_looked`]. True when the lease is new to this node.
    pub(crate) fn hold(&self, epoch: u64, until: Instant, looks_first: bool) -> bool {
        let mut known = self.inner.lock();
        let same = known.lease.filter(|lease| lease.epoch == epoch);
        let may_write = same.map_or(!looks_first, |lease| lease.may_write);
        known.lease = Some(Held { epoch, until, may_write, lapsed: false });
        same.is_none()
    }

    /// The lease is another node's. True when it was thought to be ours.
    pub(crate) fn let_go(&self) -> bool {
        self.inner.lock().lease.take().is_some()
    }

    /// True while the lease is surely held.
    pub(crate) fn is_held(&self) -> bool {
        self.inner.lock().is_held()
    }

    /// True once, when the lease was held and ran out unnoticed: this node was paused or cut off.
    pub(crate) fn lapses(&self) -> bool {
        let mut known = self.inner.lock();
        let is_held = known.is_held();
        known.lease.as_mut().is_some_and(|lease| !is_held && !std::mem::replace(&mut lease.lapsed, true))
    }

    /// True while a call may be started: a holder that is unsure of its lease starts none.
    pub(crate) fn may_write(&self) -> bool {
        let known = self.inner.lock();
        known.is_held() && known.lease.is_some_and(|lease| lease.may_write)
    }

    /// The lease held now, by its epoch.
    pub(crate) fn epoch(&self) -> Option<u64> {
        let known = self.inner.lock();
        known.lease.filter(|_| known.is_held()).map(|lease| lease.epoch)
    }

    /// The new holder has compared the target with what is owed, under the lease of this epoch.
    pub(crate) fn has_looked(&self, epoch: u64) {
        let mut known = self.inner.lock();
        if let Some(lease) = known.lease.as_mut().filter(|lease| lease.epoch == epoch) {
            lease.may_write = true;
        }
    }

    pub(crate) fn status(&self) -> TargetStatus {
        let known = self.inner.lock();
        TargetStatus {
            breaker_open: known.breaker_is_open(),
            failures: known.failures,
            last_fault: known.last_fault.clone(),
            health: known.health.clone(),
        }
    }
}

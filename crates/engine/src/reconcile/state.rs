//! What this node knows of a target: breaker, pause, last fault, last self-test.

use std::{collections::BTreeSet, time::Instant};

use ephor_domain::id::GroupId;
use jiff::Timestamp;
use parking_lot::Mutex;

use super::readback::Foreign;
use crate::port::{
    clock::monotonic,
    target::{Health, TargetFault},
};

/// What this node knows of a target.
#[derive(Debug, Default)]
pub(crate) struct TargetState {
    inner: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    breaker: bool,
    failures: u32,
    paused_until: Option<Timestamp>,
    last_fault: Option<TargetFault>,
    health: Option<Health>,
    held_since: Option<Instant>,
    held_until: Option<Instant>,
    foreign: Foreign,
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

impl TargetState {
    /// Calls do not wait for this target's confirmation (O3).
    pub(crate) fn breaker_is_open(&self) -> bool {
        self.inner.lock().breaker
    }

    pub(crate) fn open_breaker(&self) {
        self.inner.lock().breaker = true;
    }

    /// The target did what it was asked.
    pub(crate) fn confirmed(&self) {
        let mut known = self.inner.lock();
        known.breaker = false;
        known.failures = 0;
        known.paused_until = None;
        known.last_fault = None;
    }

    /// The target as a whole failed: the breaker opens, and the next attempt waits.
    pub(crate) fn failed(&self, fault: &TargetFault, now: Timestamp) -> u32 {
        let mut known = self.inner.lock();
        known.breaker = true;
        known.failures = known.failures.saturating_add(1);
        known.paused_until = now.saturating_add(super::pause(known.failures)).ok();
        known.last_fault = Some(fault.clone());
        known.failures
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

    /// Forgets members that were taken out: should they come again, that is drift again.
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

    /// The lease is held until `until` of this node's own monotonic clock (seams §17).
    pub(crate) fn hold(&self, until: Instant) {
        let mut known = self.inner.lock();
        known.held_since.get_or_insert_with(monotonic);
        known.held_until = Some(until);
    }

    pub(crate) fn let_go(&self) {
        let mut known = self.inner.lock();
        known.held_since = None;
        known.held_until = None;
    }

    /// True while the lease is surely held: a holder that is unsure starts no call.
    pub(crate) fn is_held(&self) -> bool {
        self.inner.lock().held_until.is_some_and(|until| monotonic() < until)
    }

    pub(crate) fn status(&self) -> TargetStatus {
        let known = self.inner.lock();
        TargetStatus {
            breaker_open: known.breaker,
            failures: known.failures,
            last_fault: known.last_fault.clone(),
            health: known.health.clone(),
        }
    }
}

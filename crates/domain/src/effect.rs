//! Memberships: what a grant does at a target, and who else owes the same (promise R4).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{GroupId, PrincipalId, TargetId};

/// A privilege of a role, bound to the target that enforces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Privilege {
    /// The group.
    pub group: GroupId,
    /// The directory that holds it.
    pub target: TargetId,
    /// True for the built-in directory: the effect is confirmed in the commit (seams §5).
    pub built_in: bool,
}

/// One account in one group, as far as Ephor owes or owed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The group.
    pub group: GroupId,
    /// The account.
    pub principal: PrincipalId,
    /// The directory.
    pub target: TargetId,
    /// Confirmed by the built-in directory itself.
    pub built_in: bool,
    /// At least one live grant owes it.
    pub wanted: bool,
    /// As far as the target has confirmed, it is in force.
    pub in_force: bool,
    /// What the target held before Ephor first wrote it.
    pub prior: Prior,
    /// When `wanted` last changed: the lag is counted from here.
    pub since: Timestamp,
    /// Next attempt at the target; `None` when `wanted` equals `in_force` and the target was told of every grant.
    pub due: Option<Timestamp>,
    /// Attempts since `since`.
    pub attempts: u32,
}

/// What a target held before Ephor first wrote a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prior {
    /// Not looked at yet, and so nothing sent: what was seen is kept before the first write goes out.
    Unknown,
    /// It was not there: ours to take away.
    Absent,
    /// People had it outside Ephor: never taken away by an end (R4).
    Present,
}

impl Membership {
    /// A membership that nobody owes yet.
    #[must_use]
    pub fn unowed(privilege: &Privilege, principal: PrincipalId, now: Timestamp) -> Self {
        Self {
            group: privilege.group,
            principal,
            target: privilege.target,
            built_in: privilege.built_in,
            wanted: false,
            in_force: false,
            prior: if privilege.built_in { Prior::Absent } else { Prior::Unknown },
            since: now,
            due: None,
            attempts: 0,
        }
    }

    /// A live grant owes it from now on. The built-in directory confirms at once; another one is told again although it
    /// holds the membership, because it may be ending it by itself at the end of an earlier grant (R5).
    #[must_use]
    pub fn owed(mut self, now: Timestamp) -> Self {
        if !self.wanted {
            // A removal that is under way may still land: only a fresh confirmation counts then.
            self.in_force &= self.attempts == 0;
            self.wanted = true;
            self.since = now;
            self.attempts = 0;
        }
        if self.built_in {
            self.in_force = true;
            self.due = None;
        } else {
            self.due = Some(self.due.map_or(now, |due| due.min(now)));
        }
        self
    }

    /// No live grant owes it any more. What people had before stays (R4); the built-in directory confirms at once.
    #[must_use]
    pub fn released(mut self, now: Timestamp) -> Self {
        if self.wanted {
            self.wanted = false;
            self.since = now;
            self.attempts = 0;
        }
        match self.prior {
            // Also when it was never confirmed: the write may have landed.
            Prior::Absent if !self.built_in => self.due = Some(now),
            // Removing what was never looked at could take away what people had before.
            Prior::Absent | Prior::Present | Prior::Unknown => {
                self.in_force = false;
                self.due = None;
            }
        }
        self
    }

    /// True when nothing is left to do or to know: the row may go.
    #[must_use]
    pub fn is_settled_away(&self) -> bool {
        !self.wanted && self.due.is_none()
    }
}

/// What one attempt at the target found or did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// The target holds the membership now, and did not before this attempt, as far as it said.
    Present,
    /// The target does not hold the membership now.
    Absent,
    /// The attempt failed; try again at the instant given.
    Retry(Timestamp),
}

impl Membership {
    /// Records what an attempt to make it `wanted` came to. An attempt that was overtaken by a change of mind proves
    /// nothing: the membership is tried again at once.
    #[must_use]
    pub fn attempted(mut self, wanted: bool, attempt: Attempt, now: Timestamp) -> Self {
        if wanted != self.wanted {
            self.in_force = false;
            self.due = Some(now);
            return self;
        }
        match attempt {
            Attempt::Present => {
                self.in_force = true;
                self.due = (!self.wanted).then_some(now);
            }
            Attempt::Absent => {
                self.in_force = false;
                self.due = self.wanted.then_some(now);
            }
            Attempt::Retry(at) => self.due = Some(at),
        }
        if self.due.is_none() {
            self.attempts = 0;
        }
        self
    }
}

//! Starting and ending a grant together with its memberships (architecture §7, promise R4).

use jiff::Timestamp;

use crate::{
    effect::{Membership, Privilege},
    grant::{EndCause, Grant},
    id::{GroupId, PrincipalId},
};

/// One effect of a grant and how its membership stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// The privilege.
    pub privilege: Privilege,
    /// The membership's row, if there is one.
    pub membership: Option<Membership>,
    /// How many *other* live grants owe the same membership.
    pub others: u32,
}

impl Owed {
    fn membership(self, principal: PrincipalId, now: Timestamp) -> Membership {
        self.membership.unwrap_or_else(|| Membership::unowed(&self.privilege, principal, now))
    }
}

/// What starting comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The grant, *InForce* or *Applying*.
    pub grant: Grant,
    /// Its memberships, all owed.
    pub memberships: Vec<Membership>,
}

/// What ending comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Over {
    /// The grant, *Ended* or *Ending*.
    pub grant: Grant,
    /// Memberships that stay on record, to be removed at the target.
    pub memberships: Vec<Membership>,
    /// Memberships of which nothing is left to do.
    pub dropped: Vec<(GroupId, PrincipalId)>,
}

/// Starts `grant` at `now`: every membership is owed from now on; in force at once when all are confirmed.
#[must_use]
pub fn start(grant: Grant, owed: Vec<Owed>, now: Timestamp) -> Started {
    let principal = grant.principal;
    let memberships: Vec<_> = owed.into_iter().map(|owed| owed.membership(principal, now).owed(now)).collect();
    let confirmed = memberships.iter().all(|membership| membership.in_force);
    Started { grant: grant.started(now, confirmed), memberships }
}

/// Ends `grant` as of `at`, decided at `now`: memberships that no other live grant owes are released.
#[must_use]
pub fn end(grant: Grant, owed: Vec<Owed>, at: Timestamp, cause: EndCause, now: Timestamp) -> Over {
    let principal = grant.principal;
    let (mut memberships, mut dropped) = (Vec::new(), Vec::new());
    for owed in owed {
        let (others, known) = (owed.others, owed.membership.is_some());
        if others > 0 || !known {
            continue;
        }
        let released = owed.membership(principal, now).released(now);
        if released.is_settled_away() {
            dropped.push((released.group, principal));
        } else {
            memberships.push(released);
        }
    }
    let grant = grant.over(at, cause, memberships.is_empty());
    Over { grant, memberships, dropped }
}

/// Every effect of an ending grant is either gone or owed by somebody else.
#[must_use]
pub fn is_gone(owed: &[Owed]) -> bool {
    owed.iter()
        .all(|owed| owed.membership.as_ref().is_none_or(|membership| membership.wanted || membership.due.is_none()))
}

/// Every effect of an applying grant is confirmed.
#[must_use]
pub fn is_in_force(owed: &[Owed]) -> bool {
    owed.iter().all(|owed| owed.membership.as_ref().is_some_and(|membership| membership.wanted && membership.in_force))
}

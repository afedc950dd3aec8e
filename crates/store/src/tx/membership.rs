//! Memberships at the targets: the reconciler's work list.

use ephor_domain::{
    effect::Membership,
    id::{GrantId, GroupId, PrincipalId, TargetId},
};
use jiff::Timestamp;

use super::{Tx, unwritten};
use crate::Fault;

/// A membership with the names a target knows it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The membership.
    pub membership: Membership,
    /// The target's name for the group.
    pub group_native: String,
    /// How the group entry holds members: `member`, `uniqueMember`, `memberUid`.
    pub attribute: String,
    /// The target's name for the account; `None` when it is not known there.
    pub account_native: Option<String>,
    /// The account's login name at the target.
    pub login: Option<String>,
    /// Latest end of the live grants that owe it: the time to live (R5). `None` when one has no end, or none is live.
    pub until: Option<Timestamp>,
    /// What the last failed attempt said.
    pub last_fault: Option<String>,
    /// Highest alarm raised for it: 0 none, then 1, 2, 3 at 30 s, 5 min, 1 h.
    pub alarm: u8,
}

impl Tx {
    /// The membership row of an account in a group.
    ///
    /// # Errors
    /// As any statement.
    pub async fn membership(&mut self, _group: GroupId, _principal: PrincipalId) -> Result<Option<Membership>, Fault> {
        unwritten()
    }

    /// Memberships of one target whose next attempt is due at or before `now`, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn due_memberships(
        &mut self,
        _target: TargetId,
        _now: Timestamp,
        _limit: u32,
    ) -> Result<Vec<Placed>, Fault> {
        unwritten()
    }

    /// When the next attempt at a target is due.
    ///
    /// # Errors
    /// As any statement.
    pub async fn next_due_membership(&mut self, _target: TargetId) -> Result<Option<Timestamp>, Fault> {
        unwritten()
    }

    /// Counts an attempt for each before it is made, and puts the next one to `again`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn claim_memberships(
        &mut self,
        _members: &[(GroupId, PrincipalId)],
        _again: Timestamp,
    ) -> Result<(), Fault> {
        unwritten()
    }

    /// An attempt failed: what it said and when to try again.
    ///
    /// # Errors
    /// As any statement.
    pub async fn membership_failed(
        &mut self,
        _group: GroupId,
        _principal: PrincipalId,
        _fault: &str,
        _again: Timestamp,
    ) -> Result<(), Fault> {
        unwritten()
    }

    /// Grants in phase *Applying* or *Ending* with an effect on this membership.
    ///
    /// # Errors
    /// As any statement.
    pub async fn grants_waiting_on(&mut self, _group: GroupId, _principal: PrincipalId) -> Result<Vec<GrantId>, Fault> {
        unwritten()
    }

    /// Live grants that owe this membership.
    ///
    /// # Errors
    /// As any statement.
    pub async fn grants_owing(&mut self, _group: GroupId, _principal: PrincipalId) -> Result<Vec<GrantId>, Fault> {
        unwritten()
    }

    /// All membership rows of a group, by account, for the comparison with what the target holds.
    ///
    /// # Errors
    /// As any statement.
    pub async fn memberships_of_group(
        &mut self,
        _group: GroupId,
        _after: Option<PrincipalId>,
        _limit: u32,
    ) -> Result<Vec<Placed>, Fault> {
        unwritten()
    }

    /// All membership rows of an account.
    ///
    /// # Errors
    /// As any statement.
    pub async fn memberships_of(&mut self, _principal: PrincipalId) -> Result<Vec<Placed>, Fault> {
        unwritten()
    }

    /// Removals that are not confirmed although `wanted` fell at or before `since`, with an alarm level below `below`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn overdue_removals(&mut self, _since: Timestamp, _below: u8, _limit: u32) -> Result<Vec<Placed>, Fault> {
        unwritten()
    }

    /// When the oldest removal at a target that is not confirmed and has an alarm level of `level` was due.
    ///
    /// # Errors
    /// As any statement.
    pub async fn oldest_removal(&mut self, _target: TargetId, _level: u8) -> Result<Option<Timestamp>, Fault> {
        super::unwritten()
    }

    /// Notes the highest alarm raised for a membership.
    ///
    /// # Errors
    /// As any statement.
    pub async fn raise_alarm(&mut self, _group: GroupId, _principal: PrincipalId, _level: u8) -> Result<(), Fault> {
        unwritten()
    }

    /// Standing members of a built-in group, by account.
    ///
    /// # Errors
    /// As any statement.
    pub async fn standing_members(
        &mut self,
        _group: GroupId,
        _after: Option<PrincipalId>,
        _limit: u32,
    ) -> Result<Vec<PrincipalId>, Fault> {
        unwritten()
    }

    /// Makes an account a standing member of a built-in group, or ends that.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_standing_member(
        &mut self,
        _group: GroupId,
        _principal: PrincipalId,
        _member: bool,
    ) -> Result<(), Fault> {
        unwritten()
    }

    /// Is the account a member of the built-in group at `now`: standing, or by a membership in force that a grant before
    /// its end owes?
    ///
    /// # Errors
    /// As any statement.
    pub async fn is_member(
        &mut self,
        _group: GroupId,
        _principal: PrincipalId,
        _now: Timestamp,
    ) -> Result<bool, Fault> {
        unwritten()
    }
}

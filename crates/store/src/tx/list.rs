//! Lists of requests and approvals, paged by key.

use ephor_domain::{
    approval::Approval,
    grant::Grant,
    id::{EntitlementId, GrantId, PersonId, PrincipalId, RequestId},
    pam::Role,
    principal::Principal,
    request::Request,
};
use jiff::Timestamp;

use super::{Cursor, Tx, unwritten};
use crate::Fault;

/// A request in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The request.
    pub request: Request,
    /// The grant it made.
    pub grant: Option<Grant>,
    /// Where the list goes on after this row.
    pub cursor: Cursor,
}

/// A request that waits for somebody's decision (`PAM 6.3`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToApprove {
    /// The request.
    pub request: Request,
    /// The open approval.
    pub approval: Approval,
    /// Name of the role.
    pub role: String,
    /// Who asked.
    pub requester: Principal,
    /// Where the list goes on after this row.
    pub cursor: Cursor,
}

/// Sorts of requests by where they stand in the store; the clock may say more (`pam::status::view`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StateGroup {
    /// Waits at a gate.
    Waiting,
    /// Has a grant that is not ended for good.
    Granted,
    /// Finished.
    Finished,
}

/// Which requests an administrator wants to see.
#[derive(Debug, Clone, Default)]
pub struct RequestFilter {
    /// Of this holder.
    pub principal: Option<PrincipalId>,
    /// For this role.
    pub role: Option<EntitlementId>,
    /// Where they stand; empty means anywhere.
    pub groups: Vec<StateGroup>,
    /// Made at or after this instant.
    pub created_from: Option<Timestamp>,
}

impl Tx {
    /// The roles a principal is a candidate of, by name, then id (`PAM 7.1`).
    ///
    /// # Errors
    /// As any statement.
    pub async fn pam_roles_of(&mut self, _principal: PrincipalId) -> Result<Vec<Role>, Fault> {
        unwritten()
    }

    /// A principal's own requests in the order of `PAM 7.3`: those with a real expiration ascending by it, then the others
    /// ascending by creation. Fewer than `limit` rows are the end.
    ///
    /// # Errors
    /// As any statement.
    pub async fn pam_requests_ordered(
        &mut self,
        _principal: PrincipalId,
        _after: Option<Cursor>,
        _limit: u32,
    ) -> Result<Vec<Listed>, Fault> {
        unwritten()
    }

    /// Requests in `PendingApproval` at `now` that `principal` may decide on, ascending by creation (`PAM 7.5`): he is an
    /// approver of the role, and neither requester nor holder is of his `person`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn pam_to_approve(
        &mut self,
        _principal: PrincipalId,
        _person: PersonId,
        _now: Timestamp,
        _after: Option<Cursor>,
        _limit: u32,
    ) -> Result<Vec<ToApprove>, Fault> {
        unwritten()
    }

    /// All PAM requests that fit, newest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn pam_requests_admin(
        &mut self,
        _filter: &RequestFilter,
        _after: Option<RequestId>,
        _limit: u32,
    ) -> Result<Vec<Listed>, Fault> {
        unwritten()
    }

    /// Requests that wait at a gate, of one principal, one role, both, or all. Oldest first, at most `limit`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn open_requests(
        &mut self,
        _principal: Option<PrincipalId>,
        _role: Option<EntitlementId>,
        _limit: u32,
    ) -> Result<Vec<RequestId>, Fault> {
        unwritten()
    }

    /// Grants that are not *Ended*, of one principal, one role, both, or all. Oldest first, at most `limit`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn open_grants(
        &mut self,
        _principal: Option<PrincipalId>,
        _role: Option<EntitlementId>,
        _limit: u32,
    ) -> Result<Vec<GrantId>, Fault> {
        unwritten()
    }

    /// Grants of one line that are not *Ended*, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn live_grants_of_line(
        &mut self,
        _principal: PrincipalId,
        _role: EntitlementId,
    ) -> Result<Vec<Grant>, Fault> {
        unwritten()
    }

    /// Is the principal active in the entitlement at `now`: some grant of the line in force, before its end?
    ///
    /// # Errors
    /// As any statement.
    pub async fn is_active(
        &mut self,
        _principal: PrincipalId,
        _role: EntitlementId,
        _now: Timestamp,
    ) -> Result<bool, Fault> {
        unwritten()
    }
}

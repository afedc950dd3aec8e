//! Other people's requests: seen, cancelled, ended at once (`PAM-120`, seams §14).

use std::collections::HashMap;

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    id::{EntitlementId, GrantId, PrincipalId, RequestId},
    pam::PamStatus,
    text::Justification,
};
use ephor_store::{
    Tx,
    tx::{list::RequestFilter, list::StateGroup, lock::Lock},
};
use jiff::Timestamp;

use super::{
    Listing,
    desk::{Command, Desk, Files, Query, Subject},
};
use crate::{
    answer::Answer,
    pam::{
        PamRequest,
        end::{Why, end_case, open},
        read::case,
    },
};

/// A request with the names that people know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminRequest {
    /// The request as it stands.
    pub request: PamRequest,
    /// Name of the role, also of one that is deleted.
    pub role_name: Option<String>,
    /// `DOMAIN\account` of the holder; `None` once the account is deleted.
    pub username: Option<String>,
}

/// Names met before, so that a page asks for each once.
#[derive(Default)]
struct Names {
    roles: HashMap<EntitlementId, Option<String>>,
    users: HashMap<PrincipalId, Option<String>>,
}

impl Names {
    async fn put(&mut self, tx: &mut Tx, request: PamRequest) -> Answer<AdminRequest> {
        let (role, user) = (request.request.entitlement, request.request.principal);
        let role_name = match self.roles.get(&role) {
            Some(known) => known.clone(),
            None => {
                let name = tx.role_name(role).await?;
                self.roles.insert(role, name.clone());
                name
            }
        };
        let username = match self.users.get(&user) {
            Some(known) => known.clone(),
            None => {
                let name = tx.principal(user).await?.map(|principal| principal.username());
                self.users.insert(user, name.clone());
                name
            }
        };
        Ok(AdminRequest { request, role_name, username })
    }
}

/// Requests of everybody, newest first.
#[derive(Debug, Clone, Default)]
pub struct ListRequests {
    /// Of this holder.
    pub user: Option<PrincipalId>,
    /// For this role.
    pub role: Option<EntitlementId>,
    /// In one of these states; empty is any.
    pub statuses: Vec<PamStatus>,
    /// Made at or after this instant.
    pub created_from: Option<Timestamp>,
    /// Goes on here.
    pub after: Option<RequestId>,
    /// Most rows.
    pub limit: u32,
}

impl Query for ListRequests {
    type Output = Listing<AdminRequest, RequestId>;

    fn subject(&self) -> Subject {
        Subject { role: self.role, user: self.user, ..Subject::NONE }
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let filter = RequestFilter {
            principal: self.user,
            role: self.role,
            groups: groups(&self.statuses),
            created_from: self.created_from,
        };
        let (mut rows, mut after, mut names) = (Vec::new(), self.after, Names::default());
        loop {
            let page = files.tx.pam_requests_admin(&filter, after, self.limit).await?;
            let is_last = page.len() < self.limit as usize;
            for row in page {
                let id = row.request.id;
                after = Some(id);
                let request = PamRequest::at(row.request, row.grant, files.now);
                if self.statuses.is_empty() || self.statuses.contains(&request.view.status) {
                    rows.push(names.put(files.tx, request).await?);
                }
                if rows.len() >= self.limit as usize {
                    return Ok(Listing { rows, next: Some(id) });
                }
            }
            if is_last {
                return Ok(Listing { rows, next: None });
            }
        }
    }
}

/// Where requests of these states may be found in the store. The clock may have moved one on that the store has not.
fn groups(statuses: &[PamStatus]) -> Vec<StateGroup> {
    let mut groups = Vec::new();
    for status in statuses {
        let found_in: &[StateGroup] = match status {
            PamStatus::PendingMfa | PamStatus::PendingApproval => &[StateGroup::Waiting],
            PamStatus::Processing | PamStatus::Scheduled | PamStatus::Active | PamStatus::Closing => {
                &[StateGroup::Granted]
            }
            PamStatus::Closed | PamStatus::Expired => &[StateGroup::Finished],
            PamStatus::Rejected => &[StateGroup::Waiting, StateGroup::Finished],
        };
        for group in found_in {
            if !groups.contains(group) {
                groups.push(*group);
            }
        }
    }
    groups
}

/// One request, whoever's it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetRequest {
    /// Which.
    pub request: RequestId,
}

impl Query for GetRequest {
    type Output = AdminRequest;

    fn subject(&self) -> Subject {
        Subject::request(self.request)
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<AdminRequest> {
        let case = case(files.tx, self.request).await?.ok_or(Refusal::NotFound { what: "request" })?;
        let request = PamRequest::at(case.request, case.grant, files.now);
        Names::default().put(files.tx, request).await
    }
}

/// Cancels one request of PAM, of anybody: what has ended stays as it is (`PAM 9.3`). Other providers have rules of their own
/// for that; [`EndGrant`] ends what they gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelRequest {
    /// Which.
    pub request: RequestId,
}

impl Command for CancelRequest {
    type Output = AdminRequest;

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        Subject::request(self.request)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<AdminRequest> {
        let owner = desk.tx.owner_of_request(self.request).await?.ok_or(Refusal::NotFound { what: "request" })?;
        desk.tx.lock(&[Lock::Exclusive(owner.principal.uuid())]).await?;
        let found = case(desk.tx, self.request).await?.ok_or(Refusal::NotFound { what: "request" })?;
        end_case(desk.ledger(), found, Why::ADMINISTRATOR);
        desk.flush().await?;
        let case = case(desk.tx, self.request).await?.ok_or(Refusal::NotFound { what: "request" })?;
        let request = PamRequest::at(case.request, case.grant, desk.now());
        Names::default().put(desk.tx, request).await
    }
}

/// Cancels everything that is open by PAM of a user, of a role, of both together, or of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelAll {
    /// Of this user.
    pub user: Option<PrincipalId>,
    /// For this role.
    pub role: Option<EntitlementId>,
}

impl Command for CancelAll {
    /// How many were open.
    type Output = u64;

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        Subject { role: self.role, user: self.user, ..Subject::NONE }
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<u64> {
        if let Some(user) = self.user {
            desk.tx.principal(user).await?.ok_or(Refusal::NotFound { what: "user" })?;
        }
        if let Some(role) = self.role {
            desk.tx.role_name(role).await?.ok_or(Refusal::NotFound { what: "role" })?;
        }
        let owners = open(desk.tx, self.user, self.role).await?;
        let mut locks: Vec<_> = owners.iter().map(|owner| Lock::Exclusive(owner.principal.uuid())).collect();
        locks.dedup();
        desk.tx.lock(&locks).await?;
        let mut ended = 0;
        for owner in owners {
            let Some(found) = case(desk.tx, owner.request).await? else { continue };
            end_case(desk.ledger(), found, Why::ADMINISTRATOR);
            ended += u64::from(!desk.ledger().is_empty());
            // One batch each, so that shared memberships are counted right (R4).
            desk.flush().await?;
        }
        Ok(ended)
    }
}

/// Ends a grant of any provider at once: no five-minute rule holds against it (seams §14).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndGrant {
    /// The grant.
    pub grant: GrantId,
    /// Why, for the record.
    pub reason: Option<Justification>,
}

impl Command for EndGrant {
    type Output = AdminRequest;

    fn right(&self) -> Right {
        Right::End
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<AdminRequest> {
        let owner = desk.tx.owner_of_grant(self.grant).await?.ok_or(Refusal::NotFound { what: "grant" })?;
        desk.tx.lock(&[Lock::Exclusive(owner.principal.uuid())]).await?;
        let case = desk.tx.grant_case(self.grant).await?.ok_or(Refusal::NotFound { what: "grant" })?;
        let subject =
            Subject { role: Some(owner.entitlement), user: Some(owner.principal), ..Subject::request(owner.request) };
        let is_open = case.grant.as_ref().is_some_and(|grant| grant.is_open());
        if is_open {
            let (grant, reason) = (self.grant.uuid(), self.reason);
            desk.changed(events::EMERGENCY_END, subject, |record| {
                let record = record.detail("grant", grant);
                match reason {
                    Some(reason) => record.erasable_text("justification", reason.as_str()),
                    None => record,
                }
            });
            end_case(desk.ledger(), case, Why::ADMINISTRATOR);
            let facts = [("principal", owner.principal.to_string()), ("grant", self.grant.to_string())];
            desk.alarm("emergency.ended", grant, facts);
            desk.flush().await?;
        }
        let case = desk.tx.request_case(owner.request).await?.ok_or(Refusal::NotFound { what: "request" })?;
        let request = PamRequest::at(case.request, case.grant, desk.now());
        Names::default().put(desk.tx, request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_timed_out_unnoticed_is_found_among_the_waiting_ones() {
        assert_eq!(groups(&[PamStatus::Rejected]), [StateGroup::Waiting, StateGroup::Finished]);
        assert_eq!(groups(&[PamStatus::Active, PamStatus::Closing]), [StateGroup::Granted]);
        assert_eq!(groups(&[]), []);
    }
}

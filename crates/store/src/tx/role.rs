//! PAM roles with their candidates, approvers and privileges.

use ephor_domain::{
    approval::Approver,
    effect::Privilege,
    id::{EligibilityId, EntitlementId, GroupId, PersonId, PrincipalId},
    pam::{Role, group::Group},
    principal::Principal,
    provider::Provider,
};
use jiff::Timestamp;

use super::{Page, Tx, unwritten};
use crate::Fault;

/// An eligibility schedule: on `pam` one row for each candidate, without end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eligibility {
    /// Key.
    pub id: EligibilityId,
    /// Who may activate.
    pub principal: PrincipalId,
    /// What.
    pub entitlement: EntitlementId,
    /// Family of rules.
    pub provider: Provider,
    /// From when.
    pub start: Timestamp,
    /// Until when; `None` is for good.
    pub end: Option<Timestamp>,
    /// When it was given.
    pub created: Timestamp,
    /// Who gave it.
    pub created_by: Option<PrincipalId>,
}

/// A candidate of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The account.
    pub principal: Principal,
    /// The schedule.
    pub eligibility: Eligibility,
}

/// An approver of a role, with the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedApprover {
    /// The account.
    pub principal: Principal,
    /// What decisions look at.
    pub approver: Approver,
}

impl Tx {
    /// A role that is not deleted.
    ///
    /// # Errors
    /// As any statement.
    pub async fn role(&mut self, _id: EntitlementId) -> Result<Option<Role>, Fault> {
        unwritten()
    }

    /// A role by its name, case-blind.
    ///
    /// # Errors
    /// As any statement.
    pub async fn role_named(&mut self, _name: &str) -> Result<Option<Role>, Fault> {
        unwritten()
    }

    /// The name of a role, deleted ones included: for history.
    ///
    /// # Errors
    /// As any statement.
    pub async fn role_name(&mut self, _id: EntitlementId) -> Result<Option<String>, Fault> {
        unwritten()
    }

    /// Roles by name.
    ///
    /// # Errors
    /// As any statement.
    pub async fn roles(&mut self, _page: &Page) -> Result<Vec<Role>, Fault> {
        unwritten()
    }

    /// Stores a new role.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `pam_role_name` when the name is taken.
    pub async fn insert_role(&mut self, _role: &Role) -> Result<(), Fault> {
        unwritten()
    }

    /// Stores the policy of a role; false when it is not there.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `pam_role_name` when the name is taken.
    pub async fn update_role(&mut self, _role: &Role) -> Result<bool, Fault> {
        unwritten()
    }

    /// Deletes a role: its name stays for history, candidates, approvers and privileges go.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_role(&mut self, _id: EntitlementId, _at: Timestamp) -> Result<bool, Fault> {
        unwritten()
    }

    /// Candidates of a role by account, after `after`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn candidates(
        &mut self,
        _role: EntitlementId,
        _after: Option<PrincipalId>,
        _limit: u32,
    ) -> Result<Vec<Candidate>, Fault> {
        unwritten()
    }

    /// Is the principal a candidate of the role?
    ///
    /// # Errors
    /// As any statement.
    pub async fn is_candidate(&mut self, _principal: PrincipalId, _role: EntitlementId) -> Result<bool, Fault> {
        unwritten()
    }

    /// Stores an eligibility.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `eligibility_line` when the principal is a candidate already.
    pub async fn insert_eligibility(&mut self, _eligibility: &Eligibility) -> Result<(), Fault> {
        unwritten()
    }

    /// Takes a principal out of the candidates of a role; false when it was none.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_eligibility(&mut self, _principal: PrincipalId, _role: EntitlementId) -> Result<bool, Fault> {
        unwritten()
    }

    /// Approvers of a role, by account.
    ///
    /// # Errors
    /// As any statement.
    pub async fn approvers(&mut self, _role: EntitlementId) -> Result<Vec<NamedApprover>, Fault> {
        unwritten()
    }

    /// Names an approver.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `approver` when he is one already.
    pub async fn insert_approver(
        &mut self,
        _role: EntitlementId,
        _principal: PrincipalId,
        _named_by: Option<PersonId>,
        _named_at: Timestamp,
    ) -> Result<(), Fault> {
        unwritten()
    }

    /// Takes an approver away; false when he was none.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_approver(&mut self, _role: EntitlementId, _principal: PrincipalId) -> Result<bool, Fault> {
        unwritten()
    }

    /// Roles for which a principal is an approver, by name.
    ///
    /// # Errors
    /// As any statement.
    pub async fn roles_approved_by(&mut self, _principal: PrincipalId) -> Result<Vec<Role>, Fault> {
        unwritten()
    }

    /// Groups a role gives membership of, by id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn privileges(&mut self, _role: EntitlementId) -> Result<Vec<Privilege>, Fault> {
        unwritten()
    }

    /// The same with all that is known of the groups, by display name.
    ///
    /// # Errors
    /// As any statement.
    pub async fn privilege_groups(&mut self, _role: EntitlementId) -> Result<Vec<Group>, Fault> {
        unwritten()
    }

    /// Adds a group to what a role gives.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `privilege` when it is there already.
    pub async fn insert_privilege(&mut self, _role: EntitlementId, _group: GroupId) -> Result<(), Fault> {
        unwritten()
    }

    /// Takes a group from what a role gives; false when it was not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_privilege(&mut self, _role: EntitlementId, _group: GroupId) -> Result<bool, Fault> {
        unwritten()
    }
}

//! A principal's place in a role: what a new request is judged on.

use ephor_domain::{
    effect::{Membership, Privilege},
    id::{EntitlementId, PrincipalId},
    pam::Role,
    principal::Principal,
};

use super::{Tx, unwritten};
use crate::Fault;

/// What the store knows of a principal and a PAM role.
#[derive(Debug, Clone, Default)]
pub struct PamStanding {
    /// The principal.
    pub principal: Option<Principal>,
    /// It is the PRIV principal of a PAM user.
    pub is_pam_user: bool,
    /// The role, whether or not the principal is a candidate.
    pub role: Option<Role>,
    /// The principal is a candidate of the role.
    pub is_candidate: bool,
    /// A principal of the same person is an approver of the role.
    pub is_approver: bool,
    /// What the role gives.
    pub privileges: Vec<Privilege>,
    /// The principal's memberships in those groups, as far as there are rows.
    pub memberships: Vec<Membership>,
    /// A target of the role is unwritable, or one of its groups inactive.
    pub unwritable: bool,
}

impl Tx {
    /// Loads the principal's place in the role, in one round trip.
    ///
    /// # Errors
    /// As any statement.
    pub async fn pam_standing(&mut self, _principal: PrincipalId, _role: EntitlementId) -> Result<PamStanding, Fault> {
        unwritten()
    }
}

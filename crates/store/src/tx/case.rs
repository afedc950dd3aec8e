//! A request with all that a decision on it needs.

use ephor_domain::{
    approval::{Approval, Approver},
    grant::Grant,
    id::{ApprovalId, GrantId, RequestId},
    life::Owed,
    pam::Role,
    principal::Principal,
    request::Request,
};

use super::{Tx, unwritten};
use crate::Fault;

/// A request and what hangs on it.
#[derive(Debug, Clone)]
pub struct RequestCase {
    /// The request.
    pub request: Request,
    /// The grant it made.
    pub grant: Option<Grant>,
    /// Its approval, open or decided.
    pub approval: Option<Approval>,
    /// The role; `None` once it is deleted.
    pub role: Option<Role>,
    /// The holder is still a candidate of the role.
    pub is_candidate: bool,
    /// A principal of the holder's person is an approver of the role.
    pub is_approver: bool,
    /// The holder.
    pub principal: Principal,
    /// The holder is the PRIV principal of a PAM user.
    pub is_pam_user: bool,
    /// Who may decide; empty once the request is past its gates.
    pub approvers: Vec<Approver>,
    /// Effects of the grant once it has started, else what the role gives. Empty for an ended grant.
    pub owed: Vec<Owed>,
    /// A target of the role is unwritable, or one of its groups inactive.
    pub unwritable: bool,
}

impl Tx {
    /// Loads a request with all that hangs on it.
    ///
    /// # Errors
    /// As any statement.
    pub async fn request_case(&mut self, _id: RequestId) -> Result<Option<RequestCase>, Fault> {
        unwritten()
    }

    /// The case of the request that an approval decides.
    ///
    /// # Errors
    /// As any statement.
    pub async fn approval_case(&mut self, _id: ApprovalId) -> Result<Option<RequestCase>, Fault> {
        unwritten()
    }

    /// The case of the request that made a grant.
    ///
    /// # Errors
    /// As any statement.
    pub async fn grant_case(&mut self, _id: GrantId) -> Result<Option<RequestCase>, Fault> {
        unwritten()
    }
}

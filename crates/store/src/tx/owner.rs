//! Whose a request or grant is: read before the locks, so that they can be taken in order.

use ephor_domain::id::{EntitlementId, GrantId, PrincipalId, RequestId};

use super::Tx;
use crate::Fault;

/// Whose it is, and of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The request.
    pub request: RequestId,
    /// Who holds or is to hold.
    pub principal: PrincipalId,
    /// What is held or to be held.
    pub entitlement: EntitlementId,
}

impl Tx {
    /// Whose a request is.
    ///
    /// # Errors
    /// As any statement.
    pub async fn owner_of_request(&mut self, _id: RequestId) -> Result<Option<Owner>, Fault> {
        super::unwritten()
    }

    /// Whose a grant is.
    ///
    /// # Errors
    /// As any statement.
    pub async fn owner_of_grant(&mut self, _id: GrantId) -> Result<Option<Owner>, Fault> {
        super::unwritten()
    }
}

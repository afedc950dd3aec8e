//! Whose a request or grant is: read before the locks, so that they can be taken in order.

use ephor_domain::id::{EntitlementId, GrantId, PrincipalId, RequestId};

use super::Tx;
use crate::{
    Fault,
    sql::{Reader, Statement},
};

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

static OF_REQUEST: Statement =
    Statement::new("owner.of_request", "SELECT id, principal, entitlement FROM request WHERE id = $1");

static OF_GRANT: Statement =
    Statement::new("owner.of_grant", "SELECT request, principal, entitlement FROM access_grant WHERE id = $1");

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&OF_REQUEST, &OF_GRANT];

impl Tx {
    /// Whose a request is.
    ///
    /// # Errors
    /// As any statement.
    pub async fn owner_of_request(&mut self, id: RequestId) -> Result<Option<Owner>, Fault> {
        let found = self.first("request", &OF_REQUEST, vec![id.into()]).await?;
        found.map(|mut row| owner(&mut row)).transpose()
    }

    /// Whose a grant is.
    ///
    /// # Errors
    /// As any statement.
    pub async fn owner_of_grant(&mut self, id: GrantId) -> Result<Option<Owner>, Fault> {
        let found = self.first("access_grant", &OF_GRANT, vec![id.into()]).await?;
        found.map(|mut row| owner(&mut row)).transpose()
    }
}

fn owner(row: &mut Reader) -> Result<Owner, Fault> {
    Ok(Owner { request: row.id("request")?, principal: row.id("principal")?, entitlement: row.id("entitlement")? })
}

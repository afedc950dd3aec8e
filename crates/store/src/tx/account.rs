//! Accounts: what a target calls a principal.

use ephor_domain::id::{PrincipalId, TargetId};

use super::{Tx, unwritten};
use crate::Fault;

/// A principal's account at a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The principal.
    pub principal: PrincipalId,
    /// The directory.
    pub target: TargetId,
    /// The target's own name for it: the distinguished name in LDAP.
    pub native: String,
    /// Login name: `uid`, `sAMAccountName`.
    pub login: String,
}

impl Tx {
    /// A principal's account at a target.
    ///
    /// # Errors
    /// As any statement.
    pub async fn account_at(&mut self, _principal: PrincipalId, _target: TargetId) -> Result<Option<Account>, Fault> {
        unwritten()
    }

    /// All accounts of a principal.
    ///
    /// # Errors
    /// As any statement.
    pub async fn accounts_of(&mut self, _principal: PrincipalId) -> Result<Vec<Account>, Fault> {
        unwritten()
    }

    /// Stores an account, new or changed.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `account_native` when another principal has that account.
    pub async fn put_account(&mut self, _account: &Account) -> Result<(), Fault> {
        unwritten()
    }

    /// Forgets an account; false when it is not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_account(&mut self, _principal: PrincipalId, _target: TargetId) -> Result<bool, Fault> {
        unwritten()
    }
}

//! Persons: what linking and unlinking of accounts writes (seams §1).

use ephor_domain::id::{PersonId, PrincipalId};
use jiff::Timestamp;

use super::{Tx, unwritten};
use crate::Fault;

impl Tx {
    /// Makes one person of two: accounts of `from` are `into`'s from now on, and so is what `from` named (F13).
    ///
    /// # Errors
    /// As any statement.
    pub async fn merge_persons(&mut self, _from: PersonId, _into: PersonId) -> Result<(), Fault> {
        unwritten()
    }

    /// Accounts whose unlinking waits for open requests, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn pending_unlinks(&mut self) -> Result<Vec<PrincipalId>, Fault> {
        unwritten()
    }

    /// Notes that the unlinking of an account waits since `since`, or that it waits no longer.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_pending_unlink(&mut self, _account: PrincipalId, _since: Option<Timestamp>) -> Result<(), Fault> {
        unwritten()
    }
}

//! Leases: which node does what only one may do (seams §17).

use std::time::Duration;

use uuid::Uuid;

use super::Tx;
use crate::Fault;

/// A lease that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Grows each time the lease changes hands: the fencing number.
    pub epoch: u64,
    /// Somebody else held it before, or nobody for a while: wait out his last calls.
    pub taken_over: bool,
}

impl Tx {
    /// Takes a lease that is free, over or already ours; `None` while another holds it. On SQLite always granted: one
    /// process alone has the store open. Lives by the clock of the database.
    ///
    /// # Errors
    /// As any statement.
    pub async fn lease_take(&mut self, name: &str, holder: Uuid, ttl: Duration) -> Result<Option<Lease>, Fault> {
        self.session.lease_take(name, holder, ttl).await
    }

    /// Renews a lease of this epoch; false when it is not ours any more.
    ///
    /// # Errors
    /// As any statement.
    pub async fn lease_renew(&mut self, name: &str, holder: Uuid, epoch: u64, ttl: Duration) -> Result<bool, Fault> {
        self.session.lease_renew(name, holder, epoch, ttl).await
    }

    /// Gives a lease back.
    ///
    /// # Errors
    /// As any statement.
    pub async fn lease_release(&mut self, name: &str, holder: Uuid, epoch: u64) -> Result<(), Fault> {
        self.session.lease_release(name, holder, epoch).await
    }
}

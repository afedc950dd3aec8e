//! Locks that order commands which meet on something that is no row yet.

use ephor_domain::id::{EntitlementId, PrincipalId};
use uuid::Uuid;

use super::Tx;
use crate::Fault;

/// What a command holds to its end. On SQLite, where commands run one by one, nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lock {
    /// Together with other shared holders of the same id.
    Shared(Uuid),
    /// Alone.
    Exclusive(Uuid),
    /// Alone on one principal × one entitlement.
    Line(PrincipalId, EntitlementId),
}

impl Tx {
    /// Takes locks, in an order that cannot deadlock. Call it once, before the first read: it travels with that.
    ///
    /// # Errors
    /// As any statement.
    pub async fn lock(&mut self, locks: &[Lock]) -> Result<(), Fault> {
        self.session.lock(locks).await
    }
}

//! Memberships that end soon: what is kept in memory so that their removal never waits for the store (seams §16).

use jiff::Timestamp;

use super::{Tx, membership::Placed, unwritten};
use crate::Fault;

impl Tx {
    /// Memberships at outside targets that are wanted and whose last live grant ends at or before `before`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn memberships_until(&mut self, _before: Timestamp, _limit: u32) -> Result<Vec<Placed>, Fault> {
        unwritten()
    }
}

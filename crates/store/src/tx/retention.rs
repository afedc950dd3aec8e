//! What goes when its time is over (`PAM 15.4`).

use ephor_domain::id::RequestId;
use jiff::Timestamp;

use super::{Tx, unwritten};
use crate::Fault;

impl Tx {
    /// Deletes requests that were finished before `before`, with grant and approval, at most `limit`; answers how many.
    /// Requests that are not finished are never deleted.
    ///
    /// # Errors
    /// As any statement.
    pub async fn purge_finished(&mut self, _before: Timestamp, _limit: u32) -> Result<Vec<RequestId>, Fault> {
        unwritten()
    }

    /// Deletes sessions, links and tokens that ended before `before`; answers how many.
    ///
    /// # Errors
    /// As any statement.
    pub async fn purge_credentials(&mut self, _before: Timestamp) -> Result<u64, Fault> {
        unwritten()
    }
}

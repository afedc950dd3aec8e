//! What happens at an instant without anybody's doing.

use ephor_domain::id::{GrantId, RequestId};
use jiff::Timestamp;

use super::{Tx, unwritten};
use crate::Fault;

impl Tx {
    /// The next instant at which a request or a grant is due; outbox and memberships have their own.
    ///
    /// # Errors
    /// As any statement.
    pub async fn next_due(&mut self) -> Result<Option<Timestamp>, Fault> {
        unwritten()
    }

    /// Requests whose gate closes at or before `now`, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn due_requests(&mut self, _now: Timestamp, _limit: u32) -> Result<Vec<RequestId>, Fault> {
        unwritten()
    }

    /// Grants that start, give up or end at or before `now`, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn due_grants(&mut self, _now: Timestamp, _limit: u32) -> Result<Vec<GrantId>, Fault> {
        unwritten()
    }
}

//! The outbox: what was decided and is still to be told.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Tx, unwritten};
use crate::Fault;

/// Something to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Key, ordered by creation.
    pub id: Uuid,
    /// What it is: chooses the deliverer.
    pub kind: String,
    /// JSON.
    pub payload: String,
    /// When to try next.
    pub due: Timestamp,
    /// Tries so far.
    pub attempts: u32,
}

impl Tx {
    /// Takes what is due at `now`, oldest first, and puts the next try of each to `again`, so that no other worker takes it
    /// before. Attempts are counted here.
    ///
    /// # Errors
    /// As any statement.
    pub async fn claim_outbox(
        &mut self,
        _now: Timestamp,
        _again: Timestamp,
        _limit: u32,
    ) -> Result<Vec<Outgoing>, Fault> {
        unwritten()
    }

    /// Delivered: the row goes.
    ///
    /// # Errors
    /// As any statement.
    pub async fn outbox_done(&mut self, _id: Uuid) -> Result<(), Fault> {
        unwritten()
    }

    /// Not delivered: tried again at `due`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn outbox_retry(&mut self, _id: Uuid, _due: Timestamp) -> Result<(), Fault> {
        unwritten()
    }

    /// When the next one is due.
    ///
    /// # Errors
    /// As any statement.
    pub async fn next_due_outbox(&mut self) -> Result<Option<Timestamp>, Fault> {
        unwritten()
    }
}

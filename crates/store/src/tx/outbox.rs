//! The outbox: what was decided and is still to be told.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Tx, row};
use crate::{
    Fault,
    sql::{Op, Statement},
};

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

static CLAIM: Statement = Statement::new(
    "outbox.claim",
    "UPDATE outbox SET attempts = attempts + 1, due = $2 WHERE id IN (SELECT id FROM outbox WHERE due <= $1 \
     ORDER BY due, id LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING id, kind, payload, due, attempts",
);

static DONE: Statement = Statement::new("outbox.done", "DELETE FROM outbox WHERE id = $1");

static RETRY: Statement = Statement::new("outbox.retry", "UPDATE outbox SET due = $2 WHERE id = $1");

static NEXT: Statement = Statement::new("outbox.next", "SELECT due FROM outbox ORDER BY due, id LIMIT 1");

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&CLAIM, &DONE, &RETRY, &NEXT];

impl Tx {
    /// Takes what is due at `now`, oldest first, and puts the next try of each to `again`, so that no other worker takes it
    /// before. Attempts are counted here.
    ///
    /// # Errors
    /// As any statement.
    pub async fn claim_outbox(&mut self, now: Timestamp, again: Timestamp, limit: u32) -> Result<Vec<Outgoing>, Fault> {
        let values = vec![now.into(), again.into(), limit.into()];
        let claimed = self.all("outbox", &CLAIM, values, |row| {
            Ok(Outgoing {
                id: row.uuid("id")?,
                kind: row.text("kind")?,
                payload: row.text("payload")?,
                due: row.instant("due")?,
                attempts: row.small_count("attempts")?,
            })
        });
        let mut claimed = claimed.await?;
        // The rows come in no order; their ids are in order of creation.
        claimed.sort_by_key(|out| out.id);
        Ok(claimed)
    }

    /// Delivered: the row goes.
    ///
    /// # Errors
    /// As any statement.
    pub async fn outbox_done(&mut self, id: Uuid) -> Result<(), Fault> {
        self.session.write(vec![Op::Run(DONE.with([id.into()]))]).await
    }

    /// Not delivered: tried again at `due`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn outbox_retry(&mut self, id: Uuid, due: Timestamp) -> Result<(), Fault> {
        self.session.write(vec![Op::Run(RETRY.with([id.into(), due.into()]))]).await
    }

    /// When the next one is due.
    ///
    /// # Errors
    /// As any statement.
    pub async fn next_due_outbox(&mut self) -> Result<Option<Timestamp>, Fault> {
        row::first_instant("outbox", self.session.rows(&NEXT, vec![]).await?)
    }
}

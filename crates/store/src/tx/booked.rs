//! Memberships that end soon: what is kept in memory so that their removal never waits for the store (seams §16).

use jiff::Timestamp;

use super::{
    Tx,
    membership::{Placed, placed, read_placed},
};
use crate::{Fault, sql::Statement};

// Driven by the grants that end soon, of which there are few, not by all memberships.
static UNTIL: Statement = Statement::new(
    "booked.until",
    concat!(
        placed!(),
        "WHERE (m.group_id, m.principal) IN (SELECT e.group_id, e.principal FROM access_grant d \
         JOIN effect e ON e.grant_id = d.id AND e.live WHERE d.due IS NOT NULL AND d.due <= $1) \
         AND m.wanted AND NOT m.built_in AND NOT EXISTS (SELECT 1 FROM effect x JOIN access_grant l ON l.id = x.grant_id \
         WHERE x.group_id = m.group_id AND x.principal = m.principal AND x.live AND (l.end_at > $1 OR l.end_at IS NULL)) \
         ORDER BY m.group_id, m.principal LIMIT $2"
    ),
);

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&UNTIL];

impl Tx {
    /// Memberships at outside targets that are wanted and whose last live grant ends at or before `before`, by group and
    /// account.
    ///
    /// # Errors
    /// As any statement.
    pub async fn memberships_until(&mut self, before: Timestamp, limit: u32) -> Result<Vec<Placed>, Fault> {
        self.all("membership", &UNTIL, vec![before.into(), limit.into()], read_placed).await
    }
}

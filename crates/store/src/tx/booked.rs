//! Memberships that end soon: what is kept in memory so that their removal never waits for the store (seams §16).

use ephor_domain::{
    effect::Prior,
    id::{GroupId, PrincipalId},
};
use jiff::Timestamp;

use super::{
    Tx, code,
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

// Asked again at the instant: another grant may owe it by now.
static RELEASE: Statement = Statement::new(
    "booked.release",
    "UPDATE membership SET wanted = FALSE, since = $3, due = $3, attempts = 1, last_fault = NULL, alarm = 0 \
     WHERE group_id = $1 AND principal = $2 AND wanted AND NOT built_in AND prior = $4 \
     AND EXISTS (SELECT 1 FROM effect o WHERE o.group_id = $1 AND o.principal = $2 AND o.live) \
     AND NOT EXISTS (SELECT 1 FROM effect x JOIN access_grant l ON l.id = x.grant_id \
     WHERE x.group_id = $1 AND x.principal = $2 AND x.live AND (l.end_at > $3 OR l.end_at IS NULL)) RETURNING principal",
);

static REMOVED: Statement = Statement::new(
    "booked.removed",
    "DELETE FROM membership WHERE group_id = $1 AND principal = $2 AND NOT wanted RETURNING principal",
);

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&UNTIL, &RELEASE, &REMOVED];

impl Tx {
    /// Memberships at outside targets that are wanted and whose last live grant ends at or before `before`, by group and
    /// account.
    ///
    /// # Errors
    /// As any statement.
    pub async fn memberships_until(&mut self, before: Timestamp, limit: u32) -> Result<Vec<Placed>, Fault> {
        self.all("membership", &UNTIL, vec![before.into(), limit.into()], read_placed).await
    }

    /// Lets these memberships go when every live grant that owes them is over by `now`, and counts the attempt to remove
    /// them: the one commit before the removal is sent. False for those that somebody still owes, or that are let go
    /// already. Each is named once; whoever calls holds the locks of the accounts.
    ///
    /// # Errors
    /// As any statement.
    pub async fn release_over(
        &mut self,
        members: &[(GroupId, PrincipalId)],
        now: Timestamp,
    ) -> Result<Vec<bool>, Fault> {
        // What people had before is not ours to take.
        let ours = || code::of(Prior::Absent);
        let values =
            members.iter().map(|(group, principal)| vec![(*group).into(), (*principal).into(), now.into(), ours()]);
        let rows = self.session.many(&RELEASE, values.collect()).await?;
        Ok(rows.iter().map(|rows| !rows.is_empty()).collect())
    }

    /// Drops memberships whose removal is confirmed. False for those that are owed again by now, or are not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn drop_removed(&mut self, members: &[(GroupId, PrincipalId)]) -> Result<Vec<bool>, Fault> {
        let values = members.iter().map(|(group, principal)| vec![(*group).into(), (*principal).into()]);
        let rows = self.session.many(&REMOVED, values.collect()).await?;
        Ok(rows.iter().map(|rows| !rows.is_empty()).collect())
    }
}

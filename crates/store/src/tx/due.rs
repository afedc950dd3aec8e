//! What happens at an instant without anybody's doing.

use ephor_domain::id::{GrantId, RequestId};
use jiff::Timestamp;

use super::{Tx, line, row};
use crate::{Fault, sql::Statement};

static NEXT_REQUEST: Statement =
    Statement::new("due.next_request", "SELECT due FROM request WHERE due IS NOT NULL ORDER BY due LIMIT 1");

static NEXT_GRANT: Statement =
    Statement::new("due.next_grant", "SELECT due FROM access_grant WHERE due IS NOT NULL ORDER BY due LIMIT 1");

static REQUESTS: Statement = Statement::new(
    "due.requests",
    "SELECT id FROM request WHERE due IS NOT NULL AND due <= $1 ORDER BY due, id LIMIT $2",
);

static GRANTS: Statement = Statement::new(
    "due.grants",
    "SELECT id FROM access_grant WHERE due IS NOT NULL AND due <= $1 ORDER BY due, id LIMIT $2",
);

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&NEXT_REQUEST, &NEXT_GRANT, &REQUESTS, &GRANTS];

impl Tx {
    /// The next instant at which a request, a grant or an eligibility is due; outbox and memberships have their own.
    ///
    /// # Errors
    /// As any statement.
    pub async fn next_due(&mut self) -> Result<Option<Timestamp>, Fault> {
        let calls = [NEXT_REQUEST.with([]), NEXT_GRANT.with([]), line::NEXT.with([])];
        let [request, grant, line] = self.session.rows_of(calls).await?;
        let request = row::first_instant("request", request)?;
        let grant = row::first_instant("access_grant", grant)?;
        let line = row::first_instant("line", line)?;
        Ok(request.into_iter().chain(grant).chain(line).min())
    }

    /// Requests whose gate closes at or before `now`, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn due_requests(&mut self, now: Timestamp, limit: u32) -> Result<Vec<RequestId>, Fault> {
        self.all("request", &REQUESTS, vec![now.into(), limit.into()], |row| row.id("id")).await
    }

    /// Grants that start, give up or end at or before `now`, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn due_grants(&mut self, now: Timestamp, limit: u32) -> Result<Vec<GrantId>, Fault> {
        self.all("access_grant", &GRANTS, vec![now.into(), limit.into()], |row| row.id("id")).await
    }
}

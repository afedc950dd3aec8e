//! Browser sessions.

use ephor_domain::id::PrincipalId;
use jiff::Timestamp;

use super::Tx;
use crate::{
    Fault,
    sql::{Reader, Statement, Value},
};

/// A browser session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Hash of the cookie's secret.
    pub hash: Vec<u8>,
    /// Who signed in.
    pub principal: PrincipalId,
    /// When.
    pub created: Timestamp,
    /// When it was last used, to the minute or so.
    pub last_seen: Timestamp,
    /// When it ends at the latest.
    pub expires: Timestamp,
    /// JSON of how the sign-in went: methods, instants, address.
    pub facts: String,
}

static BY_HASH: Statement = Statement::new(
    "session.by_hash",
    "SELECT hash, principal, created, last_seen, expires, facts FROM session WHERE hash = $1",
);
static OF_PRINCIPAL: Statement = Statement::new(
    "session.of_principal",
    "SELECT hash, principal, created, last_seen, expires, facts FROM session WHERE principal = $1 ORDER BY created DESC, hash",
);
static PUT: Statement = Statement::new(
    "session.put",
    "INSERT INTO session (hash, principal, created, last_seen, expires, facts) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (hash) DO UPDATE SET last_seen = excluded.last_seen, expires = excluded.expires, facts = excluded.facts",
);
static DELETE: Statement = Statement::new("session.delete", "DELETE FROM session WHERE hash = $1");
static DELETE_ALL: Statement = Statement::new("session.delete_all", "DELETE FROM session WHERE principal = $1");

/// All statements, for tests of schema and plans.
#[cfg(test)]
pub(super) const ALL: &[&Statement] = &[&BY_HASH, &OF_PRINCIPAL, &PUT, &DELETE, &DELETE_ALL];

impl Tx {
    /// The session with this hash, whatever its age.
    ///
    /// # Errors
    /// As any statement.
    pub async fn session(&mut self, hash: &[u8]) -> Result<Option<Session>, Fault> {
        match self.first("session", &BY_HASH, vec![hash.into()]).await? {
            Some(mut row) => read(&mut row).map(Some),
            None => Ok(None),
        }
    }

    /// Sessions of a principal, newest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn sessions_of(&mut self, principal: PrincipalId) -> Result<Vec<Session>, Fault> {
        self.all("session", &OF_PRINCIPAL, vec![principal.into()], read).await
    }

    /// Stores a session, new or changed.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_session(&mut self, session: &Session) -> Result<(), Fault> {
        let values: Vec<Value> = vec![
            session.hash.clone().into(),
            session.principal.into(),
            session.created.into(),
            session.last_seen.into(),
            session.expires.into(),
            session.facts.clone().into(),
        ];
        self.session.exec(&PUT, values).await.map(drop)
    }

    /// Ends a session; false when it is not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_session(&mut self, hash: &[u8]) -> Result<bool, Fault> {
        Ok(self.session.exec(&DELETE, vec![hash.into()]).await? > 0)
    }

    /// Ends all sessions of a principal.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_sessions_of(&mut self, principal: PrincipalId) -> Result<u64, Fault> {
        self.session.exec(&DELETE_ALL, vec![principal.into()]).await
    }
}

fn read(row: &mut Reader) -> Result<Session, Fault> {
    Ok(Session {
        hash: row.bytes("hash")?,
        principal: row.id("principal")?,
        created: row.instant("created")?,
        last_seen: row.instant("last_seen")?,
        expires: row.instant("expires")?,
        facts: row.text("facts")?,
    })
}

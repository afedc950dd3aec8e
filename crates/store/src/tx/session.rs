//! Browser sessions.

use ephor_domain::id::PrincipalId;
use jiff::Timestamp;

use super::{Tx, unwritten};
use crate::Fault;

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

impl Tx {
    /// The session with this hash, whatever its age.
    ///
    /// # Errors
    /// As any statement.
    pub async fn session(&mut self, _hash: &[u8]) -> Result<Option<Session>, Fault> {
        unwritten()
    }

    /// Sessions of a principal, newest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn sessions_of(&mut self, _principal: PrincipalId) -> Result<Vec<Session>, Fault> {
        unwritten()
    }

    /// Stores a session, new or changed.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_session(&mut self, _session: &Session) -> Result<(), Fault> {
        unwritten()
    }

    /// Ends a session; false when it is not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_session(&mut self, _hash: &[u8]) -> Result<bool, Fault> {
        unwritten()
    }

    /// Ends all sessions of a principal.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_sessions_of(&mut self, _principal: PrincipalId) -> Result<u64, Fault> {
        unwritten()
    }
}

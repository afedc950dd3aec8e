//! What a person signs in with: password hashes, second factors, enrolment links.

use ephor_domain::id::PrincipalId;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Tx, unwritten};
use crate::Fault;

/// The password of a local account.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// The account.
    pub principal: PrincipalId,
    /// Argon2 text.
    pub hash: String,
    /// When it was set.
    pub changed: Timestamp,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("principal", &self.principal).finish_non_exhaustive()
    }
}

/// A second factor.
#[derive(Clone, PartialEq, Eq)]
pub struct Factor {
    /// Key.
    pub id: Uuid,
    /// Whose.
    pub principal: PrincipalId,
    /// `totp`, `webauthn`, …
    pub kind: String,
    /// Name for people.
    pub label: String,
    /// Sealed secret or public key, as the kind has it.
    pub secret: Vec<u8>,
    /// Last time step or signature counter that was accepted: a code works once.
    pub counter: i64,
    /// When it was enrolled.
    pub created: Timestamp,
}

impl std::fmt::Debug for Factor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Factor").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A link that lets its bearer set up an account, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Hash of the secret in the link.
    pub hash: Vec<u8>,
    /// Whose account.
    pub principal: PrincipalId,
    /// What it allows: `password`, `factor`, …
    pub purpose: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

impl Tx {
    /// The password hash of an account.
    ///
    /// # Errors
    /// As any statement.
    pub async fn credential(&mut self, _principal: PrincipalId) -> Result<Option<Credential>, Fault> {
        unwritten()
    }

    /// Sets the password hash of an account.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_credential(&mut self, _credential: &Credential) -> Result<(), Fault> {
        unwritten()
    }

    /// Forgets the password of an account; false when it had none.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_credential(&mut self, _principal: PrincipalId) -> Result<bool, Fault> {
        unwritten()
    }

    /// Second factors of an account, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn factors(&mut self, _principal: PrincipalId) -> Result<Vec<Factor>, Fault> {
        unwritten()
    }

    /// Stores a new factor.
    ///
    /// # Errors
    /// As any statement.
    pub async fn insert_factor(&mut self, _factor: &Factor) -> Result<(), Fault> {
        unwritten()
    }

    /// Uses a factor up to `counter`; false when that or a later one was used before (S4).
    ///
    /// # Errors
    /// As any statement.
    pub async fn use_factor(&mut self, _id: Uuid, _counter: i64) -> Result<bool, Fault> {
        unwritten()
    }

    /// Removes a factor of an account; false when it is not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_factor(&mut self, _principal: PrincipalId, _id: Uuid) -> Result<bool, Fault> {
        unwritten()
    }

    /// Stores a new link.
    ///
    /// # Errors
    /// As any statement.
    pub async fn insert_enrolment(&mut self, _enrolment: &Enrolment) -> Result<(), Fault> {
        unwritten()
    }

    /// A link that is still good at `now`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn enrolment(&mut self, _hash: &[u8], _now: Timestamp) -> Result<Option<Enrolment>, Fault> {
        unwritten()
    }

    /// Uses a link up and answers it; `None` when it is unknown, used or over.
    ///
    /// # Errors
    /// As any statement.
    pub async fn take_enrolment(&mut self, _hash: &[u8], _now: Timestamp) -> Result<Option<Enrolment>, Fault> {
        unwritten()
    }
}

//! What a person signs in with: password hashes, second factors, enrolment links.

use ephor_domain::id::PrincipalId;
use jiff::Timestamp;
use uuid::Uuid;

use super::Tx;
use crate::{
    Fault,
    sql::{Reader, Statement},
};

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

static READ: Statement =
    Statement::new("credential.read", "SELECT principal, hash, changed FROM credential WHERE principal = $1");

static PUT: Statement = Statement::new(
    "credential.put",
    "INSERT INTO credential (principal, hash, changed) VALUES ($1, $2, $3) \
     ON CONFLICT (principal) DO UPDATE SET hash = excluded.hash, changed = excluded.changed",
);

static DELETE: Statement = Statement::new("credential.delete", "DELETE FROM credential WHERE principal = $1");

static FACTORS: Statement = Statement::new(
    "factor.list",
    "SELECT id, principal, kind, label, secret, counter, created FROM factor WHERE principal = $1 ORDER BY created, id",
);

static INSERT_FACTOR: Statement = Statement::new(
    "factor.insert",
    "INSERT INTO factor (id, principal, kind, label, secret, counter, created) VALUES ($1, $2, $3, $4, $5, $6, $7)",
);

static USE_FACTOR: Statement =
    Statement::new("factor.use", "UPDATE factor SET counter = $2 WHERE id = $1 AND counter < $2");

static DELETE_FACTOR: Statement =
    Statement::new("factor.delete", "DELETE FROM factor WHERE principal = $1 AND id = $2");

static INSERT_ENROLMENT: Statement = Statement::new(
    "enrolment.insert",
    "INSERT INTO enrolment (hash, principal, purpose, created, expires) VALUES ($1, $2, $3, $4, $5)",
);

static ENROLMENT: Statement = Statement::new(
    "enrolment.read",
    "SELECT hash, principal, purpose, created, expires FROM enrolment WHERE hash = $1 AND expires > $2",
);

static TAKE_ENROLMENT: Statement = Statement::new(
    "enrolment.take",
    "DELETE FROM enrolment WHERE hash = $1 AND expires > $2 RETURNING hash, principal, purpose, created, expires",
);

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[
    &READ,
    &PUT,
    &DELETE,
    &FACTORS,
    &INSERT_FACTOR,
    &USE_FACTOR,
    &DELETE_FACTOR,
    &INSERT_ENROLMENT,
    &ENROLMENT,
    &TAKE_ENROLMENT,
];

impl Tx {
    /// The password hash of an account.
    ///
    /// # Errors
    /// As any statement.
    pub async fn credential(&mut self, principal: PrincipalId) -> Result<Option<Credential>, Fault> {
        let found = self.first("credential", &READ, vec![principal.into()]).await?;
        let read = |mut row: Reader| {
            Ok(Credential {
                principal: row.id("principal")?,
                hash: row.text("hash")?,
                changed: row.instant("changed")?,
            })
        };
        found.map(read).transpose()
    }

    /// Sets the password hash of an account.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_credential(&mut self, credential: &Credential) -> Result<(), Fault> {
        let values = vec![credential.principal.into(), credential.hash.as_str().into(), credential.changed.into()];
        self.session.exec(&PUT, values).await.map(drop)
    }

    /// Forgets the password of an account; false when it had none.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_credential(&mut self, principal: PrincipalId) -> Result<bool, Fault> {
        Ok(self.session.exec(&DELETE, vec![principal.into()]).await? > 0)
    }

    /// Second factors of an account, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn factors(&mut self, principal: PrincipalId) -> Result<Vec<Factor>, Fault> {
        self.all("factor", &FACTORS, vec![principal.into()], |row| {
            Ok(Factor {
                id: row.uuid("id")?,
                principal: row.id("principal")?,
                kind: row.text("kind")?,
                label: row.text("label")?,
                secret: row.bytes("secret")?,
                counter: row.int("counter")?,
                created: row.instant("created")?,
            })
        })
        .await
    }

    /// Stores a new factor.
    ///
    /// # Errors
    /// As any statement.
    pub async fn insert_factor(&mut self, factor: &Factor) -> Result<(), Fault> {
        let values = vec![
            factor.id.into(),
            factor.principal.into(),
            factor.kind.as_str().into(),
            factor.label.as_str().into(),
            factor.secret.as_slice().into(),
            factor.counter.into(),
            factor.created.into(),
        ];
        self.session.exec(&INSERT_FACTOR, values).await.map(drop)
    }

    /// Uses a factor up to `counter`; false when that or a later one was used before (S4).
    ///
    /// # Errors
    /// As any statement.
    pub async fn use_factor(&mut self, id: Uuid, counter: i64) -> Result<bool, Fault> {
        Ok(self.session.exec(&USE_FACTOR, vec![id.into(), counter.into()]).await? > 0)
    }

    /// Removes a factor of an account; false when it is not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_factor(&mut self, principal: PrincipalId, id: Uuid) -> Result<bool, Fault> {
        Ok(self.session.exec(&DELETE_FACTOR, vec![principal.into(), id.into()]).await? > 0)
    }

    /// Stores a new link.
    ///
    /// # Errors
    /// As any statement.
    pub async fn insert_enrolment(&mut self, enrolment: &Enrolment) -> Result<(), Fault> {
        let values = vec![
            enrolment.hash.as_slice().into(),
            enrolment.principal.into(),
            enrolment.purpose.as_str().into(),
            enrolment.created.into(),
            enrolment.expires.into(),
        ];
        self.session.exec(&INSERT_ENROLMENT, values).await.map(drop)
    }

    /// A link that is still good at `now`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn enrolment(&mut self, hash: &[u8], now: Timestamp) -> Result<Option<Enrolment>, Fault> {
        let found = self.first("enrolment", &ENROLMENT, vec![hash.into(), now.into()]).await?;
        found.map(|mut row| read_enrolment(&mut row)).transpose()
    }

    /// Uses a link up and answers it; `None` when it is unknown, used or over.
    ///
    /// # Errors
    /// As any statement.
    pub async fn take_enrolment(&mut self, hash: &[u8], now: Timestamp) -> Result<Option<Enrolment>, Fault> {
        let found = self.first("enrolment", &TAKE_ENROLMENT, vec![hash.into(), now.into()]).await?;
        found.map(|mut row| read_enrolment(&mut row)).transpose()
    }
}

fn read_enrolment(row: &mut Reader) -> Result<Enrolment, Fault> {
    Ok(Enrolment {
        hash: row.bytes("hash")?,
        principal: row.id("principal")?,
        purpose: row.text("purpose")?,
        created: row.instant("created")?,
        expires: row.instant("expires")?,
    })
}

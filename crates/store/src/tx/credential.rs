//! What a person signs in with: password hashes, enrolment links.

use ephor_domain::{
    approval::{Given, Way},
    id::PrincipalId,
};
use jiff::Timestamp;

use super::{Tx, code, row};
use crate::{
    Fault,
    sql::{Reader, Statement},
};

/// The password of a local account.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// The account.
    pub principal: PrincipalId,
    /// Argon2 text, or what holds the account back.
    pub hash: String,
    /// When it was set.
    pub changed: Timestamp,
}

/// What stands in the place of a hash while an account is held back: no password fits it.
const HELD: &str = "held";

impl Credential {
    /// No way in at all, until a password is set: neither a password, here or at a directory, nor a ticket, nor an identity
    /// of an outside issuer.
    #[must_use]
    pub fn held(principal: PrincipalId, at: Timestamp) -> Self {
        Self { principal, hash: HELD.to_owned(), changed: at }
    }

    /// The account is held back.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.hash == HELD
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("principal", &self.principal).finish_non_exhaustive()
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

static GIVEN: Statement =
    Statement::new("way_in.list", "SELECT way, person, at FROM way_in WHERE principal = $1 ORDER BY way, person");

static PUT_GIVEN: Statement = Statement::new(
    "way_in.put",
    "INSERT INTO way_in (principal, way, person, at) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (principal, way, person) DO UPDATE SET at = excluded.at",
);

static FORGET_GIVEN: Statement =
    Statement::new("way_in.forget", "DELETE FROM way_in WHERE principal = $1 AND way = $2 AND at < $3");

static DELETE: Statement = Statement::new("credential.delete", "DELETE FROM credential WHERE principal = $1");

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

pub(super) static DELETE_ENROLMENTS: Statement =
    Statement::new("enrolment.delete_of", "DELETE FROM enrolment WHERE principal = $1");

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[
    &READ,
    &PUT,
    &GIVEN,
    &PUT_GIVEN,
    &FORGET_GIVEN,
    &DELETE,
    &INSERT_ENROLMENT,
    &ENROLMENT,
    &TAKE_ENROLMENT,
    &DELETE_ENROLMENTS,
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

    /// Who gave the account which way in.
    ///
    /// # Errors
    /// As any statement.
    pub async fn ways_in(&mut self, principal: PrincipalId) -> Result<Vec<Given>, Fault> {
        self.all("way_in", &GIVEN, vec![principal.into()], row::given).await
    }

    /// Notes who gave the account a way in.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_way_in(&mut self, principal: PrincipalId, given: Given) -> Result<(), Fault> {
        let values = vec![principal.into(), code::of(given.way), given.by.into(), given.at.into()];
        self.session.exec(&PUT_GIVEN, values).await.map(drop)
    }

    /// Forgets who gave the account such a way in before `before`: nothing of it is left.
    ///
    /// # Errors
    /// As any statement.
    pub async fn forget_ways_in(&mut self, principal: PrincipalId, way: Way, before: Timestamp) -> Result<(), Fault> {
        let values = vec![principal.into(), code::of(way), before.into()];
        self.session.exec(&FORGET_GIVEN, values).await.map(drop)
    }

    /// Forgets the password of an account; false when it had none.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_credential(&mut self, principal: PrincipalId) -> Result<bool, Fault> {
        Ok(self.session.exec(&DELETE, vec![principal.into()]).await? > 0)
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

    /// Ends all links of an account. Answers how many there were.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_enrolments_of(&mut self, principal: PrincipalId) -> Result<u64, Fault> {
        self.session.exec(&DELETE_ENROLMENTS, vec![principal.into()]).await
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

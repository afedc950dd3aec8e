//! Keys that sign tokens: the public half in clear, the private one sealed.

use jiff::Timestamp;

use super::Tx;
use crate::{
    Fault,
    sql::{Reader, Statement, Value},
};

/// A key that signs tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Its name in tokens.
    pub kid: String,
    /// What it signs with.
    pub algorithm: String,
    /// The public half, as a JSON Web Key.
    pub public: String,
    /// The private half, sealed.
    pub sealed: Vec<u8>,
    /// When it was made and first published.
    pub created: Timestamp,
    /// When it begins to sign.
    pub signs_from: Timestamp,
    /// When it ceases to sign.
    pub signs_until: Timestamp,
    /// When it ceases to be published: no token it signed counts after that.
    pub published_until: Timestamp,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

static LIST: Statement = Statement::new(
    "signing_key.list",
    "SELECT kid, algorithm, public_key, sealed, created, signs_from, signs_until, published_until FROM signing_key \
     ORDER BY signs_from, kid",
);
static INSERT: Statement = Statement::new(
    "signing_key.insert",
    "INSERT INTO signing_key (kid, algorithm, public_key, sealed, created, signs_from, signs_until, published_until) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
);
static END: Statement = Statement::new(
    "signing_key.end",
    "UPDATE signing_key SET signs_until = $1, published_until = $1 WHERE published_until > $1",
);
static PURGE: Statement = Statement::new("signing_key.purge", "DELETE FROM signing_key WHERE published_until < $1");

/// All statements, for tests of schema and plans.
#[cfg(test)]
pub(super) const ALL: &[&Statement] = &[&LIST, &INSERT, &END, &PURGE];

impl Tx {
    /// All keys, in the order in which they sign.
    ///
    /// # Errors
    /// As any statement.
    pub async fn signing_keys(&mut self) -> Result<Vec<SigningKey>, Fault> {
        self.all("signing_key", &LIST, vec![], read).await
    }

    /// Stores a new key.
    ///
    /// # Errors
    /// [`Fault::Conflict`] when there is a key of that name.
    pub async fn insert_signing_key(&mut self, key: &SigningKey) -> Result<(), Fault> {
        let values: Vec<Value> = vec![
            key.kid.clone().into(),
            key.algorithm.clone().into(),
            key.public.clone().into(),
            key.sealed.clone().into(),
            key.created.into(),
            key.signs_from.into(),
            key.signs_until.into(),
            key.published_until.into(),
        ];
        self.session.exec(&INSERT, values).await.map(drop)
    }

    /// Ends all keys at `at`: none of them signs or verifies from then on.
    ///
    /// # Errors
    /// As any statement.
    pub async fn end_signing_keys(&mut self, at: Timestamp) -> Result<u64, Fault> {
        self.session.exec(&END, vec![at.into()]).await
    }

    /// Deletes keys that ceased to be published before `before`; answers how many.
    ///
    /// # Errors
    /// As any statement.
    pub async fn purge_signing_keys(&mut self, before: Timestamp) -> Result<u64, Fault> {
        self.session.exec(&PURGE, vec![before.into()]).await
    }
}

fn read(row: &mut Reader) -> Result<SigningKey, Fault> {
    Ok(SigningKey {
        kid: row.text("kid")?,
        algorithm: row.text("algorithm")?,
        public: row.text("public_key")?,
        sealed: row.bytes("sealed")?,
        created: row.instant("created")?,
        signs_from: row.instant("signs_from")?,
        signs_until: row.instant("signs_until")?,
        published_until: row.instant("published_until")?,
    })
}

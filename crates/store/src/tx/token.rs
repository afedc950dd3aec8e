//! API tokens: opaque, hashed, scoped (seams §12).

use ephor_domain::id::{ApiTokenId, PrincipalId};
use jiff::Timestamp;

use super::Tx;
use crate::{
    Fault,
    sql::{Reader, Statement, Value},
};

/// An API token.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Key.
    pub id: ApiTokenId,
    /// Whom it stands for.
    pub principal: PrincipalId,
    /// Hash of the secret.
    pub hash: Vec<u8>,
    /// What it is good for.
    pub scopes: Vec<String>,
    /// Name for people.
    pub label: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was taken back.
    pub revoked: Option<Timestamp>,
}

impl std::fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiToken").field("id", &self.id).field("principal", &self.principal).finish_non_exhaustive()
    }
}

static BY_HASH: Statement = Statement::new(
    "token.by_hash",
    "SELECT id, principal, hash, scopes, label, created, expires, revoked FROM api_token WHERE hash = $1",
);
static OF_PRINCIPAL: Statement = Statement::new(
    "token.of_principal",
    "SELECT id, principal, hash, scopes, label, created, expires, revoked FROM api_token WHERE principal = $1 ORDER BY created DESC, id DESC",
);
static INSERT: Statement = Statement::new(
    "token.insert",
    "INSERT INTO api_token (id, principal, hash, scopes, label, created, expires, revoked) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
);
static REVOKE: Statement = Statement::new(
    "token.revoke",
    "UPDATE api_token SET revoked = $3 WHERE id = $1 AND principal = $2 AND revoked IS NULL",
);
static REVOKE_ALL: Statement =
    Statement::new("token.revoke_all", "UPDATE api_token SET revoked = $2 WHERE principal = $1 AND revoked IS NULL");

/// All statements, for tests of schema and plans.
#[cfg(test)]
pub(super) const ALL: &[&Statement] = &[&BY_HASH, &OF_PRINCIPAL, &INSERT, &REVOKE, &REVOKE_ALL];

impl Tx {
    /// The token with this hash, whatever its state.
    ///
    /// # Errors
    /// As any statement.
    pub async fn api_token(&mut self, hash: &[u8]) -> Result<Option<ApiToken>, Fault> {
        match self.first("api_token", &BY_HASH, vec![hash.into()]).await? {
            Some(mut row) => read(&mut row).map(Some),
            None => Ok(None),
        }
    }

    /// Tokens of a principal, newest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn api_tokens(&mut self, principal: PrincipalId) -> Result<Vec<ApiToken>, Fault> {
        self.all("api_token", &OF_PRINCIPAL, vec![principal.into()], read).await
    }

    /// Stores a new token.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `api_token_hash`.
    pub async fn insert_api_token(&mut self, token: &ApiToken) -> Result<(), Fault> {
        let scopes = token.scopes.join(" ");
        let values: Vec<Value> = vec![
            token.id.into(),
            token.principal.into(),
            token.hash.clone().into(),
            scopes.into(),
            token.label.clone().into(),
            token.created.into(),
            token.expires.into(),
            token.revoked.into(),
        ];
        self.session.exec(&INSERT, values).await.map(drop)
    }

    /// Takes a token of a principal back; false when there is none that is good.
    ///
    /// # Errors
    /// As any statement.
    pub async fn revoke_api_token(
        &mut self,
        principal: PrincipalId,
        id: ApiTokenId,
        at: Timestamp,
    ) -> Result<bool, Fault> {
        self.configure(&REVOKE, vec![id.into(), principal.into(), at.into()]).await
    }

    /// Takes all tokens of a principal back.
    ///
    /// # Errors
    /// As any statement.
    pub async fn revoke_api_tokens_of(&mut self, principal: PrincipalId, at: Timestamp) -> Result<bool, Fault> {
        self.configure(&REVOKE_ALL, vec![principal.into(), at.into()]).await
    }
}

fn read(row: &mut Reader) -> Result<ApiToken, Fault> {
    Ok(ApiToken {
        id: row.id("id")?,
        principal: row.id("principal")?,
        hash: row.bytes("hash")?,
        scopes: row.text("scopes")?.split_whitespace().map(str::to_owned).collect(),
        label: row.text("label")?,
        created: row.instant("created")?,
        expires: row.instant("expires")?,
        revoked: row.instant_or_null("revoked")?,
    })
}

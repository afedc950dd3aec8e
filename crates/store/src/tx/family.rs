//! Families of tokens: what stems from one sign-in and ends together; the codes and refresh tokens of a family.

use ephor_domain::id::{ClientId, PrincipalId, TokenFamilyId};
use jiff::Timestamp;

use super::Tx;
use crate::{
    Fault,
    sql::{Reader, Statement, Value},
};

/// Tokens of one sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFamily {
    /// Key.
    pub id: TokenFamilyId,
    /// Which application got them.
    pub client: ClientId,
    /// Whom they stand for.
    pub principal: PrincipalId,
    /// JSON of how the sign-in went.
    pub facts: String,
    /// When it was.
    pub created: Timestamp,
    /// When the last token of the family ends.
    pub expires: Timestamp,
    /// When they were taken back.
    pub revoked: Option<Timestamp>,
}

/// A code that stands for a family until it is redeemed, once.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationCode {
    /// Hash of the code.
    pub hash: Vec<u8>,
    /// Its family.
    pub family: TokenFamilyId,
    /// The address it was sent to.
    pub redirect: String,
    /// SHA-256 of what its redeemer must show, as base64url (RFC 7636).
    pub challenge: Option<String>,
    /// What was asked for.
    pub scopes: String,
    /// What the client wants to see in its id token.
    pub nonce: Option<String>,
    /// When it ends.
    pub expires: Timestamp,
}

impl std::fmt::Debug for AuthorizationCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthorizationCode").field("family", &self.family).finish_non_exhaustive()
    }
}

/// A refresh token: good once.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// Hash of the token.
    pub hash: Vec<u8>,
    /// Its family.
    pub family: TokenFamilyId,
    /// What it may be exchanged for.
    pub scopes: String,
    /// When it ends.
    pub expires: Timestamp,
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshToken").field("family", &self.family).finish_non_exhaustive()
    }
}

static READ: Statement = Statement::new(
    "token_family.read",
    "SELECT id, client, principal, facts, created, expires, revoked FROM token_family WHERE id = $1",
);
static INSERT: Statement = Statement::new(
    "token_family.insert",
    "INSERT INTO token_family (id, client, principal, facts, created, expires, revoked) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)",
);
static REVOKE: Statement =
    Statement::new("token_family.revoke", "UPDATE token_family SET revoked = $2 WHERE id = $1 AND revoked IS NULL");
static REVOKE_OF_PRINCIPAL: Statement = Statement::new(
    "token_family.revoke_of_principal",
    "UPDATE token_family SET revoked = $2 WHERE principal = $1 AND revoked IS NULL",
);
static REVOKE_OF_CLIENT: Statement = Statement::new(
    "token_family.revoke_of_client",
    "UPDATE token_family SET revoked = $2 WHERE client = $1 AND revoked IS NULL",
);
static REVOKED_SINCE: Statement = Statement::new(
    "token_family.revoked_since",
    "SELECT id, revoked FROM token_family WHERE revoked IS NOT NULL AND revoked >= $1 ORDER BY revoked",
);

static INSERT_CODE: Statement = Statement::new(
    "authorization_code.insert",
    "INSERT INTO authorization_code (hash, family, redirect, challenge, scopes, nonce, expires, used) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, NULL)",
);
static CODE: Statement = Statement::new(
    "authorization_code.read",
    "SELECT hash, family, redirect, challenge, scopes, nonce, expires FROM authorization_code WHERE hash = $1",
);
static USE_CODE: Statement = Statement::new(
    "authorization_code.use",
    "UPDATE authorization_code SET used = $2 WHERE hash = $1 AND used IS NULL",
);

static INSERT_REFRESH: Statement = Statement::new(
    "refresh_token.insert",
    "INSERT INTO refresh_token (hash, family, scopes, expires, used) VALUES ($1, $2, $3, $4, NULL)",
);
static REFRESH: Statement =
    Statement::new("refresh_token.read", "SELECT hash, family, scopes, expires FROM refresh_token WHERE hash = $1");
static USE_REFRESH: Statement =
    Statement::new("refresh_token.use", "UPDATE refresh_token SET used = $2 WHERE hash = $1 AND used IS NULL");

static USE_ASSERTION: Statement = Statement::new(
    "used_assertion.put",
    "INSERT INTO used_assertion (hash, expires) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING",
);

/// All statements, for tests of schema and plans.
#[cfg(test)]
pub(super) const ALL: &[&Statement] = &[
    &READ,
    &INSERT,
    &REVOKE,
    &REVOKE_OF_PRINCIPAL,
    &REVOKE_OF_CLIENT,
    &REVOKED_SINCE,
    &INSERT_CODE,
    &CODE,
    &USE_CODE,
    &INSERT_REFRESH,
    &REFRESH,
    &USE_REFRESH,
    &USE_ASSERTION,
];

impl Tx {
    /// A family, whatever its state.
    ///
    /// # Errors
    /// As any statement.
    pub async fn token_family(&mut self, id: TokenFamilyId) -> Result<Option<TokenFamily>, Fault> {
        let found = self.first("token_family", &READ, vec![id.into()]).await?;
        let read = |mut row: Reader| {
            Ok(TokenFamily {
                id: row.id("id")?,
                client: row.id("client")?,
                principal: row.id("principal")?,
                facts: row.text("facts")?,
                created: row.instant("created")?,
                expires: row.instant("expires")?,
                revoked: row.instant_or_null("revoked")?,
            })
        };
        found.map(read).transpose()
    }

    /// Stores a new family.
    ///
    /// # Errors
    /// As any statement.
    pub async fn insert_token_family(&mut self, family: &TokenFamily) -> Result<(), Fault> {
        let values: Vec<Value> = vec![
            family.id.into(),
            family.client.into(),
            family.principal.into(),
            family.facts.as_str().into(),
            family.created.into(),
            family.expires.into(),
            family.revoked.into(),
        ];
        self.session.exec(&INSERT, values).await.map(drop)
    }

    /// Takes the tokens of a family back; false when that was done before.
    ///
    /// # Errors
    /// As any statement.
    pub async fn revoke_token_family(&mut self, id: TokenFamilyId, at: Timestamp) -> Result<bool, Fault> {
        self.configure(&REVOKE, vec![id.into(), at.into()]).await
    }

    /// Takes all tokens that stand for a principal back; answers how many families that were.
    ///
    /// # Errors
    /// As any statement.
    pub async fn revoke_token_families_of(&mut self, principal: PrincipalId, at: Timestamp) -> Result<u64, Fault> {
        let revoked = self.session.exec(&REVOKE_OF_PRINCIPAL, vec![principal.into(), at.into()]).await?;
        self.reconfigured_by(revoked).await
    }

    /// Takes all tokens of people that an application got back; answers how many families that were.
    ///
    /// # Errors
    /// As any statement.
    pub async fn revoke_token_families_of_client(&mut self, client: ClientId, at: Timestamp) -> Result<u64, Fault> {
        let revoked = self.session.exec(&REVOKE_OF_CLIENT, vec![client.into(), at.into()]).await?;
        self.reconfigured_by(revoked).await
    }

    /// Families taken back at `since` or later, for whoever checks access tokens without the store.
    ///
    /// # Errors
    /// As any statement.
    pub async fn token_families_revoked_since(
        &mut self,
        since: Timestamp,
    ) -> Result<Vec<(TokenFamilyId, Timestamp)>, Fault> {
        let read = |row: &mut Reader| Ok((row.id("id")?, row.instant("revoked")?));
        self.all("token_family", &REVOKED_SINCE, vec![since.into()], read).await
    }

    /// Stores a new code.
    ///
    /// # Errors
    /// As any statement.
    pub async fn insert_authorization_code(&mut self, code: &AuthorizationCode) -> Result<(), Fault> {
        let values: Vec<Value> = vec![
            code.hash.as_slice().into(),
            code.family.into(),
            code.redirect.as_str().into(),
            code.challenge.clone().into(),
            code.scopes.as_str().into(),
            code.nonce.clone().into(),
            code.expires.into(),
        ];
        self.session.exec(&INSERT_CODE, values).await.map(drop)
    }

    /// The code with this hash, used or not.
    ///
    /// # Errors
    /// As any statement.
    pub async fn authorization_code(&mut self, hash: &[u8]) -> Result<Option<AuthorizationCode>, Fault> {
        let found = self.first("authorization_code", &CODE, vec![hash.into()]).await?;
        let read = |mut row: Reader| {
            Ok(AuthorizationCode {
                hash: row.bytes("hash")?,
                family: row.id("family")?,
                redirect: row.text("redirect")?,
                challenge: row.text_or_null("challenge")?,
                scopes: row.text("scopes")?,
                nonce: row.text_or_null("nonce")?,
                expires: row.instant("expires")?,
            })
        };
        found.map(read).transpose()
    }

    /// Uses a code up; false when it was used before.
    ///
    /// # Errors
    /// As any statement.
    pub async fn use_authorization_code(&mut self, hash: &[u8], at: Timestamp) -> Result<bool, Fault> {
        Ok(self.session.exec(&USE_CODE, vec![hash.into(), at.into()]).await? > 0)
    }

    /// Stores a new refresh token.
    ///
    /// # Errors
    /// As any statement.
    pub async fn insert_refresh_token(&mut self, token: &RefreshToken) -> Result<(), Fault> {
        let values: Vec<Value> =
            vec![token.hash.as_slice().into(), token.family.into(), token.scopes.as_str().into(), token.expires.into()];
        self.session.exec(&INSERT_REFRESH, values).await.map(drop)
    }

    /// The refresh token with this hash, used or not.
    ///
    /// # Errors
    /// As any statement.
    pub async fn refresh_token(&mut self, hash: &[u8]) -> Result<Option<RefreshToken>, Fault> {
        let found = self.first("refresh_token", &REFRESH, vec![hash.into()]).await?;
        let read = |mut row: Reader| {
            Ok(RefreshToken {
                hash: row.bytes("hash")?,
                family: row.id("family")?,
                scopes: row.text("scopes")?,
                expires: row.instant("expires")?,
            })
        };
        found.map(read).transpose()
    }

    /// Uses a refresh token up; false when it was used before.
    ///
    /// # Errors
    /// As any statement.
    pub async fn use_refresh_token(&mut self, hash: &[u8], at: Timestamp) -> Result<bool, Fault> {
        Ok(self.session.exec(&USE_REFRESH, vec![hash.into(), at.into()]).await? > 0)
    }

    /// Remembers a client's assertion until `expires`; false when it was used before.
    ///
    /// # Errors
    /// As any statement.
    pub async fn use_assertion(&mut self, hash: &[u8], expires: Timestamp) -> Result<bool, Fault> {
        Ok(self.session.exec(&USE_ASSERTION, vec![hash.into(), expires.into()]).await? > 0)
    }
}

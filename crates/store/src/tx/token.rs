//! API tokens: opaque, hashed, scoped (seams §12).

use ephor_domain::id::{ApiTokenId, PrincipalId};
use jiff::Timestamp;

use super::{Tx, unwritten};
use crate::Fault;

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

impl Tx {
    /// The token with this hash, whatever its state.
    ///
    /// # Errors
    /// As any statement.
    pub async fn api_token(&mut self, _hash: &[u8]) -> Result<Option<ApiToken>, Fault> {
        unwritten()
    }

    /// Tokens of a principal, newest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn api_tokens(&mut self, _principal: PrincipalId) -> Result<Vec<ApiToken>, Fault> {
        unwritten()
    }

    /// Stores a new token.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `api_token_hash`.
    pub async fn insert_api_token(&mut self, _token: &ApiToken) -> Result<(), Fault> {
        unwritten()
    }

    /// Takes a token of a principal back; false when there is none that is good.
    ///
    /// # Errors
    /// As any statement.
    pub async fn revoke_api_token(
        &mut self,
        _principal: PrincipalId,
        _id: ApiTokenId,
        _at: Timestamp,
    ) -> Result<bool, Fault> {
        unwritten()
    }

    /// Takes all tokens of a principal back.
    ///
    /// # Errors
    /// As any statement.
    pub async fn revoke_api_tokens_of(&mut self, _principal: PrincipalId, _at: Timestamp) -> Result<u64, Fault> {
        unwritten()
    }
}

//! What sign-in needs: accounts and their secrets, and somebody to tell.

use ephor_domain::{
    id::{ApiTokenId, PrincipalId},
    principal::Principal,
};
use ephor_store::{
    Fault,
    tx::{credential::Credential, session::Session, token::ApiToken},
};
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::{
    basis::{Basis, FactorMark},
    event::Event,
    secret::SecretHash,
};

/// An answer of the vault.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Fault>>;

/// Accounts, sessions and tokens. Each writing method writes its event in the same commit (A1).
pub trait Vault: Send + Sync + 'static {
    /// The account that a sign-in name means (seams §1), with its password hash.
    fn account_named<'a>(&'a self, spelling: &'a str) -> Answer<'a, Option<(Principal, Option<Credential>)>>;

    /// The account with this id.
    fn account(&self, principal: PrincipalId) -> Answer<'_, Option<Principal>>;

    /// The second factors of an account, oldest first, be they switched off or not.
    fn factors(&self, principal: PrincipalId) -> Answer<'_, Vec<FactorMark>>;

    /// The session with this hash and whose it is.
    fn session<'a>(&'a self, hash: &'a SecretHash) -> Answer<'a, Option<(Session, Principal)>>;

    /// The API token with this hash and whose it is.
    fn token<'a>(&'a self, hash: &'a SecretHash) -> Answer<'a, Option<(ApiToken, Principal)>>;

    /// Notes that a session was used.
    fn touch_session(&self, session: Session) -> Answer<'_, ()>;

    /// Stores `new` in the place of the session `old`, if there is one; false, and nothing is stored, when `basis` does not
    /// hold any more.
    fn replace_session(&self, old: Option<SecretHash>, new: Session, basis: Basis, event: Event) -> Answer<'_, bool>;

    /// Stores `new` in the place of the session `old`; false, and nothing is stored, when that has ended.
    fn renew_session(&self, old: SecretHash, new: Session, event: Event) -> Answer<'_, bool>;

    /// Ends a session; false when it is not there.
    fn end_session(&self, hash: Vec<u8>, event: Event) -> Answer<'_, bool>;

    /// Ends all sessions of an account but `keep`.
    fn end_sessions_of(&self, principal: PrincipalId, keep: Option<SecretHash>, event: Event) -> Answer<'_, ()>;

    /// Sessions of an account, newest first.
    fn sessions_of(&self, principal: PrincipalId) -> Answer<'_, Vec<Session>>;

    /// Stores a new API token, made in `session` if there is one.
    fn insert_token(&self, token: ApiToken, session: Option<SecretHash>, event: Event) -> Answer<'_, Inserted>;

    /// Takes an API token back; false when there is none that is good.
    fn revoke_token(&self, principal: PrincipalId, id: ApiTokenId, at: Timestamp, event: Event) -> Answer<'_, bool>;

    /// API tokens of an account, newest first.
    fn tokens_of(&self, principal: PrincipalId) -> Answer<'_, Vec<ApiToken>>;

    /// Sets a password and ends the sessions of the account but `keep`, in which it was set; false, and nothing is set,
    /// when that has ended.
    fn set_password(&self, credential: Credential, keep: Option<SecretHash>, event: Event) -> Answer<'_, bool>;
}

/// What became of a new API token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// It is good.
    Done,
    /// There are as many as there may be.
    TooMany,
    /// The session it was to be made in has ended, or its account.
    Ended,
}

/// Takes events that change nothing: failed sign-ins. It must not block; what it is given is already rate-limited.
pub trait Journal: Send + Sync + 'static {
    /// Takes one event for the record.
    fn note(&self, event: Event);
}

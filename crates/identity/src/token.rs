//! API tokens: opaque, shown once, stored hashed, scoped, at most 90 days (seams §12). They stand for one user, carry
//! no second factor, and make no tokens.

use std::{collections::BTreeSet, net::IpAddr};

use ephor_domain::id::ApiTokenId;
use ephor_store::tx::token::ApiToken;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{
    caller::{Caller, Denied, Reason, Via},
    event::{EventKind, FailureReason},
    identity::Identity,
    port::Inserted,
    secret::{self, Purpose, SecretHash},
};

/// What every token begins with, so that scanners of leaked secrets know it.
pub const PREFIX: &str = "eph_";

/// A token younger than this may decide approvals (seams §8).
pub const FRESH: SignedDuration = SignedDuration::from_hours(12);

/// Most tokens of one person.
pub const MOST: usize = 50;

/// What a token opens.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    Serialize,
    Deserialize,
)]
pub enum Scope {
    /// The PAM face.
    #[strum(serialize = "Pam.Use")]
    #[serde(rename = "Pam.Use")]
    PamUse,
    /// The admin face.
    #[strum(serialize = "Ephor.Admin")]
    #[serde(rename = "Ephor.Admin")]
    Admin,
    /// Checks of access, nothing else.
    #[strum(serialize = "Ephor.Check")]
    #[serde(rename = "Ephor.Check")]
    Check,
    /// SCIM towards us.
    #[strum(serialize = "Ephor.Scim")]
    #[serde(rename = "Ephor.Scim")]
    Scim,
    /// The Graph face.
    #[strum(serialize = "Graph.Use")]
    #[serde(rename = "Graph.Use")]
    GraphUse,
    /// The ARM face.
    #[strum(serialize = "Arm.Use")]
    #[serde(rename = "Arm.Use")]
    ArmUse,
    /// Metrics from afar.
    #[strum(serialize = "Ephor.Metrics")]
    #[serde(rename = "Ephor.Metrics")]
    Metrics,
}

/// A token as its person sees it: never the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenView {
    /// Names it in [`Identity::revoke_token`].
    pub id: ApiTokenId,
    /// Name for people.
    pub label: String,
    /// What it opens.
    pub scopes: BTreeSet<Scope>,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was taken back.
    pub revoked: Option<Timestamp>,
}

/// A token that has just been made.
#[derive(Debug)]
pub struct NewToken {
    /// As it will be listed.
    pub view: TokenView,
    /// The secret: shown once, known to nobody afterwards.
    pub secret: SecretString,
}

/// Why a token cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The caller himself came with a token.
    #[error("an API token cannot make tokens; sign in with your password")]
    NotByToken,
    /// No scope.
    #[error("a token needs at least one scope")]
    NoScope,
    /// The name is blank or too long.
    #[error("a token needs a name of at most 100 characters")]
    Label,
    /// The life is not positive or too long.
    #[error("a token lives at least a minute and at most {days} days")]
    Life {
        /// Most days allowed.
        days: i64,
    },
    /// Too many good tokens.
    #[error("there are {MOST} tokens already; take one back first")]
    TooMany,
    /// The store does not answer.
    #[error(transparent)]
    Denied(#[from] Denied),
}

/// Reads the scopes that a token is asked for.
///
/// # Errors
/// The first word that is no scope.
pub fn parse_scopes<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<BTreeSet<Scope>, String> {
    words.into_iter().map(|word| word.parse().map_err(|_| word.to_owned())).collect()
}

impl Identity {
    /// Makes a token that stands for the caller.
    ///
    /// # Errors
    /// What is wrong with the order.
    pub async fn make_token(
        &self,
        caller: &Caller,
        label: &str,
        scopes: BTreeSet<Scope>,
        life: SignedDuration,
    ) -> Result<NewToken, TokenError> {
        if matches!(caller.via, Via::ApiToken { .. } | Via::Token(_)) {
            return Err(TokenError::NotByToken);
        }
        if scopes.is_empty() {
            return Err(TokenError::NoScope);
        }
        let label = label.trim();
        if label.is_empty() || label.chars().count() > 100 || label.chars().any(char::is_control) {
            return Err(TokenError::Label);
        }
        let longest = self.settings.token_life;
        if life < SignedDuration::from_secs(60) || life > longest {
            return Err(TokenError::Life { days: longest.as_hours() / 24 });
        }
        let now = self.ports.clock.now();
        let secret = secret::fresh(self.ports.entropy.as_ref(), PREFIX);
        let token = ApiToken {
            id: ApiTokenId::new(self.ports.entropy.ordered_guid(now)),
            principal: caller.principal.id,
            hash: SecretHash::of(Purpose::ApiToken, &secret).as_bytes().to_vec(),
            scopes: scopes.iter().map(ToString::to_string).collect(),
            label: label.to_owned(),
            created: now,
            expires: now.saturating_add(life).unwrap_or(now),
            revoked: None,
        };
        let view = view_of(&token);
        let kind =
            EventKind::TokenMade { token: token.id, scopes: scopes.into_iter().collect(), expires: token.expires };
        let event = self.event_of(caller, now, kind);
        match self.ports.vault.insert_token(token, caller.session().cloned(), event).await.map_err(Denied::from)? {
            Inserted::Done => Ok(NewToken { view, secret }),
            Inserted::TooMany => Err(TokenError::TooMany),
            Inserted::Ended => Err(Denied::NotSignedIn(Reason::Ended).into()),
        }
    }

    /// The caller's tokens, newest first, with those that are over.
    ///
    /// # Errors
    /// [`Denied::Unavailable`].
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<TokenView>, Denied> {
        Ok(self.ports.vault.tokens_of(caller.principal.id).await?.iter().map(view_of).collect())
    }

    /// Takes one of the caller's tokens back; false when there is none that is good.
    ///
    /// # Errors
    /// [`Denied::Unavailable`].
    pub async fn revoke_token(&self, caller: &Caller, id: ApiTokenId) -> Result<bool, Denied> {
        let now = self.ports.clock.now();
        let event = self.event_of(caller, now, EventKind::TokenRevoked { token: id });
        Ok(self.ports.vault.revoke_token(caller.principal.id, id, now, event).await?)
    }

    pub(crate) async fn token_caller(&self, secret: &SecretString, address: IpAddr) -> Result<Caller, Denied> {
        let now = self.ports.clock.now();
        if !secret.expose_secret().starts_with(PREFIX) {
            return Err(Denied::NotSignedIn(Reason::NotAccepted));
        }
        let hash = SecretHash::of(Purpose::ApiToken, secret);
        let Some((token, principal)) = self.ports.vault.token(&hash).await? else {
            self.failed(None, address, FailureReason::UnknownToken, now);
            return Err(Denied::NotSignedIn(Reason::Wrong));
        };
        if now >= token.expires || token.revoked.is_some() {
            self.failed(Some(principal.id), address, FailureReason::EndedToken, now);
            return Err(Denied::NotSignedIn(Reason::Ended));
        }
        let view = view_of(&token);
        let via = Via::ApiToken { id: view.id, scopes: view.scopes, created: view.created };
        self.known(principal, via, address, now)
    }
}

/// A scope that this program does not know opens nothing.
fn view_of(token: &ApiToken) -> TokenView {
    TokenView {
        id: token.id,
        label: token.label.clone(),
        scopes: token.scopes.iter().filter_map(|word| word.parse().ok()).collect(),
        created: token.created,
        expires: token.expires,
        revoked: token.revoked,
    }
}

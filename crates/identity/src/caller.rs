//! The answer to "who is calling".

use std::collections::BTreeSet;

use ephor_domain::{
    authentication::{Method, Proofs},
    id::ApiTokenId,
    principal::{Actor, Principal},
};
use ephor_store::Fault;
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};

use crate::{
    bearer::{TokenFacts, TokenFault},
    secret::SecretHash,
    token::Scope,
};

/// A caller whose credentials were right and whose account may act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who gives orders to the engine.
    pub actor: Actor,
    /// The account that signed in.
    pub principal: Principal,
    /// By what.
    pub via: Via,
    /// The browser sends the credentials by itself, so the forgery rule holds (`PAM 3.5`).
    pub ambient: bool,
}

/// How a caller was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// Name and password with the call.
    Basic,
    /// A Kerberos ticket with the call.
    Kerberos {
        /// Our own proof for the client: the `WWW-Authenticate` line of the answer, whatever that says.
        answer: Option<HeaderValue>,
    },
    /// A session of the portal.
    Session {
        /// Which one.
        key: SecretHash,
        /// When it began.
        created: Timestamp,
        /// What was proved in it.
        proofs: Proofs,
    },
    /// An API token.
    ApiToken {
        /// Which one.
        id: ApiTokenId,
        /// What it opens.
        scopes: BTreeSet<Scope>,
        /// When it was made.
        created: Timestamp,
    },
    /// A signed token of an issuer.
    Token(Box<TokenFacts>),
}

impl Caller {
    /// What the credentials prove at `now`. An API token proves nothing about the person (seams §12).
    #[must_use]
    pub fn proofs(&self, now: Timestamp) -> Proofs {
        match &self.via {
            Via::Basic => Proofs::of(Method::Password, now),
            Via::Kerberos { .. } => Proofs::of(Method::Kerberos, now),
            Via::Session { proofs, .. } => proofs.clone(),
            Via::ApiToken { .. } => Proofs::default(),
            Via::Token(facts) => facts.proofs(),
        }
    }

    /// True when the credentials open this scope: tokens open what they name, all else opens everything. The scope of a
    /// signed token counts for a person, an app role of the same name for an application, and no application opens PAM
    /// (seams §12).
    #[must_use]
    pub fn has_scope(&self, scope: Scope) -> bool {
        match &self.via {
            Via::Basic | Via::Kerberos { .. } | Via::Session { .. } => true,
            Via::ApiToken { scopes, .. } => scopes.contains(&scope),
            Via::Token(facts) if facts.app_only => scope != Scope::PamUse && facts.has_role(scope.into()),
            Via::Token(facts) => facts.has_scope(scope.into()),
        }
    }

    /// The session that the caller came with.
    #[must_use]
    pub const fn session(&self) -> Option<&SecretHash> {
        match &self.via {
            Via::Session { key, .. } => Some(key),
            Via::Basic | Via::Kerberos { .. } | Via::ApiToken { .. } | Via::Token(_) => None,
        }
    }

    /// What the signed token states, if the caller came with one.
    #[must_use]
    pub fn token(&self) -> Option<&TokenFacts> {
        match &self.via {
            Via::Token(facts) => Some(facts),
            Via::Basic | Via::Kerberos { .. } | Via::Session { .. } | Via::ApiToken { .. } => None,
        }
    }

    /// Our own proof for a client that came with a ticket: a `WWW-Authenticate` line for the answer to this call.
    #[must_use]
    pub fn answer(&self) -> Option<&HeaderValue> {
        match &self.via {
            Via::Kerberos { answer } => answer.as_ref(),
            Via::Basic | Via::Session { .. } | Via::ApiToken { .. } | Via::Token(_) => None,
        }
    }
}

/// Why a call has no caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No credentials, or not the right ones: 401 with [`Accepted::challenges`]. The outside is never told which.
    #[error("not signed in")]
    NotSignedIn(Reason),
    /// The credentials are right, the account is disabled: `AccountDisabled` on PAM, 401 elsewhere (seams §1).
    #[error("the account is disabled")]
    Disabled(Box<Caller>),
    /// Too many failed attempts; the credentials were not looked at.
    #[error("too many failed sign-ins; try again later")]
    TooMany {
        /// When the next attempt will be looked at.
        retry_after: SignedDuration,
    },
    /// Too many passwords wait to be checked: 503.
    #[error("too many sign-ins at once; try again")]
    Busy,
    /// What would judge the credentials gives no answer, be it a directory or a key tab: 503.
    #[error("what would judge the credentials gives no answer; try again later")]
    Unanswered,
    /// The store does not answer: 503.
    #[error("sign-in is not available")]
    Unavailable(Fault),
}

impl From<Fault> for Denied {
    fn from(fault: Fault) -> Self {
        Self::Unavailable(fault)
    }
}

/// Why nobody is signed in; for log and record only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No credentials at all.
    Nothing,
    /// Credentials of a form that cannot be read, or two at once.
    Malformed,
    /// A kind of credentials that does not count here.
    NotAccepted,
    /// Wrong password, unknown account, unknown token or session.
    Wrong,
    /// The token or session is over.
    Ended,
    /// A signed token does not count.
    Token(TokenFault),
}

/// Which credentials count at a face (table of seams §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// HTTP Basic.
    pub basic: bool,
    /// Kerberos tickets, where they count at all ([`crate::Identity::takes_tickets`]).
    pub negotiate: bool,
    /// The portal's session cookie.
    pub session: bool,
    /// API tokens.
    pub api_token: bool,
    /// Signed tokens of an issuer.
    pub jwt: bool,
    /// The secret of a session as bearer token: how a program carries the word of a person. No browser sends it by itself.
    pub carried_session: bool,
}

impl Accepted {
    /// The PAM face.
    pub const PAM: Self =
        Self { basic: true, negotiate: true, session: true, api_token: true, jwt: true, carried_session: true };
    /// The Graph face: nothing a browser sends by itself.
    pub const GRAPH: Self = Self::API;
    /// The ARM face.
    pub const ARM: Self = Self::API;
    /// The portal.
    pub const PORTAL: Self =
        Self { basic: false, negotiate: false, session: true, api_token: false, jwt: false, carried_session: false };
    /// The admin face, SCIM, and metrics from afar: nothing a browser sends by itself.
    pub const API: Self =
        Self { basic: false, negotiate: false, session: false, api_token: true, jwt: true, carried_session: true };

    /// The `WWW-Authenticate` lines of a 401 without tickets, which [`crate::Identity::challenges`] knows of; a face that says more of tokens builds a [`crate::bearer::challenge::Challenge`].
    #[must_use]
    pub fn challenges(self) -> Vec<HeaderValue> {
        let mut lines = Vec::new();
        if self.basic {
            lines.push(HeaderValue::from_static("Basic realm=\"Ephor\", charset=\"UTF-8\""));
        }
        if self.api_token || self.jwt {
            lines.push(HeaderValue::from_static("Bearer realm=\"Ephor\""));
        }
        lines
    }
}

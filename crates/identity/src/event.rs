//! What the record is told of sign-in (`PAM 15.3`). Events hold no secret, and no name that a stranger typed: people
//! type passwords into the wrong field (A4).

use std::net::IpAddr;

use ephor_domain::{
    authentication::Methods,
    id::{ApiTokenId, PrincipalId},
};
use ephor_engine::port::password::PasswordRefusal;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::token::Scope;

/// One thing to be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Who did it; `None` when nobody was recognised.
    pub by: Option<PrincipalId>,
    /// Whose account; `None` when no account of that name exists.
    pub principal: Option<PrincipalId>,
    /// Where the call came from.
    pub address: Option<IpAddr>,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum EventKind {
    /// A sign-in failed.
    SignInFailed {
        /// Why.
        reason: FailureReason,
    },
    /// Further sign-ins failed within a minute, beyond those recorded one by one (seams §16).
    SignInsFailed {
        /// How many.
        count: u64,
        /// The first.
        from: Timestamp,
        /// The last.
        to: Timestamp,
    },
    /// A session began.
    SignedIn {
        /// Handle of the session.
        session: String,
        /// What was proved.
        methods: Methods,
    },
    /// A session got a new secret.
    SessionRotated {
        /// Handle of the session.
        session: String,
        /// What is proved in it by now.
        methods: Methods,
    },
    /// A session was ended by its person.
    SignedOut {
        /// Handle of the session.
        session: String,
    },
    /// All sessions of an account were ended.
    SessionsEnded,
    /// An API token was made.
    TokenMade {
        /// Which.
        token: ApiTokenId,
        /// What it opens.
        scopes: Vec<Scope>,
        /// When it ends.
        expires: Timestamp,
    },
    /// An API token was taken back.
    TokenRevoked {
        /// Which.
        token: ApiTokenId,
    },
    /// A password was set.
    PasswordSet,
    /// An identity of an outside issuer was linked to the account by its bearer, who proved both.
    IdentityLinked {
        /// `iss`.
        issuer: String,
        /// `sub`.
        subject: String,
    },
    /// A second factor was enrolled.
    FactorEnrolled {
        /// Which.
        factor: Uuid,
        /// What sort.
        kind: String,
    },
    /// A second factor was removed by its person.
    FactorRemoved {
        /// Which.
        factor: Uuid,
    },
    /// New recovery codes took the place of the old ones.
    RecoveryCodesMade,
    /// A recovery code was used.
    RecoveryCodeUsed {
        /// How many are left.
        left: u64,
        /// For what.
        purpose: String,
    },
    /// A one-time code was wrong.
    CodeRefused {
        /// For what.
        purpose: String,
    },
    /// A one-time code was used a second time.
    CodeReplayed {
        /// Of which factor.
        factor: Uuid,
        /// For what.
        purpose: String,
    },
    /// A key that signs tokens was made.
    SigningKeyMade {
        /// Its name.
        key: String,
        /// When it begins to sign.
        from: Timestamp,
        /// When it ceases to.
        until: Timestamp,
    },
    /// All keys that sign tokens were replaced.
    SigningKeysReplaced {
        /// Name of the key in their place.
        key: String,
    },
}

/// Why a sign-in failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureReason {
    /// No such account, or none that has a password here.
    UnknownAccount,
    /// Wrong password.
    WrongPassword,
    /// Right credentials of a disabled account.
    Disabled,
    /// No such API token.
    UnknownToken,
    /// The API token is over or was taken back.
    EndedToken,
    /// A signed token with a wrong signature, issuer, audience, tenant or object.
    ForgedToken,
    /// An application's secret or assertion is wrong.
    WrongClientCredential,
    /// Not looked at: too many failures before.
    Throttled,
    /// A passkey that is not known, or whose answer does not fit.
    WrongPasskey,
    /// An outside issuer did not confirm who it is, or its word did not fit what was asked.
    OutsideRefused,
    /// An outside issuer says who it is, and no account here is linked to that identity.
    NotLinked,
    /// A directory refuses the password or the account.
    AtDirectory(PasswordRefusal),
    /// A Kerberos ticket that is not good.
    BadTicket,
    /// A good ticket of a realm that does not count, or of a service.
    ForeignTicket,
    /// NTLM, which is not done here.
    Ntlm,
}

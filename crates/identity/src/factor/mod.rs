//! Second factors: authenticator apps, passkeys, recovery codes (S4).
//!
//! Everything lives in the store, so that a code works once across all nodes and a ceremony can begin at one node and
//! end at another. Secrets of authenticator apps are sealed; recovery codes are hashed; of a passkey only the public half
//! is ever here.

mod ceremony;
mod change;
mod code;
mod passkey;
mod sign_in;
pub mod totp;

use std::{fmt, net::IpAddr, sync::Arc};

use ephor_domain::{
    authentication::Missing,
    id::{PrincipalId, RequestId},
};
use ephor_engine::Engine;
use ephor_store::{Fault, Tx};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use uuid::Uuid;
use webauthn_rs::Webauthn;

pub use self::{
    change::{PasskeyEnrolment, TotpEnrolment},
    code::row,
    passkey::{PasskeyChallenge, PasskeyPlace, PlaceError},
    sign_in::HalfSignIn,
};
use crate::{
    event::{Event, EventKind},
    seal::Sealer,
    store_vault::Seal,
};

/// What sort of second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::Display, strum::EnumString, Serialize)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum FactorKind {
    /// An authenticator app.
    Totp,
    /// A passkey.
    Passkey,
}

/// A factor as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FactorView {
    /// Names it in [`SecondFactors::remove`].
    pub id: Uuid,
    /// What sort.
    pub kind: FactorKind,
    /// Name for people.
    pub label: String,
    /// When it was enrolled.
    pub created: Timestamp,
    /// When it was last used.
    pub used: Option<Timestamp>,
    /// When it was switched off because it may be copied.
    pub disabled: Option<Timestamp>,
}

/// What an account has enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Enrolled {
    /// Authenticator apps.
    pub totp: usize,
    /// Passkeys.
    pub passkeys: usize,
    /// Keys that were switched off.
    pub disabled: usize,
    /// Recovery codes that are left.
    pub recovery_codes: u64,
}

impl Enrolled {
    /// There is a factor, though it may have been switched off: losing one must never make a password enough again.
    /// Recovery codes stand in for one that is lost; alone they are none.
    #[must_use]
    pub const fn any(self) -> bool {
        self.totp > 0 || self.passkeys > 0 || self.disabled > 0
    }
}

/// What a factor is used for; for the record, and so that a challenge put for one thing proves nothing for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// To sign in.
    SignIn,
    /// To strengthen a session.
    StepUp,
    /// To prove presence for one request.
    Request(RequestId),
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignIn => f.write_str("sign-in"),
            Self::StepUp => f.write_str("step-up"),
            Self::Request(id) => write!(f, "request/{id}"),
        }
    }
}

/// Whose proof it is, for what, and where it came from.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    /// Whose factors.
    pub principal: PrincipalId,
    /// For what.
    pub purpose: Use,
    /// Where the call came from.
    pub address: IpAddr,
}

/// Why nothing is proved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unproved {
    /// The code or the signature is wrong.
    #[error("that is not right")]
    Wrong,
    /// The code was right, but was used before.
    #[error("that code was used already; wait for the next one")]
    Replayed,
    /// The person was there, but did not show who it is: no PIN, no body part.
    #[error("the key did not verify its user")]
    NotVerified,
    /// The counter of the key went back: it is switched off from now on.
    #[error("this key may have been copied and was switched off; ask an administrator")]
    Copied,
    /// The challenge is unknown, used or over.
    #[error("the challenge is over; begin again")]
    Over,
    /// There is no such factor.
    #[error("no such factor is enrolled")]
    NotEnrolled,
    /// Passkeys need a public URL with a host name.
    #[error("passkeys are not available at this server")]
    NoPasskeys,
    /// Too many wrong codes; this one was not looked at.
    #[error("too many wrong codes; try again later")]
    TooMany {
        /// When the next code will be looked at.
        retry_after: SignedDuration,
    },
    /// The store does not answer.
    #[error("second factors are not available")]
    Unavailable(Fault),
}

impl From<Fault> for Unproved {
    fn from(fault: Fault) -> Self {
        Self::Unavailable(fault)
    }
}

/// Why factors stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// An API token stands for a person who is not there (seams §12).
    #[error("an API token cannot change second factors; sign in")]
    NotByToken,
    /// Something must be proved first.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// The name is blank or too long.
    #[error("a factor needs a name of at most 60 characters")]
    Label,
    /// Too many factors.
    #[error("there are {MOST} factors already; remove one first")]
    TooMany,
    /// There is no such factor.
    #[error("there is no such factor")]
    NotFound,
    /// What was shown to prove the new factor.
    #[error(transparent)]
    Unproved(#[from] Unproved),
}

impl From<Fault> for ChangeError {
    fn from(fault: Fault) -> Self {
        Self::Unproved(fault.into())
    }
}

/// Most factors of one account.
pub const MOST: usize = 20;

/// What second factors stand on.
pub struct Parts {
    /// Store, clock and randomness; switches copied keys off.
    pub engine: Engine,
    /// Seals secrets of authenticator apps.
    pub sealer: Sealer,
    /// Makes the records.
    pub seal: Seal,
    /// Where passkeys are made for; without it there are none.
    pub place: Option<PasskeyPlace>,
    /// The first factor may be enrolled on the word of a password.
    pub first_by_password: bool,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("place", &self.place).finish_non_exhaustive()
    }
}

/// The second factors of all accounts. Cheap to clone.
#[derive(Clone)]
pub struct SecondFactors {
    engine: Engine,
    sealer: Sealer,
    seal: Seal,
    webauthn: Option<Arc<Webauthn>>,
    first_by_password: bool,
}

impl fmt::Debug for SecondFactors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecondFactors").field("passkeys", &self.webauthn.is_some()).finish_non_exhaustive()
    }
}

impl SecondFactors {
    /// Second factors over these parts.
    ///
    /// # Errors
    /// When the place is none at which browsers make passkeys.
    pub fn new(parts: Parts) -> Result<Self, PlaceError> {
        let webauthn = parts.place.as_ref().map(PasskeyPlace::webauthn).transpose()?.map(Arc::new);
        Ok(Self {
            engine: parts.engine,
            sealer: parts.sealer,
            seal: parts.seal,
            webauthn,
            first_by_password: parts.first_by_password,
        })
    }

    /// Passkeys can be made and used here.
    #[must_use]
    pub fn has_passkeys(&self) -> bool {
        self.webauthn.is_some()
    }

    /// The present instant by the server's one clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.engine.now()
    }

    /// What an account has enrolled and can use.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn enrolled(&self, principal: PrincipalId) -> Result<Enrolled, Fault> {
        self.engine.store().read(move |tx| Box::pin(enrolled(tx, principal))).await
    }

    /// The factors of an account, oldest first.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn list(&self, principal: PrincipalId) -> Result<Vec<FactorView>, Fault> {
        let factors = self.engine.store().read(move |tx| Box::pin(tx.factors(principal))).await?;
        Ok(factors
            .into_iter()
            .filter_map(|factor| {
                Some(FactorView {
                    id: factor.id,
                    kind: factor.kind.parse().ok()?,
                    label: factor.label,
                    created: factor.created,
                    used: factor.used,
                    disabled: factor.disabled,
                })
            })
            .collect())
    }

    fn event(&self, attempt: Attempt, at: Timestamp, kind: EventKind) -> ephor_store::Sealed {
        let principal = Some(attempt.principal);
        // Whoever gave a wrong code is nobody known.
        let failed = matches!(kind, EventKind::CodeRefused { .. } | EventKind::CodeReplayed { .. });
        let by = principal.filter(|_| !failed);
        (self.seal)(&Event { at, by, principal, address: Some(attempt.address.to_canonical()), kind })
    }
}

/// What an account has enrolled and can use.
async fn enrolled(tx: &mut Tx, principal: PrincipalId) -> Result<Enrolled, Fault> {
    let factors = tx.factors(principal).await?;
    let usable = |kind: FactorKind| {
        let kind = kind.to_string();
        factors.iter().filter(|factor| factor.disabled.is_none() && factor.kind == kind).count()
    };
    Ok(Enrolled {
        totp: usable(FactorKind::Totp),
        passkeys: usable(FactorKind::Passkey),
        disabled: factors.iter().filter(|factor| factor.disabled.is_some()).count(),
        recovery_codes: tx.recovery_codes(principal).await?,
    })
}

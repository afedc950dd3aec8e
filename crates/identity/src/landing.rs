//! Sign-in with an outside issuer, from the browser's return to its session.

use crate::{
    basis::Basis,
    caller::{Caller, Denied, Via},
    event::FailureReason,
    identity::{Identity, Presented},
    relying_party::{Arrival, ProvedIdentity, RelyingError, Return},
    session::SignIn,
};
use ephor_domain::{
    authentication::{Proofs, Strength},
    principal::Principal,
};

/// Where a return from an outside issuer leads.
#[derive(Debug)]
pub enum Landing {
    /// An account is linked to the identity.
    Account {
        /// A session, or what is still to be proved before there is one.
        sign_in: Box<SignIn>,
        /// Where the person wanted to go.
        return_to: String,
    },
    /// It is proved who came, and no account here that may sign in is linked to that identity.
    NotLinked(ProvedIdentity),
}

/// Why nobody lands.
#[derive(Debug, thiserror::Error)]
pub enum NotLanded {
    /// The way there and back did not hold.
    #[error(transparent)]
    Relying(#[from] RelyingError),
    /// The account, or the pace, or the store.
    #[error(transparent)]
    Denied(#[from] Denied),
}

impl Identity {
    /// Pays for something that anybody may ask for from `address` without saying who he is.
    ///
    /// # Errors
    /// [`Denied::TooMany`], with the time until the next one is done.
    pub fn pay_as_stranger(&self, address: std::net::IpAddr) -> Result<(), Denied> {
        let now = self.ports.clock.now();
        self.pace.pay(address, now).map_err(|retry_after| {
            self.failed(None, address, FailureReason::Throttled, now);
            Denied::TooMany { retry_after }
        })
    }

    /// True when somebody signed in from this address lately: what strangers use up does not hold him up.
    #[must_use]
    pub fn knows_address(&self, address: std::net::IpAddr) -> bool {
        self.pace.knows(address, self.ports.clock.now())
    }

    /// Takes somebody back whom [`crate::relying_party::RelyingParty::begin`] sent to an outside issuer, and signs him in
    /// as [`Identity::sign_in`] does. The issuer's word on a second factor spares the account's own here only where the
    /// issuer's mapping makes it one.
    ///
    /// # Errors
    /// [`NotLanded`]. Whatever is wrong with the return or the account is recorded as a failed sign-in.
    pub async fn land(&self, back: Return<'_>, presented: &Presented<'_>) -> Result<Landing, NotLanded> {
        self.pay_as_stranger(presented.address)?;
        let party = self.relying_party().ok_or(RelyingError::UnknownIssuer)?;
        let arrival = match party.complete(back).await {
            Ok(arrival) => arrival,
            Err(error) => {
                self.note_return(&error, presented);
                return Err(error.into());
            }
        };
        let Arrival { identity, principal, proofs, return_to } = arrival;
        let Some(principal) = principal else {
            self.failed(None, presented.address, FailureReason::NotLinked, self.ports.clock.now());
            return Ok(Landing::NotLinked(identity));
        };
        let basis = Basis::of_identity(&identity.issuer, &identity.subject);
        match self.federated(principal, proofs, basis, presented).await {
            Ok(sign_in) => Ok(Landing::Account { sign_in: Box::new(sign_in), return_to }),
            // Of an account that may not sign in, no more is said than of none.
            Err(Denied::Disabled(_)) => Ok(Landing::NotLinked(identity)),
            Err(denied) => Err(denied.into()),
        }
    }

    async fn federated(
        &self,
        principal: Principal,
        proofs: Proofs,
        basis: Basis,
        presented: &Presented<'_>,
    ) -> Result<SignIn, Denied> {
        let now = self.ports.clock.now();
        // Whether the account may act at all is asked as of any other caller; no session is behind it yet.
        let caller: Caller = self.known(principal, Via::Basic, presented.address, now)?;
        if proofs.proved(Strength::Mfa).is_none() {
            return self.identified(caller, proofs, basis, presented).await;
        }
        let previous = self.previous(presented);
        Ok(SignIn::Done(self.begin_session(caller.principal, proofs, basis, presented.address, previous).await?))
    }

    /// The issuer says no itself: for the record.
    pub fn note_refused_by_issuer(&self, presented: &Presented<'_>) {
        self.failed(None, presented.address, FailureReason::OutsideRefused, self.ports.clock.now());
    }

    fn note_return(&self, error: &RelyingError, presented: &Presented<'_>) {
        match error {
            RelyingError::State | RelyingError::Refused(_) | RelyingError::Token(_) | RelyingError::NotFresh => {
                self.note_refused_by_issuer(presented);
            }
            RelyingError::UnknownIssuer
            | RelyingError::Elsewhere
            | RelyingError::Unlinkable(_)
            | RelyingError::Unavailable
            | RelyingError::Store(_) => {}
        }
    }
}

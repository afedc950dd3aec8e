//! A sign-in between its two steps: the password was right, the second factor is still to come.

use ephor_domain::{authentication::Proofs, id::PrincipalId};
use ephor_store::Fault;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{SecondFactors, ceremony::Kind};
use crate::basis::Basis;

/// A sign-in that is half done. It opens nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HalfSignIn {
    /// Who it will be.
    pub principal: PrincipalId,
    /// What is proved already.
    pub proofs: Proofs,
    /// What that rests on: the second step counts only if it still holds.
    pub basis: Basis,
    /// Where to go when it is done.
    pub then: String,
}

#[derive(Serialize, Deserialize)]
struct State {
    proofs: Proofs,
    basis: Basis,
    then: String,
}

impl SecondFactors {
    /// Remembers a sign-in that is half done, for five minutes; answers the secret of its cookie.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn begin_half(&self, half: HalfSignIn) -> Result<SecretString, Fault> {
        let HalfSignIn { principal, proofs, basis, then } = half;
        self.remember(Kind::HalfSignIn, Some(principal), &State { proofs, basis, then }).await
    }

    /// The sign-in behind a cookie, while its time lasts.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn half(&self, secret: &SecretString) -> Result<Option<HalfSignIn>, Fault> {
        Ok(self.look(Kind::HalfSignIn, secret).await?.and_then(read))
    }

    /// Ends it: of two second steps at once one goes on.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn end_half(&self, secret: &SecretString) -> Result<Option<HalfSignIn>, Fault> {
        Ok(self.recall(Kind::HalfSignIn, secret).await?.and_then(read))
    }
}

fn read((principal, State { proofs, basis, then }): (Option<PrincipalId>, State)) -> Option<HalfSignIn> {
    Some(HalfSignIn { principal: principal?, proofs, basis, then })
}

//! Passkeys (WebAuthn): challenges that name one thing, a signature with user verification, a counter that only grows.

use std::net::IpAddr;

use ephor_domain::{authentication::Method, id::PrincipalId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{
        AuthenticationResult, DiscoverableAuthentication, Passkey, PasskeyAuthentication, PublicKeyCredential,
        WebauthnError,
    },
};

use super::{Attempt, FactorKind, SecondFactors, Unproved, Use, ceremony::Kind};
use crate::basis::{Basis, marks};

/// Where passkeys are made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyPlace {
    /// The host name that they are bound to; no address.
    pub host: String,
    /// Origins of our own pages at that host. The first one names the place.
    pub origins: Vec<Url>,
}

/// Browsers make no passkeys for such a place.
#[derive(Debug, thiserror::Error)]
#[error("browsers make no passkeys for {host}: {cause}")]
pub struct PlaceError {
    host: String,
    cause: String,
}

impl PasskeyPlace {
    /// The place of this public URL; `None` when its host is an address, for which browsers make no passkeys.
    #[must_use]
    pub fn of(public: &Url) -> Option<Self> {
        match public.host()? {
            url::Host::Domain(host) => Some(Self { host: host.to_owned(), origins: vec![public.clone()] }),
            url::Host::Ipv4(_) | url::Host::Ipv6(_) => None,
        }
    }

    pub(super) fn webauthn(&self) -> Result<Webauthn, PlaceError> {
        let wrong = |cause: &str| PlaceError { host: self.host.clone(), cause: cause.to_owned() };
        let (first, others) = self.origins.split_first().ok_or_else(|| wrong("no origin"))?;
        let fault = |error: WebauthnError| wrong(&error.to_string());
        let builder = WebauthnBuilder::new(&self.host, first).map_err(fault)?.rp_name("Ephor");
        others.iter().fold(builder, WebauthnBuilder::append_allowed_origin).build().map_err(fault)
    }
}

/// A challenge that was put to a browser.
#[derive(Debug)]
pub struct PasskeyChallenge {
    /// JSON for `navigator.credentials.get`, with binary members in base64url.
    pub options: String,
    /// Goes back with the answer; works once, five minutes.
    pub secret: SecretString,
}

/// What the server remembers of a challenge.
#[derive(Serialize, Deserialize)]
struct Put {
    purpose: String,
    state: State,
}

#[derive(Serialize, Deserialize)]
enum State {
    /// One of the keys of a known account.
    Known(PasskeyAuthentication),
    /// Whichever key the browser finds.
    Anybody(DiscoverableAuthentication),
}

impl SecondFactors {
    /// Asks the passkeys of an account for a signature.
    ///
    /// # Errors
    /// [`Unproved::NoPasskeys`], [`Unproved::NotEnrolled`], faults of the store.
    pub async fn challenge(&self, principal: PrincipalId, purpose: Use) -> Result<PasskeyChallenge, Unproved> {
        let webauthn = self.webauthn.as_deref().ok_or(Unproved::NoPasskeys)?;
        let keys: Vec<Passkey> = self.keys(principal).await?.into_iter().map(|(_, key)| key).collect();
        if keys.is_empty() {
            return Err(Unproved::NotEnrolled);
        }
        let (options, state) = webauthn.start_passkey_authentication(&keys).map_err(|_| Unproved::NotEnrolled)?;
        let put = Put { purpose: purpose.to_string(), state: State::Known(state) };
        let secret = self.remember(Kind::Assertion, Some(principal), &put).await?;
        Ok(PasskeyChallenge { options: json(&options.public_key), secret })
    }

    /// Asks any passkey for a signature: who it is comes with the answer.
    ///
    /// # Errors
    /// [`Unproved::NoPasskeys`], faults of the store.
    pub async fn challenge_anybody(&self) -> Result<PasskeyChallenge, Unproved> {
        let webauthn = self.webauthn.as_deref().ok_or(Unproved::NoPasskeys)?;
        let (options, state) = webauthn.start_discoverable_authentication().map_err(|_| Unproved::NoPasskeys)?;
        let put = Put { purpose: Use::SignIn.to_string(), state: State::Anybody(state) };
        let secret = self.remember(Kind::Assertion, None, &put).await?;
        Ok(PasskeyChallenge { options: json(&options.public_key), secret })
    }

    /// Takes the answer of an account's passkey to [`SecondFactors::challenge`].
    ///
    /// # Errors
    /// Why nothing is proved.
    pub async fn prove_passkey(
        &self,
        attempt: Attempt,
        secret: &SecretString,
        answer: &str,
    ) -> Result<Method, Unproved> {
        let answer: PublicKeyCredential = serde_json::from_str(answer).map_err(|_| Unproved::Wrong)?;
        let (whose, put) = self.recall::<Put>(Kind::Assertion, secret).await?.ok_or(Unproved::Over)?;
        let State::Known(state) = put.state else { return Err(Unproved::Over) };
        if whose != Some(attempt.principal) || put.purpose != attempt.purpose.to_string() {
            return Err(Unproved::Over);
        }
        let webauthn = self.webauthn.as_deref().ok_or(Unproved::NoPasskeys)?;
        let result = webauthn.finish_passkey_authentication(&answer, &state);
        self.judge(attempt, &answer, result).await
    }

    /// Takes the answer of whichever passkey to [`SecondFactors::challenge_anybody`], and says whose it is and what that
    /// rests on.
    ///
    /// # Errors
    /// Why nothing is proved.
    pub async fn prove_anybody(
        &self,
        secret: &SecretString,
        answer: &str,
        address: IpAddr,
    ) -> Result<(PrincipalId, Basis), Unproved> {
        let answer: PublicKeyCredential = serde_json::from_str(answer).map_err(|_| Unproved::Wrong)?;
        let (_, put) = self.recall::<Put>(Kind::Assertion, secret).await?.ok_or(Unproved::Over)?;
        let State::Anybody(state) = put.state else { return Err(Unproved::Over) };
        let webauthn = self.webauthn.as_deref().ok_or(Unproved::NoPasskeys)?;
        let (person, _) = webauthn.identify_discoverable_authentication(&answer).map_err(|_| Unproved::Wrong)?;
        let attempt = Attempt { principal: PrincipalId::new(person), purpose: Use::SignIn, address };
        // Before the answer counts: what changes from now on is noticed when the session begins.
        let found = self.engine.store().read(move |tx| Box::pin(marks(tx, attempt.principal))).await?;
        let keys = self.keys(attempt.principal).await?;
        let (_, key) = keys.into_iter().find(|(_, key)| is_of(key, &answer)).ok_or(Unproved::Wrong)?;
        let result = webauthn.finish_discoverable_authentication_v2(&answer, state, &key);
        self.judge(attempt, &answer, result).await?;
        Ok((attempt.principal, Basis::default().and_factors(found)))
    }

    /// Stores what a good answer changed; switches a key off that may be copied.
    async fn judge(
        &self,
        attempt: Attempt,
        answer: &PublicKeyCredential,
        result: Result<AuthenticationResult, WebauthnError>,
    ) -> Result<Method, Unproved> {
        let now = self.now();
        let found = self.keys(attempt.principal).await?.into_iter().find(|(_, key)| is_of(key, answer));
        // A key that was removed or switched off since the challenge counts no more.
        let (factor, mut key) = found.ok_or(Unproved::Wrong)?;
        let result = match result {
            Ok(result) if result.user_verified() => result,
            Ok(_) | Err(WebauthnError::UserNotVerified) => return Err(Unproved::NotVerified),
            Err(WebauthnError::CredentialPossibleCompromise) => return self.switch_off(attempt, factor).await,
            Err(error) => {
                tracing::debug!(%error, "an answer of a passkey does not fit");
                return Err(Unproved::Wrong);
            }
        };
        key.update_credential(&result);
        let (form, counter) = (json(&key).into_bytes(), i64::from(result.counter()));
        let used = self
            .engine
            .store()
            .transact(move |tx| {
                let form = form.clone();
                Box::pin(async move { tx.use_key(factor, counter, now, &form).await })
            })
            .await?;
        if used { Ok(Method::Passkey) } else { self.switch_off(attempt, factor).await }
    }

    async fn switch_off(&self, attempt: Attempt, factor: Uuid) -> Result<Method, Unproved> {
        match self.engine.disable_copied_factor(attempt.principal, factor, attempt.address).await {
            Ok(()) | Err(ephor_engine::Denied::Refused(_)) => Err(Unproved::Copied),
            Err(ephor_engine::Denied::Failed(fault)) => Err(fault.into()),
        }
    }

    /// Passkeys of an account that can be used.
    pub(super) async fn keys(&self, principal: PrincipalId) -> Result<Vec<(Uuid, Passkey)>, ephor_store::Fault> {
        let factors = self.engine.store().read(move |tx| Box::pin(tx.factors(principal))).await?;
        let usable = factors
            .into_iter()
            .filter(|factor| factor.disabled.is_none() && factor.kind.parse() == Ok(FactorKind::Passkey));
        Ok(usable
            .filter_map(|factor| match serde_json::from_slice(&factor.secret) {
                Ok(key) => Some((factor.id, key)),
                Err(error) => {
                    tracing::error!(factor = %factor.id, %error, "a stored passkey cannot be read");
                    None
                }
            })
            .collect())
    }
}

fn is_of(key: &Passkey, answer: &PublicKeyCredential) -> bool {
    key.cred_id().as_slice() == answer.get_credential_id()
}

pub(super) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

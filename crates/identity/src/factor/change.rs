//! Enrolling and removing: by a person who has just signed in, with a factor that is there already when there is one.

use ephor_domain::{
    authentication::{Missing, may_change_factors},
    id::PrincipalId,
};
use ephor_store::{Fault, Tx, tx::factor::Factor};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use webauthn_rs::prelude::{PasskeyRegistration, RegisterPublicKeyCredential, WebauthnError};
use zeroize::Zeroizing;

use super::{
    ChangeError, FactorKind, MOST, SecondFactors, Unproved,
    ceremony::Kind,
    code::{CODE_LENGTH, LETTERS, row},
    enrolled,
    passkey::json,
    totp,
};
use crate::{
    basis::session_stands,
    caller::{Caller, Via},
    event::{Event, EventKind},
    seal::SealedFor,
    secret::{Purpose, SecretHash},
    store_vault::end_sessions,
};

/// Recovery codes made at a time.
const CODES: usize = 10;

/// An authenticator app to be set up.
#[derive(Debug)]
pub struct TotpEnrolment {
    /// The secret as apps take it by keyboard.
    pub key: SecretString,
    /// The same for the camera.
    pub uri: SecretString,
    /// Goes back with the first code.
    pub secret: SecretString,
}

/// A passkey to be made.
#[derive(Debug)]
pub struct PasskeyEnrolment {
    /// JSON for `navigator.credentials.create`, with binary members in base64url.
    pub options: String,
    /// Goes back with the answer.
    pub secret: SecretString,
}

#[derive(Serialize, Deserialize)]
struct TotpSetup {
    id: Uuid,
    label: String,
    /// Sealed, as it will stand in the row.
    sealed: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct KeySetup {
    label: String,
    state: PasskeyRegistration,
}

impl SecondFactors {
    /// May the caller change his factors now?
    ///
    /// # Errors
    /// What is missing.
    pub async fn may_change(&self, caller: &Caller) -> Result<(), ChangeError> {
        let principal = caller.principal.id;
        let has = self.engine.store().read(move |tx| Box::pin(enrolled(tx, principal))).await?;
        self.permit(caller, has.any())
    }

    fn permit(&self, caller: &Caller, has: bool) -> Result<(), ChangeError> {
        let now = self.now();
        match &caller.via {
            Via::Session { proofs, .. } => Ok(may_change_factors(proofs, has, self.first_by_password, now)?),
            Via::Basic | Via::Kerberos { .. } | Via::ApiToken { .. } | Via::Token(_) => Err(ChangeError::NotByToken),
        }
    }

    /// Begins to set up an authenticator app.
    ///
    /// # Errors
    /// Why the factors stay as they are.
    pub async fn begin_totp(&self, caller: &Caller, label: &str) -> Result<TotpEnrolment, ChangeError> {
        self.may_change(caller).await?;
        let label = named(label)?;
        let id = self.engine.entropy().ordered_guid(self.now());
        let secret = totp::fresh(self.engine.entropy().as_ref());
        let sealed = self.sealer.seal(SealedFor::Totp, &row(id), &secret, self.engine.entropy().as_ref());
        let setup = TotpSetup { id, label, sealed };
        let handle = self.remember(Kind::TotpSetup, Some(caller.principal.id), &setup).await?;
        Ok(enrolment(caller, &secret, handle))
    }

    /// The same again, after a first code that was wrong.
    ///
    /// # Errors
    /// [`Unproved::Over`] when the time is over.
    pub async fn totp_again(&self, caller: &Caller, handle: SecretString) -> Result<TotpEnrolment, ChangeError> {
        let (setup, secret) = self.setup(caller, &handle).await?;
        drop(setup);
        Ok(enrolment(caller, &secret, handle))
    }

    async fn setup(
        &self,
        caller: &Caller,
        handle: &SecretString,
    ) -> Result<(TotpSetup, Zeroizing<Vec<u8>>), ChangeError> {
        let found = self.look::<TotpSetup>(Kind::TotpSetup, handle).await?;
        let (whose, setup) = found.ok_or(Unproved::Over)?;
        if whose != Some(caller.principal.id) {
            return Err(Unproved::Over.into());
        }
        let secret = self.sealer.open(SealedFor::Totp, &row(setup.id), &setup.sealed).map_err(|_| Unproved::Over)?;
        Ok((setup, secret))
    }

    /// Enrols the app that shows this code.
    ///
    /// # Errors
    /// Why the factors stay as they are.
    pub async fn finish_totp(
        &self,
        caller: &Caller,
        handle: &SecretString,
        code: &SecretString,
    ) -> Result<(), ChangeError> {
        self.may_change(caller).await?;
        let (setup, secret) = self.setup(caller, handle).await?;
        let now = self.now();
        // The code that proves the app counts as used.
        let step = totp::step_of(&secret, code.expose_secret(), now).ok_or(Unproved::Wrong)?;
        // Taken now: of two at once one goes on.
        self.recall::<TotpSetup>(Kind::TotpSetup, handle).await?.ok_or(Unproved::Over)?;
        let factor = Factor {
            id: setup.id,
            principal: caller.principal.id,
            kind: FactorKind::Totp.to_string(),
            label: setup.label,
            secret: setup.sealed,
            counter: step,
            created: now,
            used: None,
            disabled: None,
        };
        self.enrol(caller, factor).await
    }

    /// Begins to make a passkey.
    ///
    /// # Errors
    /// Why the factors stay as they are.
    pub async fn begin_passkey(&self, caller: &Caller, label: &str) -> Result<PasskeyEnrolment, ChangeError> {
        let webauthn = self.webauthn.as_deref().ok_or(Unproved::NoPasskeys)?;
        self.may_change(caller).await?;
        let label = named(label)?;
        let whose = &caller.principal;
        let known = self.keys(whose.id).await?.into_iter().map(|(_, key)| key.cred_id().clone()).collect();
        let started =
            webauthn.start_passkey_registration(whose.id.uuid(), &whose.username(), &whose.display_name, Some(known));
        let (options, state) = started.map_err(|_| Unproved::NoPasskeys)?;
        let mut options = serde_json::to_value(&options.public_key).unwrap_or_default();
        // A key that knows whose it is signs in without a name; one that cannot is good as a second factor.
        if let Some(selection) = options.get_mut("authenticatorSelection").and_then(|value| value.as_object_mut()) {
            selection.insert("residentKey".to_owned(), "preferred".into());
        }
        let secret = self.remember(Kind::Registration, Some(whose.id), &KeySetup { label, state }).await?;
        Ok(PasskeyEnrolment { options: options.to_string(), secret })
    }

    /// Enrols the passkey that was made.
    ///
    /// # Errors
    /// Why the factors stay as they are.
    pub async fn finish_passkey(
        &self,
        caller: &Caller,
        handle: &SecretString,
        answer: &str,
    ) -> Result<(), ChangeError> {
        let webauthn = self.webauthn.as_deref().ok_or(Unproved::NoPasskeys)?;
        self.may_change(caller).await?;
        let answer: RegisterPublicKeyCredential = serde_json::from_str(answer).map_err(|_| Unproved::Wrong)?;
        let (whose, setup) = self.recall::<KeySetup>(Kind::Registration, handle).await?.ok_or(Unproved::Over)?;
        if whose != Some(caller.principal.id) {
            return Err(Unproved::Over.into());
        }
        let key = webauthn.finish_passkey_registration(&answer, &setup.state).map_err(|error| {
            tracing::debug!(%error, "a passkey was not made as asked");
            let unverified = matches!(error, WebauthnError::UserNotVerified);
            if unverified { Unproved::NotVerified } else { Unproved::Wrong }
        })?;
        let now = self.now();
        let factor = Factor {
            id: self.engine.entropy().ordered_guid(now),
            principal: caller.principal.id,
            kind: FactorKind::Passkey.to_string(),
            label: setup.label,
            secret: json(&key).into_bytes(),
            counter: 0,
            created: now,
            used: None,
            disabled: None,
        };
        self.enrol(caller, factor).await
    }

    async fn enrol(&self, caller: &Caller, factor: Factor) -> Result<(), ChangeError> {
        let kind = EventKind::FactorEnrolled { factor: factor.id, kind: factor.kind.clone() };
        let own = caller.session().cloned();
        self.change(caller, kind, move |tx, now| {
            let (factor, own) = (factor.clone(), own.clone());
            Box::pin(async move {
                let before = tx.factors(factor.principal).await?.len();
                if before >= MOST {
                    return Ok(Err(ChangeError::TooMany));
                }
                if before == 0 {
                    // What was opened with less than is asked for from now on.
                    end_sessions(tx, factor.principal, own).await?;
                    tx.revoke_token_families_of(factor.principal, now).await?;
                    tx.revoke_api_tokens_of(factor.principal, now).await?;
                }
                tx.insert_factor(&factor).await?;
                Ok(Ok(()))
            })
        })
        .await
    }

    /// Removes a factor of the caller's. Recovery codes go with the last one.
    ///
    /// # Errors
    /// Why the factors stay as they are.
    pub async fn remove(&self, caller: &Caller, id: Uuid) -> Result<(), ChangeError> {
        let principal = caller.principal.id;
        let kind = EventKind::FactorRemoved { factor: id };
        self.change(caller, kind, move |tx, now| {
            Box::pin(async move {
                if !tx.delete_factor(principal, id).await? {
                    return Ok(Err(ChangeError::NotFound));
                }
                if !enrolled(tx, principal).await?.any() {
                    tx.replace_recovery_codes(principal, &[], now).await?;
                }
                // Tokens may rest on it.
                tx.revoke_token_families_of(principal, now).await?;
                Ok(Ok(()))
            })
        })
        .await
    }

    /// Makes new recovery codes in the place of all old ones, and answers them, once. Only for who has a factor.
    ///
    /// # Errors
    /// Why they stay as they are.
    pub async fn new_recovery_codes(&self, caller: &Caller) -> Result<Vec<SecretString>, ChangeError> {
        let principal = caller.principal.id;
        let codes: Vec<String> = (0..CODES).map(|_| self.recovery_code()).collect();
        let hash = |code: &String| SecretHash::of(Purpose::RecoveryCode, &code.as_str().into()).as_bytes().to_vec();
        let hashes: Vec<Vec<u8>> = codes.iter().map(hash).collect();
        self.change(caller, EventKind::RecoveryCodesMade, move |tx, now| {
            let hashes = hashes.clone();
            Box::pin(async move {
                if !enrolled(tx, principal).await?.any() {
                    return Ok(Err(ChangeError::Unproved(Unproved::NotEnrolled)));
                }
                tx.replace_recovery_codes(principal, &hashes, now).await?;
                Ok(Ok(()))
            })
        })
        .await?;
        Ok(codes.iter().map(|code| in_groups(code).into()).collect())
    }

    fn recovery_code(&self) -> String {
        let mut bytes = Zeroizing::new([0; CODE_LENGTH]);
        self.engine.entropy().fill(bytes.as_mut());
        let letter = |byte: &u8| LETTERS.get(usize::from(byte & 31)).map(|letter| char::from(*letter));
        bytes.iter().filter_map(letter).collect()
    }

    /// Carries a change out together with its record, judged once more in the same commit: of two removals at once the
    /// second one finds what the first one left, and a session that has ended changes nothing.
    async fn change(
        &self,
        caller: &Caller,
        kind: EventKind,
        apply: impl for<'t> Fn(
            &'t mut Tx,
            Timestamp,
        ) -> futures_util::future::BoxFuture<'t, Result<Result<(), ChangeError>, Fault>>
        + Clone
        + Send
        + Sync
        + 'static,
    ) -> Result<(), ChangeError> {
        let now = self.now();
        let principal: PrincipalId = caller.principal.id;
        let address = caller.actor.address.as_deref().and_then(|address| address.parse().ok());
        let record = (self.seal)(&Event { at: now, by: Some(principal), principal: Some(principal), address, kind });
        let (this, caller) = (self.clone(), caller.clone());
        self.engine
            .store()
            .transact(move |tx| {
                let (this, caller, record, apply) = (this.clone(), caller.clone(), record.clone(), apply.clone());
                Box::pin(async move {
                    let stands = match caller.session() {
                        Some(session) => session_stands(tx, principal, session).await?,
                        // Refused below, whatever it is.
                        None => true,
                    };
                    if !stands {
                        return Ok(Err(Missing::SignIn.into()));
                    }
                    if let Err(missing) = this.permit(&caller, enrolled(tx, principal).await?.any()) {
                        return Ok(Err(missing));
                    }
                    let done = apply(tx, now).await?;
                    if done.is_ok() {
                        tx.record(record).await?;
                    }
                    Ok(done)
                })
            })
            .await?
    }
}

fn enrolment(caller: &Caller, secret: &[u8], handle: SecretString) -> TotpEnrolment {
    TotpEnrolment {
        key: totp::base32(secret).into(),
        uri: totp::uri(secret, &caller.principal.username()).into(),
        secret: handle,
    }
}

fn named(label: &str) -> Result<String, ChangeError> {
    let label = label.trim();
    let fits = !label.is_empty() && label.chars().count() <= 60 && !label.chars().any(char::is_control);
    fits.then(|| label.to_owned()).ok_or(ChangeError::Label)
}

/// Four letters, a hyphen, four letters …
fn in_groups(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

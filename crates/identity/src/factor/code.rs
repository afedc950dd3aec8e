//! Proving by a code: of an authenticator app, or a recovery code in its place.

use ephor_domain::authentication::{Method, guesses};
use ephor_store::Tx;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::{Attempt, FactorKind, SecondFactors, Unproved, totp};
use crate::{
    event::EventKind,
    seal::SealedFor,
    secret::{Purpose, SecretHash},
};

/// Letters of a recovery code: none that is taken for another one.
pub(super) const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Letters of a recovery code: 80 bits, so a fast hash is enough.
pub(super) const CODE_LENGTH: usize = 16;

/// What a look at a code came to.
enum Outcome {
    Proved(Method),
    Refused(Unproved),
}

impl SecondFactors {
    /// Proves by a code, once. Each look is paid for from the account's budget before it counts, on whichever node and
    /// from whichever address; a right code makes the budget whole.
    ///
    /// # Errors
    /// Why nothing is proved.
    pub async fn prove_code(&self, attempt: Attempt, code: &SecretString) -> Result<Method, Unproved> {
        let now = self.now();
        let principal = attempt.principal;
        let factors = self.engine.store().read(move |tx| Box::pin(tx.factors(principal))).await?;
        let apps = factors.iter().filter(|factor| factor.disabled.is_none() && is_totp(&factor.kind));
        let mut matched: Option<(Uuid, i64)> = None;
        for app in apps {
            let Ok(secret) = self.sealer.open(SealedFor::Totp, &row(app.id), &app.secret) else {
                tracing::error!(factor = %app.id, "the secret of an authenticator app does not open with this sealing key");
                continue;
            };
            if let Some(step) = totp::step_of(&secret, code.expose_secret(), now) {
                // A code that is fresh at one app may have been used at another one.
                if matched.is_none() || step > app.counter {
                    matched = Some((app.id, step));
                }
            }
        }
        let recovery = recovery_hash(code);
        let seal = self.clone();
        let outcome = self
            .engine
            .store()
            .transact(move |tx| {
                let (seal, recovery) = (seal.clone(), recovery.clone());
                Box::pin(async move { seal.look_at(tx, attempt, matched, recovery, now).await })
            })
            .await?;
        match outcome {
            Outcome::Proved(method) => Ok(method),
            Outcome::Refused(why) => Err(why),
        }
    }

    async fn look_at(
        &self,
        tx: &mut Tx,
        attempt: Attempt,
        matched: Option<(Uuid, i64)>,
        recovery: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Result<Outcome, ephor_store::Fault> {
        let principal = attempt.principal;
        tx.lock(&[ephor_store::tx::Lock::Exclusive(principal.uuid())]).await?;
        let whole_at = match guesses::pay(tx.guess_budget(principal).await?, now) {
            Ok(whole_at) => whole_at,
            Err(retry_after) => return Ok(Outcome::Refused(Unproved::TooMany { retry_after })),
        };
        let purpose = attempt.purpose.to_string();
        if let Some((factor, step)) = matched {
            if tx.use_factor(factor, step, now).await? {
                tx.put_guess_budget(principal, None).await?;
                return Ok(Outcome::Proved(Method::Totp));
            }
            tx.put_guess_budget(principal, Some(whole_at)).await?;
            tx.record(self.event(attempt, now, EventKind::CodeReplayed { factor, purpose })).await?;
            return Ok(Outcome::Refused(Unproved::Replayed));
        }
        if let Some(hash) = recovery
            && tx.take_recovery_code(principal, &hash).await?
        {
            tx.put_guess_budget(principal, None).await?;
            let left = tx.recovery_codes(principal).await?;
            tx.record(self.event(attempt, now, EventKind::RecoveryCodeUsed { left, purpose })).await?;
            return Ok(Outcome::Proved(Method::RecoveryCode));
        }
        tx.put_guess_budget(principal, Some(whole_at)).await?;
        tx.record(self.event(attempt, now, EventKind::CodeRefused { purpose })).await?;
        Ok(Outcome::Refused(Unproved::Wrong))
    }
}

fn is_totp(kind: &str) -> bool {
    kind.parse() == Ok(FactorKind::Totp)
}

/// The place of a factor's secret, for its seal.
#[must_use]
pub fn row(factor: Uuid) -> String {
    format!("factor/{factor}")
}

/// The hash of what may be a recovery code, however it was typed.
pub(super) fn recovery_hash(code: &SecretString) -> Option<Vec<u8>> {
    let letters: String = code
        .expose_secret()
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let is_code = letters.len() == CODE_LENGTH && letters.bytes().all(|byte| LETTERS.contains(&byte));
    is_code.then(|| SecretHash::of(Purpose::RecoveryCode, &letters.into()).as_bytes().to_vec())
}

//! Events of sign-in as audit records, with their numbers in the catalogue.

use std::sync::Arc;

use ephor_audit::{
    Actor, Record,
    events::{self, Event as Catalogued},
};
use ephor_engine::port::Entropy;

use crate::{
    event::{Event, EventKind, FailureReason},
    store_vault::Seal,
};

/// Seals the record of each event with a salt of its own.
#[must_use]
pub fn sealer(entropy: Arc<dyn Entropy>) -> Seal {
    Arc::new(move |event| {
        let mut salt = [0; 16];
        entropy.fill(&mut salt);
        record_of(event).seal(salt)
    })
}

/// The record of an event.
#[must_use]
pub fn record_of(event: &Event) -> Record {
    let by_itself = matches!(event.kind, EventKind::SigningKeyMade { .. } | EventKind::SigningKeysReplaced { .. });
    let nobody = if by_itself { Actor::system("keys") } else { Actor::Anonymous };
    let actor = event.by.map_or(nobody, |by| Actor::principal(by.uuid()));
    let mut record = Record::new(event.at, catalogued(&event.kind), actor);
    record.actor_address = event.address;
    record.subject = event.principal.map(|principal| principal.uuid());
    match &event.kind {
        EventKind::SignInFailed { reason } => {
            record.reason = Some(word(*reason).into());
            record
        }
        EventKind::SignInsFailed { count, from, to } => record
            .detail("count", i64::try_from(*count).unwrap_or(i64::MAX))
            .detail("from", from.to_string())
            .detail("to", to.to_string()),
        EventKind::SignedIn { session, methods } | EventKind::SessionRotated { session, methods } => {
            record.detail("session", session.clone()).detail("methods", methods.to_string())
        }
        EventKind::SignedOut { session } => record.detail("session", session.clone()),
        EventKind::SessionsEnded | EventKind::PasswordSet => record,
        EventKind::TokenMade { token, scopes, expires } => record
            .detail("token", token.to_string())
            .detail("scopes", scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
            .detail("expires", expires.to_string()),
        EventKind::TokenRevoked { token } => record.detail("token", token.to_string()),
        EventKind::IdentityLinked { issuer, subject } => {
            record.detail("issuer", issuer.clone()).detail("subject", subject.clone())
        }
        EventKind::FactorEnrolled { factor, kind } => {
            record.detail("factor", factor.to_string()).detail("kind", kind.clone())
        }
        EventKind::FactorRemoved { factor } => record.detail("factor", factor.to_string()),
        EventKind::RecoveryCodesMade => record,
        EventKind::RecoveryCodeUsed { left, purpose } => {
            record.detail("left", i64::try_from(*left).unwrap_or(i64::MAX)).detail("for", purpose.clone())
        }
        EventKind::CodeRefused { purpose } => record.detail("for", purpose.clone()),
        EventKind::CodeReplayed { factor, purpose } => {
            record.detail("factor", factor.to_string()).detail("for", purpose.clone())
        }
        EventKind::SigningKeyMade { key, from, until } => {
            record.detail("key", key.clone()).detail("from", from.to_string()).detail("until", until.to_string())
        }
        EventKind::SigningKeysReplaced { key } => record.detail("key", key.clone()),
    }
}

fn catalogued(kind: &EventKind) -> Catalogued {
    match kind {
        EventKind::SignInFailed { reason: FailureReason::UnknownToken | FailureReason::EndedToken } => {
            events::ANONYMOUS_CALL_REFUSED
        }
        EventKind::SignInFailed { reason: FailureReason::ForgedToken } => events::TOKEN_FORGED,
        EventKind::SignInFailed { reason: FailureReason::Throttled } => events::LOCKED_OUT,
        EventKind::SignInFailed {
            reason:
                FailureReason::UnknownAccount
                | FailureReason::WrongPassword
                | FailureReason::WrongClientCredential
                | FailureReason::Disabled
                | FailureReason::WrongPasskey
                | FailureReason::OutsideRefused
                | FailureReason::NotLinked
                | FailureReason::AtDirectory(_)
                | FailureReason::BadTicket
                | FailureReason::ForeignTicket
                | FailureReason::Ntlm,
        } => events::SIGN_IN_FAILED,
        EventKind::SignInsFailed { .. } => events::SIGN_IN_FAILURES_COUNTED,
        EventKind::SignedIn { .. } => events::SIGNED_IN,
        EventKind::SessionRotated { .. } => events::STEP_UP_COMPLETED,
        EventKind::SignedOut { .. } => events::SIGNED_OUT,
        EventKind::SessionsEnded => events::TOKENS_REVOKED,
        EventKind::TokenMade { .. } => events::API_TOKEN_CREATED,
        EventKind::TokenRevoked { .. } => events::API_TOKEN_REVOKED,
        EventKind::PasswordSet => events::PASSWORD_CHANGED,
        EventKind::IdentityLinked { .. } => events::IDENTITY_LINKED,
        EventKind::FactorEnrolled { .. } => events::FACTOR_ENROLLED,
        EventKind::FactorRemoved { .. } => events::FACTOR_REMOVED,
        EventKind::RecoveryCodesMade => events::RECOVERY_CODES_MADE,
        EventKind::RecoveryCodeUsed { .. } => events::RECOVERY_CODE_USED,
        EventKind::CodeRefused { .. } => events::STEP_UP_FAILED,
        EventKind::CodeReplayed { .. } => events::FACTOR_REPLAY_REFUSED,
        EventKind::SigningKeyMade { .. } => events::SIGNING_KEY_MADE,
        EventKind::SigningKeysReplaced { .. } => events::SIGNING_KEYS_REPLACED,
    }
}

fn word(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::UnknownAccount => "unknown-account",
        FailureReason::WrongPassword => "wrong-password",
        FailureReason::Disabled => "disabled",
        FailureReason::UnknownToken => "unknown-token",
        FailureReason::EndedToken => "ended-token",
        FailureReason::ForgedToken => "forged-token",
        FailureReason::WrongClientCredential => "wrong-client-credential",
        FailureReason::Throttled => "throttled",
        FailureReason::WrongPasskey => "wrong-passkey",
        FailureReason::OutsideRefused => "outside-refused",
        FailureReason::NotLinked => "not-linked",
        FailureReason::AtDirectory(why) => why.word(),
        FailureReason::BadTicket => "bad-ticket",
        FailureReason::ForeignTicket => "foreign-ticket",
        FailureReason::Ntlm => "ntlm",
    }
}

//! What a token that counts says.

use std::collections::BTreeSet;

use ephor_domain::{
    authentication::{Method, Proofs, UNDATED},
    id::TokenFamilyId,
    policy::{Presence, context::CONTEXT_AGE},
};
use jiff::Timestamp;

use super::rules::{LEEWAY_OUTSIDE, LEEWAY_OWN};

/// Who made a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issuer {
    /// We did.
    Own,
    /// An outside issuer, by its `iss`.
    Outside(String),
}

/// The claims of a token whose signature, time, audience and tenant are right. Of an outside issuer's, only what its
/// mapping lets through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFacts {
    /// Who made it.
    pub issuer: Issuer,
    /// The application that holds it: `createdBy.application`.
    pub client: Option<String>,
    /// An application acts for itself, without a person.
    pub app_only: bool,
    /// Delegated scopes; empty for an application acting for itself.
    pub scopes: BTreeSet<String>,
    /// App roles; empty for a delegated call.
    pub roles: BTreeSet<String>,
    /// How the person proved who he is.
    pub methods: BTreeSet<String>,
    /// Authentication contexts.
    pub contexts: BTreeSet<String>,
    /// When the person was last asked.
    pub authenticated: Option<Timestamp>,
    /// When the token was made.
    pub issued: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// What ends as one with it.
    pub family: Option<TokenFamilyId>,
    /// Names the token in records.
    pub id: Option<String>,
    /// The client can follow a claims challenge (`xms_cc` with `cp1`).
    pub follows_challenges: bool,
}

impl TokenFacts {
    /// What the sign-in behind the token proves: a second factor and authentication contexts count from when the person
    /// was asked. Where a token of ours does not say, they count from when it was made (seams §7); an outside issuer makes
    /// new ones without asking anybody, so that its word without an instant proves nothing. Nor does an instant after the
    /// token was made: it would count for longer than any other.
    #[must_use]
    pub fn presence(&self) -> Presence {
        let asked = match self.issuer {
            Issuer::Own => Some(self.authenticated.unwrap_or(self.issued)),
            Issuer::Outside(_) => self.authenticated,
        };
        let leeway = if self.issuer == Issuer::Own { LEEWAY_OWN } else { LEEWAY_OUTSIDE };
        let asked =
            asked.filter(|asked| asked.duration_since(self.issued) <= leeway).map(|asked| asked.min(self.issued));
        let Some(asked) = asked else { return Presence { application: self.app_only, ..Presence::default() } };
        let until = asked.saturating_add(CONTEXT_AGE).unwrap_or(Timestamp::MAX);
        Presence {
            application: self.app_only,
            mfa_at: self.methods.contains("mfa").then_some(asked),
            contexts: self.contexts.iter().filter_map(|text| Some((text.parse().ok()?, until))).collect(),
        }
    }

    /// True when the token carries this delegated scope.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.contains(scope)
    }

    /// True when the token carries this app role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.contains(role)
    }

    /// The proofs that the token tells of, all at the one instant that it names. What an outside issuer says of a second
    /// factor is its word, never one of our factors.
    #[must_use]
    pub fn proofs(&self) -> Proofs {
        if self.app_only {
            return Proofs::default();
        }
        // Who does not say when says nothing of how long ago.
        let at = self.authenticated.unwrap_or(UNDATED);
        let says = |word: &str| self.methods.contains(word);
        let own = self.issuer == Issuer::Own;
        let methods = [
            (Method::Password, own && says("pwd")),
            (Method::Kerberos, own && says("wia")),
            (Method::Totp, own && says("mfa") && says("otp")),
            (Method::Passkey, own && says("mfa") && says("fido")),
            (
                Method::FederatedMfa,
                self.authenticated.is_some() && says("mfa") && !(own && (says("otp") || says("fido"))),
            ),
            (Method::Federated, !own),
        ];
        let told = methods.into_iter().filter(|(_, told)| *told);
        told.fold(Proofs::default(), |proofs, (method, _)| proofs.and(method, at))
    }

    /// When a second factor was last shown; `None` when the token says nothing of one. Judge its age: one hour at most
    /// counts (seams §7).
    #[must_use]
    pub fn second_factor_at(&self) -> Option<Timestamp> {
        self.authenticated.filter(|_| self.methods.contains("mfa"))
    }

    /// When the proof behind an authentication context was given, if the token has the context.
    #[must_use]
    pub fn context_at(&self, context: &str) -> Option<Timestamp> {
        self.authenticated.filter(|_| self.contexts.contains(context))
    }
}

//! From the text of a token to the facts it states and the account behind it.

use std::{fmt, sync::Arc};

use ephor_domain::{
    id::{PrincipalId, TokenFamilyId},
    principal::PrincipalKind,
};
use jiff::Timestamp;

use super::{
    claims::Claims,
    facts::{Issuer, TokenFacts},
    rules::{TokenFault, TokenRules},
    standing::{Standing, Stands},
};
use crate::{
    caller::Denied,
    jose::Compact,
    keys::{KeyError, KeyRing},
};

/// Judges bearer tokens.
pub struct Bearers {
    keys: Arc<KeyRing>,
    rules: TokenRules,
    standing: Arc<dyn Standing>,
}

impl fmt::Debug for Bearers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearers").field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// Why there is nobody behind a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Nobody {
    /// The token does not count.
    Fault {
        /// Why.
        fault: TokenFault,
        /// Whose it would be, when its signature is right.
        principal: Option<PrincipalId>,
    },
    /// Nobody can say.
    Denied(Denied),
}

impl From<TokenFault> for Nobody {
    fn from(fault: TokenFault) -> Self {
        Self::Fault { fault, principal: None }
    }
}

impl Bearers {
    /// A judge with our own keys and rules.
    #[must_use]
    pub fn new(keys: Arc<KeyRing>, rules: TokenRules, standing: Arc<dyn Standing>) -> Self {
        Self { keys, rules, standing }
    }

    /// Our own keys.
    #[must_use]
    pub fn keys(&self) -> &Arc<KeyRing> {
        &self.keys
    }

    /// What our own tokens must say: for challenges and metadata too.
    #[must_use]
    pub fn rules(&self) -> &TokenRules {
        &self.rules
    }

    /// The claims of a token, if its form, signature, time, audience and tenant are right. The store is not asked.
    ///
    /// # Errors
    /// Why the token does not count.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenFault> {
        let compact = Compact::parse(token).map_err(|_| TokenFault::Malformed)?;
        let unverified = compact.unverified_claims().map_err(|_| TokenFault::Malformed)?;
        let claims = Claims::read(&unverified).map_err(|_| TokenFault::Malformed)?;
        if claims.issuer != self.rules.issuer {
            // Which of the two is said depends on claims nobody vouches for; either way it is no.
            let foreign = claims.tenant.is_some_and(|tenant| tenant != self.rules.tenant);
            return Err(if foreign { TokenFault::Tenant } else { TokenFault::Issuer });
        }
        let kid = compact.kid.as_deref().ok_or(TokenFault::Signature)?;
        let key = match self.keys.verifying(kid).await {
            Ok(key) => key.ok_or(TokenFault::Signature)?,
            Err(error @ (KeyError::Store(_) | KeyError::Ring(_) | KeyError::Unusable(_))) => {
                tracing::error!(%error, "the keys cannot be looked at");
                return Err(TokenFault::KeysUnavailable);
            }
            Err(KeyError::TooLong { .. } | KeyError::Claims) => return Err(TokenFault::Signature),
        };
        if !compact.is_signed_by(&key) {
            return Err(TokenFault::Signature);
        }
        self.rules.check(&claims, now)?;
        Ok(claims)
    }

    /// Who stands behind a token, and what it states.
    pub(crate) async fn bearer(&self, token: &str, now: Timestamp) -> Result<(Stands, TokenFacts), Nobody> {
        let claims = self.verify(token, now).await?;
        let object = PrincipalId::new(claims.object.ok_or(TokenFault::NoObject)?);
        let family = claims.family.as_deref().map(str::parse::<TokenFamilyId>).transpose();
        let family = family.map_err(|_| TokenFault::Malformed)?;
        let facts = facts(claims, family, now);
        let fault = |fault| Nobody::Fault { fault, principal: Some(object) };
        let stands = self.standing.of_token(object, family).await.map_err(|error| Nobody::Denied(error.into()))?;
        let stands = stands.ok_or(TokenFault::UnknownObject)?;
        let fits = match stands.principal.kind {
            PrincipalKind::User => !facts.app_only,
            PrincipalKind::Service => facts.app_only,
            PrincipalKind::Group => false,
        };
        if !fits {
            return Err(fault(TokenFault::UnknownObject));
        }
        if stands.revoked { Err(fault(TokenFault::Revoked)) } else { Ok((stands, facts)) }
    }
}

fn facts(claims: Claims, family: Option<TokenFamilyId>, now: Timestamp) -> TokenFacts {
    // A token that has app roles and no scope is an application's own (`GRAPH 2.4`); `idtyp` says it as well.
    let app_only = claims.kind.as_deref() == Some("app") || claims.scopes.is_none();
    TokenFacts {
        issuer: Issuer::Own,
        client: claims.client,
        app_only,
        scopes: if app_only { Default::default() } else { claims.scopes.unwrap_or_default() },
        roles: if app_only { claims.roles } else { Default::default() },
        methods: claims.methods,
        contexts: claims.contexts,
        authenticated: claims.authenticated,
        issued: claims.issued.or(claims.not_before).unwrap_or(now),
        expires: claims.expires,
        family,
        id: claims.id,
        follows_challenges: claims.capabilities.iter().any(|word| word.eq_ignore_ascii_case("cp1")),
    }
}

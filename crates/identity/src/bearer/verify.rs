//! From the text of a token to the facts it states and the account behind it.

use std::{collections::HashMap, fmt, sync::Arc};

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
    outside::{Links, OutsideIssuer},
};

/// Judges bearer tokens.
pub struct Bearers {
    keys: Arc<KeyRing>,
    rules: TokenRules,
    standing: Arc<dyn Standing>,
    outside: HashMap<String, Arc<OutsideIssuer>>,
    links: Option<Arc<dyn Links>>,
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
        Self { keys, rules, standing, outside: HashMap::new(), links: None }
    }

    /// The same judge, who also hears outside issuers.
    #[must_use]
    pub fn with_outside(self, issuers: impl IntoIterator<Item = Arc<OutsideIssuer>>, links: Arc<dyn Links>) -> Self {
        let outside = issuers.into_iter().map(|issuer| (issuer.settings().issuer.clone(), issuer)).collect();
        Self { outside, links: Some(links), ..self }
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

    /// The claims of a token, if its form, signature, time, audience and, on one of ours, tenant are right. The store is
    /// not asked.
    ///
    /// # Errors
    /// Why the token does not count.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenFault> {
        let compact = Compact::parse(token).map_err(|_| TokenFault::Malformed)?;
        let unverified = compact.unverified_claims().map_err(|_| TokenFault::Malformed)?;
        let claims = Claims::read(&unverified).map_err(|_| TokenFault::Malformed)?;
        if claims.issuer != self.rules.issuer {
            if let Some(issuer) = self.outside.get(&claims.issuer) {
                return issuer.verify(&compact, claims, now).await;
            }
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
        if let Some((issuer, links)) = self.outside.get(&claims.issuer).zip(self.links.as_ref()) {
            return stranger(issuer, links.as_ref(), claims, now).await;
        }
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

/// Who stands behind a token of an outside issuer. Its own words on objects, scopes, roles, factors and contexts count
/// through its mapping alone.
async fn stranger(
    issuer: &OutsideIssuer,
    links: &dyn Links,
    claims: Claims,
    now: Timestamp,
) -> Result<(Stands, TokenFacts), Nobody> {
    let subject = claims.subject.as_deref().ok_or(TokenFault::NoObject)?;
    let name = issuer.authoritative_name(&claims);
    let linked = links.linked(&claims.issuer, subject, name).await.map_err(|error| Nobody::Denied(error.into()))?;
    let principal = linked.ok_or(TokenFault::NotLinked)?;
    let app_only = principal.kind == PrincipalKind::Service;
    let mapped = issuer.settings().mapping.apply(&claims);
    let facts = TokenFacts {
        issuer: Issuer::Outside(claims.issuer),
        client: claims.client,
        app_only,
        scopes: if app_only { Default::default() } else { mapped.scopes },
        roles: if app_only { mapped.roles } else { Default::default() },
        methods: mapped.mfa.then(|| "mfa".to_owned()).into_iter().collect(),
        contexts: mapped.contexts,
        authenticated: claims.authenticated,
        issued: claims.issued.or(claims.not_before).unwrap_or(now),
        expires: claims.expires,
        family: None,
        id: claims.id,
        follows_challenges: false,
    };
    Ok((Stands { principal, revoked: false }, facts))
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

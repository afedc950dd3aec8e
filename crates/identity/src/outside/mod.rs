//! Outside issuers: OpenID discovery, their keys, and what their words count for here.
//!
//! An identity there is an account here by (`iss`, `sub`), linked beforehand; never by mail or name, unless the issuer is
//! marked authoritative for the domain. What it says of factors, contexts, scopes and roles counts only through the mapping
//! of that issuer; without one, it says who somebody is and nothing else (seams §13).

mod discovery;
mod keys;
mod links;
mod mapping;
mod refresh;

use std::{fmt, sync::Arc};

use ephor_engine::port::{Clock, fetch::Fetch};
use jiff::Timestamp;
use secrecy::SecretString;

use self::keys::IssuerKeys;
pub use self::{
    discovery::{Discovery, DiscoveryError},
    links::{Links, Unlinkable},
    mapping::{Mapped, Mapping},
    refresh::{KEEP_STALE, MOST_KEYS, REFRESH, RETRY},
};
use crate::{
    bearer::{Claims, LEEWAY_OUTSIDE, TokenFault},
    jose::Compact,
};

/// An outside issuer as configured.
#[derive(Clone)]
pub struct OutsideSettings {
    /// Its `iss`, exactly.
    pub issuer: String,
    /// Audiences of its bearer tokens that count here; none means that its bearer tokens do not count.
    pub audiences: Vec<String>,
    /// Who we are there, for people who sign in with it; without it nobody does.
    pub client: Option<Client>,
    /// What its words count for.
    pub mapping: Mapping,
    /// Mail domains for which its word on the mail address is ours: an account of that sign-in name needs no link.
    pub authoritative_for: Vec<String>,
}

/// Who we are at an issuer.
#[derive(Clone)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// Our secret there; without it PKCE alone proves that it is we who asked.
    pub secret: Option<SecretString>,
    /// What we ask for beside `openid`.
    pub scopes: Vec<String>,
}

impl fmt::Debug for OutsideSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutsideSettings").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// An outside issuer.
pub struct OutsideIssuer {
    settings: OutsideSettings,
    fetch: Arc<dyn Fetch>,
    keys: IssuerKeys,
}

impl fmt::Debug for OutsideIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutsideIssuer").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl OutsideIssuer {
    /// The issuer; nobody is called yet.
    #[must_use]
    pub fn new(settings: OutsideSettings, fetch: Arc<dyn Fetch>, clock: Arc<dyn Clock>) -> Self {
        let keys = IssuerKeys::new(settings.issuer.clone(), Arc::clone(&fetch), clock);
        Self { settings, fetch, keys }
    }

    /// How it is configured.
    #[must_use]
    pub fn settings(&self) -> &OutsideSettings {
        &self.settings
    }

    pub(crate) fn fetch(&self) -> &dyn Fetch {
        self.fetch.as_ref()
    }

    /// What it publishes about itself.
    pub(crate) async fn discovery(&self) -> Result<Arc<Discovery>, DiscoveryError> {
        self.keys.discovery().await
    }

    /// The claims of a bearer token of this issuer, if it counts here.
    pub(crate) async fn verify(
        &self,
        compact: &Compact<'_>,
        claims: Claims,
        now: Timestamp,
    ) -> Result<Claims, TokenFault> {
        let claims = self.signed(compact, claims, now).await?;
        let ours = &self.settings.audiences;
        if claims.audiences.iter().any(|audience| ours.contains(audience)) {
            Ok(claims)
        } else {
            Err(TokenFault::Audience)
        }
    }

    /// The claims, if this issuer signed them and their time is now.
    pub(crate) async fn signed(
        &self,
        compact: &Compact<'_>,
        claims: Claims,
        now: Timestamp,
    ) -> Result<Claims, TokenFault> {
        if claims.issuer != self.settings.issuer {
            return Err(TokenFault::Issuer);
        }
        match self.keys.verifying(compact.kid.as_deref()).await {
            Ok(Some(key)) if compact.is_signed_by(&key) => {}
            Ok(_) => return Err(TokenFault::Signature),
            Err(error) => {
                tracing::warn!(issuer = self.settings.issuer, %error, "the keys of an issuer cannot be had");
                return Err(TokenFault::KeysUnavailable);
            }
        }
        crate::bearer::is_in_time(&claims, now, LEEWAY_OUTSIDE)?;
        Ok(claims)
    }

    /// The sign-in name that the issuer's word on the mail address stands for, where that word is ours.
    pub(crate) fn authoritative_name<'c>(&self, claims: &'c Claims) -> Option<&'c str> {
        let mail = claims.mail.as_deref()?;
        let (_, domain) = mail.rsplit_once('@')?;
        self.settings.authoritative_for.iter().any(|ours| ours.eq_ignore_ascii_case(domain)).then_some(mail)
    }
}

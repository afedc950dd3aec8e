//! Tokens that stand for a person: what the grants have in common.

use ephor_domain::{
    authentication::Proofs,
    id::{ClientId, PrincipalId, TokenFamilyId},
    principal::{Principal, PrincipalKind},
};
use ephor_store::tx::family::{RefreshToken, TokenFamily};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    answer::Tokens,
    claims::client_info,
    client::Client,
    demand::{Demand, Met},
    face::{App, family_id},
    mint::Subject,
    oauth::{Answer, Refused},
    scopes::Asked,
    secrets::{self, Purpose},
    settings::{ACCESS_LIFE, FAMILY_LIFE, REFRESH_IDLE},
};

/// How a sign-in went; kept with its family.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Facts {
    /// What the person proved, and when.
    pub(crate) proofs: Proofs,
    /// The `claims` that were asked for then.
    pub(crate) claims: Option<String>,
}

impl Facts {
    pub(crate) fn of(family: &TokenFamily) -> Self {
        serde_json::from_str(&family.facts).unwrap_or_default()
    }

    /// A new family of this person at this client.
    pub(crate) fn family(
        &self,
        app: &App,
        client: ClientId,
        principal: PrincipalId,
        life: SignedDuration,
    ) -> TokenFamily {
        let now = app.now();
        // The last refresh token may be used in its last moment.
        let expires = now.saturating_add(life + ACCESS_LIFE).unwrap_or(now);
        TokenFamily {
            id: family_id(app.entropy.as_ref()),
            client,
            principal,
            facts: serde_json::to_string(self).unwrap_or_default(),
            created: now,
            expires,
            revoked: None,
        }
    }
}

/// A refresh token and what the store keeps of it.
pub(crate) struct Refresh {
    pub(crate) text: String,
    pub(crate) row: RefreshToken,
}

impl Refresh {
    /// A fresh one of the family; it ends when it lies idle, and with its family.
    pub(crate) fn fresh(app: &App, family: &TokenFamily, asked: &Asked) -> Self {
        let now = app.now();
        let text = secrets::fresh(app.entropy.as_ref(), "ephr_");
        let last = family.expires.saturating_sub(ACCESS_LIFE).unwrap_or(family.expires);
        let idle = now.saturating_add(REFRESH_IDLE).unwrap_or(now);
        let row = RefreshToken {
            hash: secrets::hash(Purpose::Refresh, &text),
            family: family.id,
            scopes: asked.text(),
            expires: idle.min(last),
        };
        Self { text, row }
    }
}

/// Whom tokens stand for, and at which client.
pub(crate) struct Person<'a> {
    pub(crate) principal: &'a Principal,
    pub(crate) client: &'a Client,
    pub(crate) family: Option<TokenFamilyId>,
    pub(crate) proofs: &'a Proofs,
}

impl Person<'_> {
    /// The answer: access token, id token, refresh token as far as they are asked for.
    pub(crate) async fn tokens(
        &self,
        app: &App,
        asked: &Asked,
        demand: &Demand,
        nonce: Option<String>,
        refresh: Option<String>,
    ) -> Answer<Tokens> {
        let granted = asked.granted(&self.client.permissions)?;
        let met = self.met(app, demand)?;
        let subject = Subject::person(self.principal, self.client, self.family, self.proofs, demand.follows_challenges);
        let audience = asked.audience(&app.settings);
        let id_token = match asked.wants_id_token() {
            true => Some(app.id_token(&subject, nonce).await?),
            false => None,
        };
        let minted = app.access_token(&subject, audience, &granted.scopes, met, ACCESS_LIFE).await?;
        Ok(Tokens {
            token_type: "Bearer",
            scope: Some(granted.echo),
            expires_in: minted.lives,
            ext_expires_in: minted.lives,
            access_token: minted.token,
            refresh_token: refresh,
            id_token,
            client_info: Some(client_info(self.principal.id.uuid(), app.settings.tenant)),
            resource: None,
            expires_on: None,
        })
    }

    /// What of the demand is proved.
    pub(crate) fn met(&self, app: &App, demand: &Demand) -> Answer<Met> {
        demand.met(self.proofs, app.identity.contexts(), app.now()).map_err(|_| demand.refused())
    }
}

/// The account a family stands for, while it may act.
pub(super) async fn account(app: &App, family: &TokenFamily) -> Answer<Principal> {
    let found = app.ledger.principal(family.principal).await?;
    let found = found.filter(|principal| principal.kind == PrincipalKind::User).ok_or(Refused::REFRESH)?;
    if found.enabled { Ok(found) } else { Err(Refused::USER_DISABLED) }
}

/// True when tokens of the family may still be had.
pub(super) fn is_alive(family: &TokenFamily, now: Timestamp) -> bool {
    family.revoked.is_none() && now < family.expires
}

/// Longest life of a family at a client.
pub(crate) fn longest(client: &Client, redirect: Option<&ephor_domain::application::Redirect>) -> SignedDuration {
    use ephor_domain::application::RedirectKind;
    let is_page = redirect.is_some_and(|redirect| redirect.kind() == RedirectKind::SinglePage);
    if is_page && client.public { crate::settings::PAGE_FAMILY_LIFE } else { FAMILY_LIFE }
}

//! Making tokens.

use std::collections::BTreeSet;

use ephor_domain::{
    application::{Permission, PermissionKind},
    authentication::Proofs,
    id::{PrincipalId, TokenFamilyId},
    principal::{Principal, PrincipalKind},
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    claims::{AccessClaims, IdClaims, seconds, sign_in_name},
    client::Client,
    demand::Met,
    face::{App, IssuerFace},
    oauth::{Answer, Refused},
    settings::ACCESS_LIFE,
};

/// A token for a person, or for an application itself.
pub(crate) struct Subject<'a> {
    pub(crate) principal: &'a Principal,
    /// `appid`.
    pub(crate) client: String,
    /// The client proved itself.
    pub(crate) confidential: bool,
    pub(crate) family: Option<TokenFamilyId>,
    pub(crate) methods: Vec<String>,
    pub(crate) authenticated: Option<Timestamp>,
    pub(crate) follows_challenges: bool,
}

impl<'a> Subject<'a> {
    /// A person who proved this, at this client.
    pub(crate) fn person(
        principal: &'a Principal,
        client: &Client,
        family: Option<TokenFamilyId>,
        proofs: &Proofs,
        follows_challenges: bool,
    ) -> Self {
        Self {
            principal,
            client: client.id.to_string(),
            confidential: !client.public,
            family,
            methods: proofs.amr().into_iter().map(str::to_owned).collect(),
            authenticated: proofs.auth_time(),
            follows_challenges,
        }
    }
}

/// An access token and how long it lives.
pub(crate) struct Minted {
    pub(crate) token: String,
    pub(crate) lives: i64,
}

impl App {
    /// Signs an access token.
    pub(crate) async fn access_token(
        &self,
        subject: &Subject<'_>,
        audience: String,
        permissions: &BTreeSet<Permission>,
        met: Met,
        life: SignedDuration,
    ) -> Answer<Minted> {
        let now = self.now();
        let end = now.saturating_add(life).unwrap_or(now);
        // A context counts as long as its proof; a token that says so must not outlive it.
        let expires = met.until.map_or(end, |until| until.min(end));
        let is_person = subject.principal.kind == PrincipalKind::User;
        let names = |kind| {
            let of_kind = permissions.iter().filter(move |permission| permission.kind == kind);
            of_kind.map(|permission| permission.name().to_owned())
        };
        let sign_in_name = is_person.then(|| sign_in_name(subject.principal));
        let claims = AccessClaims {
            aud: audience,
            iss: self.settings.issuer(),
            iat: seconds(now),
            nbf: seconds(now),
            exp: seconds(expires),
            acrs: met.contexts,
            amr: subject.methods.clone(),
            appid: subject.client.clone(),
            appidacr: if subject.confidential { "1" } else { "0" },
            auth_time: subject.authenticated.map(seconds),
            idtyp: if is_person { "user" } else { "app" },
            name: is_person.then(|| subject.principal.display_name.clone()),
            oid: subject.principal.id.uuid(),
            roles: if is_person { Vec::new() } else { names(PermissionKind::AppRole).collect() },
            scp: is_person.then(|| names(PermissionKind::Scope).collect::<Vec<_>>().join(" ")),
            sid: subject.family.map(|family| family.to_string()),
            sub: subject.principal.id.uuid(),
            tid: self.settings.tenant,
            upn: sign_in_name.clone(),
            unique_name: sign_in_name,
            uti: self.entropy.guid().simple().to_string(),
            ver: "1.0",
            xms_cc: if subject.follows_challenges { vec!["cp1"] } else { Vec::new() },
        };
        let token = self.keys.sign(&claims, "JWT", expires).await.map_err(|error| {
            tracing::error!(%error, "a token could not be signed");
            Refused::SERVER
        })?;
        Ok(Minted { token, lives: expires.duration_since(now).as_secs() })
    }

    /// Signs an id token.
    pub(crate) async fn id_token(&self, subject: &Subject<'_>, nonce: Option<String>) -> Answer<String> {
        let now = self.now();
        let expires = now.saturating_add(ACCESS_LIFE).unwrap_or(now);
        let claims = IdClaims {
            aud: subject.client.clone(),
            iss: self.settings.issuer(),
            iat: seconds(now),
            nbf: seconds(now),
            exp: seconds(expires),
            amr: subject.methods.clone(),
            auth_time: subject.authenticated.map(seconds),
            name: subject.principal.display_name.clone(),
            nonce,
            oid: subject.principal.id.uuid(),
            preferred_username: sign_in_name(subject.principal),
            sub: subject.principal.id.uuid(),
            tid: self.settings.tenant,
            ver: "2.0",
        };
        self.keys.sign(&claims, "JWT", expires).await.map_err(|error| {
            tracing::error!(%error, "a token could not be signed");
            Refused::SERVER
        })
    }
}

/// A token that a demo gives tests without a sign-in (seams §19).
#[derive(Debug, Clone)]
pub struct Order {
    /// Whom it stands for: a person or a service principal.
    pub principal: PrincipalId,
    /// Names of scopes, or of app roles for a service principal; everything there is when absent.
    pub permissions: Option<Vec<String>>,
    /// `amr`.
    pub methods: Vec<String>,
    /// `acrs`.
    pub contexts: Vec<String>,
    /// How long it lives.
    pub life: SignedDuration,
    /// `appid`.
    pub client: String,
}

/// The order names nobody, or a permission that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnknownPrincipal {
    /// No such account.
    #[error("there is no such account")]
    Account,
    /// No such permission.
    #[error("there is no such scope or app role")]
    Permission,
    /// No token can be signed now, or it would live too long.
    #[error("no token can be made")]
    Failed,
}

impl IssuerFace {
    /// Makes a token as a demo's test orders it. Nothing of this is reachable but through the demo's own routes.
    ///
    /// # Errors
    /// [`UnknownPrincipal`].
    pub async fn order(&self, order: Order) -> Result<(String, i64), UnknownPrincipal> {
        let app = self.app();
        let found = app.ledger.principal(order.principal).await.map_err(|_| UnknownPrincipal::Failed)?;
        let principal = found.ok_or(UnknownPrincipal::Account)?;
        let kind = match principal.kind {
            PrincipalKind::Service => PermissionKind::AppRole,
            PrincipalKind::User | PrincipalKind::Group => PermissionKind::Scope,
        };
        let permissions: BTreeSet<Permission> = match &order.permissions {
            None => Permission::all().iter().copied().filter(|permission| permission.kind == kind).collect(),
            Some(names) => {
                let found = names.iter().map(|name| Permission::find(kind, name));
                found.collect::<Option<_>>().ok_or(UnknownPrincipal::Permission)?
            }
        };
        let is_person = kind == PermissionKind::Scope;
        if is_person {
            app.ledger.note_sign_in(principal.id).await.map_err(|_| UnknownPrincipal::Failed)?;
        }
        let subject = Subject {
            principal: &principal,
            client: order.client,
            confidential: !is_person,
            family: None,
            methods: if is_person { order.methods } else { Vec::new() },
            authenticated: is_person.then(|| app.now()),
            follows_challenges: true,
        };
        let met = Met { contexts: order.contexts, until: None };
        let audience = app.settings.public_url.clone();
        let minted = app.access_token(&subject, audience, &permissions, met, order.life).await;
        minted.map(|minted| (minted.token, minted.lives)).map_err(|_| UnknownPrincipal::Failed)
    }
}

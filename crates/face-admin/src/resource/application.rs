//! `/applications`: clients that ask for tokens, their credentials and what they were consented to.

use axum::{Json, extract::State};
use ephor_domain::{
    application::{KEY_LIFE, Permission, PermissionKind, Redirect, RedirectKind},
    id::{Id, PrincipalId},
};
use ephor_engine::admin::application::{
    AddKey, ApplicationDetail, ApplicationKey, ApplicationRow, ApplicationSecret, ChangeApplication, GetApplication,
    GrantConsent, ListApplications, NewApplication, NewKey, RegisterApplication, RemoveApplication, RemoveCredential,
    WithdrawConsent,
};
use ephor_identity::client_key;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    answer::{Answer, Created},
    body::Sent,
    caller::Signed,
    face::App,
    listing::{self, Page, page},
    parameters::{IdAndWords, Ids, Query},
    problem::{Problem, Problems},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, register))
        .routes(routes!(show, change, remove))
        .routes(routes!(add_secret))
        .routes(routes!(add_key))
        .routes(routes!(remove_credential))
        .routes(routes!(grant, withdraw))
        .routes(routes!(permissions))
}

/// Where a browser may be sent with a code.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Redirect)]
struct RedirectBody {
    /// `web`, `spa` or `native`.
    kind: String,
    /// `https`, or `http` on this machine.
    uri: String,
}

/// A registered application.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Application)]
struct ApplicationBody {
    /// Its service principal: `oid` of its tokens.
    application_id: Uuid,
    /// What clients call it: `client_id`.
    client_id: Uuid,
    display_name: String,
    /// It cannot keep a secret.
    public: bool,
    enabled: bool,
    redirect_uris: Vec<RedirectBody>,
    created: Timestamp,
}

impl From<ApplicationRow> for ApplicationBody {
    fn from(row: ApplicationRow) -> Self {
        let redirect = |redirect: &Redirect| RedirectBody {
            kind: redirect.kind().word().to_owned(),
            uri: redirect.uri().to_owned(),
        };
        Self {
            application_id: row.principal.id.uuid(),
            client_id: row.application.client.uuid(),
            display_name: row.principal.display_name,
            public: row.application.public,
            enabled: row.principal.enabled,
            redirect_uris: row.application.redirects.iter().map(redirect).collect(),
            created: row.application.created,
        }
    }
}

/// A secret or key of an application. What it is worth is not shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApplicationCredential)]
struct CredentialBody {
    credential_id: Uuid,
    /// `secret` or `key`.
    kind: &'static str,
    label: String,
    /// The first characters of a secret; the thumbprint of a key.
    hint: String,
    created: Timestamp,
    expires: Timestamp,
}

impl From<ApplicationSecret> for CredentialBody {
    fn from(secret: ApplicationSecret) -> Self {
        Self {
            credential_id: secret.id.uuid(),
            kind: "secret",
            label: secret.label,
            hint: secret.hint,
            created: secret.created,
            expires: secret.expires,
        }
    }
}

impl From<ApplicationKey> for CredentialBody {
    fn from(key: ApplicationKey) -> Self {
        Self {
            credential_id: key.id.uuid(),
            kind: "key",
            label: key.label,
            hint: key.thumbprint.iter().map(|byte| format!("{byte:02x}")).collect(),
            created: key.created,
            expires: key.expires,
        }
    }
}

/// A permission that an application was given.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Permission)]
struct PermissionBody {
    /// `scope`: people act through it; `app-role`: the application acts for itself.
    kind: &'static str,
    name: &'static str,
}

impl From<Permission> for PermissionBody {
    fn from(permission: Permission) -> Self {
        Self { kind: permission.kind.word(), name: permission.name() }
    }
}

/// An application with all that belongs to it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApplicationDetail)]
struct DetailBody {
    #[serde(flatten)]
    application: ApplicationBody,
    credentials: Vec<CredentialBody>,
    permissions: Vec<PermissionBody>,
}

impl From<ApplicationDetail> for DetailBody {
    fn from(detail: ApplicationDetail) -> Self {
        let secrets = detail.secrets.into_iter().map(Into::into);
        Self {
            application: detail.row.into(),
            credentials: secrets.chain(detail.keys.into_iter().map(Into::into)).collect(),
            permissions: detail.consents.into_iter().map(|consent| consent.permission.into()).collect(),
        }
    }
}

fn redirects(bodies: Vec<RedirectBody>) -> Answer<Vec<Redirect>> {
    let bad = |text: String| Problem::invalid(text).about("redirectUris");
    bodies
        .into_iter()
        .map(|body| {
            let kind = RedirectKind::from_word(&body.kind)
                .ok_or_else(|| bad("The kind of a redirect is web, spa or native.".to_owned()))?;
            Redirect::parse(kind, &body.uri).map_err(|error| bad(format!("A redirect {error}.")))
        })
        .collect()
}

/// Where a list goes on, and how long it is.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Paging {
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 1000; 100 when absent.
    limit: Option<u32>,
}

/// Registered applications by name. The public clients of common tools are no rows: the configuration names them.
#[utoipa::path(get, path = "/applications", tag = "applications", operation_id = "listApplications", params(Paging),
    responses((status = 200, body = Page<ApplicationBody>), Problems))]
async fn list(
    State(app): State<App>,
    caller: Signed,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<ApplicationBody>>> {
    let after = listing::after(paging.cursor.as_deref())?;
    let query = ListApplications { after, limit: listing::limit(paging.limit)? };
    Ok(Json(page(app.engine.consult(caller.actor(), query).await?, Into::into)))
}

/// An application to be registered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewApplication)]
struct NewBody {
    /// 1 to 120 characters.
    display_name: String,
    /// It cannot keep a secret: no credentials, and codes only with PKCE.
    #[serde(default)]
    public: bool,
    #[serde(default)]
    redirect_uris: Vec<RedirectBody>,
}

/// Registers an application. It gets a service principal, no credentials and no permissions.
#[utoipa::path(post, path = "/applications", tag = "applications", operation_id = "registerApplication",
    request_body = NewBody, responses((status = 201, body = DetailBody), Problems))]
async fn register(State(app): State<App>, caller: Signed, Sent(new): Sent<NewBody>) -> Answer<Created<DetailBody>> {
    let redirects = redirects(new.redirect_uris)?;
    let new = NewApplication { display_name: new.display_name, public: new.public, redirects };
    let made = app.engine.administer(caller.actor(), RegisterApplication(new)).await?;
    Ok(Created(format!("applications/{}", made.row.principal.id), made.into()))
}

/// An application with its credentials and permissions.
#[utoipa::path(get, path = "/applications/{applicationId}", tag = "applications", operation_id = "getApplication",
    params(("applicationId" = Uuid, Path)), responses((status = 200, body = DetailBody), Problems))]
async fn show(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<Json<DetailBody>> {
    let found = app.engine.consult(caller.actor(), GetApplication { application: ids.one() }).await?;
    Ok(Json(found.into()))
}

/// What is to change of an application; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ChangeApplication)]
struct ChangeBody {
    display_name: Option<String>,
    /// `false` ends its tokens.
    enabled: Option<bool>,
    /// All of them.
    redirect_uris: Option<Vec<RedirectBody>>,
}

/// Changes an application.
#[utoipa::path(patch, path = "/applications/{applicationId}", tag = "applications",
    operation_id = "changeApplication", params(("applicationId" = Uuid, Path)), request_body = ChangeBody,
    responses((status = 200, body = DetailBody), Problems))]
async fn change(
    State(app): State<App>,
    caller: Signed,
    ids: Ids<1>,
    Sent(change): Sent<ChangeBody>,
) -> Answer<Json<DetailBody>> {
    let change = ChangeApplication {
        application: ids.one(),
        display_name: change.display_name,
        enabled: change.enabled,
        redirects: change.redirect_uris.map(redirects).transpose()?,
    };
    Ok(Json(app.engine.administer(caller.actor(), change).await?.into()))
}

/// Removes an application with its service principal; its tokens end.
#[utoipa::path(delete, path = "/applications/{applicationId}", tag = "applications",
    operation_id = "removeApplication", params(("applicationId" = Uuid, Path)),
    responses((status = 204), Problems))]
async fn remove(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<StatusCode> {
    app.engine.administer(caller.actor(), RemoveApplication { application: ids.one() }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A secret to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewSecret)]
struct NewSecretBody {
    /// Name for people.
    #[serde(default)]
    label: String,
    /// Seconds; 180 days when absent, at most two years.
    lifetime: Option<u32>,
}

/// A secret that was made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MadeSecret)]
struct MadeSecretBody {
    credential_id: Uuid,
    /// The secret. Shown once.
    secret: String,
    expires: Timestamp,
}

const USUAL_LIFE: u32 = 180 * 86_400;

/// Gives an application a secret. Not by an API token: a secret would outlive it.
#[utoipa::path(post, path = "/applications/{applicationId}/secrets", tag = "applications",
    operation_id = "addApplicationSecret", params(("applicationId" = Uuid, Path)), request_body = NewSecretBody,
    responses((status = 201, body = MadeSecretBody), Problems))]
async fn add_secret(
    State(app): State<App>,
    caller: Signed,
    ids: Ids<1>,
    Sent(new): Sent<NewSecretBody>,
) -> Answer<Created<MadeSecretBody>> {
    let application: PrincipalId = ids.one();
    let life = SignedDuration::from_secs(i64::from(new.lifetime.unwrap_or(USUAL_LIFE)));
    let (text, secret) = app.engine.add_application_secret(caller.actor(), application, new.label, life).await?;
    let body = MadeSecretBody {
        credential_id: secret.id.uuid(),
        secret: text.expose_secret().to_owned(),
        expires: secret.expires,
    };
    Ok(Created(format!("applications/{application}/credentials/{}", secret.id), body))
}

/// A key to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewKey)]
struct NewKeyBody {
    /// A certificate or public key as PEM: RSA of 2048 to 4096 bits, P-256 or Ed25519.
    pem: String,
    /// Name for people.
    #[serde(default)]
    label: String,
    /// Seconds, at most three years; when absent as long as the certificate, and a bare key a year.
    lifetime: Option<u32>,
}

const BARE_KEY_LIFE: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Adds a key with which an application signs its assertions. Not by an API token.
#[utoipa::path(post, path = "/applications/{applicationId}/keys", tag = "applications",
    operation_id = "addApplicationKey", params(("applicationId" = Uuid, Path)), request_body = NewKeyBody,
    responses((status = 201, body = CredentialBody), Problems))]
async fn add_key(
    State(app): State<App>,
    caller: Signed,
    ids: Ids<1>,
    Sent(new): Sent<NewKeyBody>,
) -> Answer<Created<CredentialBody>> {
    let application: PrincipalId = ids.one();
    let read =
        client_key::read(&new.pem).map_err(|error| Problem::invalid(format!("The key {error}.")).about("pem"))?;
    let now = app.engine.now();
    let after = |life| now.saturating_add(life).unwrap_or(Timestamp::MAX);
    let longest = after(KEY_LIFE);
    let expires = match (new.lifetime, read.not_after) {
        (Some(seconds), end) => {
            let asked = after(SignedDuration::from_secs(i64::from(seconds)));
            end.map_or(asked, |end| end.min(asked))
        }
        (None, Some(end)) => end.min(longest),
        (None, None) => after(BARE_KEY_LIFE),
    };
    let key = NewKey { public_key: read.jwk, thumbprint: read.thumbprint, label: new.label, expires };
    let added = app.engine.administer(caller.actor(), AddKey { application, key }).await?;
    Ok(Created(format!("applications/{application}/credentials/{}", added.id), added.into()))
}

/// Removes a secret or key of an application.
#[utoipa::path(delete, path = "/applications/{applicationId}/credentials/{credentialId}", tag = "applications",
    operation_id = "removeApplicationCredential",
    params(("applicationId" = Uuid, Path), ("credentialId" = Uuid, Path)), responses((status = 204), Problems))]
async fn remove_credential(State(app): State<App>, caller: Signed, ids: Ids<2>) -> Answer<StatusCode> {
    let (application, credential) = ids.both();
    app.engine.administer(caller.actor(), RemoveCredential { application, credential }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The permission that a path names.
fn permission(kind: &str, name: &str) -> Answer<Permission> {
    let kind = PermissionKind::from_word(kind).ok_or_else(Problem::not_found)?;
    Permission::find(kind, name).ok_or_else(|| Problem::unknown_permission(kind, name))
}

/// Consents to a permission of an application. Not by an API token.
#[utoipa::path(put, path = "/applications/{applicationId}/permissions/{kind}/{name}", tag = "applications",
    operation_id = "grantApplicationPermission",
    params(("applicationId" = Uuid, Path), ("kind" = String, Path), ("name" = String, Path)),
    responses((status = 204), Problems))]
async fn grant(State(app): State<App>, caller: Signed, IdAndWords(id, kind, name): IdAndWords) -> Answer<StatusCode> {
    let permission = permission(&kind, &name)?;
    app.engine.administer(caller.actor(), GrantConsent { application: Id::new(id), permission }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a permission of an application back; what people gave it ends.
#[utoipa::path(delete, path = "/applications/{applicationId}/permissions/{kind}/{name}", tag = "applications",
    operation_id = "withdrawApplicationPermission",
    params(("applicationId" = Uuid, Path), ("kind" = String, Path), ("name" = String, Path)),
    responses((status = 204), Problems))]
async fn withdraw(
    State(app): State<App>,
    caller: Signed,
    IdAndWords(id, kind, name): IdAndWords,
) -> Answer<StatusCode> {
    let permission = permission(&kind, &name)?;
    app.engine.administer(caller.actor(), WithdrawConsent { application: Id::new(id), permission }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Everything that applications can be consented to.
#[utoipa::path(get, path = "/permissions", tag = "applications", operation_id = "listPermissions",
    responses((status = 200, body = Page<PermissionBody>), Problems))]
async fn permissions(_: Signed) -> Answer<Json<Page<PermissionBody>>> {
    Ok(Json(Page::whole(Permission::all().iter().map(|permission| (*permission).into()).collect())))
}

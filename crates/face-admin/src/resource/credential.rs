//! `/users/{userId}/password`, `enrolment`, `tokens`, `accounts`: what people sign in with. Secrets come once or leave
//! once; none is ever shown again.

use axum::{Json, extract::State};
use ephor_domain::{Refusal, principal::Principal};
use ephor_engine::admin::{
    credential::{ApiToken, ListTokens, RevokeToken, SetPassword},
    target::BindAccount,
    user::GetPrincipal,
};
use ephor_identity::{
    identity::SetPasswordError,
    password::PasswordError,
    token::{TokenError, TokenView, parse_scopes},
};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    answer::{Answer, Created},
    body::Sent,
    caller::{Signed, unknown},
    face::App,
    listing::Page,
    parameters::Ids,
    problem::{Problem, Problems},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(set_password))
        .routes(routes!(enrol))
        .routes(routes!(tokens, make_token))
        .routes(routes!(revoke_token))
        .routes(routes!(bind, unbind))
}

/// A password for an account.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewPassword {
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// Sets the local password of an account; its sessions end.
#[utoipa::path(put, path = "/users/{userId}/password", tag = "credentials", operation_id = "setPassword",
    params(("userId" = Uuid, Path)), request_body = NewPassword, responses((status = 204), Problems))]
async fn set_password(
    State(app): State<App>,
    caller: Signed,
    ids: Ids<1>,
    Sent(new): Sent<NewPassword>,
) -> Answer<StatusCode> {
    let principal = ids.one();
    let account: Principal = app.engine.consult(caller.actor(), GetPrincipal { principal }).await?;
    let hash = hashed_password(&app, &account.account, new.password).await?;
    app.engine.administer(caller.actor(), SetPassword { principal, hash }).await?;
    app.identity.forget(principal);
    Ok(StatusCode::NO_CONTENT)
}

/// How long an enrolment link is good.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewEnrolment {
    /// Seconds; 900 when absent, at most 86400.
    lifetime: Option<u32>,
}

/// An enrolment link.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EnrolmentBody {
    /// What the link must carry. Shown once.
    secret: String,
    /// When it ends.
    expires: Timestamp,
}

/// Issues a link that lets its bearer set the password of an account, once.
#[utoipa::path(post, path = "/users/{userId}/enrolment", tag = "credentials", operation_id = "issueEnrolment",
    params(("userId" = Uuid, Path)), request_body = NewEnrolment,
    responses((status = 201, body = EnrolmentBody), Problems))]
async fn enrol(
    State(app): State<App>,
    caller: Signed,
    ids: Ids<1>,
    Sent(new): Sent<NewEnrolment>,
) -> Answer<(StatusCode, Json<EnrolmentBody>)> {
    let life = SignedDuration::from_secs(i64::from(new.lifetime.unwrap_or(900)));
    let (secret, expires) = app.engine.issue_enrolment(caller.actor(), ids.one(), life).await?;
    let body = EnrolmentBody { secret: secret.expose_secret().to_owned(), expires };
    Ok((StatusCode::CREATED, Json(body)))
}

/// An API token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Token)]
struct TokenBody {
    token_id: Uuid,
    label: String,
    scopes: Vec<String>,
    created: Timestamp,
    expires: Timestamp,
    revoked: Option<Timestamp>,
}

impl From<ApiToken> for TokenBody {
    fn from(token: ApiToken) -> Self {
        Self {
            token_id: token.id.uuid(),
            label: token.label,
            scopes: token.scopes,
            created: token.created,
            expires: token.expires,
            revoked: token.revoked,
        }
    }
}

impl From<TokenView> for TokenBody {
    fn from(token: TokenView) -> Self {
        Self {
            token_id: token.id.uuid(),
            label: token.label,
            scopes: token.scopes.into_iter().map(|scope| scope.to_string()).collect(),
            created: token.created,
            expires: token.expires,
            revoked: token.revoked,
        }
    }
}

/// API tokens of an account, newest first.
#[utoipa::path(get, path = "/users/{userId}/tokens", tag = "credentials", operation_id = "listTokens",
    params(("userId" = Uuid, Path)), responses((status = 200, body = Page<TokenBody>), Problems))]
async fn tokens(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<Json<Page<TokenBody>>> {
    let user = ids.one();
    // One's own need no right.
    let tokens: Vec<TokenBody> = if user == caller.0.principal.id {
        let own = app.identity.tokens(&caller.0).await.map_err(|denied| unknown(&denied))?;
        own.into_iter().map(Into::into).collect()
    } else {
        let tokens = app.engine.consult(caller.actor(), ListTokens { principal: user }).await?;
        tokens.into_iter().map(Into::into).collect()
    };
    Ok(Json(Page::whole(tokens)))
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewTokenBody {
    /// Name for people.
    label: String,
    /// `Pam.Use`, `Ephor.Admin`, `Ephor.Check`, `Ephor.Scim`, `Graph.Use`, `Arm.Use`, `Ephor.Metrics`.
    scopes: Vec<String>,
    /// Seconds; at most 90 days.
    lifetime: u32,
}

/// A token that was made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MadeToken {
    token_id: Uuid,
    /// The token. Shown once.
    token: String,
    expires: Timestamp,
}

/// Makes an API token for oneself; a token for somebody else would be that person's voice. Not by an API token.
#[utoipa::path(post, path = "/users/{userId}/tokens", tag = "credentials", operation_id = "createToken",
    params(("userId" = Uuid, Path)), request_body = NewTokenBody, responses((status = 201, body = MadeToken), Problems))]
async fn make_token(
    State(app): State<App>,
    caller: Signed,
    ids: Ids<1>,
    Sent(new): Sent<NewTokenBody>,
) -> Answer<Created<MadeToken>> {
    let user = ids.one();
    if user != caller.0.principal.id {
        return Err(Refusal::NotAdministrator.into());
    }
    let scopes = parse_scopes(new.scopes.iter().map(String::as_str))
        .map_err(|_| Problem::invalid("A scope is not known.").about("scopes"))?;
    let life = SignedDuration::from_secs(i64::from(new.lifetime));
    let made = app.identity.make_token(&caller.0, &new.label, scopes, life).await.map_err(of_token)?;
    let body = MadeToken {
        token_id: made.view.id.uuid(),
        token: made.secret.expose_secret().to_owned(),
        expires: made.view.expires,
    };
    Ok(Created(format!("users/{user}/tokens/{}", body.token_id), body))
}

/// Takes an API token back.
#[utoipa::path(delete, path = "/users/{userId}/tokens/{tokenId}", tag = "credentials", operation_id = "revokeToken",
    params(("userId" = Uuid, Path), ("tokenId" = Uuid, Path)), responses((status = 204), Problems))]
async fn revoke_token(State(app): State<App>, caller: Signed, ids: Ids<2>) -> Answer<StatusCode> {
    let (principal, token) = ids.both();
    if principal != caller.0.principal.id {
        app.engine.administer(caller.actor(), RevokeToken { principal, token }).await?;
    } else if !app.identity.revoke_token(&caller.0, token).await.map_err(|denied| unknown(&denied))? {
        return Err(Refusal::NotFound { what: "token" }.into());
    }
    Ok(StatusCode::NO_CONTENT)
}

/// What a target calls an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AccountNames {
    /// Distinguished name, where the target has such names.
    native_name: String,
    login: String,
}

/// Says what a target calls an account.
#[utoipa::path(put, path = "/users/{userId}/accounts/{targetId}", tag = "credentials", operation_id = "bindAccount",
    params(("userId" = Uuid, Path), ("targetId" = Uuid, Path)), request_body = AccountNames,
    responses((status = 204), Problems))]
async fn bind(
    State(app): State<App>,
    caller: Signed,
    ids: Ids<2>,
    Sent(names): Sent<AccountNames>,
) -> Answer<StatusCode> {
    let (principal, target) = ids.both();
    let names = Some((names.native_name, names.login));
    app.engine.administer(caller.actor(), BindAccount { principal, target, names }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets what a target calls an account.
#[utoipa::path(delete, path = "/users/{userId}/accounts/{targetId}", tag = "credentials",
    operation_id = "unbindAccount", params(("userId" = Uuid, Path), ("targetId" = Uuid, Path)),
    responses((status = 204), Problems))]
async fn unbind(State(app): State<App>, caller: Signed, ids: Ids<2>) -> Answer<StatusCode> {
    let (principal, target) = ids.both();
    app.engine.administer(caller.actor(), BindAccount { principal, target, names: None }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The hash of a password for `account`.
pub(super) async fn hashed_password(app: &App, account: &str, password: SecretString) -> Answer<String> {
    app.identity.hash_assigned(account, password).await.map_err(|error| of_password(&error, "password"))
}

/// The hash of a PIN.
pub(super) async fn hashed_pin(app: &App, pin: SecretString) -> Answer<Vec<u8>> {
    let length = pin.expose_secret().chars().count();
    if !(4..=32).contains(&length) {
        return Err(Problem::invalid("A PIN has 4 to 32 characters.").about("privPinCode"));
    }
    let hash = app.identity.hash_pin(pin).await.map_err(|error| of_password(&error, "privPinCode"))?;
    Ok(hash.into_bytes())
}

fn of_password(error: &SetPasswordError, field: &'static str) -> Problem {
    match error {
        SetPasswordError::Password(PasswordError::Cost(_)) => Problem::internal(),
        SetPasswordError::Password(error) => Problem::invalid(format!("{error}.")).about(field),
        SetPasswordError::Denied(_) => Problem::unavailable(),
    }
}

fn of_token(error: TokenError) -> Problem {
    match error {
        TokenError::NotByToken => Refusal::PersonRequired.into(),
        TokenError::TooMany => Problem::new(StatusCode::CONFLICT, "too_many_tokens", format!("{error}.")),
        TokenError::Denied(denied) => unknown(&denied),
        TokenError::NoScope => Problem::invalid(format!("{error}.")).about("scopes"),
        TokenError::Label => Problem::invalid(format!("{error}.")).about("label"),
        TokenError::Life { .. } => Problem::invalid(format!("{error}.")).about("lifetime"),
    }
}

//! `/users`: PAM users (`PAM 11.1`).

use axum::{Json, extract::State};
use ephor_domain::pam::user::Source;
use ephor_engine::admin::user::{GetUser, ListUsers, NewUser, RemoveUser, SetUser, UserDetail, UserRow, UserSearch};
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::credential::{hashed_password, hashed_pin};
use crate::{
    answer::{Answer, Created},
    body::{Sent, present},
    caller::Signed,
    face::App,
    listing::{self, Page, page},
    parameters::{Ids, Query},
    problem::Problems,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, set, remove))
}

/// A user: a CORP account and the PRIV account of the same person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub(super) struct UserBody {
    /// Also the id of the PRIV account.
    user_id: Uuid,
    /// The human being behind it.
    person_id: Uuid,
    /// `DOMAIN\account` of the PRIV account.
    username: String,
    source_domain: String,
    source_account_name: String,
    source_display_name: Option<String>,
    source_description: Option<String>,
    source_email_address: Option<String>,
    source_phone_number: Option<String>,
    source_account_sid: Option<String>,
    /// Id of our record of the CORP account.
    source_id: Option<Uuid>,
    priv_domain: String,
    priv_account_name: String,
    priv_display_name: String,
    priv_description: Option<String>,
    /// May sign in and hold.
    priv_account_active: bool,
    priv_only: bool,
    /// A PIN is stored; it is never shown.
    has_pin: bool,
    user_principal_name: Option<String>,
    /// What the targets call the PRIV account; only where one user is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    accounts: Option<Vec<AccountAtTarget>>,
}

/// What a target calls an account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AccountAtTarget {
    target_id: Uuid,
    /// Distinguished name, where the target has such names.
    native_name: String,
    login: String,
}

impl From<UserRow> for UserBody {
    fn from(row: UserRow) -> Self {
        let (user, principal) = (row.user, row.principal);
        Self {
            user_id: user.id.uuid(),
            person_id: principal.person.uuid(),
            username: principal.username(),
            priv_only: user.priv_only(),
            source_id: user.corp.map(|corp| corp.uuid()),
            source_domain: user.source.domain,
            source_account_name: user.source.account,
            source_display_name: user.source.display_name,
            source_description: user.source.description,
            source_email_address: user.source.email,
            source_phone_number: user.source.phone,
            source_account_sid: user.source.sid,
            priv_domain: principal.domain,
            priv_account_name: principal.account,
            priv_display_name: principal.display_name,
            priv_description: user.description,
            priv_account_active: principal.enabled,
            has_pin: user.has_pin,
            user_principal_name: principal.upn,
            accounts: None,
        }
    }
}

impl From<UserDetail> for UserBody {
    fn from(detail: UserDetail) -> Self {
        let accounts = detail.accounts.into_iter().map(|account| AccountAtTarget {
            target_id: account.target.uuid(),
            native_name: account.native,
            login: account.login,
        });
        let accounts = Some(accounts.collect());
        Self { accounts, ..UserRow { user: detail.user, principal: detail.principal }.into() }
    }
}

/// Which users: each given text must occur in its member, case-blind.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    source_display_name: Option<String>,
    source_domain: Option<String>,
    source_account_name: Option<String>,
    priv_display_name: Option<String>,
    priv_account_name: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows of the page: 1 to 1000, usually 100.
    limit: Option<u32>,
}

/// Users by display name.
#[utoipa::path(get, path = "/users", tag = "users", operation_id = "listUsers", params(Which),
    responses((status = 200, body = Page<UserBody>), Problems))]
async fn list(State(app): State<App>, caller: Signed, Query(which): Query<Which>) -> Answer<Json<Page<UserBody>>> {
    let query = ListUsers {
        search: UserSearch {
            source_domain: which.source_domain,
            source_account: which.source_account_name,
            source_display_name: which.source_display_name,
            priv_account: which.priv_account_name,
            priv_display_name: which.priv_display_name,
        },
        after: listing::after(which.cursor.as_deref())?,
        limit: listing::limit(which.limit)?,
    };
    Ok(Json(page(app.engine.consult(caller.actor(), query).await?, Into::into)))
}

/// One user: all that is stored about a person.
#[utoipa::path(get, path = "/users/{userId}", tag = "users", operation_id = "getUser", params(("userId" = Uuid, Path)),
    responses((status = 200, body = UserBody), Problems))]
async fn get(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<Json<UserBody>> {
    Ok(Json(app.engine.consult(caller.actor(), GetUser { user: ids.one() }).await?.into()))
}

/// A user to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewUser)]
pub(super) struct NewUserBody {
    /// CORP domain; the PRIV domain for a PRIV-only user.
    source_domain: String,
    source_account_name: String,
    source_display_name: Option<String>,
    source_description: Option<String>,
    source_email_address: Option<String>,
    source_phone_number: Option<String>,
    source_account_sid: Option<String>,
    /// Prefix and source name when absent.
    priv_account_name: Option<String>,
    priv_display_name: Option<String>,
    priv_description: Option<String>,
    /// The account is in PRIV already.
    #[serde(default)]
    priv_only: bool,
    /// May sign in and hold from the start; true when absent.
    priv_account_active: Option<bool>,
    user_principal_name: Option<String>,
    /// Local password, and initial password at the target.
    #[schema(value_type = Option<String>, format = Password)]
    priv_password: Option<SecretString>,
    /// The directory that holds the account; the only outside one when absent.
    target_id: Option<Uuid>,
}

/// Makes a user (`New-PAMUser`). A missing account at the target is made there, with a password nobody knows.
#[utoipa::path(post, path = "/users", tag = "users", operation_id = "createUser", request_body = NewUserBody,
    responses((status = 201, body = UserBody), Problems))]
async fn create(State(app): State<App>, caller: Signed, Sent(new): Sent<NewUserBody>) -> Answer<Created<UserBody>> {
    let password_hash = match &new.priv_password {
        Some(password) => {
            let account = new.priv_account_name.as_deref().unwrap_or(&new.source_account_name);
            Some(hashed_password(&app, account, password.clone()).await?)
        }
        None => None,
    };
    let new = NewUser {
        source: Source {
            display_name: new.source_display_name,
            description: new.source_description,
            email: new.source_email_address,
            phone: new.source_phone_number,
            sid: new.source_account_sid,
            ..Source::default()
        },
        source_domain: new.source_domain,
        source_account: new.source_account_name,
        priv_account: new.priv_account_name,
        priv_only: new.priv_only,
        priv_display_name: new.priv_display_name,
        priv_description: new.priv_description,
        upn: new.user_principal_name,
        enabled: new.priv_account_active.unwrap_or(true),
        password_hash,
        target: new.target_id.map(ephor_domain::id::Id::new),
        target_password: new.priv_password,
    };
    let made: UserBody = app.engine.create_user(caller.actor(), new).await?.into();
    Ok(Created(format!("users/{}", made.user_id), made))
}

/// What is to change of a user; what is absent stays. `null` takes an optional value away.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct UserPatch {
    /// `false` ends whatever is open of the user.
    priv_account_active: Option<bool>,
    priv_account_name: Option<String>,
    priv_display_name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    priv_description: Option<Option<String>>,
    source_domain: Option<String>,
    source_account_name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    source_display_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    source_description: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    source_email_address: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    source_phone_number: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    source_account_sid: Option<Option<String>>,
    /// For MFA providers that ask for one. Only its hash is stored.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = Password)]
    priv_pin_code: Option<Option<SecretString>>,
}

/// Changes a user (`Set-PAMUser`). CORP itself is never written.
#[utoipa::path(patch, path = "/users/{userId}", tag = "users", operation_id = "setUser", params(("userId" = Uuid, Path)),
    request_body = UserPatch, responses((status = 200, body = UserBody), Problems))]
async fn set(
    State(app): State<App>,
    caller: Signed,
    ids: Ids<1>,
    Sent(patch): Sent<UserPatch>,
) -> Answer<Json<UserBody>> {
    let pin = match patch.priv_pin_code {
        Some(Some(pin)) => Some(Some(hashed_pin(&app, pin).await?)),
        Some(None) => Some(None),
        None => None,
    };
    let set = SetUser {
        enabled: patch.priv_account_active,
        priv_account: patch.priv_account_name,
        priv_display_name: patch.priv_display_name,
        priv_description: patch.priv_description,
        source_domain: patch.source_domain,
        source_account: patch.source_account_name,
        source_display_name: patch.source_display_name,
        source_description: patch.source_description,
        source_email: patch.source_email_address,
        source_phone: patch.source_phone_number,
        source_sid: patch.source_account_sid,
        pin,
    };
    let user = ids.one();
    let detail = app.engine.set_user(caller.actor(), user, set).await?;
    app.identity.forget(user);
    Ok(Json(detail.into()))
}

/// Deletes a user and the PRIV account (`Remove-PAMUser`); refused while it is a candidate of a role.
#[utoipa::path(delete, path = "/users/{userId}", tag = "users", operation_id = "removeUser",
    params(("userId" = Uuid, Path)), responses((status = 204), Problems))]
async fn remove(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<StatusCode> {
    let user = ids.one();
    app.engine.administer(caller.actor(), RemoveUser { user }).await?;
    app.identity.forget(user);
    Ok(StatusCode::NO_CONTENT)
}

//! `/administrators`, `/me`: who administers.

use axum::{Json, extract::State};
use ephor_domain::{administration::AdministratorRole, id::Id};
use ephor_engine::admin::administrator::{Administrator, Appoint, Dismiss, ListAdministrators};
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::member::AccountBody;
use crate::{
    answer::Answer,
    caller::Signed,
    face::App,
    listing::Page,
    parameters::WordAndId,
    problem::{Problem, Problems},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(appoint, dismiss)).routes(routes!(me))
}

/// A standing administrator.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Administrator)]
struct AdministratorBody {
    /// `global-administrator`, `pam-administrator`, `target-administrator`, `auditor`.
    role: &'static str,
    /// Template id of the directory role.
    role_template_id: Uuid,
    /// Since when.
    since: Timestamp,
    account: AccountBody,
}

impl From<Administrator> for AdministratorBody {
    fn from(administrator: Administrator) -> Self {
        Self {
            role: administrator.role.word(),
            role_template_id: administrator.role.template(),
            since: administrator.since,
            account: administrator.principal.into(),
        }
    }
}

/// Standing administrators.
#[utoipa::path(get, path = "/administrators", tag = "administrators", operation_id = "listAdministrators",
    responses((status = 200, body = Page<AdministratorBody>), Problems))]
async fn list(State(app): State<App>, caller: Signed) -> Answer<Json<Page<AdministratorBody>>> {
    let all = app.engine.consult(caller.actor(), ListAdministrators).await?;
    Ok(Json(Page::whole(all.into_iter().map(Into::into).collect())))
}

fn role(word: &str) -> Result<AdministratorRole, Problem> {
    AdministratorRole::from_word(word).ok_or_else(Problem::not_found)
}

/// Makes a standing administrator. The others are told.
#[utoipa::path(put, path = "/administrators/{role}/{principalId}", tag = "administrators",
    operation_id = "appointAdministrator", params(("role" = String, Path), ("principalId" = Uuid, Path)),
    responses((status = 204), Problems))]
async fn appoint(State(app): State<App>, caller: Signed, WordAndId(word, id): WordAndId) -> Answer<StatusCode> {
    let role = role(&word)?;
    app.engine.administer(caller.actor(), Appoint { principal: Id::new(id), role }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a standing administrator's assignment; the last Global Administrator stays.
#[utoipa::path(delete, path = "/administrators/{role}/{principalId}", tag = "administrators",
    operation_id = "dismissAdministrator", params(("role" = String, Path), ("principalId" = Uuid, Path)),
    responses((status = 204), Problems))]
async fn dismiss(State(app): State<App>, caller: Signed, WordAndId(word, id): WordAndId) -> Answer<StatusCode> {
    let role = role(&word)?;
    app.engine.administer(caller.actor(), Dismiss { principal: Id::new(id), role }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Me {
    #[serde(flatten)]
    account: AccountBody,
    person_id: Uuid,
    /// What the caller administers.
    administers: Vec<&'static str>,
}

/// Who the caller is and what he administers. Needs no right.
#[utoipa::path(get, path = "/me", tag = "administrators", operation_id = "me",
    responses((status = 200, body = Me), Problems))]
async fn me(State(app): State<App>, caller: Signed) -> Answer<Json<Me>> {
    let roles = app.engine.administers(caller.actor()).await?;
    let person_id = caller.0.principal.person.uuid();
    let administers = roles.into_iter().map(AdministratorRole::word).collect();
    Ok(Json(Me { account: caller.0.principal.into(), person_id, administers }))
}

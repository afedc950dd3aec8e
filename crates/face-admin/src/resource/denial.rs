//! `/deny-assignments`: what some may not do at a scope, whatever their roles say.

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use ephor_domain::{
    resource::{Denial, Permission},
    scope::ArmScope,
};
use ephor_engine::resource::{DeleteDenial, ListDenials, PutDenial};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::scope::{One, scope};
use crate::{
    answer::Answer,
    body::Sent,
    caller::Signed,
    face::App,
    listing::Page,
    parameters::{Ids, Query},
    problem::{Problem, Problems},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(put, remove))
}

/// One set of actions that is forbidden; `*` stands for any run of characters.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = ForbiddenActions)]
pub(super) struct Actions {
    /// At the resources themselves.
    actions: Vec<String>,
    /// Taken out again.
    not_actions: Vec<String>,
    /// With the data in them.
    data_actions: Vec<String>,
    /// Taken out again.
    not_data_actions: Vec<String>,
}

/// A deny assignment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DenyAssignment)]
struct DenialBody {
    id: Uuid,
    display_name: String,
    scope: String,
    /// Not at the scopes below.
    not_below: bool,
    permissions: Vec<Actions>,
    /// Accounts and groups; the nil id is everybody.
    principal_ids: BTreeSet<Uuid>,
    excluded_principal_ids: BTreeSet<Uuid>,
}

/// What is to be forbidden to whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewDenyAssignment)]
pub(super) struct NewDenial {
    display_name: String,
    scope: String,
    #[serde(default)]
    not_below: bool,
    permissions: Vec<Actions>,
    /// Accounts and groups; the nil id is everybody.
    principal_ids: BTreeSet<Uuid>,
    #[serde(default)]
    excluded_principal_ids: BTreeSet<Uuid>,
}

impl From<Denial> for DenialBody {
    fn from(denial: Denial) -> Self {
        let actions = |one: Permission| Actions {
            actions: one.actions,
            not_actions: one.not_actions,
            data_actions: one.data_actions,
            not_data_actions: one.not_data_actions,
        };
        Self {
            id: denial.id,
            display_name: denial.name,
            scope: denial.scope.into(),
            not_below: denial.not_below,
            permissions: denial.permissions.into_iter().map(actions).collect(),
            principal_ids: denial.principals,
            excluded_principal_ids: denial.excluded,
        }
    }
}

/// The deny assignments of exactly one scope.
#[utoipa::path(get, path = "/deny-assignments", tag = "scopes", operation_id = "listDenyAssignments", params(One),
    responses((status = 200, body = Page<DenialBody>), Problems))]
async fn list(State(app): State<App>, caller: Signed, Query(one): Query<One>) -> Answer<Json<Page<DenialBody>>> {
    let scope: ArmScope = scope("scope", &one.scope)?;
    let rows = app.engine.consult(caller.actor(), ListDenials { scope }).await?;
    Ok(Json(Page { items: rows.into_iter().map(Into::into).collect(), next: None }))
}

/// Forbids something, or puts this in the place of the deny assignment with the same id. It holds at once.
#[utoipa::path(put, path = "/deny-assignments/{id}", tag = "scopes", operation_id = "putDenyAssignment",
    params(("id" = Uuid, Path)), request_body = NewDenial, responses((status = 200, body = DenialBody), Problems))]
async fn put(
    State(app): State<App>,
    caller: Signed,
    ids: Ids<1>,
    Sent(new): Sent<NewDenial>,
) -> Answer<Json<DenialBody>> {
    let permission = |one: Actions| Permission {
        actions: one.actions,
        not_actions: one.not_actions,
        data_actions: one.data_actions,
        not_data_actions: one.not_data_actions,
        ..Permission::default()
    };
    let order = PutDenial {
        id: ids.bare(),
        name: new.display_name,
        scope: scope("scope", &new.scope)?,
        not_below: new.not_below,
        permissions: new.permissions.into_iter().map(permission).collect(),
        principals: new.principal_ids,
        excluded: new.excluded_principal_ids,
    };
    Ok(Json(app.engine.administer(caller.actor(), order).await?.into()))
}

/// Lifts a deny assignment.
#[utoipa::path(delete, path = "/deny-assignments/{id}", tag = "scopes", operation_id = "removeDenyAssignment",
    params(("id" = Uuid, Path)), responses((status = 204), Problems))]
async fn remove(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<StatusCode> {
    match app.engine.administer(caller.actor(), DeleteDenial { id: ids.bare() }).await? {
        Some(_) => Ok(StatusCode::NO_CONTENT),
        None => Err(Problem::not_found()),
    }
}

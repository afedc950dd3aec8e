//! `/roles/{roleId}/candidates`, `approvers`, `privileges`: the lists of a role, one member at a time.

use axum::{Json, extract::State};
use ephor_domain::principal::Principal;
use ephor_engine::admin::role::{
    AddMember, ListApprovers, ListCandidates, ListPrivileges, Member, NamedApprover, RemoveMember,
};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::group::GroupBody;
use crate::{
    answer::Answer,
    caller::Signed,
    face::App,
    listing::{self, Page, page},
    parameters::{Ids, Query},
    problem::Problems,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(candidates))
        .routes(routes!(add_candidate, remove_candidate))
        .routes(routes!(approvers))
        .routes(routes!(add_approver, remove_approver))
        .routes(routes!(privileges))
        .routes(routes!(add_privilege, remove_privilege))
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Account)]
pub(super) struct AccountBody {
    user_id: Uuid,
    /// `DOMAIN\account`.
    username: String,
    display_name: String,
    /// May sign in and hold.
    enabled: bool,
}

impl From<Principal> for AccountBody {
    fn from(principal: Principal) -> Self {
        Self {
            user_id: principal.id.uuid(),
            username: principal.username(),
            display_name: principal.display_name,
            enabled: principal.enabled,
        }
    }
}

/// Somebody who decides on requests for a role.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Approver {
    user_id: Uuid,
    /// `DOMAIN\account`.
    username: String,
    display_name: String,
    /// May sign in and decide.
    enabled: bool,
    /// Since when.
    named_at: Timestamp,
}

impl From<NamedApprover> for Approver {
    fn from(named: NamedApprover) -> Self {
        let AccountBody { user_id, username, display_name, enabled } = named.principal.into();
        Self { user_id, username, display_name, enabled, named_at: named.approver.named_at }
    }
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// `next` of the page before.
    pub(super) cursor: Option<String>,
    /// Rows of the page: 1 to 1000, usually 100.
    pub(super) limit: Option<u32>,
}

/// Who may ask for a role.
#[utoipa::path(get, path = "/roles/{roleId}/candidates", tag = "roles", operation_id = "listCandidates",
    params(("roleId" = Uuid, Path), Paging), responses((status = 200, body = Page<AccountBody>), Problems))]
async fn candidates(
    State(app): State<App>,
    caller: Signed,
    ids: Ids<1>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<AccountBody>>> {
    let query = ListCandidates {
        role: ids.one(),
        after: listing::after(paging.cursor.as_deref())?,
        limit: listing::limit(paging.limit)?,
    };
    Ok(Json(page(app.engine.consult(caller.actor(), query).await?, Into::into)))
}

/// Lets a user ask for a role.
#[utoipa::path(put, path = "/roles/{roleId}/candidates/{userId}", tag = "roles", operation_id = "addCandidate",
    params(("roleId" = Uuid, Path), ("userId" = Uuid, Path)), responses((status = 204), Problems))]
async fn add_candidate(State(app): State<App>, caller: Signed, ids: Ids<2>) -> Answer<StatusCode> {
    let (role, user) = ids.both();
    add(&app, &caller, AddMember { role, member: Member::Candidate(user) }).await
}

/// Lets a user ask for a role no longer: what he holds through it ends.
#[utoipa::path(delete, path = "/roles/{roleId}/candidates/{userId}", tag = "roles", operation_id = "removeCandidate",
    params(("roleId" = Uuid, Path), ("userId" = Uuid, Path)), responses((status = 204), Problems))]
async fn remove_candidate(State(app): State<App>, caller: Signed, ids: Ids<2>) -> Answer<StatusCode> {
    let (role, user) = ids.both();
    remove(&app, &caller, RemoveMember { role, member: Member::Candidate(user) }).await
}

/// Who decides on requests for a role.
#[utoipa::path(get, path = "/roles/{roleId}/approvers", tag = "roles", operation_id = "listApprovers",
    params(("roleId" = Uuid, Path)), responses((status = 200, body = Page<Approver>), Problems))]
async fn approvers(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<Json<Page<Approver>>> {
    let approvers = app.engine.consult(caller.actor(), ListApprovers { role: ids.one() }).await?;
    Ok(Json(Page::whole(approvers.into_iter().map(Into::into).collect())))
}

/// Names an approver.
#[utoipa::path(put, path = "/roles/{roleId}/approvers/{userId}", tag = "roles", operation_id = "addApprover",
    params(("roleId" = Uuid, Path), ("userId" = Uuid, Path)), responses((status = 204), Problems))]
async fn add_approver(State(app): State<App>, caller: Signed, ids: Ids<2>) -> Answer<StatusCode> {
    let (role, user) = ids.both();
    add(&app, &caller, AddMember { role, member: Member::Approver(user) }).await
}

/// Takes an approver away; the last one of a role that needs approval stays.
#[utoipa::path(delete, path = "/roles/{roleId}/approvers/{userId}", tag = "roles", operation_id = "removeApprover",
    params(("roleId" = Uuid, Path), ("userId" = Uuid, Path)), responses((status = 204), Problems))]
async fn remove_approver(State(app): State<App>, caller: Signed, ids: Ids<2>) -> Answer<StatusCode> {
    let (role, user) = ids.both();
    remove(&app, &caller, RemoveMember { role, member: Member::Approver(user) }).await
}

/// Groups a role gives.
#[utoipa::path(get, path = "/roles/{roleId}/privileges", tag = "roles", operation_id = "listPrivileges",
    params(("roleId" = Uuid, Path)), responses((status = 200, body = Page<GroupBody>), Problems))]
async fn privileges(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<Json<Page<GroupBody>>> {
    let groups = app.engine.consult(caller.actor(), ListPrivileges { role: ids.one() }).await?;
    Ok(Json(Page::whole(groups.into_iter().map(Into::into).collect())))
}

/// Adds a group to what a role gives, also to those who hold it now.
#[utoipa::path(put, path = "/roles/{roleId}/privileges/{groupId}", tag = "roles", operation_id = "addPrivilege",
    params(("roleId" = Uuid, Path), ("groupId" = Uuid, Path)), responses((status = 204), Problems))]
async fn add_privilege(State(app): State<App>, caller: Signed, ids: Ids<2>) -> Answer<StatusCode> {
    let (role, group) = ids.both();
    add(&app, &caller, AddMember { role, member: Member::Privilege(group) }).await
}

/// Takes a group from what a role gives, also from those who hold it now.
#[utoipa::path(delete, path = "/roles/{roleId}/privileges/{groupId}", tag = "roles", operation_id = "removePrivilege",
    params(("roleId" = Uuid, Path), ("groupId" = Uuid, Path)), responses((status = 204), Problems))]
async fn remove_privilege(State(app): State<App>, caller: Signed, ids: Ids<2>) -> Answer<StatusCode> {
    let (role, group) = ids.both();
    remove(&app, &caller, RemoveMember { role, member: Member::Privilege(group) }).await
}

async fn add(app: &App, caller: &Signed, command: AddMember) -> Answer<StatusCode> {
    app.engine.administer(caller.actor(), command).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(app: &App, caller: &Signed, command: RemoveMember) -> Answer<StatusCode> {
    app.engine.administer(caller.actor(), command).await?;
    Ok(StatusCode::NO_CONTENT)
}

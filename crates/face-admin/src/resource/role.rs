//! `/roles`: PAM roles (`PAM 10.1`).

use axum::{Json, extract::State};
use ephor_domain::{Refusal, pam::Role, text::Name};
use ephor_engine::admin::role::{CreateRole, GetRole, ListRoles, RemoveRole, RoleDetail, SetRole};
use jiff::civil::Time;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{group::GroupBody, member::Approver};
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

/// A role.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Role)]
pub(super) struct RoleBody {
    role_id: Uuid,
    display_name: String,
    description: Option<String>,
    /// Longest stay in seconds.
    ttl: u64,
    /// Earliest time of day, `HH:MM:SS` in the zone of the server.
    available_from: Option<String>,
    /// Latest time of day.
    available_to: Option<String>,
    mfa_enabled: bool,
    approval_enabled: bool,
    availability_window_enabled: bool,
    disable_auto_approval_if_owner: bool,
    /// Who decides; only where one role is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    approvers: Option<Vec<Approver>>,
    /// What is given; only where one role is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    privileges: Option<Vec<GroupBody>>,
}

impl From<Role> for RoleBody {
    fn from(role: Role) -> Self {
        Self {
            role_id: role.id.uuid(),
            display_name: role.name.as_str().to_owned(),
            description: role.description,
            ttl: role.ttl,
            available_from: role.window.map(|window| window.from().to_string()),
            available_to: role.window.map(|window| window.to().to_string()),
            mfa_enabled: role.mfa,
            approval_enabled: role.approval,
            availability_window_enabled: role.window_enabled,
            disable_auto_approval_if_owner: role.owner_needs_approval,
            approvers: None,
            privileges: None,
        }
    }
}

impl From<RoleDetail> for RoleBody {
    fn from(detail: RoleDetail) -> Self {
        Self {
            approvers: Some(detail.approvers.into_iter().map(Into::into).collect()),
            privileges: Some(detail.privileges.into_iter().map(Into::into).collect()),
            ..detail.role.into()
        }
    }
}

/// Which roles.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Exactly this name, case-blind.
    display_name: Option<String>,
    /// Names that hold this, case-blind.
    search: Option<String>,
    /// Only roles that somebody holds or is about to hold.
    #[serde(default)]
    active: bool,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows of the page: 1 to 1000, usually 100.
    limit: Option<u32>,
}

/// Roles by display name.
#[utoipa::path(get, path = "/roles", tag = "roles", operation_id = "listRoles", params(Which),
    responses((status = 200, body = Page<RoleBody>), Problems))]
async fn list(State(app): State<App>, caller: Signed, Query(which): Query<Which>) -> Answer<Json<Page<RoleBody>>> {
    let query = ListRoles {
        search: which.search,
        name: which.display_name,
        active: which.active,
        after: listing::after(which.cursor.as_deref())?,
        limit: listing::limit(which.limit)?,
    };
    Ok(Json(page(app.engine.consult(caller.actor(), query).await?, Into::into)))
}

/// One role with its approvers and privileges.
#[utoipa::path(get, path = "/roles/{roleId}", tag = "roles", operation_id = "getRole", params(("roleId" = Uuid, Path)),
    responses((status = 200, body = RoleBody), Problems))]
async fn get(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<Json<RoleBody>> {
    Ok(Json(app.engine.consult(caller.actor(), GetRole { role: ids.one() }).await?.into()))
}

/// A role to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewRole {
    /// Unique, case-blind; 1 to 256 characters.
    display_name: String,
    description: Option<String>,
    /// Longest stay in seconds; the configured default when absent.
    ttl: Option<u64>,
    /// Earliest time of day, `HH:MM` or `HH:MM:SS`.
    available_from: Option<String>,
    /// Latest time of day; later than the earliest.
    available_to: Option<String>,
    #[serde(default)]
    mfa_enabled: bool,
    #[serde(default)]
    approval_enabled: bool,
    #[serde(default)]
    availability_window_enabled: bool,
    /// True when absent.
    disable_auto_approval_if_owner: Option<bool>,
    /// User ids.
    #[serde(default)]
    candidates: Vec<Uuid>,
    /// User ids.
    #[serde(default)]
    approvers: Vec<Uuid>,
    /// Group ids.
    #[serde(default)]
    privileges: Vec<Uuid>,
}

/// Makes a role (`New-PAMRole`).
#[utoipa::path(post, path = "/roles", tag = "roles", operation_id = "createRole", request_body = NewRole,
    responses((status = 201, body = RoleBody), Problems))]
async fn create(State(app): State<App>, caller: Signed, Sent(new): Sent<NewRole>) -> Answer<Created<RoleBody>> {
    let command = CreateRole {
        name: name(&new.display_name)?,
        description: new.description,
        ttl: new.ttl,
        from: new.available_from.as_deref().map(|text| time("availableFrom", text)).transpose()?,
        to: new.available_to.as_deref().map(|text| time("availableTo", text)).transpose()?,
        window_enabled: new.availability_window_enabled,
        mfa: new.mfa_enabled,
        approval: new.approval_enabled,
        owner_needs_approval: new.disable_auto_approval_if_owner.unwrap_or(true),
        candidates: ids(new.candidates),
        approvers: ids(new.approvers),
        privileges: ids(new.privileges),
    };
    let made: RoleBody = app.engine.administer(caller.actor(), command).await?.into();
    Ok(Created(format!("roles/{}", made.role_id), made))
}

/// What is to change of a role; what is absent stays. `null` takes an optional value away. Lists replace the whole list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RolePatch {
    display_name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    /// Longest stay in seconds.
    ttl: Option<u64>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    available_from: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    available_to: Option<Option<String>>,
    mfa_enabled: Option<bool>,
    approval_enabled: Option<bool>,
    availability_window_enabled: Option<bool>,
    disable_auto_approval_if_owner: Option<bool>,
    /// User ids.
    candidates: Option<Vec<Uuid>>,
    /// User ids.
    approvers: Option<Vec<Uuid>>,
    /// Group ids.
    privileges: Option<Vec<Uuid>>,
}

/// Changes a role (`Set-PAMRole`). Whoever loses candidacy loses what he holds through it.
#[utoipa::path(patch, path = "/roles/{roleId}", tag = "roles", operation_id = "setRole", params(("roleId" = Uuid, Path)),
    request_body = RolePatch, responses((status = 200, body = RoleBody), Problems))]
async fn set(
    State(app): State<App>,
    caller: Signed,
    path: Ids<1>,
    Sent(patch): Sent<RolePatch>,
) -> Answer<Json<RoleBody>> {
    let clock = |field, text: Option<Option<String>>| {
        text.map(|text| text.map(|text| time(field, &text)).transpose()).transpose()
    };
    let command = SetRole {
        role: path.one(),
        name: patch.display_name.as_deref().map(name).transpose()?,
        description: patch.description,
        ttl: patch.ttl,
        from: clock("availableFrom", patch.available_from)?,
        to: clock("availableTo", patch.available_to)?,
        window_enabled: patch.availability_window_enabled,
        mfa: patch.mfa_enabled,
        approval: patch.approval_enabled,
        owner_needs_approval: patch.disable_auto_approval_if_owner,
        candidates: patch.candidates.map(ids),
        approvers: patch.approvers.map(ids),
        privileges: patch.privileges.map(ids),
    };
    Ok(Json(app.engine.administer(caller.actor(), command).await?.into()))
}

/// What came to its end with a role, or was cancelled.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ended {
    /// Requests that were open.
    pub(super) ended_requests: u64,
}

/// Deletes a role (`Remove-PAMRole`): its open requests end.
#[utoipa::path(delete, path = "/roles/{roleId}", tag = "roles", operation_id = "removeRole",
    params(("roleId" = Uuid, Path)), responses((status = 200, body = Ended), Problems))]
async fn remove(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<Json<Ended>> {
    let ended_requests = app.engine.administer(caller.actor(), RemoveRole { role: ids.one() }).await?;
    Ok(Json(Ended { ended_requests }))
}

fn name(text: &str) -> Result<Name, Refusal> {
    let rule = "is one line of 1 to 256 characters, not all blanks";
    Name::parse(text).map_err(|_| Refusal::Invalid { field: "displayName", rule })
}

/// A time of day; whatever date goes with it elsewhere does not count (`PAM 10.3`).
fn time(field: &'static str, text: &str) -> Result<Time, Refusal> {
    text.parse().map_err(|_| Refusal::Invalid { field, rule: "is no time of day like 08:00 or 08:00:00" })
}

fn ids<Kind>(ids: Vec<Uuid>) -> Vec<ephor_domain::id::Id<Kind>> {
    ids.into_iter().map(ephor_domain::id::Id::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day() {
        assert_eq!(time("availableFrom", "08:00").unwrap().to_string(), "08:00:00");
        assert_eq!(time("availableFrom", "23:59:59").unwrap().to_string(), "23:59:59");
        assert!(time("availableFrom", "25:00").is_err());
        assert!(time("availableFrom", "noon").is_err());
    }
}

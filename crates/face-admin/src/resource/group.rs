//! `/groups`: PAM groups (`PAM 11.2`).

use axum::{Json, extract::State};
use ephor_domain::pam::group::Group;
use ephor_engine::admin::group::{GetGroup, GroupSearch, ListGroups, NewGroup, RemoveGroup, SetGroup};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

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

/// A group that roles give.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Group)]
pub(super) struct GroupBody {
    group_id: Uuid,
    source_domain: String,
    source_account_name: String,
    source_account_sid: Option<String>,
    priv_account_name: String,
    priv_display_name: String,
    priv_description: Option<String>,
    /// May be used for activation.
    active: bool,
    priv_only: bool,
    /// The directory that holds it.
    target_id: Uuid,
    /// What that directory calls it.
    native_name: String,
}

impl From<Group> for GroupBody {
    fn from(group: Group) -> Self {
        Self {
            group_id: group.id.uuid(),
            source_domain: group.source_domain,
            source_account_name: group.source_account,
            source_account_sid: group.source_sid,
            priv_account_name: group.priv_account,
            priv_display_name: group.display_name,
            priv_description: group.description,
            active: group.active,
            priv_only: group.priv_only,
            target_id: group.target.uuid(),
            native_name: group.native,
        }
    }
}

/// Which groups: each given text must occur in its member, case-blind.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    source_account_name: Option<String>,
    priv_account_name: Option<String>,
    priv_display_name: Option<String>,
    /// At this target.
    target_id: Option<Uuid>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows of the page: 1 to 1000, usually 100.
    limit: Option<u32>,
}

/// Groups by display name.
#[utoipa::path(get, path = "/groups", tag = "groups", operation_id = "listGroups", params(Which),
    responses((status = 200, body = Page<GroupBody>), Problems))]
async fn list(State(app): State<App>, caller: Signed, Query(which): Query<Which>) -> Answer<Json<Page<GroupBody>>> {
    let query = ListGroups {
        search: GroupSearch {
            source_account: which.source_account_name,
            priv_account: which.priv_account_name,
            priv_display_name: which.priv_display_name,
            target: which.target_id.map(ephor_domain::id::Id::new),
        },
        after: listing::after(which.cursor.as_deref())?,
        limit: listing::limit(which.limit)?,
    };
    Ok(Json(page(app.engine.consult(caller.actor(), query).await?, Into::into)))
}

/// One group.
#[utoipa::path(get, path = "/groups/{groupId}", tag = "groups", operation_id = "getGroup",
    params(("groupId" = Uuid, Path)), responses((status = 200, body = GroupBody), Problems))]
async fn get(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<Json<GroupBody>> {
    Ok(Json(app.engine.consult(caller.actor(), GetGroup { group: ids.one() }).await?.into()))
}

/// A group to be mirrored or registered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewGroup)]
pub(super) struct NewGroupBody {
    /// Name of the CORP group; of the group itself for a PRIV-only one.
    source_group_name: String,
    /// CORP domain; the PRIV domain for a PRIV-only group.
    source_domain: String,
    source_account_sid: Option<String>,
    /// The group is in PRIV already.
    #[serde(default)]
    priv_only: bool,
    /// Source domain, dot, name when absent.
    priv_account_name: Option<String>,
    priv_display_name: Option<String>,
    priv_description: Option<String>,
    /// The directory that holds it; the only outside one when absent, else the built-in one.
    target_id: Option<Uuid>,
}

/// Mirrors or registers a group (`New-PAMGroup`).
#[utoipa::path(post, path = "/groups", tag = "groups", operation_id = "createGroup", request_body = NewGroupBody,
    responses((status = 201, body = GroupBody), Problems))]
async fn create(State(app): State<App>, caller: Signed, Sent(new): Sent<NewGroupBody>) -> Answer<Created<GroupBody>> {
    let new = NewGroup {
        source_group: new.source_group_name,
        source_domain: new.source_domain,
        source_sid: new.source_account_sid,
        priv_only: new.priv_only,
        priv_account: new.priv_account_name,
        display_name: new.priv_display_name,
        description: new.priv_description,
        target: new.target_id.map(ephor_domain::id::Id::new),
    };
    let made: GroupBody = app.engine.create_group(caller.actor(), new).await?.into();
    Ok(Created(format!("groups/{}", made.group_id), made))
}

/// What is to change of a group; what is absent stays. `null` takes an optional value away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct GroupPatch {
    source_account_name: Option<String>,
    source_domain: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    source_account_sid: Option<Option<String>>,
    priv_account_name: Option<String>,
    priv_display_name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    priv_description: Option<Option<String>>,
    /// `false` blocks activations that would give it.
    active: Option<bool>,
}

/// Changes a group (`Set-PAMGroup`).
#[utoipa::path(patch, path = "/groups/{groupId}", tag = "groups", operation_id = "setGroup",
    params(("groupId" = Uuid, Path)), request_body = GroupPatch, responses((status = 200, body = GroupBody), Problems))]
async fn set(
    State(app): State<App>,
    caller: Signed,
    ids: Ids<1>,
    Sent(patch): Sent<GroupPatch>,
) -> Answer<Json<GroupBody>> {
    let command = SetGroup {
        group: ids.one(),
        source_account: patch.source_account_name,
        source_domain: patch.source_domain,
        source_sid: patch.source_account_sid,
        priv_account: patch.priv_account_name,
        display_name: patch.priv_display_name,
        description: patch.priv_description,
        active: patch.active,
    };
    Ok(Json(app.engine.administer(caller.actor(), command).await?.into()))
}

/// Forgets a group (`Remove-PAMGroup`); refused while a role gives it.
#[utoipa::path(delete, path = "/groups/{groupId}", tag = "groups", operation_id = "removeGroup",
    params(("groupId" = Uuid, Path)), responses((status = 204), Problems))]
async fn remove(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<StatusCode> {
    app.engine.administer(caller.actor(), RemoveGroup { group: ids.one() }).await?;
    Ok(StatusCode::NO_CONTENT)
}

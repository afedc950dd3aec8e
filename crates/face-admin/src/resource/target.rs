//! `/targets`, `/removals/overdue`: the directories that enforce, and what they still hold.

use axum::{Json, extract::State};
use ephor_engine::admin::target::{Foreign, ListBindings, ListOverdue, Mode, Placed, SetTargetMode, TargetDetail};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{group::GroupBody, member::Paging};
use crate::{
    answer::Answer,
    body::Sent,
    caller::Signed,
    face::App,
    listing::{self, Page, page},
    parameters::{Ids, Query},
    problem::Problems,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(read, set))
        .routes(routes!(test))
        .routes(routes!(drift))
        .routes(routes!(groups))
        .routes(routes!(overdue))
}

/// A target and how it stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Target)]
struct TargetBody {
    target_id: Uuid,
    name: String,
    /// `built-in`, `ldap`, `active-directory`, `scim`.
    kind: String,
    built_in: bool,
    mode: ModeBody,
    /// Its self-test found that it cannot be written to: new grants on it are refused.
    unwritable: bool,
    /// What the last self-test found.
    #[schema(value_type = Option<Object>)]
    health: Option<serde_json::Value>,
    tested_at: Option<Timestamp>,
    /// The target ends memberships by itself, as the last self-test found; absent before the first.
    native_expiry: Option<bool>,
    /// Why it does not, where there is more to say than that such targets never do.
    native_expiry_off: Option<String>,
    /// The functional level of its domain and forest, where it has such things.
    level: Option<String>,
    /// What an operator should know of its groups, as the last self-test found.
    findings: Vec<String>,
    /// Calls do not wait for it at present.
    breaker_open: bool,
    /// Failures since it last confirmed.
    failures: u32,
    /// What the last failure was, in a word.
    last_fault: Option<String>,
    /// When the next attempt is due there.
    next_due: Option<Timestamp>,
}

impl From<TargetDetail> for TargetBody {
    fn from(detail: TargetDetail) -> Self {
        let (target, status) = (detail.target, detail.status);
        let (health, tested_at) = target.health.unzip();
        let health: Option<serde_json::Value> = health.and_then(|text| serde_json::from_str(&text).ok());
        let text = |key: &str| Some(health.as_ref()?.get(key)?.as_str()?.to_owned());
        let findings = health.as_ref().and_then(|health| health.get("findings")?.as_array()).into_iter().flatten();
        Self {
            target_id: target.id.uuid(),
            name: target.name,
            kind: target.kind,
            built_in: target.built_in,
            mode: target.mode.into(),
            unwritable: target.unwritable,
            native_expiry: health.as_ref().and_then(|health| health.get("nativeExpiry")?.as_bool()),
            native_expiry_off: text("nativeExpiryOff"),
            level: text("level"),
            findings: findings.filter_map(|finding| Some(finding.as_str()?.to_owned())).collect(),
            health,
            tested_at,
            breaker_open: status.as_ref().is_some_and(|status| status.breaker_open),
            failures: status.as_ref().map_or(0, |status| status.failures),
            last_fault: status.and_then(|status| status.last_fault).map(|fault| fault.kind.to_string()),
            next_due: detail.next_due,
        }
    }
}

/// What is done about changes that others make at a target.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = TargetMode)]
enum ModeBody {
    /// They are reported; a grant whose membership is taken away ends.
    ReportOnly,
    /// They are corrected.
    Authoritative,
}

impl From<Mode> for ModeBody {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::ReportOnly => Self::ReportOnly,
            Mode::Authoritative => Self::Authoritative,
        }
    }
}

impl From<ModeBody> for Mode {
    fn from(mode: ModeBody) -> Self {
        match mode {
            ModeBody::ReportOnly => Self::ReportOnly,
            ModeBody::Authoritative => Self::Authoritative,
        }
    }
}

/// All targets.
#[utoipa::path(get, path = "/targets", tag = "targets", operation_id = "listTargets",
    responses((status = 200, body = Page<TargetBody>), Problems))]
async fn list(State(app): State<App>, caller: Signed) -> Answer<Json<Page<TargetBody>>> {
    let all = app.engine.list_targets(caller.actor()).await?;
    Ok(Json(Page::whole(all.into_iter().map(Into::into).collect())))
}

/// One target: how it stands, what it can do by itself, and what an operator should know of its groups.
#[utoipa::path(get, path = "/targets/{targetId}", tag = "targets", operation_id = "getTarget",
    params(("targetId" = Uuid, Path)), responses((status = 200, body = TargetBody), Problems))]
async fn read(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<Json<TargetBody>> {
    Ok(Json(app.engine.target(caller.actor(), ids.one()).await?.into()))
}

/// What is to change of a target.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TargetPatch {
    mode: ModeBody,
}

/// Changes what is done about foreign changes at a target.
#[utoipa::path(patch, path = "/targets/{targetId}", tag = "targets", operation_id = "setTarget",
    params(("targetId" = Uuid, Path)), request_body = TargetPatch, responses((status = 204), Problems))]
async fn set(
    State(app): State<App>,
    caller: Signed,
    ids: Ids<1>,
    Sent(patch): Sent<TargetPatch>,
) -> Answer<StatusCode> {
    let command = SetTargetMode { target: ids.one(), mode: patch.mode.into() };
    app.engine.administer(caller.actor(), command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tests a target now and compares it with what is owed.
#[utoipa::path(post, path = "/targets/{targetId}/test", tag = "targets", operation_id = "testTarget",
    params(("targetId" = Uuid, Path)), responses((status = 204), Problems))]
async fn test(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<StatusCode> {
    app.engine.test_target_now(caller.actor(), ids.one()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Members of a group whom nobody is known to owe.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Drift {
    group_id: Uuid,
    /// As the target spells them.
    members: Vec<String>,
}

impl From<Foreign> for Drift {
    fn from(foreign: Foreign) -> Self {
        Self { group_id: foreign.group.uuid(), members: foreign.members }
    }
}

/// Members of the target's groups whom nobody is known to owe, as last read back.
#[utoipa::path(get, path = "/targets/{targetId}/drift", tag = "targets", operation_id = "getDrift",
    params(("targetId" = Uuid, Path)), responses((status = 200, body = Page<Drift>), Problems))]
async fn drift(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<Json<Page<Drift>>> {
    let foreign = app.engine.drift(caller.actor(), ids.one()).await?;
    Ok(Json(Page::whole(foreign.into_iter().map(Into::into).collect())))
}

/// Groups that live at a target.
#[utoipa::path(get, path = "/targets/{targetId}/groups", tag = "targets", operation_id = "listTargetGroups",
    params(("targetId" = Uuid, Path), Paging), responses((status = 200, body = Page<GroupBody>), Problems))]
async fn groups(
    State(app): State<App>,
    caller: Signed,
    ids: Ids<1>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<GroupBody>>> {
    let query = ListBindings {
        target: ids.one(),
        after: listing::after(paging.cursor.as_deref())?,
        limit: listing::limit(paging.limit)?,
    };
    Ok(Json(page(app.engine.consult(caller.actor(), query).await?, Into::into)))
}

/// A membership that is over and that its target has not confirmed as removed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OverdueRemoval {
    group_id: Uuid,
    user_id: Uuid,
    target_id: Uuid,
    /// What the target calls the group.
    group_native_name: String,
    /// What the target calls the account; absent while it is not known there.
    account_native_name: Option<String>,
    /// Since when the removal is owed.
    since: Timestamp,
    attempts: u32,
    last_fault: Option<String>,
}

impl From<Placed> for OverdueRemoval {
    fn from(placed: Placed) -> Self {
        Self {
            group_id: placed.membership.group.uuid(),
            user_id: placed.membership.principal.uuid(),
            target_id: placed.membership.target.uuid(),
            group_native_name: placed.group_native,
            account_native_name: placed.account_native.or(placed.login),
            since: placed.membership.since,
            attempts: placed.membership.attempts,
            last_fault: placed.last_fault,
        }
    }
}

/// Removals not confirmed for more than 30 seconds: who still holds what is over. At most 1000.
#[utoipa::path(get, path = "/removals/overdue", tag = "targets", operation_id = "listOverdueRemovals",
    responses((status = 200, body = Page<OverdueRemoval>), Problems))]
async fn overdue(State(app): State<App>, caller: Signed) -> Answer<Json<Page<OverdueRemoval>>> {
    let query = ListOverdue { for_longer_than: SignedDuration::from_secs(30), limit: 1000 };
    let overdue = app.engine.consult(caller.actor(), query).await?;
    Ok(Json(Page::whole(overdue.into_iter().map(Into::into).collect())))
}

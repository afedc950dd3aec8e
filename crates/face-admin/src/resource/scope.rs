//! `/scopes`, `/access-checks`: the tree of resource scopes, and who may do what in it.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use ephor_domain::{
    id::{Id, PrincipalId},
    resource::{Plane, Verdict},
    scope::{ArmScope, Place},
};
use ephor_engine::resource::{CheckAccess, DeletePlace, Footing, ListPlaces, PlaceKind, PutPlace};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    answer::Answer,
    body::Sent,
    caller::Signed,
    face::App,
    listing::{self, Page, Place as Cursor},
    parameters::Query,
    problem::{Problem, Problems},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, register, remove)).routes(routes!(check))
}

/// A registered scope.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Scope)]
struct ScopeBody {
    /// `/subscriptions/…`, `/providers/Microsoft.Management/managementGroups/…`, canonically spelled.
    scope: String,
    display_name: String,
    /// What it hangs below; `/` is the whole tenant.
    parent: String,
    location: Option<String>,
    tags: BTreeMap<String, String>,
}

impl From<Place> for ScopeBody {
    fn from(place: Place) -> Self {
        Self {
            scope: place.scope.into(),
            display_name: place.name,
            parent: place.parent.into(),
            location: place.location,
            tags: place.tags,
        }
    }
}

/// A scope to be registered or changed; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewScope)]
pub(super) struct NewScope {
    scope: String,
    display_name: Option<String>,
    /// What a management group or subscription hangs below; the whole tenant at first.
    parent: Option<String>,
    location: Option<String>,
    tags: Option<BTreeMap<String, String>>,
}

/// Which scopes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// `managementGroup`, `subscription`, `resourceGroup` or `resource`.
    kind: String,
    /// Rows of the page: 1 to 1000, 100 by default.
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Which scope.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct One {
    pub(super) scope: String,
}

/// Where a list of scopes goes on.
struct After(String);

impl Cursor for After {
    fn text(&self) -> String {
        self.0.clone()
    }

    fn read(text: &str) -> Option<Self> {
        text.parse::<ArmScope>().ok().map(|scope| Self(scope.key().to_owned()))
    }
}

pub(super) fn scope(field: &'static str, text: &str) -> Result<ArmScope, Problem> {
    text.parse().map_err(|_| Problem::invalid("This is no resource scope.").about(field))
}

/// Registered scopes of one sort.
#[utoipa::path(get, path = "/scopes", tag = "scopes", operation_id = "listScopes", params(Which),
    responses((status = 200, body = Page<ScopeBody>), Problems))]
async fn list(State(app): State<App>, caller: Signed, Query(which): Query<Which>) -> Answer<Json<Page<ScopeBody>>> {
    let kind = match which.kind.as_str() {
        "managementGroup" => PlaceKind::ManagementGroup,
        "subscription" => PlaceKind::Subscription,
        "resourceGroup" => PlaceKind::ResourceGroup,
        "resource" => PlaceKind::Resource,
        _ => return Err(Problem::invalid("There is no such kind of scope.").about("kind")),
    };
    let limit = listing::limit(which.limit)?;
    let after = listing::after::<After>(which.cursor.as_deref())?.map(|after| after.0).unwrap_or_default();
    let rows = app.engine.consult(caller.actor(), ListPlaces { kind, after, limit }).await?;
    let is_full = rows.len() >= limit as usize;
    let next = rows.last().filter(|_| is_full).map(|place| After(place.scope.key().to_owned()).text());
    Ok(Json(Page { items: rows.into_iter().map(Into::into).collect(), next }))
}

/// Registers a scope, or renames or moves it. Whoever holds a role above the new place has it below from then on.
#[utoipa::path(put, path = "/scopes", tag = "scopes", operation_id = "registerScope", request_body = NewScope,
    responses((status = 200, body = ScopeBody), Problems))]
async fn register(State(app): State<App>, caller: Signed, Sent(new): Sent<NewScope>) -> Answer<Json<ScopeBody>> {
    let order = PutPlace {
        scope: scope("scope", &new.scope)?,
        name: new.display_name,
        parent: new.parent.as_deref().map(|text| scope("parent", text)).transpose()?,
        location: new.location,
        tags: new.tags,
        footing: Footing::Administration,
    };
    let (place, _) = app.engine.administer(caller.actor(), order).await?;
    Ok(Json(place.into()))
}

/// Removes a scope that holds nothing: no scope below, and nobody's role.
#[utoipa::path(delete, path = "/scopes", tag = "scopes", operation_id = "removeScope", params(One),
    responses((status = 204), Problems))]
async fn remove(State(app): State<App>, caller: Signed, Query(one): Query<One>) -> Answer<StatusCode> {
    let order = DeletePlace { scope: scope("scope", &one.scope)?, footing: Footing::Administration };
    match app.engine.administer(caller.actor(), order).await? {
        Some(_) => Ok(StatusCode::NO_CONTENT),
        None => Err(Problem::not_found()),
    }
}

/// May this principal do this at this scope, now?
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = AccessCheck)]
pub(super) struct CheckBody {
    /// The caller when absent.
    principal_id: Option<Uuid>,
    scope: String,
    /// One action, as `Microsoft.Storage/storageAccounts/read`.
    action: String,
    /// The action is one on data.
    #[serde(default)]
    data: bool,
}

/// The answer: only `allowed` counts; `verdict` says why not.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccessVerdict)]
struct VerdictBody {
    allowed: bool,
    /// `allowed`, `notAllowed`, `conditioned` (a role allows it under a condition, which is not judged), `denied`.
    verdict: &'static str,
}

/// Says whether a principal may do something at a scope now, by roles in force there or above, directly or through
/// groups. Everybody may ask about himself; about others whoever may read the role assignments there, and whoever reads
/// the administration.
#[utoipa::path(post, path = "/access-checks", tag = "scopes", operation_id = "checkAccess", request_body = CheckBody,
    responses((status = 200, body = VerdictBody), Problems))]
async fn check(State(app): State<App>, caller: Signed, Sent(asked): Sent<CheckBody>) -> Answer<Json<VerdictBody>> {
    let own = caller.actor().principal;
    let principal: PrincipalId = asked.principal_id.map_or(own, Id::new);
    let as_administrator = principal != own && !app.engine.administers(caller.actor()).await?.is_empty();
    let question = CheckAccess {
        principal,
        scope: scope("scope", &asked.scope)?,
        action: asked.action,
        plane: if asked.data { Plane::Data } else { Plane::Control },
        as_administrator,
    };
    let verdict = app.engine.consult(caller.actor(), question).await?;
    let word = match verdict {
        Verdict::Allowed => "allowed",
        Verdict::NotAllowed => "notAllowed",
        Verdict::Conditioned => "conditioned",
        Verdict::Denied(_) => "denied",
    };
    Ok(Json(VerdictBody { allowed: verdict == Verdict::Allowed, verdict: word }))
}

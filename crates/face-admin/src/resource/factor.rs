//! `/users/{userId}/factors`: what an administrator sees of second factors, and how they are taken away when their person
//! has lost them.

use axum::{Json, extract::State};
use ephor_engine::admin::{factor::ResetFactors, user::GetPrincipal};
use ephor_identity::factor::FactorView;
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    answer::Answer, caller::Signed, face::App, listing::Page, parameters::Ids, problem::Problems, refusal::of_fault,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, reset))
}

/// A second factor, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Factor)]
struct FactorBody {
    factor_id: Uuid,
    /// `totp` or `passkey`.
    kind: String,
    label: String,
    created: Timestamp,
    last_used: Option<Timestamp>,
    /// When it was switched off because it may be copied.
    disabled: Option<Timestamp>,
}

impl From<FactorView> for FactorBody {
    fn from(factor: FactorView) -> Self {
        Self {
            factor_id: factor.id,
            kind: factor.kind.to_string(),
            label: factor.label,
            created: factor.created,
            last_used: factor.used,
            disabled: factor.disabled,
        }
    }
}

/// Second factors of an account, oldest first.
#[utoipa::path(get, path = "/users/{userId}/factors", tag = "credentials", operation_id = "listFactors",
    params(("userId" = Uuid, Path)), responses((status = 200, body = Page<FactorBody>), Problems))]
async fn list(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<Json<Page<FactorBody>>> {
    let principal = ids.one();
    app.engine.consult(caller.actor(), GetPrincipal { principal }).await?;
    let factors = app.factors.list(principal).await.map_err(|fault| of_fault(&fault))?;
    Ok(Json(Page::whole(factors.into_iter().map(FactorBody::from).collect())))
}

/// Removes all second factors and recovery codes of an account and ends its sessions. Takes a person, no API token.
#[utoipa::path(delete, path = "/users/{userId}/factors", tag = "credentials", operation_id = "resetFactors",
    params(("userId" = Uuid, Path)), responses((status = 204), Problems))]
async fn reset(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<StatusCode> {
    let principal = ids.one();
    app.engine.administer(caller.actor(), ResetFactors { principal }).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! `/health`: how the server stands, for administrators.

use axum::{Json, extract::State};
use ephor_engine::admin::health::Health;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{answer::Answer, caller::Signed, face::App, problem::Problems};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get))
}

/// How the server stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Health)]
struct HealthBody {
    /// The instant of the answer by the server's clock.
    at: Timestamp,
    store_bytes: u64,
    audit_records: u64,
    /// Records covered by the last checkpoint.
    checkpoint_size: Option<u64>,
    maintenance: bool,
    /// Enabled standing Global Administrators.
    administrators: u64,
    /// Next instant at which a request or grant is due.
    next_due: Option<Timestamp>,
    /// Next instant at which a notification is due.
    next_notification: Option<Timestamp>,
    /// Removals not confirmed for more than 30 seconds; at most 1000 are counted.
    overdue_removals: u64,
    /// Since when the oldest of them is owed.
    oldest_overdue: Option<Timestamp>,
    /// Names of targets that cannot be written to.
    unwritable_targets: Vec<String>,
}

impl From<Health> for HealthBody {
    fn from(health: Health) -> Self {
        Self {
            at: health.at,
            store_bytes: health.store_bytes,
            audit_records: health.audit_records,
            checkpoint_size: health.checkpoint_size,
            maintenance: health.maintenance,
            administrators: health.administrators,
            next_due: health.next_due,
            next_notification: health.next_notification,
            overdue_removals: health.overdue_removals,
            oldest_overdue: health.oldest_overdue,
            unwritable_targets: health.unwritable_targets,
        }
    }
}

/// How the server stands.
#[utoipa::path(get, path = "/health", tag = "health", operation_id = "getHealth",
    responses((status = 200, body = HealthBody), Problems))]
async fn get(State(app): State<App>, caller: Signed) -> Answer<Json<HealthBody>> {
    Ok(Json(app.engine.health(caller.actor()).await?.into()))
}

//! `/monitor/findings`: what a source says of CORP accounts (`PAM 15.1`).

use axum::{Json, extract::State};
use ephor_domain::id::Id;
use ephor_engine::admin::monitor::{Finding, Observation};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    answer::Answer,
    body::Sent,
    caller::Signed,
    face::App,
    problem::{Problem, Problems},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(report))
}

/// What was seen of a CORP account.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Seen {
    /// It is disabled.
    Disabled,
    /// It is not there any more.
    Gone,
    /// Its telephone number is `value`.
    PhoneNumber,
    /// Its mail address is `value`.
    EmailAddress,
    /// Its display name is `value`.
    DisplayName,
}

/// Something seen of the CORP account of a user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Finding)]
pub(super) struct FindingBody {
    user_id: Uuid,
    seen: Seen,
    /// What it is now, where that is asked.
    value: Option<String>,
}

/// What came of a finding.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Followed {
    /// Our records differed and follow now.
    changed: bool,
}

/// Reports what a source says: a disabled CORP account disables the PRIV account and ends its requests.
#[utoipa::path(post, path = "/monitor/findings", tag = "monitor", operation_id = "reportFinding",
    request_body = FindingBody, responses((status = 200, body = Followed), Problems))]
async fn report(State(app): State<App>, caller: Signed, Sent(found): Sent<FindingBody>) -> Answer<Json<Followed>> {
    let seen = match (found.seen, found.value) {
        (Seen::Disabled, None) => Observation::Disabled,
        (Seen::Gone, None) => Observation::Gone,
        (Seen::PhoneNumber, value) => Observation::Phone(value),
        (Seen::EmailAddress, value) => Observation::Email(value),
        (Seen::DisplayName, Some(value)) => Observation::DisplayName(value),
        (Seen::Disabled | Seen::Gone, Some(_)) | (Seen::DisplayName, None) => {
            return Err(Problem::invalid("A value belongs to what is seen, and only there.").about("value"));
        }
    };
    let finding = Finding { user: Id::new(found.user_id), seen };
    Ok(Json(Followed { changed: app.engine.report_finding(caller.actor(), finding).await? }))
}

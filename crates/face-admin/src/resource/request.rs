//! `/requests`, `/grants`: other people's requests (`PAM-120`) and the emergency end (seams §14).

use axum::{Json, extract::State};
use ephor_domain::{Refusal, id::Id, pam::PamStatus, request::Channel, text::Justification};
use ephor_engine::admin::request::{AdminRequest, CancelAll, CancelRequest, EndGrant, GetRequest, ListRequests};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::role::Ended;
use crate::{
    answer::Answer,
    body::Sent,
    caller::Signed,
    face::App,
    listing::{self, Page, page},
    parameters::{Ids, Query},
    problem::{Problem, Problems},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(cancel_all))
        .routes(routes!(get))
        .routes(routes!(cancel))
        .routes(routes!(end))
}

/// A request of anybody.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Request)]
struct RequestBody {
    request_id: Uuid,
    /// Equal to `requestId`.
    #[serde(rename = "fimRequestId")]
    fim_request_id: Uuid,
    /// Who asked.
    creator_id: Uuid,
    /// `DOMAIN\account` of who asked; absent once the account is deleted.
    username: Option<String>,
    role_id: Uuid,
    /// Name of the role, also of a deleted one.
    role_name: Option<String>,
    justification: Option<String>,
    creation_time: Timestamp,
    creation_method: &'static str,
    /// Absent where the request never was active.
    expiration_time: Option<Timestamp>,
    /// Seconds asked for; 0 gave the role up.
    #[serde(rename = "requestedTtl")]
    requested_ttl: u64,
    requested_time: Timestamp,
    /// One of the nine words of the PAM API.
    request_status: &'static str,
    /// The grant it made.
    grant_id: Option<Uuid>,
}

impl From<AdminRequest> for RequestBody {
    fn from(row: AdminRequest) -> Self {
        let (request, view, grant) = (row.request.request, row.request.view, row.request.grant);
        Self {
            request_id: request.id.uuid(),
            fim_request_id: request.id.uuid(),
            creator_id: request.requester.uuid(),
            username: row.username,
            role_id: request.entitlement.uuid(),
            role_name: row.role_name,
            justification: request.justification.map(|text| text.as_str().to_owned()),
            creation_time: request.created,
            creation_method: method(request.channel),
            expiration_time: view.expiration,
            requested_ttl: request.asked_ttl,
            requested_time: request.asked_start,
            request_status: view.status.word(),
            grant_id: grant.map(|grant| grant.id.uuid()),
        }
    }
}

/// `CreationMethod` (`PAM 6.2`), and words of our own for the channels it does not know.
const fn method(channel: Channel) -> &'static str {
    match channel {
        Channel::PamRest => "PAM Web API",
        Channel::PowerShell => "PowerShell",
        Channel::Graph => "Graph",
        Channel::Arm => "ARM",
        Channel::Portal => "Portal",
    }
}

/// Which requests.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Of this user.
    user_id: Option<Uuid>,
    /// For this role.
    role_id: Option<Uuid>,
    /// Words of the PAM API, separated by commas; `Pending` is Processing, PendingMFA, PendingApproval and Scheduled,
    /// `Closed` is Closing and Closed, `All` is every one.
    status: Option<String>,
    /// Made at or after this instant.
    created_from: Option<Timestamp>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows of the page: 1 to 1000, usually 100.
    limit: Option<u32>,
}

/// Requests of everybody, newest first (`Get-PAMRequest`).
#[utoipa::path(get, path = "/requests", tag = "requests", operation_id = "listRequests", params(Which),
    responses((status = 200, body = Page<RequestBody>), Problems))]
async fn list(State(app): State<App>, caller: Signed, Query(which): Query<Which>) -> Answer<Json<Page<RequestBody>>> {
    let query = ListRequests {
        user: which.user_id.map(Id::new),
        role: which.role_id.map(Id::new),
        statuses: statuses(which.status.as_deref())?,
        created_from: which.created_from,
        after: listing::after(which.cursor.as_deref())?,
        limit: listing::limit(which.limit)?,
    };
    Ok(Json(page(app.engine.consult(caller.actor(), query).await?, Into::into)))
}

/// The states that words name; several words together name all of theirs (`PAM 14.3`). Empty is any.
fn statuses(words: Option<&str>) -> Result<Vec<PamStatus>, Problem> {
    let mut statuses = Vec::new();
    for word in words.into_iter().flat_map(|words| words.split(',')) {
        let named: &[PamStatus] = match word {
            "All" => return Ok(Vec::new()),
            "Pending" => {
                &[PamStatus::Processing, PamStatus::PendingMfa, PamStatus::PendingApproval, PamStatus::Scheduled]
            }
            "Closed" => &[PamStatus::Closing, PamStatus::Closed],
            "Processing" => &[PamStatus::Processing],
            "PendingMFA" => &[PamStatus::PendingMfa],
            "PendingApproval" => &[PamStatus::PendingApproval],
            "Scheduled" => &[PamStatus::Scheduled],
            "Active" => &[PamStatus::Active],
            "Closing" => &[PamStatus::Closing],
            "Expired" => &[PamStatus::Expired],
            "Rejected" => &[PamStatus::Rejected],
            _ => return Err(Problem::invalid("A status is not known.").about("status")),
        };
        statuses.extend(named.iter().filter(|status| !statuses.contains(*status)).copied().collect::<Vec<_>>());
    }
    Ok(statuses)
}

/// One request.
#[utoipa::path(get, path = "/requests/{requestId}", tag = "requests", operation_id = "getRequest",
    params(("requestId" = Uuid, Path)), responses((status = 200, body = RequestBody), Problems))]
async fn get(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<Json<RequestBody>> {
    Ok(Json(app.engine.consult(caller.actor(), GetRequest { request: ids.one() }).await?.into()))
}

/// Cancels one request (`Close-PAMRequestForControl -Request`); what has ended stays as it is.
#[utoipa::path(post, path = "/requests/{requestId}/cancel", tag = "requests", operation_id = "cancelRequest",
    params(("requestId" = Uuid, Path)), responses((status = 200, body = RequestBody), Problems))]
async fn cancel(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<Json<RequestBody>> {
    Ok(Json(app.engine.administer(caller.actor(), CancelRequest { request: ids.one() }).await?.into()))
}

/// What is to be cancelled: a user's, a role's, both together, or with `all` everything.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Cancel {
    user_id: Option<Uuid>,
    role_id: Option<Uuid>,
    /// Everything; alone.
    #[serde(default)]
    all: bool,
}

/// Cancels everything open of a user, of a role, or of all (`Close-PAMRequestForControl`).
#[utoipa::path(post, path = "/requests/cancel", tag = "requests", operation_id = "cancelRequests",
    request_body = Cancel, responses((status = 200, body = Ended), Problems))]
async fn cancel_all(State(app): State<App>, caller: Signed, Sent(which): Sent<Cancel>) -> Answer<Json<Ended>> {
    let some = which.user_id.is_some() || which.role_id.is_some();
    if some == which.all {
        return Err(Problem::invalid("Name a user, a role or both; or say all, alone.").about("all"));
    }
    let command = CancelAll { user: which.user_id.map(Id::new), role: which.role_id.map(Id::new) };
    let ended_requests = app.engine.administer(caller.actor(), command).await?;
    Ok(Json(Ended { ended_requests }))
}

/// Why access is ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct End {
    /// For the record; at most 4000 characters.
    justification: Option<String>,
}

/// Ends a grant of anybody at once. No waiting rule holds against it; the operator is alarmed.
#[utoipa::path(post, path = "/grants/{grantId}/end", tag = "requests", operation_id = "endGrant",
    params(("grantId" = Uuid, Path)), request_body = End, responses((status = 200, body = RequestBody), Problems))]
async fn end(State(app): State<App>, caller: Signed, ids: Ids<1>, Sent(end): Sent<End>) -> Answer<Json<RequestBody>> {
    let reason = Justification::parse(end.justification.as_deref().unwrap_or_default())
        .map_err(|_| Refusal::Invalid { field: "justification", rule: "is too long or holds a control character" })?;
    Ok(Json(app.engine.administer(caller.actor(), EndGrant { grant: ids.one(), reason }).await?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_words_are_united_and_unknown_ones_refused() {
        assert_eq!(statuses(None).unwrap(), []);
        assert_eq!(statuses(Some("Active,All")).unwrap(), []);
        let closed = [PamStatus::Closing, PamStatus::Closed];
        assert_eq!(statuses(Some("Closed,Closing")).unwrap(), closed);
        assert_eq!(statuses(Some("Pending")).unwrap().len(), 4);
        assert_eq!(statuses(Some("Gone")).unwrap_err().facts(), (400, "invalid"));
    }
}

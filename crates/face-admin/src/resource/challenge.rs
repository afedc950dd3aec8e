//! `/api/mfa/v1/challenges`: a person proves presence for a request of his own by a code. Passkeys need a browser and are
//! asked for by the portal.

use axum::{
    Json,
    extract::{FromRequestParts, State},
};
use ephor_domain::{id::RequestId, pam::PamStatus};
use ephor_engine::pam::mfa::WaitingChallenge;
use ephor_identity::{
    Accepted, Caller,
    factor::{Attempt, Use},
    token::Scope,
};
use http::{StatusCode, request::Parts};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    answer::Answer,
    body::Sent,
    caller::{Bearing, unknown, unproved},
    face::App,
    listing::Page,
    parameters::Ids,
    problem::{Problem, Problems},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(answer))
}

/// Somebody who may use the PAM provider, and where he calls from. Name and password count here too: the code that comes
/// with them is nothing a foreign page could add.
struct Requester {
    caller: Caller,
    bearing: Bearing,
}

impl FromRequestParts<App> for Requester {
    type Rejection = Problem;

    async fn from_request_parts(call: &mut Parts, app: &App) -> Result<Self, Problem> {
        let mut bearing = Bearing::of(call);
        let accepted = Accepted { basic: true, ..Accepted::API };
        let presented = bearing.without_cookies();
        let caller = app.identity.caller(&presented, accepted).await.map_err(|denied| unknown(&denied))?;
        if caller.has_scope(Scope::PamUse) {
            return Ok(Self { caller, bearing });
        }
        Err(Problem::new(StatusCode::FORBIDDEN, "insufficient_scope", "These credentials were not made for requests."))
    }
}

/// A request of one's own that waits for a proof of presence.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Challenge)]
struct ChallengeBody {
    request_id: Uuid,
    /// Name of the role.
    role: String,
    justification: Option<String>,
    /// Seconds asked for.
    requested_ttl: i64,
    created: Timestamp,
    /// When it is too late.
    expires: Timestamp,
}

impl From<WaitingChallenge> for ChallengeBody {
    fn from(waiting: WaitingChallenge) -> Self {
        Self {
            request_id: waiting.request.uuid(),
            role: waiting.role,
            justification: waiting.justification,
            requested_ttl: waiting.ttl.as_secs(),
            created: waiting.created,
            expires: waiting.until,
        }
    }
}

/// One's own requests that wait for a proof of presence, oldest first.
#[utoipa::path(get, path = "/challenges", tag = "mfa", operation_id = "listChallenges",
    responses((status = 200, body = Page<ChallengeBody>), Problems))]
async fn list(State(app): State<App>, requester: Requester) -> Answer<Json<Page<ChallengeBody>>> {
    let waiting = app.engine.pam_challenges(&requester.caller.actor).await?;
    Ok(Json(Page::whole(waiting.into_iter().map(Into::into).collect())))
}

/// The proof.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ChallengeAnswer)]
struct AnswerBody {
    /// Code of an authenticator app, or a recovery code.
    #[schema(value_type = String, format = Password)]
    code: SecretString,
}

/// A request that went on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChallengeOutcome)]
struct OutcomeBody {
    request_id: Uuid,
    /// As the PAM face shows it: `PendingApproval`, `Scheduled`, `Processing`, `Active`.
    status: String,
}

/// Proves presence for one request; the code is used up by it. A wrong code leaves the request as it is.
#[utoipa::path(post, path = "/challenges/{requestId}", tag = "mfa", operation_id = "answerChallenge",
    params(("requestId" = Uuid, Path)), request_body = AnswerBody,
    responses((status = 200, body = OutcomeBody), Problems))]
async fn answer(
    State(app): State<App>,
    mut requester: Requester,
    ids: Ids<1>,
    Sent(proof): Sent<AnswerBody>,
) -> Answer<Json<OutcomeBody>> {
    let id: RequestId = ids.one();
    let actor = &requester.caller.actor;
    // Before the code is looked at: a code is not spent on what is not there.
    app.engine.pam_challenge(actor, id).await?;
    let attempt = Attempt {
        principal: requester.caller.principal.id,
        purpose: Use::Request(id),
        address: requester.bearing.without_cookies().address,
    };
    let method = app.factors.prove_code(attempt, &proof.code).await.map_err(unproved)?;
    let request = app.engine.pam_prove_presence(actor, id, method).await?;
    let status: PamStatus = request.view.status;
    Ok(Json(OutcomeBody { request_id: id.uuid(), status: status.word().to_owned() }))
}

//! `/users/{userId}/identities`: with which identities of outside issuers somebody signs in (seams §13).

use axum::{Json, extract::State};
use ephor_engine::admin::identity::{IdentityLink, LinkIdentity, ListIdentities, UnlinkIdentity};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{answer::Answer, body::Sent, caller::Signed, face::App, listing::Page, parameters::Ids, problem::Problems};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, link)).routes(routes!(unlink))
}

/// An identity of an outside issuer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LinkedIdentity)]
struct IdentityBody {
    /// `iss` of the issuer.
    issuer: String,
    /// `sub` there.
    subject: String,
    user_id: Uuid,
    since: Timestamp,
    /// Who linked it; absent when the person proved both.
    linked_by: Option<Uuid>,
}

impl From<IdentityLink> for IdentityBody {
    fn from(link: IdentityLink) -> Self {
        Self {
            issuer: link.issuer,
            subject: link.subject,
            user_id: link.principal.uuid(),
            since: link.created,
            linked_by: link.created_by.map(|by| by.uuid()),
        }
    }
}

/// Which identity.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Named {
    /// `iss` of the issuer, exactly as it is configured.
    issuer: String,
    /// `sub` there: never a mail address or a name.
    subject: String,
}

/// Identities of outside issuers that sign in to an account.
#[utoipa::path(get, path = "/users/{userId}/identities", tag = "persons", operation_id = "listIdentities",
    params(("userId" = Uuid, Path)), responses((status = 200, body = Page<IdentityBody>), Problems))]
async fn list(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<Json<Page<IdentityBody>>> {
    let all = app.engine.consult(caller.actor(), ListIdentities { principal: ids.one() }).await?;
    Ok(Json(Page::whole(all.into_iter().map(Into::into).collect())))
}

/// Lets an identity of an outside issuer sign in to an account. Takes a person at the keyboard whose account it is not.
#[utoipa::path(post, path = "/users/{userId}/identities", tag = "persons", operation_id = "linkIdentity",
    params(("userId" = Uuid, Path)), request_body = Named, responses((status = 200, body = IdentityBody), Problems))]
async fn link(
    State(app): State<App>,
    caller: Signed,
    ids: Ids<1>,
    Sent(named): Sent<Named>,
) -> Answer<Json<IdentityBody>> {
    let command = LinkIdentity { principal: ids.one(), issuer: named.issuer, subject: named.subject };
    Ok(Json(app.engine.administer(caller.actor(), command).await?.into()))
}

/// Ends a link. The identity signs in to nobody else's account afterwards.
#[utoipa::path(post, path = "/users/{userId}/identities/end", tag = "persons", operation_id = "unlinkIdentity",
    params(("userId" = Uuid, Path)), request_body = Named, responses((status = 204), Problems))]
async fn unlink(State(app): State<App>, caller: Signed, ids: Ids<1>, Sent(named): Sent<Named>) -> Answer<StatusCode> {
    let command = UnlinkIdentity { principal: ids.one(), issuer: named.issuer, subject: named.subject };
    app.engine.administer(caller.actor(), command).await?;
    Ok(StatusCode::NO_CONTENT)
}

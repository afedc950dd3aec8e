//! `/enrolment`: the bearer of an enrolment link sets the password of its account, once. The link is all it takes.

use axum::{Json, extract::State};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{credential::hashed_password, member::AccountBody};
use crate::{answer::Answer, body::Sent, face::App, problem::Problems};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(redeem))
}

/// A link and what it is used for.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Redeem {
    /// The secret that the link carries.
    #[schema(value_type = String, format = Password)]
    secret: SecretString,
    /// The password to be set.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// Sets the password of the account that the link is for; the link is used up.
#[utoipa::path(post, path = "/enrolment", tag = "session", operation_id = "redeemEnrolment", security(()),
    request_body = Redeem, responses((status = 200, body = AccountBody), Problems))]
async fn redeem(State(app): State<App>, Sent(link): Sent<Redeem>) -> Answer<Json<AccountBody>> {
    let account = app.engine.enrolment_account(&link.secret).await?;
    let hash = hashed_password(&app, &account.account, link.password).await?;
    let (account, _) = app.engine.redeem_enrolment(&link.secret, hash).await?;
    app.identity.forget(account.id);
    Ok(Json(account.into()))
}

//! `/session`: a person signs in from a program and out again. What takes a person at the keyboard (links, tokens) asks
//! for such a session; everything else takes an API token as well.

use axum::extract::State;
use ephor_identity::{
    SignIn,
    factor::{Attempt, Use},
};
use http::StatusCode;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::member::AccountBody;
use crate::{
    answer::{Answer, Created},
    body::Sent,
    caller::{Bearing, Signed, unknown, unproved},
    face::App,
    problem::{Problem, Problems},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(begin, end))
}

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SignIn)]
pub(super) struct SignInBody {
    /// `DOMAIN\account`, the account alone where it is unique, or the user principal name.
    username: String,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// Code of an authenticator app, or a recovery code: for accounts with second factors.
    #[schema(value_type = Option<String>, format = Password)]
    code: Option<SecretString>,
}

/// A session that has begun.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
struct SessionBody {
    /// To be sent as bearer token. Shown once.
    secret: String,
    /// When it ends at the latest; earlier without calls.
    expires: Timestamp,
    account: AccountBody,
}

/// Begins a session by name and password, and by a code where the account has second factors.
#[utoipa::path(post, path = "/session", tag = "session", operation_id = "beginSession", security(()),
    request_body = SignInBody, responses((status = 201, body = SessionBody), Problems))]
async fn begin(
    State(app): State<App>,
    mut bearing: Bearing,
    Sent(who): Sent<SignInBody>,
) -> Answer<Created<SessionBody>> {
    let presented = bearing.without_cookies();
    let begun = app.identity.sign_in(&who.username, who.password, &presented).await;
    let new = match begun.map_err(|denied| unknown(&denied))? {
        SignIn::Done(new) => new,
        SignIn::SecondFactor(caller, proofs, basis) => {
            let code = who.code.as_ref().ok_or_else(code_wanted)?;
            let attempt = Attempt { principal: caller.principal.id, purpose: Use::SignIn, address: presented.address };
            let method = app.factors.prove_code(attempt, code).await.map_err(unproved)?;
            let proofs = proofs.and(method, app.engine.now());
            let begun = app.identity.begin_session(caller.principal, proofs, basis, presented.address, None);
            begun.await.map_err(|denied| unknown(&denied))?
        }
    };
    let life = jiff::SignedDuration::from_secs(new.max_age);
    let body = SessionBody {
        secret: new.secret.expose_secret().to_owned(),
        expires: app.engine.now().saturating_add(life).unwrap_or(Timestamp::MAX),
        account: new.caller.principal.into(),
    };
    Ok(Created("session".to_owned(), body))
}

/// The password is right, and is not all.
fn code_wanted() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "mfa_required", "This account signs in with a second factor: send a code.")
}

/// Ends the session of the call; nothing happens to an API token.
#[utoipa::path(delete, path = "/session", tag = "session", operation_id = "endSession",
    responses((status = 204), Problems))]
async fn end(State(app): State<App>, caller: Signed) -> Answer<StatusCode> {
    app.identity.sign_out(&caller.0).await.map_err(|denied| unknown(&denied))?;
    Ok(StatusCode::NO_CONTENT)
}

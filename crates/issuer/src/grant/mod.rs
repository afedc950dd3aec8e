//! The token endpoint: one file for each grant.

mod client_credentials;
mod code;
mod device_code;
mod password;
mod person;
mod refresh;

use std::net::IpAddr;

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::Request;

pub(crate) use person::{Facts, longest};

use crate::{
    answer::Tokens,
    face::{App, address_of, call_id, tenant_of},
    form::Form,
    oauth::{Answer, Refused},
    scopes::Asked,
};

/// A call of the token endpoint.
pub(crate) struct Call {
    pub(crate) tenant: String,
    pub(crate) address: IpAddr,
    pub(crate) headers: http::HeaderMap,
}

/// `POST …/token`.
pub(crate) async fn token(State(app): State<App>, request: Request<Body>) -> Response {
    let older = !request.uri().path().contains("/v2.0/");
    let id = request.extensions().get::<ephor_front::CallId>().copied();
    let (call, form) = match Form::body(request).await {
        Ok(read) => read,
        Err(refused) => return app.refuse(&refused, id),
    };
    let order = Call { tenant: tenant_of(&call), address: address_of(&call), headers: call.headers.clone() };
    match granted(&app, &order, &form, older).await {
        Ok(tokens) => tokens.into_response(),
        Err(refused) => app.refuse(&refused, call_id(&call)),
    }
}

async fn granted(app: &App, call: &Call, form: &Form, older: bool) -> Answer<Tokens> {
    let kind = form.need("grant_type")?;
    let tokens = match kind {
        "client_credentials" => client_credentials::tokens(app, call, form).await,
        "authorization_code" => code::tokens(app, call, form).await,
        "refresh_token" => refresh::tokens(app, call, form).await,
        "urn:ietf:params:oauth:grant-type:device_code" | "device_code" => device_code::tokens(app, call, form).await,
        "password" => password::tokens(app, call, form).await,
        _ => Err(Refused::GRANT_TYPE),
    }?;
    if !older {
        return Ok(tokens);
    }
    // The older spelling tells the end as an instant and repeats the resource.
    let ends = app.now().as_second().saturating_add(tokens.expires_in);
    let resource = form.get("resource").map(str::to_owned);
    Ok(Tokens { expires_on: Some(ends.to_string()), resource, ..tokens })
}

/// What is asked for at the token endpoint.
fn asked(app: &App, form: &Form) -> Answer<Asked> {
    Asked::read(form.get("scope"), form.get("resource"), &app.settings)
}

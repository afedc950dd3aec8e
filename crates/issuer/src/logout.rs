//! `…/logout`: a client sends a person here to sign out. A link alone signs nobody out, and the way back goes to
//! registered addresses only.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use ephor_identity::cookie;
use http::{Request, StatusCode, header, request::Parts};
use maud::html;

use crate::{
    authorize::{of, see},
    browser::{
        decision::is_forged,
        page::{self, Page},
    },
    face::{App, is_secure, tenant_of},
    form::Form,
};

/// Where to go afterwards: a registered address of the client that is named, else the portal.
async fn place(app: &App, form: &Form) -> String {
    let home = "/portal/sign-in".to_owned();
    let (Some(client), Some(asked)) = (form.get("client_id"), form.get("post_logout_redirect_uri")) else {
        return home;
    };
    let Ok(client) = app.client(client).await else { return home };
    if client.redirect(asked).is_none() {
        return home;
    }
    match form.get("state") {
        Some(state) => {
            let state: String = url::form_urlencoded::byte_serialize(state.as_bytes()).collect();
            let separator = if asked.contains('?') { '&' } else { '?' };
            format!("{asked}{separator}state={state}")
        }
        None => asked.to_owned(),
    }
}

/// `GET …/logout`: asks.
pub(crate) async fn page(State(app): State<App>, request: Request<Body>) -> Response {
    let (call, _) = request.into_parts();
    let form = match Form::query(&call) {
        Ok(form) => form,
        Err(refused) => return of(&app, &call, &refused),
    };
    let place = place(&app, &form).await;
    match app.browser(&call).await {
        Ok(Some(_)) => question(&call, &form, &place),
        Ok(None) => see(&place),
        Err(refused) => of(&app, &call, &refused),
    }
}

fn question(call: &Parts, form: &Form, place: &str) -> Response {
    let action = format!("/{}/oauth2/v2.0/logout", tenant_of(call));
    let content = html! {
        form method="post" action=(action) {
            @for (name, value) in form.iter().filter(|(name, _)| *name != "id_token_hint") {
                input type="hidden" name=(name) value=(value);
            }
            button type="submit" { "Sign out" }
        }
    };
    Page::new("Sign out?", content).leading_to(place).into_response()
}

/// `POST …/logout`.
pub(crate) async fn leave(State(app): State<App>, request: Request<Body>) -> Response {
    let (call, form) = match Form::body(request).await {
        Ok(read) => read,
        Err(refused) => return page::failed(refused.status(), refused.text()),
    };
    if is_forged(&app, &call) {
        return page::failed(StatusCode::FORBIDDEN, "Another site sent this. Nothing was done.");
    }
    match app.browser(&call).await {
        Ok(Some(caller)) => {
            if app.identity.sign_out(&caller).await.is_err() {
                return page::failed(StatusCode::SERVICE_UNAVAILABLE, "You are still signed in: try again.");
            }
            let mut response = see(&place(&app, &form).await);
            response.headers_mut().append(header::SET_COOKIE, cookie::clear(is_secure(&call)));
            response
        }
        Ok(None) => see(&place(&app, &form).await),
        Err(refused) => of(&app, &call, &refused),
    }
}

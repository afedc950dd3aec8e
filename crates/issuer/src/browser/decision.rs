//! The question whether an application may act, and its answer. The answer comes from our own page: no other page can
//! send it with the person's session.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use ephor_front::Authority;
use ephor_identity::{
    Caller, Origin,
    forgery::{OriginVerdict, Provenance, origin_verdict},
};
use http::{Request, StatusCode, request::Parts};
use maud::html;

use super::page::{self, Page};
use crate::{
    authorize::{Authorization, SIGNED_IN_AFTER, authorize, of, see},
    claims::sign_in_name,
    face::{App, tenant_of},
    form::Form,
    oauth::Refused,
};

/// Name of the field that holds the answer.
const DECISION: &str = "decision";

/// Asks.
pub(crate) fn question(call: &Parts, order: &Authorization, caller: &Caller) -> Response {
    let action = format!("/{}/oauth2/v2.0/authorize/decision", tenant_of(call));
    let content = html! {
        p { strong { (order.client.name) } " wants to act for you as " strong { (sign_in_name(&caller.principal)) } "." }
        p.hint { "Continue only if you started this yourself just now." }
        form method="post" action=(action) {
            @for (name, value) in order.form.iter().filter(|(name, _)| *name != DECISION) {
                input type="hidden" name=(name) value=(value);
            }
            button type="submit" name=(DECISION) value="allow" { "Continue" }
            " "
            button.quiet type="submit" name=(DECISION) value="other" { "Use another account" }
            " "
            button.quiet type="submit" name=(DECISION) value="deny" { "Cancel" }
        }
    };
    Page::new("Sign in to an application", content).leading_to(&order.address).into_response()
}

/// True when a page of somebody else made the browser send this.
pub(crate) fn is_forged(app: &App, call: &Parts) -> bool {
    let mut own: Vec<Origin> = Vec::new();
    own.extend(call.extensions.get::<Authority>().and_then(|authority| authority.to_string().parse().ok()));
    own.extend(app.settings.public_url.parse::<Origin>().ok());
    let provenance = Provenance::of(&call.headers);
    // Without either header it is no browser, but then it has no session of one either: refused all the same.
    let silent = provenance.origin.is_none() && provenance.fetch_site.is_none();
    silent || origin_verdict(&call.method, true, provenance, &own, &[]) == OriginVerdict::Refuse
}

/// `POST …/authorize/decision`.
pub(crate) async fn decide(State(app): State<App>, request: Request<Body>) -> Response {
    let (call, form) = match Form::body(request).await {
        Ok(read) => read,
        Err(refused) => return page::failed(refused.status(), refused.text()),
    };
    if is_forged(&app, &call) {
        return page::failed(StatusCode::FORBIDDEN, "Another site sent this. Nothing was done.");
    }
    let decision = form.get(DECISION).unwrap_or_default().to_owned();
    let form = form.with(DECISION, None);
    match decision.as_str() {
        "allow" => authorize(&app, &call, form, true).await,
        "other" => {
            let form = form.with("prompt", Some("login".to_owned())).with(SIGNED_IN_AFTER, None);
            see(&format!("/{}/oauth2/v2.0/authorize?{}", tenant_of(&call), form.encoded()))
        }
        _ => match Authorization::read(&app, form).await {
            Ok(order) => order.refuse(&app, &Refused::ACCESS_DENIED),
            Err(refused) => of(&app, &call, &refused),
        },
    }
}

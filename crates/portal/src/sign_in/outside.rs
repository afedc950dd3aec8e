//! Signing in with an outside issuer: the way there, the way back, and what is said when no account is linked.

use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use ephor_identity::{
    SignIn, cookie,
    factor::HalfSignIn,
    landing::{Landing, NotLanded},
    relying_party::{ProvedIdentity, RelyingError, Return, TRIP},
};
use http::{HeaderValue, StatusCode, header};
use maud::{Markup, html};
use serde::Deserialize;

use super::{half_done, sheet, signed_in};
use crate::{
    answer::{Answer, html_of},
    call::{Call, Sent, sign_in_then},
    face::App,
    go::Then,
    layout,
    parts::then_field,
    text,
};

/// Somebody can sign in with an outside issuer.
pub(super) fn offered(app: &App) -> bool {
    app.identity.relying_party().is_some_and(|party| party.names().next().is_some())
}

/// One button for each issuer.
pub(super) fn buttons(app: &App, then: &Then) -> Markup {
    html! {
        @if let Some(party) = app.identity.relying_party() {
            @for name in party.names() {
                form method="post" action="/portal/sign-in/outside" {
                    (then_field(then))
                    input type="hidden" name="issuer" value=(name);
                    button.quiet type="submit" { (text::sign_in::OUTSIDE) " " (name) }
                }
            }
        }
    }
}

/// With whom to sign in.
#[derive(Deserialize)]
pub(crate) struct Wish {
    issuer: String,
    #[serde(default)]
    then: Then,
}

/// `POST /portal/sign-in/outside`: a form, so that no page of somebody else sends people on their way.
pub(crate) async fn begin(State(app): State<App>, call: Call, Sent(wish): Sent<Wish>) -> Answer {
    app.identity.pay_as_stranger(call.address)?;
    // Who is signed in and signs in again is to prove who he is, not to be waved through.
    let fresh = call.caller(&app).await?.is_some();
    let party = app.identity.relying_party();
    let departure = match party {
        Some(party) => party.begin(&wish.issuer, wish.then.as_str(), fresh).await,
        None => Err(RelyingError::UnknownIssuer),
    };
    let departure = match departure {
        Ok(departure) => departure,
        Err(error) => return Ok(not_signed_in(&app, &wish.then, &error)),
    };
    // Browsers hold the whole way of a form to our policy, so the way there begins at a page in between.
    let mut response = html_of(&layout::passing(
        text::sign_in::OUTSIDE_LEAVING,
        &departure.url,
        &html! {
            p { (text::sign_in::OUTSIDE_LEAD) }
            p { a.button href=(departure.url) { (text::sign_in::OUTSIDE_LINK) } }
        },
    ));
    let line = cookie::set_kind(cookie::Kind::Trip, &departure.cookie, call.secure, TRIP.as_secs());
    response.headers_mut().append(header::SET_COOKIE, line);
    Ok(response)
}

/// What the issuer sends back. Whatever else it says, be it of an error, is not shown: anybody can write such a link.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Back {
    code: Option<String>,
    #[serde(default)]
    state: String,
    iss: Option<String>,
}

/// `GET /portal/sign-in/callback`.
pub(crate) async fn back(State(app): State<App>, call: Call, Query(back): Query<Back>) -> Answer {
    let mut response = arrive(&app, &call, &back).await?;
    // One trip, one return.
    let line: HeaderValue = cookie::clear_kind(cookie::Kind::Trip, call.secure);
    response.headers_mut().append(header::SET_COOKIE, line);
    Ok(response)
}

async fn arrive(app: &App, call: &Call, back: &Back) -> Answer {
    let presented = call.presented();
    let Some(cookie) = call.cookie(cookie::Kind::Trip) else {
        return Ok(not_signed_in(app, &Then::default(), &RelyingError::State));
    };
    let then = app.identity.relying_party().and_then(|party| party.way_back(&cookie));
    let then = then.map(Then::from).unwrap_or_default();
    let Some(code) = back.code.as_deref() else {
        app.identity.note_refused_by_issuer(&presented);
        return Ok(not_signed_in(app, &then, &RelyingError::Refused("it sent no code".to_owned())));
    };
    let back = Return { cookie: &cookie, state: &back.state, code, issuer: back.iss.as_deref() };
    match app.identity.land(back, &presented).await {
        Ok(Landing::Account { sign_in, return_to }) => match *sign_in {
            SignIn::Done(session) => Ok(signed_in(call, &session, &Then::from(return_to))),
            SignIn::SecondFactor(caller, proofs, basis) => {
                let principal = caller.principal.id;
                half_done(app, call, HalfSignIn { principal, proofs, basis, then: return_to }).await
            }
        },
        Ok(Landing::NotLinked(identity)) => Ok(no_account(&identity, &then)),
        Err(NotLanded::Relying(error)) => Ok(not_signed_in(app, &then, &error)),
        Err(NotLanded::Denied(denied)) => Err(denied.into()),
    }
}

/// Back to the sign-in page, which says what happened.
fn not_signed_in(app: &App, then: &Then, error: &RelyingError) -> Response {
    let (status, words) = match error {
        RelyingError::State => (StatusCode::BAD_REQUEST, text::sign_in::OUTSIDE_OVER),
        RelyingError::Elsewhere => (StatusCode::BAD_REQUEST, text::sign_in::OUTSIDE_LONG),
        RelyingError::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, text::sign_in::OUTSIDE_DOWN),
        RelyingError::Store(fault) => {
            tracing::error!(cause = fault.cause(), "a sign-in with an outside issuer could not be completed");
            (StatusCode::SERVICE_UNAVAILABLE, text::error::UNAVAILABLE)
        }
        RelyingError::UnknownIssuer
        | RelyingError::Refused(_)
        | RelyingError::Token(_)
        | RelyingError::Unlinkable(_)
        | RelyingError::NotFresh => {
            // Its reason is for whoever runs this server.
            tracing::warn!(%error, "an outside issuer signed nobody in");
            (StatusCode::FORBIDDEN, text::sign_in::OUTSIDE_REFUSED)
        }
    };
    (status, html_of(&sheet(app, then, None, "", Some(words)))).into_response()
}

/// What to ask an administrator for. A person's own name at the issuer is no secret to him.
fn no_account(identity: &ProvedIdentity, then: &Then) -> Response {
    let page = layout::plain(
        text::sign_in::OUTSIDE_NONE_TITLE,
        &html! {
            p role="alert" { (text::sign_in::OUTSIDE_NONE) }
            dl.facts {
                div { dt { (text::sign_in::OUTSIDE_ISSUER) } dd { code { (identity.issuer) } } }
                div { dt { (text::sign_in::OUTSIDE_SUBJECT) } dd { code { (identity.subject) } } }
            }
            p { a.button.quiet href=(sign_in_then(then.as_str())) { (text::sign_in::OUTSIDE_OTHER_WAY) } }
        },
    );
    (StatusCode::FORBIDDEN, html_of(&page)).into_response()
}

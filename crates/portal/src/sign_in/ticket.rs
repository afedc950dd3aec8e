//! Signing in with a Kerberos ticket (`Negotiate`, RFC 4559): the browser is asked for one and sends the form again.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use ephor_identity::{Denied, Reason, SignIn, factor::HalfSignIn, negotiate::SCHEME};
use http::{HeaderValue, StatusCode, header};
use maud::html;

use super::{half_done, passkey::Wish, signed_in};
use crate::{
    answer::{Answer, html_of, see_other},
    call::{Call, Sent},
    face::App,
    go::Then,
    layout,
    parts::alert,
    text,
};

/// `POST /portal/sign-in/kerberos`: a form and no link, so that no page of somebody else signs people in.
pub(crate) async fn by_ticket(State(app): State<App>, call: Call, Sent(wish): Sent<Wish>) -> Answer {
    if !app.identity.takes_tickets() {
        return Ok(see_other("/portal/sign-in"));
    }
    let (sign_in, proof) = match app.identity.sign_in_by_ticket(&call.presented()).await {
        Ok(done) => done,
        // The browser shows this page when it has nothing to answer the challenge with.
        Err(Denied::NotSignedIn(Reason::Nothing)) => return Ok(refused(&wish.then, text::sign_in::TICKET_NONE, true)),
        // One text for all that is wrong, as with passwords.
        Err(Denied::NotSignedIn(_) | Denied::Disabled(_)) => {
            return Ok(refused(&wish.then, text::sign_in::TICKET_WRONG, false));
        }
        Err(denied) => return Err(denied.into()),
    };
    let mut response = match sign_in {
        SignIn::Done(session) => signed_in(&call, &session, &wish.then),
        SignIn::SecondFactor(caller, proofs, basis) => {
            let then = wish.then.as_str().to_owned();
            let half = HalfSignIn { principal: caller.principal.id, proofs, basis, then };
            half_done(&app, &call, half).await?
        }
    };
    response.headers_mut().extend(proof.map(|proof| (header::WWW_AUTHENTICATE, proof)));
    Ok(response)
}

/// The way back to a password. A ticket that was refused is not asked for again: the browser would send the same one.
fn refused(then: &Then, words: &str, asks: bool) -> Response {
    let again = crate::call::sign_in_then(then.as_str());
    let page = layout::plain(
        text::sign_in::TICKET_TITLE,
        &html! {
            (alert(Some(words)))
            p { a.button.quiet href=(again) { (text::sign_in::WITH_PASSWORD) } }
        },
    );
    let status = if asks { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
    let mut response = (status, html_of(&page)).into_response();
    if asks {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(SCHEME));
    }
    response
}

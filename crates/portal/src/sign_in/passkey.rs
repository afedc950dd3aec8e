//! Signing in by a passkey alone: it says who it is, and is both factors in one.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use ephor_domain::authentication::{Method, Proofs};
use ephor_identity::{Denied, factor::Unproved};
use http::StatusCode;
use maud::html;
use secrecy::SecretString;
use serde::Deserialize;

use super::{second::status, signed_in};
use crate::{
    answer::{Answer, html_of},
    call::{Call, Sent},
    face::App,
    go::Then,
    layout,
    parts::{alert, passkey_form, said, then_field},
    text,
};

/// Where to go afterwards.
#[derive(Deserialize)]
pub(crate) struct Wish {
    #[serde(default)]
    pub(crate) then: Then,
}

/// `POST /portal/sign-in/passkey`: a form and no link, because a challenge is remembered for each.
pub(crate) async fn page(State(app): State<App>, call: Call, Sent(wish): Sent<Wish>) -> Answer {
    app.identity.pay_as_stranger(call.address)?;
    sheet(&app, &wish.then, None).await
}

async fn sheet(app: &App, then: &Then, wrong: Option<&Unproved>) -> Answer {
    let challenge = match app.factors.challenge_anybody().await {
        Ok(challenge) => challenge,
        Err(Unproved::Unavailable(fault)) => return Err(fault.into()),
        Err(_) => return Ok(crate::answer::see_other("/portal/sign-in")),
    };
    let words = wrong.map(|why| match *why == Unproved::Wrong {
        true => text::sign_in::PASSKEY_WRONG.to_owned(),
        false => said(why),
    });
    let page = layout::with_passkey(
        text::sign_in::PASSKEY_TITLE,
        &html! {
            p { (text::sign_in::PASSKEY_LEAD) }
            (alert(words.as_deref()))
            (passkey_form("/portal/sign-in/passkey/answer", &challenge, wrong.is_none(), &then_field(then)))
            p.aside { a href="/portal/sign-in" { (text::sign_in::WITH_PASSWORD) } }
        },
    );
    let code = wrong.map_or(StatusCode::OK, status);
    Ok((code, html_of(&page)).into_response())
}

/// What a passkey answered.
#[derive(Deserialize)]
pub(crate) struct Signature {
    secret: SecretString,
    answer: String,
    #[serde(default)]
    then: Then,
}

/// `POST /portal/sign-in/passkey/answer`.
pub(crate) async fn answer(State(app): State<App>, call: Call, Sent(signature): Sent<Signature>) -> Answer<Response> {
    app.identity.pay_as_stranger(call.address)?;
    let proved = app.factors.prove_anybody(&signature.secret, &signature.answer, call.address).await;
    let (principal, basis) = match proved {
        Ok(proved) => proved,
        Err(Unproved::Unavailable(fault)) => return Err(fault.into()),
        Err(why) => {
            app.identity.passkey_failed(call.address);
            return sheet(&app, &signature.then, Some(&why)).await;
        }
    };
    let proofs = Proofs::of(Method::Passkey, app.engine.now());
    let previous = app.identity.previous(&call.presented());
    match app.identity.begin_session_of(principal, proofs, basis, call.address, previous).await {
        Ok(session) => Ok(signed_in(&call, &session, &signature.then)),
        Err(Denied::NotSignedIn(_) | Denied::Disabled(_)) => sheet(&app, &signature.then, Some(&Unproved::Wrong)).await,
        Err(denied) => Err(denied.into()),
    }
}

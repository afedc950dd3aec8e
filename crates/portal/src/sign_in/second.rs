//! The second step of a sign-in by password.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use ephor_domain::authentication::Method;
use ephor_identity::{
    Denied, cookie,
    factor::{Attempt, HalfSignIn, Unproved, Use},
};
use http::{StatusCode, header};
use maud::{Markup, html};
use secrecy::SecretString;
use serde::Deserialize;

use super::signed_in;
use crate::{
    answer::{Answer, Failed, html_of, whole_seconds},
    call::{Call, Sent},
    face::App,
    go::Then,
    layout,
    parts::{alert, code_field, or, passkey_form, said},
    text,
};

/// `GET /portal/sign-in/second`.
pub(crate) async fn page(State(app): State<App>, call: Call) -> Answer {
    let (_, half) = half(&app, &call).await?;
    Ok(html_of(&sheet(&app, &half, None, false).await?))
}

async fn sheet(app: &App, half: &HalfSignIn, wrong: Option<&str>, code: bool) -> Answer<Markup> {
    let enrolled = app.factors.enrolled(half.principal).await?;
    let challenge = match enrolled.passkeys {
        0 => None,
        _ => app.factors.challenge(half.principal, Use::SignIn).await.ok(),
    };
    let content = html! {
        p { (text::sign_in::SECOND_LEAD) }
        (alert(wrong))
        @if challenge.is_none() && enrolled.totp == 0 && enrolled.recovery_codes == 0 { p { (text::sign_in::NOTHING_LEFT) } }
        @if let Some(challenge) = &challenge {
            (passkey_form("/portal/sign-in/second/passkey", challenge, false, &html! {}))
        }
        @if enrolled.totp > 0 || enrolled.recovery_codes > 0 {
            @if challenge.is_some() { (or()) }
            form method="post" action="/portal/sign-in/second" {
                (code_field(code))
                button type="submit" class=[challenge.is_some().then_some("quiet")] { (text::code::SUBMIT) }
            }
        }
        p.aside { a href="/portal/sign-in" { (text::sign_in::START_OVER) } }
    };
    Ok(layout::with_passkey(text::sign_in::SECOND_TITLE, &content))
}

/// The sign-in that this browser has half done.
async fn half(app: &App, call: &Call) -> Answer<(SecretString, HalfSignIn)> {
    let over = || Failed::Elsewhere("/portal/sign-in?over".to_owned());
    let secret = call.cookie(cookie::Kind::Step).ok_or_else(over)?;
    let half = app.factors.half(&secret).await?.ok_or_else(over)?;
    Ok((secret, half))
}

/// A code that was typed.
#[derive(Deserialize)]
pub(crate) struct Typed {
    code: SecretString,
}

/// `POST /portal/sign-in/second`.
pub(crate) async fn by_code(State(app): State<App>, call: Call, Sent(typed): Sent<Typed>) -> Answer {
    let (secret, half) = half(&app, &call).await?;
    let proved = app.factors.prove_code(attempt(&call, &half), &typed.code).await;
    done(&app, &call, &secret, half, proved, true).await
}

/// What a passkey answered.
#[derive(Deserialize)]
pub(crate) struct Signature {
    secret: SecretString,
    answer: String,
}

/// `POST /portal/sign-in/second/passkey`.
pub(crate) async fn by_passkey(State(app): State<App>, call: Call, Sent(signature): Sent<Signature>) -> Answer {
    let (secret, half) = half(&app, &call).await?;
    let proved = app.factors.prove_passkey(attempt(&call, &half), &signature.secret, &signature.answer).await;
    done(&app, &call, &secret, half, proved, false).await
}

fn attempt(call: &Call, half: &HalfSignIn) -> Attempt {
    Attempt { principal: half.principal, purpose: Use::SignIn, address: call.address }
}

async fn done(
    app: &App,
    call: &Call,
    secret: &SecretString,
    half: HalfSignIn,
    proved: Result<Method, Unproved>,
    code: bool,
) -> Answer {
    let method = match proved {
        Ok(method) => method,
        Err(Unproved::Unavailable(fault)) => return Err(fault.into()),
        Err(why) => return refused(app, &half, &why, code).await,
    };
    let half = app.factors.end_half(secret).await?.ok_or(Failed::Elsewhere("/portal/sign-in?over".to_owned()))?;
    let proofs = half.proofs.and(method, app.engine.now());
    let previous = app.identity.previous(&call.presented());
    let begun = app.identity.begin_session_of(half.principal, proofs, half.basis, call.address, previous).await;
    let session = match begun {
        // What the first step rested on has ended meanwhile.
        Err(Denied::NotSignedIn(_)) => return Err(Failed::Elsewhere("/portal/sign-in?over".to_owned())),
        begun => begun?,
    };
    let mut response = signed_in(call, &session, &Then::from(half.then));
    response.headers_mut().append(header::SET_COOKIE, cookie::clear_kind(cookie::Kind::Step, call.secure));
    Ok(response)
}

async fn refused(app: &App, half: &HalfSignIn, why: &Unproved, code: bool) -> Answer<Response> {
    let words = if code || !matches!(why, Unproved::Wrong) { said(why) } else { text::passkey::WRONG.to_owned() };
    let page = sheet(app, half, Some(&words), code).await?;
    let mut response = (status(why), html_of(&page)).into_response();
    if let Unproved::TooMany { retry_after } = why {
        response.headers_mut().insert(header::RETRY_AFTER, whole_seconds(*retry_after).into());
    }
    Ok(response)
}

/// The status of a proof that was none.
pub(crate) fn status(why: &Unproved) -> StatusCode {
    if matches!(why, Unproved::TooMany { .. }) { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::FORBIDDEN }
}

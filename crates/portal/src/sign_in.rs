//! Signing in: a password, a Kerberos ticket or the word of an outside issuer, then a second factor where the account has
//! one; or a passkey, which is both.

pub(crate) mod outside;
pub(crate) mod passkey;
pub(crate) mod second;
pub(crate) mod ticket;

use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use ephor_domain::authentication::Method;
use ephor_identity::{Denied, NewSession, SignIn, cookie, factor::HalfSignIn};
use http::{HeaderMap, StatusCode, header};
use maud::{Markup, html};
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    answer::{Answer, Failed, html_of, see_other, whole_seconds},
    call::{Call, Sent, Signed},
    face::App,
    go::Then,
    layout,
    parts::{alert, described, notice, or, then_field},
    text,
};

/// What the page is called with.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Parameters {
    #[serde(default)]
    then: Then,
    /// Something ran out of time.
    over: Option<String>,
}

/// `GET /portal/sign-in`.
pub(crate) async fn page(State(app): State<App>, call: Call, Query(asked): Query<Parameters>) -> Answer {
    let who = call.caller(&app).await?.map(|caller| caller.principal.display_name);
    let said = asked.over.is_some().then_some(text::sign_in::OVER);
    Ok(html_of(&sheet(&app, &asked.then, who.as_deref(), "", said)))
}

fn sheet(app: &App, then: &Then, who: Option<&str>, name: &str, wrong: Option<&str>) -> Markup {
    let bad = wrong.is_some();
    layout::plain(
        text::sign_in::TITLE,
        &html! {
            @if let Some(who) = who {
                p.notice { (text::sign_in::SIGNED_IN_AS) " " strong { (who) } ". " (text::sign_in::AGAIN) }
            }
            (alert(wrong))
            form method="post" action="/portal/sign-in" {
                (then_field(then))
                label for="name" { (text::sign_in::NAME) }
                input #name name="name" type="text" value=(name) autocomplete="username" autocapitalize="none"
                    spellcheck="false" maxlength="320" required autofocus[name.is_empty()]
                    aria-describedby=(described("name-hint", bad));
                p.hint #name-hint { (text::sign_in::NAME_HINT) }
                label for="password" { (text::sign_in::PASSWORD) }
                input #password name="password" type="password" autocomplete="current-password" maxlength="1024" required
                    autofocus[!name.is_empty()] aria-invalid=[bad.then_some("true")];
                button type="submit" { (text::sign_in::SUBMIT) }
            }
            @if app.factors.has_passkeys() || app.identity.takes_tickets() || outside::offered(app) { (or()) }
            @if app.identity.takes_tickets() {
                form method="post" action="/portal/sign-in/kerberos" {
                    (then_field(then))
                    button.quiet type="submit" { (text::sign_in::TICKET) }
                }
            }
            (outside::buttons(app, then))
            @if app.factors.has_passkeys() {
                form method="post" action="/portal/sign-in/passkey" {
                    (then_field(then))
                    button.quiet type="submit" { (text::sign_in::PASSKEY) }
                }
            }
        },
    )
}

/// Who signs in.
#[derive(Deserialize)]
pub(crate) struct Pair {
    name: String,
    password: SecretString,
    #[serde(default)]
    then: Then,
}

/// `POST /portal/sign-in`.
pub(crate) async fn by_password(State(app): State<App>, call: Call, Sent(pair): Sent<Pair>) -> Answer {
    match app.identity.sign_in(&pair.name, pair.password, &call.presented()).await {
        Ok(SignIn::Done(session)) => Ok(signed_in(&call, &session, &pair.then)),
        Ok(SignIn::SecondFactor(caller, proofs, basis)) => {
            let then = pair.then.as_str().to_owned();
            let half = HalfSignIn { principal: caller.principal.id, proofs, basis, then };
            half_done(&app, &call, half).await
        }
        // One text for all that is wrong: nobody learns which accounts there are, or which of them are disabled.
        Err(Denied::NotSignedIn(_) | Denied::Disabled(_)) => {
            let page = sheet(&app, &pair.then, None, &pair.name, Some(text::sign_in::WRONG));
            Ok((StatusCode::FORBIDDEN, html_of(&page)).into_response())
        }
        Err(Denied::TooMany { retry_after }) => {
            let seconds = whole_seconds(retry_after);
            let page = sheet(&app, &pair.then, None, &pair.name, Some(&text::too_many(seconds)));
            let mut response = (StatusCode::TOO_MANY_REQUESTS, html_of(&page)).into_response();
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            Ok(response)
        }
        Err(denied @ (Denied::Busy | Denied::Unanswered | Denied::Unavailable(_))) => Err(denied.into()),
    }
}

/// Remembers a sign-in that is half done, and goes to its second step.
pub(crate) async fn half_done(app: &App, call: &Call, half: HalfSignIn) -> Answer {
    let secret = app.factors.begin_half(half).await?;
    let mut response = see_other("/portal/sign-in/second");
    let line = cookie::set_kind(cookie::Kind::Step, &secret, call.secure, 300);
    response.headers_mut().append(header::SET_COOKIE, line);
    Ok(response)
}

/// All is proved: the browser gets its session and goes where it wanted to.
pub(crate) fn signed_in(call: &Call, session: &NewSession, then: &Then) -> Response {
    let mut response = then.go();
    response.headers_mut().append(header::SET_COOKIE, call.set_session(session));
    response
}

/// `POST /portal/sign-out`.
pub(crate) async fn sign_out(State(app): State<App>, signed: Signed) -> Answer {
    let proofs = signed.caller.proofs(app.engine.now());
    let outside = proofs.iter().any(|proved| proved.method == Method::Federated);
    app.identity.sign_out(&signed.caller).await?;
    let mut response = see_other(if outside { "/portal/sign-out?outside" } else { "/portal/sign-out" });
    let headers: &mut HeaderMap = response.headers_mut();
    headers.append(header::SET_COOKIE, cookie::clear(signed.call.secure));
    Ok(response)
}

/// What the page of somebody who signed out is called with.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Left {
    /// The session had begun at an outside issuer.
    outside: Option<String>,
}

/// `GET /portal/sign-out`: where signing out leads.
pub(crate) async fn signed_out(State(app): State<App>, call: Call, Query(left): Query<Left>) -> Answer {
    if call.caller(&app).await?.is_some() {
        return Err(Failed::Elsewhere("/".to_owned()));
    }
    Ok(html_of(&layout::plain(
        text::sign_in::TITLE,
        &html! {
            (notice(Some(text::sign_in::SIGNED_OUT)))
            @if left.outside.is_some() { p { (text::sign_in::SIGNED_OUT_OUTSIDE) } }
            p { a.button href="/portal/sign-in" { (text::sign_in::SUBMIT) } }
        },
    )))
}

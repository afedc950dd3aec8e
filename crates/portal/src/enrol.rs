//! Setting an account up by an enrolment link: the password, then on to the second factor.

use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use ephor_domain::{
    authentication::{Method, Proofs},
    principal::Principal,
};
use ephor_engine::Denied as EngineDenied;
use ephor_identity::{Basis, cookie, factor::HalfSignIn, identity::SetPasswordError, password::PasswordError};
use http::{StatusCode, header};
use maud::{Markup, html};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{
    answer::{Answer, Failed, html_of, see_other},
    call::{Call, Sent},
    face::App,
    go::Then,
    layout,
    parts::{alert, described},
    sign_in::{half_done, signed_in},
    text,
};

/// The link's secret.
#[derive(Deserialize)]
pub(crate) struct Parameters {
    token: Option<SecretString>,
}

/// `GET /portal/enrol`. The secret goes from the address into a cookie at once: addresses are kept, copied and sent along.
pub(crate) async fn page(State(app): State<App>, call: Call, Query(link): Query<Parameters>) -> Answer {
    if let Some(token) = link.token {
        let plausible = token.expose_secret().bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !plausible || !(1..=128).contains(&token.expose_secret().len()) {
            return Ok(gone());
        }
        let mut response = see_other("/portal/enrol");
        let line = cookie::set_kind(cookie::Kind::Enrolment, &token, call.secure, 900);
        response.headers_mut().append(header::SET_COOKIE, line);
        return Ok(response);
    }
    match account(&app, &call).await? {
        Some((_, account)) => Ok(html_of(&sheet(&account, None))),
        None => Ok(gone()),
    }
}

async fn account(app: &App, call: &Call) -> Answer<Option<(SecretString, Principal)>> {
    let Some(secret) = call.cookie(cookie::Kind::Enrolment) else { return Ok(None) };
    match app.engine.enrolment_account(&secret).await {
        Ok(account) => Ok(Some((secret, account))),
        Err(EngineDenied::Refused(_)) => Ok(None),
        Err(EngineDenied::Failed(fault)) => Err(fault.into()),
    }
}

fn gone() -> Response {
    let page = layout::plain(text::enrol::GONE_TITLE, &html! { p { (text::enrol::GONE) } });
    (StatusCode::NOT_FOUND, html_of(&page)).into_response()
}

fn sheet(account: &Principal, wrong: Option<&str>) -> Markup {
    let bad = wrong.is_some();
    layout::plain(
        text::enrol::TITLE,
        &html! {
            p.who { strong { (account.display_name) } " " code { (account.username()) } }
            p { (text::enrol::LEAD) }
            (alert(wrong))
            form method="post" action="/portal/enrol" {
                input type="hidden" name="username" value=(account.username()) autocomplete="username";
                label for="password" { (text::enrol::PASSWORD) }
                input #password name="password" type="password" autocomplete="new-password" maxlength="1024" required
                    autofocus aria-describedby=[bad.then_some(described("", true).trim())] aria-invalid=[bad.then_some("true")];
                label for="again" { (text::enrol::AGAIN) }
                input #again name="again" type="password" autocomplete="new-password" maxlength="1024" required;
                button type="submit" { (text::enrol::SUBMIT) }
            }
        },
    )
}

/// The password, twice.
#[derive(Deserialize)]
pub(crate) struct Chosen {
    password: SecretString,
    again: SecretString,
}

/// `POST /portal/enrol`.
pub(crate) async fn redeem(State(app): State<App>, call: Call, Sent(chosen): Sent<Chosen>) -> Answer {
    let Some((secret, account)) = account(&app, &call).await? else { return Ok(gone()) };
    let wrong = |words: &str| Ok((StatusCode::BAD_REQUEST, html_of(&sheet(&account, Some(words)))).into_response());
    if chosen.password.expose_secret() != chosen.again.expose_secret() {
        return wrong(text::enrol::DIFFER);
    }
    let hash = match app.identity.hash_assigned(&account.account, chosen.password).await {
        Ok(hash) => hash,
        Err(SetPasswordError::Password(error @ PasswordError::Cost(_))) => {
            tracing::error!(%error, "a password could not be hashed");
            return Err(Failed::page(StatusCode::INTERNAL_SERVER_ERROR, text::error::INTERNAL));
        }
        Err(SetPasswordError::Password(error)) => {
            let text = error.to_string();
            let (first, rest) = text.split_at(1);
            return wrong(&format!("{}{rest}.", first.to_uppercase()));
        }
        Err(SetPasswordError::Denied(denied)) => return Err(denied.into()),
    };
    let (account, changed) = match app.engine.redeem_enrolment(&secret, hash).await {
        Ok(redeemed) => redeemed,
        Err(EngineDenied::Refused(_)) => return Ok(gone()),
        Err(EngineDenied::Failed(fault)) => return Err(fault.into()),
    };
    app.identity.forget(account.id);
    let proofs = Proofs::of(Method::Link, app.engine.now());
    let then = "/portal/mfa".to_owned();
    // A link stands for the password and for nothing more: an account that has a second factor shows it.
    let factors = app.identity.factors(account.id).await?;
    let has_factors = !factors.is_empty();
    let basis = Basis::of_password(Some(changed)).and_factors(factors);
    let mut response = if has_factors {
        half_done(&app, &call, HalfSignIn { principal: account.id, proofs, basis, then }).await?
    } else {
        let previous = app.identity.previous(&call.presented());
        let session = app.identity.begin_session(account, proofs, basis, call.address, previous).await?;
        signed_in(&call, &session, &Then::from(then))
    };
    response.headers_mut().append(header::SET_COOKIE, cookie::clear_kind(cookie::Kind::Enrolment, call.secure));
    Ok(response)
}

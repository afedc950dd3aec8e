//! One's second factors: what there is, adding, removing, recovery codes.

pub(crate) mod app;
pub(crate) mod key;

use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use ephor_domain::authentication::Missing;
use ephor_identity::factor::{ChangeError, Enrolled, FactorKind, FactorView};
use http::StatusCode;
use maud::{Markup, html};
use secrecy::ExposeSecret;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    answer::{Answer, html_of, see_other},
    call::{Sent, Signed},
    face::App,
    layout::{self, Place},
    parts::{alert, notice, said, time},
    text,
};

/// What the page is called with.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Parameters {
    added: Option<String>,
    removed: Option<String>,
}

/// `GET /portal/mfa`.
pub(crate) async fn page(State(app): State<App>, signed: Signed, Query(asked): Query<Parameters>) -> Answer {
    let done = match (asked.added, asked.removed) {
        (Some(_), _) => Some(text::factors::DONE_ADDED),
        (None, Some(_)) => Some(text::factors::DONE_REMOVED),
        (None, None) => None,
    };
    sheet(&app, &signed, done, None).await
}

async fn sheet(app: &App, signed: &Signed, done: Option<&str>, wrong: Option<&str>) -> Answer {
    let principal = signed.caller.principal.id;
    let list = app.factors.list(principal).await?;
    let enrolled = app.factors.enrolled(principal).await?;
    let missing = match app.factors.may_change(&signed.caller).await {
        Ok(()) => None,
        Err(ChangeError::Missing(missing)) => Some(missing),
        Err(error) => return refused(app, signed, error).await,
    };
    let open = missing.is_none();
    let content = html! {
        p.lead { (text::factors::LEAD) }
        (notice(done))
        (alert(wrong))
        @if let Some(missing) = missing { (locked(missing)) }
        section.card {
            @if list.is_empty() { p.empty { (text::factors::NONE) } }
            @else { ul.rows { @for factor in &list { (row(factor, open)) } } }
        }
        @if open { (adding(app, enrolled)) }
        (codes(enrolled, open))
    };
    let page = layout::page(Place::Factors, text::factors::TITLE, &signed.caller.principal.display_name, &content);
    let status = if wrong.is_some() { StatusCode::FORBIDDEN } else { StatusCode::OK };
    Ok((status, html_of(&page)).into_response())
}

/// What must be done first.
fn locked(missing: Missing) -> Markup {
    let (words, way) = match missing {
        Missing::SignIn => (
            text::factors::LOCKED_SIGN_IN,
            Some(("/portal/sign-in?then=%2Fportal%2Fmfa", text::factors::SIGN_IN_AGAIN)),
        ),
        Missing::SecondFactor => {
            (text::factors::LOCKED_FACTOR, Some(("/portal/step-up?then=%2Fportal%2Fmfa", text::factors::CONFIRM)))
        }
        Missing::Link => (text::factors::LOCKED_LINK, None),
    };
    html! {
        section.card.call {
            p { (words) }
            @if let Some((place, name)) = way { p { a.button href=(place) { (name) } } }
        }
    }
}

fn row(factor: &FactorView, open: bool) -> Markup {
    let kind = match factor.kind {
        FactorKind::Totp => text::factors::APP,
        FactorKind::Passkey => text::factors::PASSKEY,
    };
    html! {
        li {
            div.what {
                strong { (factor.label) }
                p.hint {
                    (kind) " · " (text::factors::ADDED) " " (time(factor.created)) " · "
                    @match factor.used {
                        Some(used) => { (text::factors::USED) " " (time(used)) }
                        None => (text::factors::NEVER)
                    }
                }
                @if factor.disabled.is_some() { p.alert { (text::factors::DISABLED) } }
            }
            @if open {
                form method="post" action="/portal/mfa/remove" {
                    input type="hidden" name="id" value=(factor.id);
                    button.quiet.small type="submit" aria-label={ (text::factors::REMOVE) " " (factor.label) } {
                        (text::factors::REMOVE)
                    }
                }
            }
        }
    }
}

fn adding(app: &App, enrolled: Enrolled) -> Markup {
    html! {
        h2 { @if enrolled.any() { (text::factors::ADD) } @else { (text::factors::ADD_FIRST) } }
        div.two {
            section.card {
                h3 { (text::factors::PASSKEY) }
                p { (text::factors::ADD_PASSKEY_LEAD) }
                @if app.factors.has_passkeys() {
                    (add("/portal/mfa/passkey", "key-label", text::factors::DEFAULT_PASSKEY, text::factors::ADD_PASSKEY))
                } @else { p.hint { (text::factors::NO_PASSKEYS) } }
            }
            section.card {
                h3 { (text::factors::APP) }
                p { (text::factors::ADD_APP_LEAD) }
                (add("/portal/mfa/app", "app-label", text::factors::DEFAULT_APP, text::factors::ADD_APP))
            }
        }
    }
}

fn add(action: &str, id: &str, label: &str, button: &str) -> Markup {
    html! {
        form method="post" action=(action) {
            label for=(id) { (text::factors::LABEL) }
            input #(id) name="label" type="text" value=(label) maxlength="60" required autocomplete="off";
            button type="submit" { (button) }
        }
    }
}

fn codes(enrolled: Enrolled, open: bool) -> Markup {
    html! {
        @if enrolled.any() {
            h2 { (text::factors::RECOVERY) }
            section.card {
                p { (text::factors::RECOVERY_LEAD) }
                p {
                    @match enrolled.recovery_codes {
                        0 => (text::factors::RECOVERY_NONE)
                        left => { strong { (left) } " " (text::factors::RECOVERY_LEFT) "." }
                    }
                }
                @if open {
                    form method="post" action="/portal/mfa/recovery" {
                        button.quiet type="submit" {
                            @if enrolled.recovery_codes == 0 { (text::factors::RECOVERY_MAKE) }
                            @else { (text::factors::RECOVERY_AGAIN) }
                        }
                    }
                }
            }
        }
    }
}

/// What to do about a change that did not happen.
async fn refused(app: &App, signed: &Signed, error: ChangeError) -> Answer<Response> {
    let words = match error {
        // The page itself says what must be done first.
        ChangeError::Missing(_) | ChangeError::NotByToken => return Ok(see_other("/portal/mfa")),
        ChangeError::Label => text::factors::BAD_LABEL.to_owned(),
        ChangeError::TooMany => text::factors::TOO_MANY.to_owned(),
        ChangeError::NotFound => text::factors::GONE.to_owned(),
        ChangeError::Unproved(ephor_identity::factor::Unproved::Unavailable(fault)) => return Err(fault.into()),
        ChangeError::Unproved(why) => said(&why),
    };
    Box::pin(sheet(app, signed, None, Some(&words))).await
}

/// Which one.
#[derive(Deserialize)]
pub(crate) struct Which {
    id: Uuid,
}

/// `POST /portal/mfa/remove`.
pub(crate) async fn remove(State(app): State<App>, signed: Signed, Sent(which): Sent<Which>) -> Answer {
    match app.factors.remove(&signed.caller, which.id).await {
        Ok(()) => Ok(see_other("/portal/mfa?removed")),
        Err(error) => refused(&app, &signed, error).await,
    }
}

/// `POST /portal/mfa/recovery`.
pub(crate) async fn recovery(State(app): State<App>, signed: Signed) -> Answer {
    let codes = match app.factors.new_recovery_codes(&signed.caller).await {
        Ok(codes) => codes,
        Err(error) => return refused(&app, &signed, error).await,
    };
    Ok(html_of(&layout::plain(
        text::factors::RECOVERY_TITLE,
        &html! {
            p { (text::factors::RECOVERY_ONCE) }
            ul.codes { @for code in &codes { li { code { (code.expose_secret()) } } } }
            p { a.button href="/portal/mfa" { (text::factors::RECOVERY_DONE) } }
        },
    )))
}

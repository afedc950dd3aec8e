//! The overview of who is signed in: what waits for him, who he is, how he is signed in.

use axum::extract::{Query, State};
use ephor_engine::{Denied as EngineDenied, pam::mfa::WaitingChallenge};
use ephor_identity::Caller;
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    answer::{Answer, html_of},
    call::Signed,
    face::App,
    layout::{self, Place},
    parts::{notice, time},
    text,
};

/// What the page is called with.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Parameters {
    confirmed: Option<String>,
}

/// `GET /`.
pub(crate) async fn page(State(app): State<App>, signed: Signed, Query(asked): Query<Parameters>) -> Answer {
    let caller = &signed.caller;
    let waiting = waiting(&app, caller).await?;
    let enrolled = app.factors.enrolled(caller.principal.id).await?;
    let sessions = app.identity.sessions(caller).await?;
    let here = sessions.iter().find(|session| session.current);
    let proofs = caller.proofs(app.engine.now());
    let content = html! {
        (notice(asked.confirmed.is_some().then_some(text::step_up::DONE)))
        @if !waiting.is_empty() { (challenges(&waiting)) }
        @if !enrolled.any() {
            section.card.call {
                h2 { (text::home::NOT_ENROLLED) }
                p { (text::home::NOT_ENROLLED_LEAD) }
                p { a.button href="/portal/mfa" { (text::home::SET_UP) } }
            }
        }
        section.card {
            h2.quietly { (text::home::ACCOUNT) }
            dl.facts {
                div { dt { (caller.principal.display_name) } dd { code { (caller.principal.username()) } } }
                @if let Some(session) = here {
                    div {
                        dt { (text::home::SIGNED_IN) }
                        dd { (time(session.created)) @if !proofs.is_empty() { " " (text::home::WITH) " " (methods(caller, &app)) } }
                    }
                }
                div {
                    dt { (text::home::FACTORS) }
                    dd {
                        (text::count(u64::try_from(enrolled.passkeys).unwrap_or(0), "passkey", "passkeys")) ", "
                        (text::count(u64::try_from(enrolled.totp).unwrap_or(0), "app", "apps")) ", "
                        (text::count(enrolled.recovery_codes, "recovery code", "recovery codes"))
                        " " a href="/portal/mfa" { (text::home::MANAGE) }
                    }
                }
                div {
                    dt { (text::home::SESSIONS) }
                    dd { (sessions.len()) " " a href="/portal/sessions" { (text::home::LOOK) } }
                }
            }
        }
    };
    Ok(html_of(&layout::page(Place::Home, text::nav::HOME, &caller.principal.display_name, &content)))
}

/// Requests that wait for the caller's proof. Somebody who is no PAM user has none.
async fn waiting(app: &App, caller: &Caller) -> Answer<Vec<WaitingChallenge>> {
    match app.engine.pam_challenges(&caller.actor).await {
        Ok(waiting) => Ok(waiting),
        Err(EngineDenied::Refused(_)) => Ok(Vec::new()),
        Err(EngineDenied::Failed(fault)) => Err(fault.into()),
    }
}

fn challenges(waiting: &[WaitingChallenge]) -> Markup {
    html! {
        section.card.call {
            h2 { (text::home::WAITING) }
            ul.rows {
                @for one in waiting {
                    li {
                        div.what {
                            strong { (one.role) }
                            p.hint { (text::span(one.ttl.as_secs())) ", " (text::home::CONFIRM_BY) " " (time(one.until)) }
                        }
                        a.button href={ "/portal/step-up?request=" (one.request) } { (text::home::CONFIRM) }
                    }
                }
            }
        }
    }
}

fn methods(caller: &Caller, app: &App) -> String {
    use ephor_domain::authentication::Method;
    let word = |method: Method| match method {
        Method::Password => "password",
        Method::Link => "enrolment link",
        Method::Kerberos => "Kerberos",
        Method::Federated | Method::FederatedMfa => "another issuer",
        Method::Totp => "app",
        Method::Passkey => "passkey",
        Method::RecoveryCode => "recovery code",
    };
    let mut words: Vec<&str> = caller.proofs(app.engine.now()).iter().map(|proved| word(proved.method)).collect();
    words.dedup();
    words.join(" and ")
}

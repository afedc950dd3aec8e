//! A fresh second factor: for a session, as an authentication context asks, or for one request and nothing else (S4).

use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use ephor_domain::{
    authentication::{Method, Requirement, Strength},
    id::RequestId,
    policy::context::ContextClass,
};
use ephor_engine::{Denied as EngineDenied, pam::mfa::WaitingChallenge};
use ephor_identity::factor::{Attempt, Enrolled, Unproved, Use};
use http::{StatusCode, header};
use maud::{Markup, html};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use crate::{
    answer::{Answer, Failed, html_of, see_other, whole_seconds},
    call::{Sent, Signed},
    face::App,
    go::Then,
    layout,
    parts::{alert, code_field, or, passkey_form, said, then_field, time},
    sign_in::second::status,
    text,
};

/// What is to be proved for, as query or form have it.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Wish {
    #[serde(default, deserialize_with = "context")]
    acrs: Option<ContextClass>,
    #[serde(default)]
    request: Option<Uuid>,
    #[serde(default)]
    then: Then,
}

/// A context that is none asks for what an unnamed one asks for, never for less.
fn context<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ContextClass>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    // Several are asked for by a client that takes any of them; the first one is what it gets.
    Ok(text.and_then(|text| text.split([' ', ',']).find_map(|word| word.parse().ok())))
}

impl Wish {
    fn request(&self) -> Option<RequestId> {
        self.request.map(RequestId::new)
    }

    fn purpose(&self) -> Use {
        self.request().map_or(Use::StepUp, Use::Request)
    }

    fn requirement(&self, app: &App) -> Requirement {
        self.acrs.map_or(Requirement::DEFAULT, |class| app.identity.contexts().requirement(class))
    }

    fn fields(&self) -> Markup {
        html! {
            @if let Some(class) = self.acrs { input type="hidden" name="acrs" value=(class); }
            @if let Some(request) = self.request { input type="hidden" name="request" value=(request); }
            (then_field(&self.then))
        }
    }
}

/// `GET /portal/step-up`.
pub(crate) async fn page(State(app): State<App>, signed: Signed, Query(wish): Query<Wish>) -> Answer {
    let now = app.engine.now();
    let met = wish.requirement(&app).met_until(&signed.caller.proofs(now), now).is_some();
    if wish.request.is_none() && met {
        return Ok(wish.then.go());
    }
    sheet(&app, &signed, &wish, None, false).await
}

async fn sheet(app: &App, signed: &Signed, wish: &Wish, wrong: Option<&Unproved>, code: bool) -> Answer {
    let request = match wish.request() {
        Some(id) => Some(waiting(app, signed, id).await?),
        None => None,
    };
    let principal = signed.caller.principal.id;
    let enrolled = app.factors.enrolled(principal).await?;
    let challenge = match enrolled.passkeys {
        0 => None,
        _ => app.factors.challenge(principal, wish.purpose()).await.ok(),
    };
    let codes = enrolled.totp > 0 && wish.requirement(app).strength == Strength::Mfa;
    let words = wrong.map(|why| {
        let by_key = !code && *why == Unproved::Wrong;
        if by_key { text::passkey::WRONG.to_owned() } else { said(why) }
    });
    let content = html! {
        @match &request {
            Some(request) => { p { (text::step_up::REQUEST_LEAD) } (facts(request)) }
            None => p { (text::step_up::LEAD) }
        }
        (alert(words.as_deref()))
        @if let Some(challenge) = &challenge {
            (passkey_form("/portal/step-up/passkey", challenge, false, &wish.fields()))
        }
        @if codes {
            @if challenge.is_some() { (or()) }
            form method="post" action="/portal/step-up" {
                (wish.fields())
                (code_field(code && wrong.is_some()))
                button type="submit" class=[challenge.is_some().then_some("quiet")] { (text::code::SUBMIT) }
            }
        }
        @if challenge.is_none() && !codes { (nothing(enrolled)) }
        p.aside { a href="/" { (text::step_up::BACK) } }
    };
    let title = if request.is_some() { text::step_up::REQUEST_TITLE } else { text::step_up::TITLE };
    let page = html_of(&layout::with_passkey(title, &content));
    let mut response = (wrong.map_or(StatusCode::OK, status), page).into_response();
    if let Some(Unproved::TooMany { retry_after }) = wrong {
        response.headers_mut().insert(header::RETRY_AFTER, whole_seconds(*retry_after).into());
    }
    Ok(response)
}

/// There is nothing to prove by.
fn nothing(enrolled: Enrolled) -> Markup {
    html! {
        p { @if enrolled.any() { (text::step_up::NO_PASSKEY) } @else { (text::step_up::NO_FACTOR) } }
        p { a.button href="/portal/mfa" { (text::step_up::SET_UP) } }
    }
}

fn facts(request: &WaitingChallenge) -> Markup {
    html! {
        dl.facts {
            div { dt { (text::step_up::ROLE) } dd { strong { (request.role) } } }
            div { dt { (text::step_up::FOR) } dd { (text::span(request.ttl.as_secs())) } }
            @if let Some(reason) = &request.justification {
                div { dt { (text::step_up::REASON) } dd { (reason) } }
            }
            div { dt { (text::step_up::UNTIL) } dd { (time(request.until)) } }
        }
    }
}

async fn waiting(app: &App, signed: &Signed, id: RequestId) -> Answer<WaitingChallenge> {
    match app.engine.pam_challenge(&signed.caller.actor, id).await {
        Ok(waiting) => Ok(waiting),
        // One answer for unknown, foreign and done.
        Err(EngineDenied::Refused(_)) => Err(Failed::page(StatusCode::NOT_FOUND, text::step_up::GONE)),
        Err(EngineDenied::Failed(fault)) => Err(fault.into()),
    }
}

/// A code that was typed.
#[derive(Deserialize)]
pub(crate) struct Typed {
    code: SecretString,
    #[serde(flatten)]
    wish: Wish,
}

/// `POST /portal/step-up`.
pub(crate) async fn by_code(State(app): State<App>, signed: Signed, Sent(typed): Sent<Typed>) -> Answer {
    let wish = typed.wish;
    if let Some(id) = wish.request() {
        waiting(&app, &signed, id).await?;
    }
    if wish.requirement(&app).strength == Strength::Passkey {
        // A code is not spent on what it cannot open.
        return sheet(&app, &signed, &wish, Some(&Unproved::NotEnrolled), true).await;
    }
    let proved = app.factors.prove_code(attempt(&signed, &wish), &typed.code).await;
    done(&app, &signed, &wish, proved, true).await
}

/// What a passkey answered.
#[derive(Deserialize)]
pub(crate) struct Signature {
    secret: SecretString,
    answer: String,
    #[serde(flatten)]
    wish: Wish,
}

/// `POST /portal/step-up/passkey`.
pub(crate) async fn by_passkey(State(app): State<App>, signed: Signed, Sent(signature): Sent<Signature>) -> Answer {
    let wish = signature.wish;
    let proved = app.factors.prove_passkey(attempt(&signed, &wish), &signature.secret, &signature.answer).await;
    done(&app, &signed, &wish, proved, false).await
}

fn attempt(signed: &Signed, wish: &Wish) -> Attempt {
    Attempt { principal: signed.caller.principal.id, purpose: wish.purpose(), address: signed.call.address }
}

async fn done(app: &App, signed: &Signed, wish: &Wish, proved: Result<Method, Unproved>, code: bool) -> Answer {
    let method = match proved {
        Ok(method) => method,
        Err(Unproved::Unavailable(fault)) => return Err(fault.into()),
        Err(why) => return sheet(app, signed, wish, Some(&why), code).await,
    };
    let mut response = match wish.request() {
        Some(id) => match app.engine.pam_prove_presence(&signed.caller.actor, id, method).await {
            Ok(_) => see_other("/?confirmed"),
            Err(EngineDenied::Refused(_)) => return Err(Failed::page(StatusCode::NOT_FOUND, text::step_up::GONE)),
            Err(EngineDenied::Failed(fault)) => return Err(fault.into()),
        },
        None => wish.then.go(),
    };
    strengthen(app, signed, method, &mut response).await?;
    Ok(response)
}

/// The session knows what was proved just now, under a new secret.
pub(crate) async fn strengthen(app: &App, signed: &Signed, method: Method, response: &mut Response) -> Answer<()> {
    if let Some(session) = app.identity.strengthen_session(&signed.caller, [method]).await? {
        response.headers_mut().append(header::SET_COOKIE, signed.call.set_session(&session));
    }
    Ok(())
}

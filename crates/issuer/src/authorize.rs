//! `…/authorize`: a person lets an application act, and the application gets a code (RFC 6749 4.1, RFC 7636, RFC 9700).
//!
//! Nothing is sent to an address before it is known to be one of the client's. Every code has a challenge.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use ephor_domain::{
    application::{Redirect, RedirectKind},
    authentication::{Proofs, Strength},
};
use ephor_identity::{Basis, Caller};
use ephor_store::tx::family::AuthorizationCode;
use http::{HeaderValue, Request, StatusCode, header, request::Parts};
use jiff::{SignedDuration, Timestamp};
use maud::html;

use crate::{
    browser::{
        decision,
        page::{self, Page},
    },
    client::Client,
    demand::Demand,
    face::{App, address_of, call_id, tenant_of},
    form::Form,
    grant::{Facts, longest},
    ledger::Note,
    oauth::{Answer, Refused},
    scopes::Asked,
    secrets::{self, Purpose},
    settings::CODE_LIFE,
};

/// Asks for a sign-in after this instant, in the place of `prompt=login`: else it would ask for ever.
pub(crate) const SIGNED_IN_AFTER: &str = "signed_in_after";
/// Longest time a person takes to sign in.
const SIGN_IN_TIME: SignedDuration = SignedDuration::from_mins(10);

/// How an answer travels to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Query,
    Fragment,
    FormPost,
}

/// An order that may be answered at the client's address.
pub(crate) struct Authorization {
    pub(crate) client: Client,
    pub(crate) redirect: Redirect,
    /// As it was asked for: its port may be another one.
    pub(crate) address: String,
    mode: Mode,
    pub(crate) form: Form,
}

impl Authorization {
    /// Reads whom to answer.
    ///
    /// # Errors
    /// What is wrong; to be said to the person, as there is no address to trust.
    pub(crate) async fn read(app: &App, form: Form) -> Answer<Self> {
        let client = app.client(form.need("client_id")?).await?;
        let address = form.need("redirect_uri")?.to_owned();
        let redirect = client.redirect(&address).cloned().ok_or(Refused::REDIRECT)?;
        let mode = match form.get("response_mode") {
            None | Some("query") => Mode::Query,
            Some("fragment") => Mode::Fragment,
            Some("form_post") => Mode::FormPost,
            Some(_) => return Err(Refused::RESPONSE_MODE),
        };
        Ok(Self { client, redirect, address, mode, form })
    }

    /// Sends the browser back to the client with these parameters.
    fn answer(&self, app: &App, parameters: &[(&str, &str)]) -> Response {
        let issuer = app.settings.issuer();
        let state = self.form.get("state");
        let more = state.map(|state| ("state", state)).into_iter().chain([("iss", issuer.as_str())]);
        let all: Vec<(&str, &str)> = parameters.iter().copied().chain(more).collect();
        if self.mode == Mode::FormPost {
            let content = html! {
                form method="post" action=(self.address) {
                    @for (name, value) in &all { input type="hidden" name=(name) value=(value); }
                    p { "Going back to " strong { (self.client.name) } "." }
                    button type="submit" { "Continue" }
                }
            };
            return Page::new("Signed in", content).leading_to(&self.address).submitting().into_response();
        }
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&all).finish();
        let separator = match (self.mode, self.address.contains('?')) {
            (Mode::Fragment, _) => '#',
            (Mode::Query | Mode::FormPost, true) => '&',
            (Mode::Query | Mode::FormPost, false) => '?',
        };
        see(&format!("{}{separator}{text}", self.address))
    }

    /// Tells the client no.
    pub(crate) fn refuse(&self, app: &App, refused: &Refused) -> Response {
        self.answer(app, &[("error", refused.error()), ("error_description", &refused.description())])
    }
}

/// What is checked before anybody is asked.
struct Wish {
    asked: Asked,
    demand: Demand,
    challenge: String,
}

impl Wish {
    fn read(app: &App, order: &Authorization) -> Answer<Self> {
        let form = &order.form;
        if form.need("response_type")? != "code" {
            return Err(Refused::RESPONSE_TYPE);
        }
        let challenge = form.get("code_challenge").filter(|challenge| secrets::is_challenge(challenge));
        let challenge = challenge.filter(|_| form.get("code_challenge_method") == Some("S256"));
        let asked = Asked::read(form.get("scope"), form.get("resource"), &app.settings)?;
        asked.granted(&order.client.permissions)?;
        let bounded = |name| form.get(name).is_none_or(|text| text.len() <= 2048);
        if !bounded("nonce") || !bounded("state") {
            return Err(Refused::FORM);
        }
        Ok(Self {
            asked,
            demand: Demand::read(form.get("claims"))?,
            challenge: challenge.ok_or(Refused::PKCE)?.to_owned(),
        })
    }
}

/// `GET …/authorize`.
pub(crate) async fn begin(State(app): State<App>, request: Request<Body>) -> Response {
    let (call, _) = request.into_parts();
    match Form::query(&call) {
        Ok(form) => authorize(&app, &call, form, false).await,
        Err(refused) => page::failed(StatusCode::BAD_REQUEST, refused.text()),
    }
}

/// `POST …/authorize`: the same by a form. A page elsewhere may send it, so it is answered as a link is.
pub(crate) async fn begin_by_form(State(app): State<App>, request: Request<Body>) -> Response {
    let id = request.extensions().get::<ephor_front::CallId>().copied();
    match Form::body(request).await {
        Ok((call, form)) => see(&format!("{}?{}", call.uri.path(), form.encoded())),
        Err(refused) => app.refuse(&refused, id),
    }
}

/// Goes as far as it can: to the sign-in, to a stronger proof, to a question, or back with a code.
pub(crate) async fn authorize(app: &App, call: &Parts, form: Form, confirmed: bool) -> Response {
    let order = match Authorization::read(app, form).await {
        Ok(order) => order,
        Err(refused) => return page::failed(refused.status(), refused.text()),
    };
    let wish = match Wish::read(app, &order) {
        Ok(wish) => wish,
        Err(refused) => return order.refuse(app, &refused),
    };
    let caller = match app.browser(call).await {
        Ok(caller) => caller,
        Err(refused) => return order.refuse(app, &refused),
    };
    let prompts: Vec<&str> = order.form.get("prompt").unwrap_or_default().split_ascii_whitespace().collect();
    let silent = prompts.contains(&"none");
    let now = app.now();

    let Some(caller) = caller.filter(|caller| is_fresh(caller, &order.form, &prompts, now)) else {
        if silent {
            return order.refuse(app, &Refused::LOGIN);
        }
        return sign_in(call, &order.form, &prompts, now);
    };
    let proofs = caller.proofs(now);
    if let Err(missing) = wish.demand.met(&proofs, app.identity.contexts(), now) {
        if silent {
            return order.refuse(app, &wish.demand.refused());
        }
        let class = missing.class.map(|class| class.to_string());
        let then = then(call, &order.form, &prompts, now);
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        pairs.append_pair("then", &then);
        if let Some(class) = &class {
            pairs.append_pair("acrs", class);
        }
        return see(&format!("/portal/step-up?{}", pairs.finish()));
    }
    // A program on this machine could be any program: it gets nothing that nobody was asked about (RFC 8252 8.6).
    let asks = order.redirect.kind() == RedirectKind::Native
        || prompts.iter().any(|prompt| matches!(*prompt, "consent" | "select_account"));
    if asks && !confirmed {
        if silent {
            return order.refuse(app, &Refused::interaction(None));
        }
        return decision::question(call, &order, &caller);
    }
    match code(app, call, &order, wish, &caller, proofs).await {
        Ok(code) => order.answer(app, &[("code", &code)]),
        Err(refused) => order.refuse(app, &refused),
    }
}

/// The sign-in is one that the order accepts.
fn is_fresh(caller: &Caller, form: &Form, prompts: &[&str], now: Timestamp) -> bool {
    let Some(at) = caller.proofs(now).identified() else { return false };
    if prompts.contains(&"login") {
        return false;
    }
    // Ours, but anybody may write it: it counts for the time that a sign-in takes, and never in the place of `max_age`.
    let after = form.get(SIGNED_IN_AFTER).and_then(|text| text.parse::<i64>().ok());
    let after = after.filter(|after| now.as_second().saturating_sub(*after) <= SIGN_IN_TIME.as_secs());
    if after.is_some_and(|after| at.as_second() < after) {
        return false;
    }
    let age = form.get("max_age").and_then(|text| text.parse::<i64>().ok()).map(SignedDuration::from_secs);
    after.is_some() || age.is_none_or(|age| now.duration_since(at) <= age)
}

/// This order once more, for after the sign-in.
fn then(call: &Parts, form: &Form, prompts: &[&str], now: Timestamp) -> String {
    let rest: Vec<&str> = prompts.iter().copied().filter(|prompt| *prompt != "login").collect();
    let rest = (!rest.is_empty()).then(|| rest.join(" "));
    let mut form = form.clone().with("prompt", rest);
    if prompts.contains(&"login") || form.get("max_age").is_some() {
        form = form.with(SIGNED_IN_AFTER, Some(now.as_second().to_string()));
    }
    format!("/{}/oauth2/v2.0/authorize?{}", tenant_of(call), form.encoded())
}

fn sign_in(call: &Parts, form: &Form, prompts: &[&str], now: Timestamp) -> Response {
    let then = then(call, form, prompts, now);
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    pairs.append_pair("then", &then);
    if let Some(hint) = form.get("login_hint") {
        pairs.append_pair("hint", hint);
    }
    see(&format!("/portal/sign-in?{}", pairs.finish()))
}

/// Begins a family and answers its code.
async fn code(
    app: &App,
    call: &Parts,
    order: &Authorization,
    wish: Wish,
    caller: &Caller,
    proofs: Proofs,
) -> Answer<String> {
    let facts = Facts { proofs, claims: order.form.get("claims").map(str::to_owned) };
    debug_assert!(facts.proofs.identified().is_some() || facts.proofs.proved(Strength::Mfa).is_some());
    let life = longest(&order.client, Some(&order.redirect));
    let family = facts.family(app, order.client.id, caller.principal.id, life);
    let text = secrets::fresh(app.entropy.as_ref(), "ephc_");
    let code = AuthorizationCode {
        hash: secrets::hash(Purpose::Code, &text),
        family: family.id,
        redirect: order.address.clone(),
        challenge: Some(wish.challenge),
        scopes: wish.asked.text(),
        nonce: order.form.get("nonce").map(str::to_owned),
        expires: app.now().saturating_add(CODE_LIFE).unwrap_or(Timestamp::MAX),
    };
    let note = Note {
        principal: caller.principal.id,
        client: order.client.id,
        address: address_of(call),
        grant: "authorization_code",
        session: caller.session().cloned(),
        basis: Basis::default(),
    };
    if !app.ledger.begin(family, Some(code), None, note).await? {
        return Err(Refused::LOGIN);
    }
    Ok(text)
}

/// 302, as the client libraries follow it.
pub(crate) fn see(place: &str) -> Response {
    let mut response = StatusCode::FOUND.into_response();
    match HeaderValue::from_str(place) {
        Ok(place) => {
            response.headers_mut().insert(header::LOCATION, place);
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            response
        }
        Err(_) => page::failed(StatusCode::BAD_REQUEST, "The address cannot be gone to."),
    }
}

/// An error of a page that belongs to no client.
pub(crate) fn of(app: &App, call: &Parts, refused: &Refused) -> Response {
    let _ = (app, call_id(call));
    page::failed(refused.status(), refused.text())
}

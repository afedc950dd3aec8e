//! Device codes: a program shows a short code, a person types it here and allows the program (RFC 8628).

use axum::{
    Json,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use ephor_identity::{Basis, Caller, block_of};
use ephor_store::tx::device::{DeviceCode, DeviceState};
use http::{Request, StatusCode, request::Parts};
use maud::html;
use serde_json::json;

use crate::{
    authorize::{of, see},
    browser::{
        decision::is_forged,
        page::{self, Page},
    },
    claims::sign_in_name,
    client::Client,
    face::{App, address_of, call_id, tenant_of},
    form::Form,
    grant::{Facts, longest},
    ledger::Note,
    oauth::{Answer, Refused},
    scopes::Asked,
    secrets::{self, Purpose},
    settings::{DEVICE_INTERVAL, DEVICE_LIFE},
};

/// `POST …/devicecode`.
pub(crate) async fn begin(State(app): State<App>, request: Request<Body>) -> Response {
    let id = request.extensions().get::<ephor_front::CallId>().copied();
    match Form::body(request).await {
        Ok((call, form)) => match issued(&app, &call, &form).await {
            Ok(answer) => answer,
            Err(refused) => app.refuse(&refused, call_id(&call)),
        },
        Err(refused) => app.refuse(&refused, id),
    }
}

async fn issued(app: &App, call: &Parts, form: &Form) -> Answer<Response> {
    let client = app.client(form.need("client_id")?).await?;
    if !client.public {
        // Programs in people's hands; a server has a browser to send.
        return Err(Refused::CLIENT_NEEDED);
    }
    let asked = Asked::read(form.get("scope"), form.get("resource"), &app.settings)?;
    asked.granted(&client.permissions)?;
    let now = app.now();
    let address = address_of(call);
    let block = block_of(address).to_string();
    let paid = match app.identity.knows_address(address) {
        true => app.begun.pay(&block, now),
        false => app.begun.pay_as_stranger(&block, now),
    };
    paid.map_err(Refused::too_many)?;
    let text = secrets::fresh(app.entropy.as_ref(), "ephd_");
    let expires = now.saturating_add(DEVICE_LIFE).unwrap_or(now);
    let mut device = DeviceCode {
        hash: secrets::hash(Purpose::Device, &text),
        user_code: secrets::user_code(app.entropy.as_ref()),
        client: client.id,
        scopes: asked.text(),
        created: now,
        expires,
        polled: None,
        state: DeviceState::Waiting,
        family: None,
    };
    while !app.ledger.insert_device(device.clone()).await? {
        device.user_code = secrets::user_code(app.entropy.as_ref());
    }
    let shown = secrets::spaced(&device.user_code);
    let place = app.settings.endpoint(&tenant_of(call), "oauth2/deviceauth");
    Ok(Json(json!({
        "user_code": shown,
        "device_code": text,
        "verification_uri": place,
        "verification_url": place,
        "verification_uri_complete": format!("{place}?code={shown}"),
        "expires_in": DEVICE_LIFE.as_secs(),
        "interval": DEVICE_INTERVAL.as_secs(),
        "message": format!("To sign in, open {place} in a browser and type the code {shown}."),
    }))
    .into_response())
}

/// `GET …/deviceauth`: asks for the code. One that comes with the link is only filled in.
pub(crate) async fn page(State(app): State<App>, request: Request<Body>) -> Response {
    let (call, _) = request.into_parts();
    let query = match Form::query(&call) {
        Ok(query) => query,
        Err(refused) => return of(&app, &call, &refused),
    };
    let typed = query.get("code").and_then(secrets::canonical).map(|code| secrets::spaced(&code));
    match app.browser(&call).await {
        Ok(Some(caller)) => form_page(&call, &caller, typed.as_deref(), None),
        Ok(None) => {
            let code = typed.map_or_else(String::new, |typed| format!("?code={typed}"));
            let place = format!("/{}/oauth2/deviceauth{code}", tenant_of(&call));
            let then: String = url::form_urlencoded::byte_serialize(place.as_bytes()).collect();
            see(&format!("/portal/sign-in?then={then}"))
        }
        Err(refused) => of(&app, &call, &refused),
    }
}

fn form_page(call: &Parts, caller: &Caller, typed: Option<&str>, wrong: Option<&str>) -> Response {
    let action = format!("/{}/oauth2/deviceauth", tenant_of(call));
    let content = html! {
        @if let Some(wrong) = wrong { p.alert #alert role="alert" { (wrong) } }
        p { "You are signed in as " strong { (sign_in_name(&caller.principal)) } "." }
        form method="post" action=(action) {
            label for="code" { "Code" }
            input #code name="code" type="text" autocomplete="off" autocapitalize="characters" spellcheck="false"
                maxlength="12" required autofocus value=[typed];
            p.hint { "Eight letters that a program on another device shows you." }
            button type="submit" { "Next" }
        }
    };
    let status = if wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Page::new("Sign in on another device", content).with_status(status).into_response()
}

/// `POST …/deviceauth`: the code, then the answer.
pub(crate) async fn answer(State(app): State<App>, request: Request<Body>) -> Response {
    let (call, form) = match Form::body(request).await {
        Ok(read) => read,
        Err(refused) => return page::failed(refused.status(), refused.text()),
    };
    if is_forged(&app, &call) {
        return page::failed(StatusCode::FORBIDDEN, "Another site sent this. Nothing was done.");
    }
    let caller = match app.browser(&call).await {
        Ok(Some(caller)) => caller,
        Ok(None) => return see(&format!("/{}/oauth2/deviceauth", tenant_of(&call))),
        Err(refused) => return of(&app, &call, &refused),
    };
    match decided(&app, &call, &form, &caller).await {
        Ok(response) => response,
        Err(refused) if refused == Refused::DEVICE => form_page(
            &call,
            &caller,
            form.get("code"),
            Some("This code is not known, or its time is over. Ask the program for a new one."),
        ),
        Err(refused) => of(&app, &call, &refused),
    }
}

async fn decided(app: &App, call: &Parts, form: &Form, caller: &Caller) -> Answer<Response> {
    let now = app.now();
    let code = form.get("code").and_then(secrets::canonical);
    // Paid before anybody looks: 34 bits are few for somebody who may try for ever.
    app.guesses.pay(&caller.principal.id.to_string(), now).map_err(Refused::too_many)?;
    let found = match code {
        Some(code) => app.ledger.device_typed(code).await?,
        None => None,
    };
    let device = found.filter(|device| device.state == DeviceState::Waiting).ok_or(Refused::DEVICE)?;
    let client = app.client(&device.client.to_string()).await.map_err(|_| Refused::DEVICE)?;
    match form.get("decision") {
        Some("allow") => allow(app, call, caller, &device, &client).await,
        Some(_) => {
            let note = note(call, caller, &client);
            app.ledger.decide_device(device.hash.clone(), None, note).await?;
            Ok(said("Refused", "The program was told no. You can close this window."))
        }
        None => Ok(question(call, caller, &device, &client)),
    }
}

fn note(call: &Parts, caller: &Caller, client: &Client) -> Note {
    Note {
        principal: caller.principal.id,
        client: client.id,
        address: address_of(call),
        grant: "device_code",
        session: caller.session().cloned(),
        basis: Basis::default(),
    }
}

async fn allow(app: &App, call: &Parts, caller: &Caller, device: &DeviceCode, client: &Client) -> Answer<Response> {
    let facts = Facts { proofs: caller.proofs(app.now()), claims: None };
    let family = facts.family(app, client.id, caller.principal.id, longest(client, None));
    if app.ledger.decide_device(device.hash.clone(), Some(family), note(call, caller, client)).await? {
        Ok(said("Done", "The program is signed in. You can close this window."))
    } else {
        Err(Refused::DEVICE)
    }
}

fn question(call: &Parts, caller: &Caller, device: &DeviceCode, client: &Client) -> Response {
    let action = format!("/{}/oauth2/deviceauth", tenant_of(call));
    let content = html! {
        p { strong { (client.name) } " wants to act for you as " strong { (sign_in_name(&caller.principal)) } "." }
        p.alert {
            "Continue only if you started this yourself just now, on a device you hold. Whoever sent you this code gets \
             your access."
        }
        form method="post" action=(action) {
            input type="hidden" name="code" value=(secrets::spaced(&device.user_code));
            button type="submit" name="decision" value="allow" { "Continue" }
            " "
            button.quiet type="submit" name="decision" value="deny" { "Cancel" }
        }
    };
    Page::new("Allow this program?", content).into_response()
}

fn said(title: &'static str, text: &str) -> Response {
    Page::new(title, html! { p role="status" { (text) } }).into_response()
}

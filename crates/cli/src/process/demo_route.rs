//! `POST /demo/token`: gives tests a token without a sign-in (seams §19). The same door as the demo's clock.

use std::collections::HashMap;

use axum::{
    Json,
    body::to_bytes,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use ephor_demo::{apps::APPS, cast::everybody};
use ephor_domain::{application::Known, id::PrincipalId};
use ephor_front::problem::problem;
use ephor_issuer::{Order, UnknownPrincipal};
use http::StatusCode;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

use super::{
    clock_route::{No, check},
    routes::App,
};

/// Most bytes of an order.
const MOST: usize = 16 * 1024;

/// Longest life: what signing keys outlive.
const LONGEST: i64 = 24 * 3600;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    user: Option<String>,
    app: Option<String>,
    scopes: Option<Vec<String>>,
    amr: Option<Vec<String>>,
    acrs: Option<Vec<String>>,
    lifetime: Option<i64>,
}

/// Makes a token.
pub(super) async fn token(State(app): State<App>, call: Request) -> Response {
    match made(&app, call).await {
        Ok((token, lives)) => Json(json!({"access_token": token, "expires_in": lives})).into_response(),
        Err((status, text)) => problem(status, text),
    }
}

async fn made(app: &App, call: Request) -> Result<(String, i64), No> {
    let (parts, body) = call.into_parts();
    check(&parts)?;
    let bad = |text| (StatusCode::BAD_REQUEST, text);
    let bytes = to_bytes(body, MOST)
        .await
        .map_err(|_| (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large or did not arrive."))?;
    let wanted: Wanted = serde_json::from_slice(&bytes).map_err(|_| {
        bad("Send {\"user\": \"jen\"} or {\"app\": \"app\"}, with scopes, amr, acrs, lifetime as you like.")
    })?;
    let unknown = (StatusCode::NOT_FOUND, "There is nobody of this key.");
    let (principal, client): (PrincipalId, String) = match (&wanted.user, &wanted.app) {
        (Some(key), None) => {
            let people: HashMap<&str, PrincipalId> =
                everybody().iter().map(|person| (person.key, person.id())).collect();
            let id = people.get(key.as_str()).copied().ok_or(unknown)?;
            (id, Known::GraphCommandLine.client().to_string())
        }
        (None, Some(key)) => {
            let found = APPS.iter().find(|app| app.key == key).ok_or(unknown)?;
            (found.id(), found.client().to_string())
        }
        (None, None) | (Some(_), Some(_)) => return Err(bad("Give either `user` or `app`.")),
    };
    let life = wanted.lifetime.unwrap_or(3600);
    if !(1..=LONGEST).contains(&life) {
        return Err(bad("`lifetime` is 1 to 86400 seconds."));
    }
    let order = Order {
        principal,
        permissions: wanted.scopes,
        methods: wanted.amr.unwrap_or_else(|| vec!["pwd".to_owned(), "mfa".to_owned()]),
        contexts: wanted.acrs.unwrap_or_default(),
        life: SignedDuration::from_secs(life),
        client,
    };
    app.issuer.order(order).await.map_err(|error| match error {
        UnknownPrincipal::Account => unknown,
        UnknownPrincipal::Permission => bad("There is no such scope or app role."),
        UnknownPrincipal::Failed => (StatusCode::SERVICE_UNAVAILABLE, "No token can be made now."),
    })
}

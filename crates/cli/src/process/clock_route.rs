//! `POST /demo/clock`: moves the clock of a demo (seams §19). Loopback peers only, called under a loopback name, and
//! never by a web page: a page of somebody else must not travel in time.

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use ephor_front::{Authority, Peer, problem::problem};
use http::{StatusCode, header, request::Parts};
use jiff::{Span, SpanRelativeTo, Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::routes::App;

/// Most bytes of an order.
const MOST: usize = 4096;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    advance: Option<Span>,
    set: Option<Timestamp>,
}

/// Why the clock stays where it is.
pub(super) type No = (StatusCode, &'static str);

/// Moves the clock, and answers when all that was due on the way is done.
pub(super) async fn set(State(app): State<App>, call: Request) -> Response {
    match moved(&app, call).await {
        Ok(now) => Json(json!({"now": now})).into_response(),
        Err((status, text)) => problem(status, text),
    }
}

async fn moved(app: &App, call: Request) -> Result<Timestamp, No> {
    let bad = |text| (StatusCode::BAD_REQUEST, text);
    let (parts, body) = call.into_parts();
    check(&parts)?;
    let Some(clock) = &app.clock else {
        return Err((StatusCode::CONFLICT, "The clock is the real one: start the demo with --simulated-clock."));
    };
    let order = read(body).await?;
    let _turn = app.turn.lock().await;
    let now = app.engine.now();
    let to = match (order.advance, order.set) {
        (Some(by), None) => {
            let by = by.to_duration(SpanRelativeTo::days_are_24_hours());
            let by = by.map_err(|_| bad("`advance` is a duration without months and years, e.g. PT1H."))?;
            if by.is_negative() {
                return Err(bad("`advance` goes forward; `set` can set the clock back."));
            }
            now.checked_add(by).map_err(|_| bad("That instant is too far away."))?
        }
        (None, Some(instant)) => instant,
        (None, None) | (Some(_), Some(_)) => return Err(bad("Give either `advance` or `set`.")),
    };
    if let Err(error) = app.engine.advance(clock, to).await {
        tracing::error!(%error, "the clock could not be moved to its end");
        return Err((StatusCode::SERVICE_UNAVAILABLE, "The store does not answer."));
    }
    app.identity.settle().await;
    Ok(app.engine.now())
}

/// Only this machine, by its own name, and no page.
pub(super) fn check(parts: &Parts) -> Result<(), No> {
    let no = |text| Err((StatusCode::FORBIDDEN, text));
    if !parts.extensions.get::<Peer>().is_some_and(Peer::is_loopback) {
        return no("Only this machine may do that.");
    }
    if !parts.extensions.get::<Authority>().is_some_and(|authority| is_loopback(&authority.host)) {
        return no("Call this by the name of this machine: localhost or a loopback address.");
    }
    if parts.headers.contains_key(header::ORIGIN) {
        return no("No web page may do that.");
    }
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send application/json."))
    }
}

/// `localhost`, `127.…` or `[::1]`, with or without a port.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

async fn read(body: Body) -> Result<Order, No> {
    let bytes = to_bytes(body, MOST)
        .await
        .map_err(|_| (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large or did not arrive."))?;
    serde_json::from_slice(&bytes)
        .map_err(|_| (StatusCode::BAD_REQUEST, "Send {\"advance\": \"PT1H\"} or {\"set\": \"2030-01-01T00:00:00Z\"}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for host in ["localhost", "LOCALHOST:8086", "127.0.0.1", "127.8.0.1:1", "[::1]:8086", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example", "127.0.0.1.example", "192.0.2.1", "[fe80::1]", "", "demo.test:8086"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn orders_are_read() {
        let order: Order = serde_json::from_str("{\"advance\":\"PT1H\"}").unwrap();
        let by = order.advance.unwrap().to_duration(SpanRelativeTo::days_are_24_hours()).unwrap();
        assert_eq!(by.as_secs(), 3600);
        let order: Order = serde_json::from_str("{\"set\":\"2030-01-01T00:00:00Z\"}").unwrap();
        assert_eq!(order.set.unwrap().to_string(), "2030-01-01T00:00:00Z");
        assert!(serde_json::from_str::<Order>("{\"advanc\":\"PT1H\"}").is_err());
    }
}

//! The routes of the process itself: `/healthz`, `/readyz`, `/metrics` and, in a demo, `/demo/…` (seams §2).

use std::{net::IpAddr, net::Ipv4Addr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use ephor_engine::{Engine, port::SimulatedClock};
use ephor_front::{Authority, Peer, Refused, Scheme, problem::problem, refused::RefusedLayer};
use ephor_identity::{Accepted, Denied, Identity, Presented, token::Scope};
use http::{HeaderValue, StatusCode, header, request::Parts};
use tokio::sync::Mutex;

use super::{clock_route, demo_route, meters::Meters, metrics, readiness};

/// What the routes stand on.
#[derive(Clone)]
pub(super) struct App {
    pub(super) engine: Engine,
    pub(super) identity: Arc<Identity>,
    pub(super) issuer: ephor_issuer::IssuerFace,
    pub(super) meters: Arc<Meters>,
    pub(super) clock: Option<SimulatedClock>,
    pub(super) demo: bool,
    /// One move of the clock at a time.
    pub(super) turn: Arc<Mutex<()>>,
}

/// The router of the process.
pub(super) fn router(app: App) -> Router {
    let mut router =
        Router::new().route("/healthz", get(health)).route("/readyz", get(ready)).route("/metrics", get(metrics_text));
    if app.demo {
        router = router.route("/demo/clock", post(clock_route::set)).route("/demo/token", post(demo_route::token));
    }
    router
        .method_not_allowed_fallback(async || {
            problem(StatusCode::METHOD_NOT_ALLOWED, "This resource does not do that.")
        })
        .fallback(async || problem(StatusCode::NOT_FOUND, "There is nothing at this address."))
        .layer(RefusedLayer::new(refused))
        .with_state(app)
}

fn refused(refused: Refused, _: &Parts) -> Response {
    problem(refused.status(), "The call cannot be read.")
}

/// The process lives; nothing else is said.
async fn health() -> Response {
    plain(StatusCode::OK, "ok\n")
}

async fn ready(State(app): State<App>, call: Request) -> Response {
    let (parts, _) = call.into_parts();
    let found = readiness::look(&app.engine).await;
    if !found.ready {
        tracing::warn!(store = found.store, audit = found.audit, administrator = found.administrator, "not ready");
    }
    let status = if found.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    if may_watch(&app, &parts).await.is_ok() {
        return (status, axum::Json(found)).into_response();
    }
    match found.ready {
        true => plain(status, "ready\n"),
        false => problem(status, "The service is not ready."),
    }
}

async fn metrics_text(State(app): State<App>, call: Request) -> Response {
    let (parts, _) = call.into_parts();
    if let Err(refusal) = may_watch(&app, &parts).await {
        return refusal;
    }
    match metrics::text(&app.engine, &app.meters).await {
        Ok(text) => {
            let mut response = Response::new(Body::from(text));
            let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        Err(fault) => {
            tracing::error!(cause = fault.cause(), "metrics could not be read");
            problem(StatusCode::SERVICE_UNAVAILABLE, "The store does not answer.")
        }
    }
}

/// This machine, or an API token made for metrics.
async fn may_watch(app: &App, parts: &Parts) -> Result<(), Response> {
    let peer = parts.extensions.get::<Peer>();
    if peer.is_some_and(Peer::is_loopback) {
        return Ok(());
    }
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.client);
    let secure = parts.extensions.get::<Authority>().is_some_and(|authority| authority.scheme == Scheme::Https);
    let presented = Presented { headers: &parts.headers, address, secure };
    match app.identity.caller(&presented, Accepted::API).await {
        Ok(caller) if caller.has_scope(Scope::Metrics) => Ok(()),
        Ok(_) => Err(problem(StatusCode::FORBIDDEN, "These credentials were not made for metrics.")),
        Err(Denied::TooMany { .. }) => Err(problem(StatusCode::TOO_MANY_REQUESTS, "There were too many failures.")),
        Err(Denied::Busy | Denied::Unanswered | Denied::Unavailable(_)) => {
            Err(problem(StatusCode::SERVICE_UNAVAILABLE, "Sign-in is not available."))
        }
        Err(Denied::NotSignedIn(_) | Denied::Disabled(_)) => {
            let mut response = problem(StatusCode::UNAUTHORIZED, "You are not signed in.");
            for challenge in Accepted::API.challenges() {
                response.headers_mut().append(header::WWW_AUTHENTICATE, challenge);
            }
            Err(response)
        }
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = (status, text).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

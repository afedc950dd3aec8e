//! The service: one call in, one answer out, whatever happens in between.

use std::{
    any::Any,
    convert::Infallible,
    panic::AssertUnwindSafe,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
    routing::get,
};
use ephor_engine::port::Clock;
use ephor_front::{CallId, Refused};
use ephor_identity::{
    Identity, Origin,
    cors::{Cors, CorsPolicy, cors},
};
use futures_util::{FutureExt, future::BoxFuture};
use http::{HeaderValue, Request, StatusCode};
use tower::{Service, ServiceExt};
use uuid::Uuid;

use crate::{
    answer::Echo,
    companion::{self, Subscription},
    error::ArmError,
    metadata,
};

/// What of the face is configured.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where clients reach us, without a slash at the end.
    pub public_url: String,
    /// Our tenant.
    pub tenant: Uuid,
    /// Its name for people.
    pub tenant_name: String,
    /// Its domains, the default one first.
    pub domains: Vec<String>,
    /// The name of the cloud, as clients register it.
    pub cloud_name: String,
    /// The subscriptions there are.
    pub subscriptions: Vec<Subscription>,
    /// Origins whose pages may call, without credentials that browsers add.
    pub allowed_origins: Vec<Origin>,
    /// Longest time for answering a call.
    pub time_limit: Duration,
}

/// What handlers stand on.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) identity: Arc<Identity>,
    pub(crate) options: Arc<Options>,
}

/// The ARM face. Cheap to clone; to be registered as the owner of `/subscriptions`, `/tenants`, `/metadata`, `/providers`.
#[derive(Clone)]
pub struct ArmFace {
    router: Router,
    clock: Arc<dyn Clock>,
    cors: Arc<CorsPolicy>,
    time_limit: Duration,
}

impl std::fmt::Debug for ArmFace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArmFace").field("time_limit", &self.time_limit).finish_non_exhaustive()
    }
}

impl ArmFace {
    /// A face; `identity` says who calls.
    #[must_use]
    pub fn new(identity: Arc<Identity>, clock: Arc<dyn Clock>, options: Options) -> Self {
        let time_limit = options.time_limit;
        let cors = CorsPolicy {
            origins: options.allowed_origins.clone(),
            credentials: false,
            methods: HeaderValue::from_static("GET, PUT, PATCH, POST, DELETE, OPTIONS"),
            headers: HeaderValue::from_static("authorization, content-type, x-ms-client-request-id"),
            exposed: Some(HeaderValue::from_static("x-ms-request-id, x-ms-correlation-request-id, retry-after")),
        };
        let app = App { identity, options: Arc::new(options) };
        let router = Router::new()
            .route("/metadata/endpoints", get(metadata::endpoints))
            .route("/metadata/clouds", get(metadata::clouds))
            .route("/subscriptions", get(companion::subscriptions))
            .route("/subscriptions/{id}", get(companion::subscription))
            .route("/tenants", get(companion::tenants))
            .method_not_allowed_fallback(async || ArmError::method_not_allowed())
            // Whoever is nobody learns nothing of what there is, but the tenant (seams §11).
            .fallback(async |_: crate::caller::Signed| ArmError::not_found())
            .with_state(app);
        Self { router, clock, cors: Arc::new(cors), time_limit }
    }

    /// Answers one call.
    pub async fn serve(&self, request: Request<Body>) -> Response {
        let echo = Echo::of(request.headers(), request.extensions().get::<CallId>().copied());
        let shared = cors(request.method(), request.headers(), &self.cors);
        let (mut response, lines) = match shared {
            Cors::Preflight(lines) => (StatusCode::NO_CONTENT.into_response(), lines),
            Cors::Serve(lines) => match request.extensions().get::<Refused>() {
                Some(refused) => (unserved(*refused).into_response(), lines),
                None => (self.guarded(without_last_slash(request)).await, lines),
            },
        };
        for (name, value) in lines {
            response.headers_mut().append(name, value);
        }
        echo.finish(&mut response, self.clock.now());
        response
    }

    /// The answer within the time limit, panics caught.
    async fn guarded(&self, request: Request<Body>) -> Response {
        let router = self.router.clone();
        let work = AssertUnwindSafe(async move {
            match router.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        })
        .catch_unwind();
        match tokio::time::timeout(self.time_limit, work).await {
            Ok(Ok(response)) => response,
            Ok(Err(panic)) => panicked(&*panic).into_response(),
            Err(_) => ArmError::unavailable().into_response(),
        }
    }
}

/// `ARM 2.1`: a slash before the query counts for nothing.
fn without_last_slash(mut request: Request<Body>) -> Request<Body> {
    let uri = request.uri();
    let path = uri.path();
    if path.len() > 1 && path.ends_with('/') {
        let plain = path.trim_end_matches('/');
        let target = uri.query().map_or_else(|| plain.to_owned(), |query| format!("{plain}?{query}"));
        if let Ok(uri) = target.parse() {
            *request.uri_mut() = uri;
        }
    }
    request
}

fn panicked(panic: &(dyn Any + Send)) -> ArmError {
    let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(said, "a call of the ARM face panicked");
    ArmError::internal()
}

/// What the listener found wrong with the call before any face saw it.
fn unserved(refused: Refused) -> ArmError {
    ArmError::new(refused.status(), "InvalidRequestUri", "The call cannot be read.")
}

impl Service<Request<Body>> for ArmFace {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let face = self.clone();
        Box::pin(async move { Ok(face.serve(request).await) })
    }
}

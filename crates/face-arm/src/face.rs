//! The service: one call in, one answer out, whatever happens in between.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use ephor_engine::{Engine, port::Clock};
use ephor_front::{Authority, CallId, Guard, Refused, Unanswered, guard::is_read, path::RequestPath};
use ephor_identity::{
    Identity, Origin,
    cors::{Cors, CorsPolicy, cors},
};
use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, Request, StatusCode, request::Parts};
use tower::Service;
use uuid::Uuid;

use crate::{
    answer::{Echo, Reply},
    body,
    call::Call,
    caller,
    error::{Answer, ArmError},
    metadata, resource, route, version,
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
    /// Rows of one page of a list.
    pub page_size: u32,
    /// Origins whose pages may call, without credentials that browsers add.
    pub allowed_origins: Vec<Origin>,
    /// Longest time for answering a call.
    pub time_limit: Duration,
}

/// What resources stand on.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) identity: Arc<Identity>,
    pub(crate) options: Arc<Options>,
}

/// The ARM face. Cheap to clone; to be registered as the owner of `/subscriptions`, `/tenants`, `/metadata`, `/providers`.
#[derive(Clone)]
pub struct ArmFace {
    app: App,
    clock: Arc<dyn Clock>,
    cors: Arc<CorsPolicy>,
}

impl std::fmt::Debug for ArmFace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArmFace").field("time_limit", &self.app.options.time_limit).finish_non_exhaustive()
    }
}

impl ArmFace {
    /// A face; `identity` says who calls.
    #[must_use]
    pub fn new(engine: Engine, identity: Arc<Identity>, options: Options) -> Self {
        let cors = CorsPolicy {
            origins: options.allowed_origins.clone(),
            credentials: false,
            methods: HeaderValue::from_static("GET, HEAD, PUT, PATCH, POST, DELETE, OPTIONS"),
            headers: HeaderValue::from_static("authorization, content-type, x-ms-client-request-id"),
            exposed: Some(HeaderValue::from_static("x-ms-request-id, x-ms-correlation-request-id, retry-after")),
        };
        let clock = Arc::clone(engine.clock());
        Self { app: App { engine, identity, options: Arc::new(options) }, clock, cors: Arc::new(cors) }
    }

    /// Answers one call.
    pub async fn serve(&self, request: Request<Body>) -> Response {
        let echo = Echo::of(request.headers(), request.extensions().get::<CallId>().copied());
        let is_head = request.method() == Method::HEAD;
        let shared = cors(request.method(), request.headers(), &self.cors);
        let (mut response, lines) = match shared {
            Cors::Preflight(lines) => (StatusCode::NO_CONTENT.into_response(), lines),
            Cors::Serve(lines) => match self.guarded(request).await {
                Ok(reply) => (reply.into_response(), lines),
                Err(error) => (error.into_response(), lines),
            },
        };
        if is_head {
            *response.body_mut() = Body::empty();
        }
        for (name, value) in lines {
            response.headers_mut().append(name, value);
        }
        echo.finish(&mut response, self.clock.now());
        response
    }

    /// The answer within the time limit, panics caught.
    async fn guarded(&self, request: Request<Body>) -> Answer<Reply> {
        let guard = Guard::new("arm", self.app.options.time_limit);
        let only_reads = is_read(request.method());
        let work = answer(self.app.clone(), request);
        let answer = if only_reads { guard.read(work).await } else { guard.order(work).await };
        answer.unwrap_or_else(|why| {
            Err(match why {
                Unanswered::Panicked => ArmError::internal(),
                Unanswered::Late => ArmError::unavailable(),
            })
        })
    }
}

/// In the order of `ARM 2.6`: token, path, version, method, body, then the resource.
async fn answer(app: App, request: Request<Body>) -> Answer<Reply> {
    let (parts, sent) = request.into_parts();
    if let Some(refused) = parts.extensions.get::<Refused>() {
        return Err(ArmError::new(refused.status(), "InvalidRequestUri", "The call cannot be read."));
    }
    let path = RequestPath::parse(parts.uri.path());
    let path = path.map_err(|_| ArmError::bad("InvalidRequestUri", "The path of the request cannot be read."))?;
    let segments: Vec<String> = path.segments().iter().map(ToString::to_string).collect();
    if let [first, document] = segments.as_slice()
        && first.eq_ignore_ascii_case("metadata")
    {
        if parts.method != Method::GET && parts.method != Method::HEAD {
            return Err(ArmError::method_not_allowed(&[Method::GET]));
        }
        return match document.to_ascii_lowercase().as_str() {
            "endpoints" => metadata::endpoints(&app.options, &parts.uri),
            "clouds" => Ok(metadata::clouds(&app.options)),
            _ => Err(ArmError::not_found()),
        };
    }
    // Whoever is nobody learns nothing of what there is, but the tenant (seams §11).
    let caller = caller::signed(&app, &parts).await?;
    let target = route::find(&segments)?;
    let version = checked(&target, &parts)?;
    let methods = resource::methods(&target);
    if methods.is_empty() {
        return Err(ArmError::not_found());
    }
    if !methods.contains(&parts.method) {
        return Err(ArmError::method_not_allowed(methods));
    }
    let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let query = query.map(|(name, value)| (name.to_ascii_lowercase(), value.into_owned())).collect();
    let body = body::read(sent).await?;
    let service = service_root(&app, &parts);
    let call = Call { app, service, method: parts.method, uri: parts.uri, query, version, caller, body };
    Box::pin(resource::serve(&call, target)).await
}

/// The version a call asks for, served by what it names.
fn checked(target: &route::Target, parts: &Parts) -> Answer<String> {
    if target.takes_any_version() {
        return version::check_any(&parts.uri);
    }
    if let route::Target::Authorization { collection, .. } = target {
        return version::check_type(&parts.uri, collection.name(), collection.versions());
    }
    let (kind, versions) = match *target == route::Target::Tenants {
        true => ("tenants", version::TENANTS),
        false => ("subscriptions", version::SUBSCRIPTIONS),
    };
    version::check_type(&parts.uri, kind, versions)
}

/// Scheme and host as the client used them: links in answers follow it (`ARM 2.5`).
fn service_root(app: &App, parts: &Parts) -> String {
    let used = parts.extensions.get::<Authority>().map(ToString::to_string);
    used.unwrap_or_else(|| app.options.public_url.clone())
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

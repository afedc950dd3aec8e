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
use ephor_front::{Authority, CallId, Guard, Refused, Throttle, Unanswered, guard::is_read, path::RequestPath};
use ephor_identity::{
    Identity, Origin,
    cors::{Cors, CorsPolicy, cors},
};
use ephor_odata::v4::{Edition, Options as Query, Segment};
use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, Request, StatusCode, request::Parts};
use tower::Service;
use uuid::Uuid;

use crate::{
    answer::{Content, Echo, Reply},
    batch, body,
    call::Call,
    caller,
    error::{Answer, GraphError},
    metadata, model, resource, route,
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
    /// Origins whose pages may call, without credentials that browsers add.
    pub allowed_origins: Vec<Origin>,
    /// Longest time for answering a call.
    pub time_limit: Duration,
    /// Most calls of one caller a second; 0 is no limit.
    pub calls_per_second: u32,
}

/// What resources stand on.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) identity: Arc<Identity>,
    pub(crate) options: Arc<Options>,
    throttle: Arc<Throttle>,
}

/// The Graph face. Cheap to clone; to be registered as the owner of `/v1.0` and `/beta`.
#[derive(Clone)]
pub struct GraphFace {
    app: App,
    clock: Arc<dyn Clock>,
    cors: Arc<CorsPolicy>,
}

impl std::fmt::Debug for GraphFace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GraphFace").field("options", &self.app.options).finish_non_exhaustive()
    }
}

impl GraphFace {
    /// A face before `engine`; `identity` says who calls.
    #[must_use]
    pub fn new(engine: Engine, identity: Arc<Identity>, options: Options) -> Self {
        let cors = CorsPolicy {
            origins: options.allowed_origins.clone(),
            credentials: false,
            methods: HeaderValue::from_static("GET, POST, PATCH, DELETE, OPTIONS"),
            headers: HeaderValue::from_static(
                "authorization, content-type, consistencylevel, prefer, client-request-id, sdkversion",
            ),
            exposed: Some(HeaderValue::from_static("request-id, client-request-id, location, retry-after")),
        };
        let clock = Arc::clone(engine.clock());
        let throttle = Arc::new(Throttle::per_second(options.calls_per_second));
        Self { app: App { engine, identity, options: Arc::new(options), throttle }, clock, cors: Arc::new(cors) }
    }

    /// Answers one call.
    pub async fn serve(&self, request: Request<Body>) -> Response {
        let echo = Echo::of(request.headers(), request.extensions().get::<CallId>().copied());
        let (mut response, lines) = match cors(request.method(), request.headers(), &self.cors) {
            Cors::Preflight(lines) => (StatusCode::NO_CONTENT.into_response(), lines),
            Cors::Serve(lines) => {
                let is_head = request.method() == Method::HEAD;
                let mut response = match self.guarded(request).await {
                    Ok(reply) => echo.written(reply),
                    Err(error) => echo.refused(error, self.clock.now()),
                };
                if is_head {
                    *response.body_mut() = Body::empty();
                }
                (response, lines)
            }
        };
        for (name, value) in lines {
            response.headers_mut().append(name, value);
        }
        response
    }

    /// The answer within the time limit, panics caught.
    async fn guarded(&self, request: Request<Body>) -> Answer<Reply> {
        let guard = Guard::new("graph", self.app.options.time_limit);
        let only_reads = is_read(request.method());
        let work = answer(self.app.clone(), request);
        let answer = if only_reads { guard.read(work).await } else { guard.order(work).await };
        answer.unwrap_or_else(|why| {
            Err(match why {
                Unanswered::Panicked => GraphError::internal(),
                Unanswered::Late => GraphError::unavailable(),
            })
        })
    }
}

/// A call that was let in, or one that its path alone answers.
pub(crate) enum Understood {
    /// Answered without a resource.
    Answered(Reply),
    /// For a resource to serve. Large: it lies on the heap.
    Call(Box<Call>),
}

async fn answer(app: App, request: Request<Body>) -> Answer<Reply> {
    match understood(app, request).await? {
        Understood::Answered(reply) => Ok(reply),
        Understood::Call(call) if call.target.resource == route::Resource::Batch => batch::serve(&call).await,
        Understood::Call(call) => served(&call).await,
    }
}

/// What a call of a resource is answered. A batch is none.
///
/// # Errors
/// What the resource says no with.
pub(crate) async fn served(call: &Call) -> Answer<Reply> {
    let reply = resource::serve(call).await?;
    if call.target.counted { number(&reply) } else { Ok(reply) }
}

/// What of a list `/$count` answers: a plain number.
fn number(reply: &Reply) -> Answer<Reply> {
    let member = |name: &str| match &reply.content {
        Content::Json(body) => body.get(name),
        Content::Nothing | Content::Text(_) | Content::Xml(_) => None,
    };
    match (member("@odata.count"), member("value")) {
        (Some(count), _) => Ok(Reply::text(count.to_string())),
        // The list counts for those alone who take what may be a little old.
        (None, Some(_)) => {
            Err(GraphError::bad_object("$count is only supported with an eventual ConsistencyLevel header."))
        }
        (None, None) => Err(GraphError::unknown_segment("$count")),
    }
}

/// The edition that a path is of, and what of the path is below its root.
///
/// # Errors
/// 400 for a path that cannot be read or begins otherwise.
pub(crate) fn located(path: &str) -> Answer<(Edition, Vec<Segment>)> {
    let path = RequestPath::parse(path).map_err(|fault| GraphError::bad_request(fault.to_string()))?;
    let mut segments = path.segments().iter();
    let edition = match segments.next().map(|first| first.to_ascii_lowercase()).as_deref() {
        Some("v1.0") => Edition::V1,
        Some("beta") => Edition::Beta,
        other => return Err(GraphError::unknown_segment(other.unwrap_or_default())),
    };
    Ok((edition, segments.map(|segment| Segment::parse(segment)).collect()))
}

/// In the order of `GRAPH 8.4`: token, path and method, scope, form of the call.
///
/// # Errors
/// The first of them that says no.
pub(crate) async fn understood(app: App, request: Request<Body>) -> Answer<Understood> {
    let (parts, sent) = request.into_parts();
    if let Some(refused) = parts.extensions.get::<Refused>() {
        return Err(GraphError { status: refused.status(), ..GraphError::bad_request("The call cannot be read.") });
    }
    let (edition, segments) = located(parts.uri.path())?;
    let service = service_root(&app, &parts);
    let root = format!("{service}/{}", word(edition));
    let is_read = parts.method == Method::GET || parts.method == Method::HEAD;
    if let [only] = segments.as_slice()
        && only.key.is_none()
        && only.name.eq_ignore_ascii_case("$metadata")
    {
        let document = metadata::document(model::of(edition));
        return if is_read {
            Ok(Understood::Answered(Reply::xml(document)))
        } else {
            Err(GraphError::method_not_allowed("GET"))
        };
    }
    let signed = caller::signed(&app, &parts).await?;
    if !app.throttle.admits(signed.id().uuid(), app.engine.now()) {
        return Err(GraphError::too_many(1));
    }
    if segments.is_empty() {
        let document = metadata::service(model::of(edition), &root);
        return if is_read {
            Ok(Understood::Answered(Reply::json(document)))
        } else {
            Err(GraphError::method_not_allowed("GET"))
        };
    }
    let target = route::find(edition, &segments)?;
    let resource = target.resource;
    if target.counted && !is_read {
        return Err(GraphError::method_not_allowed("GET"));
    }
    if !resource.allows(&parts.method) {
        return Err(GraphError::method_not_allowed(resource.methods()));
    }
    let is_own = target.keys.first().is_none_or(|key| key.eq_ignore_ascii_case(&signed.id().to_string()));
    resource.need(&parts.method, is_own).check(&signed)?;
    let mut options = Query::parse(parts.uri.query().unwrap_or_default())
        .map_err(|fault| GraphError::bad_request(fault.to_string()))?;
    if target.counted {
        options =
            Query { filter: options.filter, search: options.search, count: true, top: Some(0), ..Query::default() };
    }
    let body = body::read(&parts.headers, sent).await?;
    let Parts { method, uri, headers, extensions, .. } = parts;
    let call = Call { app, edition, root, service, method, uri, headers, extensions, signed, target, options, body };
    Ok(Understood::Call(Box::new(call)))
}

/// Scheme and host as the client used them: links in answers follow it (`GRAPH 3.4`).
fn service_root(app: &App, parts: &Parts) -> String {
    let used = parts.extensions.get::<Authority>().map(ToString::to_string);
    used.unwrap_or_else(|| app.options.public_url.clone())
}

pub(crate) fn word(edition: Edition) -> &'static str {
    match edition {
        Edition::V1 => "v1.0",
        Edition::Beta => "beta",
    }
}

impl Service<Request<Body>> for GraphFace {
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

//! The service: one call in, one answer out, whatever happens in between.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use ephor_engine::Engine;
use ephor_front::{Guard, Refused, Unanswered};
use ephor_identity::{
    Caller, Identity, Origin,
    cors::{Cors, CorsPolicy, cors},
};
use ephor_odata::query::Query;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, Request, Response, StatusCode, header, request::Parts};
use tower::Service;

use crate::{
    answer, approvals, body, caller, create, envelope::Base, forgery::Origins, metadata, problem::Problem, requests,
    resource::Resource, roles, service, session, version,
};

/// What of the face is configured.
#[derive(Debug, Clone)]
pub struct Options {
    /// Pages of these origins may call with credentials (`PAM 3.5`).
    pub allowed_origins: Vec<Origin>,
    /// The origin of the configured public URL: our own for the forgery rules, also where a proxy hides it. Links follow
    /// the Host of the call (seams §2).
    pub public_origin: Option<Origin>,
    /// Most bytes of a body: 64 KiB (seams §15).
    pub body_limit: usize,
    /// Longest time for reading and answering a call; then 408. An order that was given is carried out all the same.
    pub time_limit: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            allowed_origins: Vec::new(),
            public_origin: None,
            body_limit: 64 * 1024,
            time_limit: Duration::from_secs(30),
        }
    }
}

/// The MIM PAM face. Cheap to clone; to be registered as the owner of `/api/pamresources`.
#[derive(Clone)]
pub struct PamFace {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    identity: Arc<Identity>,
    cors: CorsPolicy,
    origins: Origins,
    body_limit: usize,
    guard: Guard,
}

impl std::fmt::Debug for PamFace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PamFace").field("cors", &self.inner.cors).finish_non_exhaustive()
    }
}

impl PamFace {
    /// A face in front of `engine`; `identity` says who calls.
    #[must_use]
    pub fn new(engine: Engine, identity: Arc<Identity>, options: Options) -> Self {
        let Options { allowed_origins, public_origin, body_limit, time_limit } = options;
        let cors = CorsPolicy::pam(allowed_origins.clone());
        let origins = Origins { listed: allowed_origins, public: public_origin };
        let guard = Guard::new("pam", time_limit);
        Self { inner: Arc::new(Inner { engine, identity, cors, origins, body_limit, guard }) }
    }

    /// Answers one call.
    pub async fn serve(&self, request: Request<Body>) -> Response<Body> {
        let (call, body) = request.into_parts();
        let is_head = call.method == Method::HEAD;
        let (mut response, cors) = match cors(&call.method, &call.headers, &self.inner.cors) {
            Cors::Preflight(headers) => (options(), headers),
            Cors::Serve(headers) => (self.guarded(call, body).await.unwrap_or_else(Problem::into_response), headers),
        };
        answer::finish(&mut response);
        response.headers_mut().extend(cors);
        if is_head {
            *response.body_mut() = Body::empty();
        }
        response
    }

    /// The answer within the time limit, panics caught: both have the envelope like everything else (`PAM-011`).
    async fn guarded(&self, call: Parts, body: Body) -> Result<Response<Body>, Problem> {
        // Boxed: what it may become is some kilobytes, and is moved at every step on the way.
        self.inner.guard.read(Box::pin(self.inner.answer(call, body))).await.unwrap_or_else(|why| Err(unanswered(why)))
    }
}

impl Inner {
    /// Carries out an order to its end, also when the caller hangs up.
    async fn carried_out(
        &self,
        order: impl Future<Output = Result<Response<Body>, Problem>> + Send + 'static,
    ) -> Result<Response<Body>, Problem> {
        self.guard.order(order).await.unwrap_or_else(|why| Err(unanswered(why)))
    }

    /// The order of checks of seams §7: credentials, `v`, forgery, path and parameters; the rest is the engine's.
    async fn answer(&self, call: Parts, body: Body) -> Result<Response<Body>, Problem> {
        if let Some(refused) = call.extensions.get::<Refused>() {
            return Err(unserved(*refused));
        }
        if call.method == Method::OPTIONS {
            return Ok(options());
        }
        let caller = caller::of(&call, &self.identity).await?;
        // Whatever is answered now, the client learns who answers.
        let proof = caller.answer().cloned();
        let mut response = self.answer_known(call, body, caller).await.unwrap_or_else(Problem::into_response);
        response.headers_mut().extend(proof.map(|proof| (header::WWW_AUTHENTICATE, proof)));
        Ok(response)
    }

    async fn answer_known(&self, call: Parts, body: Body, caller: Caller) -> Result<Response<Body>, Problem> {
        version::check(&Query::new(call.uri.query().unwrap_or_default()))?;
        if let Err(foreign) = self.origins.check(&call, &caller) {
            self.engine.record_foreign_origin(&caller.actor).await?;
            return Err(foreign);
        }
        let resource = Resource::find(call.uri.path())?;
        resource.check(&call.method)?;
        let engine = &self.engine;
        match resource {
            Resource::Service => Ok(service::document(&call)),
            Resource::Metadata => Ok(metadata::document()),
            Resource::Session => Ok(session::info(&caller, &call)),
            Resource::Roles => roles::list(engine, &caller, &call).await,
            Resource::Requests if call.method == Method::POST => {
                let sent = body::read(&call.headers, body, self.body_limit).await?;
                let new = create::read(engine, &call, &sent).await?;
                self.carried_out(create::create(engine.clone(), caller, Base::of(&call), new)).await
            }
            Resource::Requests => requests::list(engine, &caller, &call).await,
            Resource::ToApprove => approvals::list(engine, &caller, &call).await,
            Resource::Close(id) => {
                body::read_any(&call.headers, body, self.body_limit).await?;
                self.carried_out(requests::close(engine.clone(), caller, id)).await
            }
            Resource::Decide(id, verdict) => {
                body::read_any(&call.headers, body, self.body_limit).await?;
                self.carried_out(approvals::decide(engine.clone(), caller, id, verdict)).await
            }
        }
    }
}

/// Answers OPTIONS, preflight or not: without credentials (`PAM 3.5`).
fn options() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST, OPTIONS"));
    response
}

/// Neither late nor broken calls go without the envelope (`PAM-011`).
fn unanswered(why: Unanswered) -> Problem {
    match why {
        Unanswered::Panicked => Problem::internal(),
        Unanswered::Late => Problem::timeout(),
    }
}

/// What the listener found wrong with the call before any face saw it.
fn unserved(refused: Refused) -> Problem {
    let text = match refused {
        Refused::Path(_) => "The path of the call cannot be read.",
        Refused::UrlTooLong { .. } => "The URL of the call is too long.",
        Refused::HeadersTooLarge { .. } => "The header fields of the call are too long.",
        Refused::Host => "The Host header of the call is not a host name.",
    };
    Problem::new(refused.status(), "InvalidRequest", text)
}

impl Service<Request<Body>> for PamFace {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let face = self.clone();
        Box::pin(async move { Ok(face.serve(request).await) })
    }
}

//! The service: one call in, one answer out, whatever happens in between.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
};
use ephor_engine::Engine;
use ephor_front::{Guard, Refused, Unanswered};
use ephor_identity::{Identity, SecondFactors};
use futures_util::future::BoxFuture;
use http::Request;
use tower::Service;

use crate::{answer, openapi, problem::Problem};

/// What of the face is configured.
#[derive(Debug, Clone)]
pub struct Options {
    /// Most bytes of a body: 64 KiB (seams §15).
    pub body_limit: usize,
    /// Longest time for reading and answering a call. An order that was given is carried out all the same.
    pub time_limit: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { body_limit: 64 * 1024, time_limit: Duration::from_secs(30) }
    }
}

/// What handlers stand on.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) identity: Arc<Identity>,
    pub(crate) factors: SecondFactors,
    pub(crate) body_limit: usize,
}

/// The admin face. Cheap to clone; to be registered as the owner of `/api/admin`.
#[derive(Clone)]
pub struct AdminFace {
    router: Router,
    guard: Guard,
}

impl std::fmt::Debug for AdminFace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdminFace").field("guard", &self.guard).finish_non_exhaustive()
    }
}

impl AdminFace {
    /// A face in front of `engine`; `identity` says who calls, `factors` what more he proves.
    #[must_use]
    pub fn new(engine: Engine, identity: Arc<Identity>, factors: SecondFactors, options: &Options) -> Self {
        let app = App { engine, identity, factors, body_limit: options.body_limit };
        let (router, _) = openapi::described().split_for_parts();
        let router = router
            .method_not_allowed_fallback(async || Problem::method_not_allowed())
            .fallback(async || Problem::not_found())
            .with_state(app);
        Self { router, guard: Guard::new("admin", options.time_limit) }
    }

    /// Answers one call.
    pub async fn serve(&self, request: Request<Body>) -> Response {
        let mut response = match request.extensions().get::<Refused>() {
            Some(refused) => unserved(*refused).into_response(),
            None => self.guarded(request).await,
        };
        answer::finish(&mut response);
        response
    }

    async fn guarded(&self, request: Request<Body>) -> Response {
        match self.guard.route(self.router.clone(), request).await {
            Ok(response) => response,
            Err(Unanswered::Panicked) => Problem::internal().into_response(),
            Err(Unanswered::Late) => Problem::timeout().into_response(),
        }
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
    Problem::new(refused.status(), "invalid_request", text)
}

impl Service<Request<Body>> for AdminFace {
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

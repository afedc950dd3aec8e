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
};
use ephor_engine::Engine;
use ephor_front::Refused;
use ephor_identity::{Identity, SecondFactors};
use futures_util::{FutureExt, future::BoxFuture};
use http::{Method, Request};
use tower::{Service, ServiceExt};

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
    time_limit: Duration,
}

impl std::fmt::Debug for AdminFace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdminFace").field("time_limit", &self.time_limit).finish_non_exhaustive()
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
        Self { router, time_limit: options.time_limit }
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

    /// The answer within the time limit, panics caught. An order runs to its end also when the caller hangs up: whoever
    /// waits for what it commits must be woken.
    async fn guarded(&self, request: Request<Body>) -> Response {
        let is_order = !matches!(*request.method(), Method::GET | Method::HEAD);
        let router = self.router.clone();
        let work = AssertUnwindSafe(async move {
            match router.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        })
        .catch_unwind();
        let work: BoxFuture<'_, Result<Response, Box<dyn Any + Send>>> = if is_order {
            let order = tokio::spawn(work);
            Box::pin(async move {
                // Only a runtime that is shutting down cancels it.
                order.await.unwrap_or_else(|_| Ok(Problem::unavailable().into_response()))
            })
        } else {
            Box::pin(work)
        };
        match tokio::time::timeout(self.time_limit, work).await {
            Ok(Ok(response)) => response,
            Ok(Err(panic)) => panicked(&*panic).into_response(),
            Err(_) => Problem::timeout().into_response(),
        }
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Problem {
    let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(said, "an administrator's call panicked");
    Problem::internal()
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

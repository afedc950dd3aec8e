//! What every face puts around the work of one call: a time limit, a panic that ends nothing but its call, and orders that
//! run to their end. The answer in those cases is the face's own.

use std::{any::Any, convert::Infallible, panic::AssertUnwindSafe, time::Duration};

use axum::{body::Body, response::Response};
use futures_util::FutureExt;
use http::{Method, Request};
use tower::{Service, ServiceExt};

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The time is over, or the process ends. An order goes on as long as the process does.
    #[error("the call could not be answered in time")]
    Late,
    /// It panicked; the log says with what.
    #[error("the call panicked")]
    Panicked,
}

/// Stands around the calls of one face.
#[derive(Debug, Clone, Copy)]
pub struct Guard {
    face: &'static str,
    limit: Duration,
}

impl Guard {
    /// Around the calls of `face`, none of which waits longer than `limit`.
    #[must_use]
    pub const fn new(face: &'static str, limit: Duration) -> Self {
        Self { face, limit }
    }

    /// Answers a call by a router: an order unless the method only reads.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn route<S>(&self, router: S, call: Request<Body>) -> Result<Response, Unanswered>
    where
        S: Service<Request<Body>, Response = Response, Error = Infallible> + Send + 'static,
        S::Future: Send,
    {
        if is_read(call.method()) {
            self.read(answer_of(router, call)).await
        } else {
            self.order(answer_of(router, call)).await
        }
    }

    /// Does what only reads. It stops where it is when the caller hangs up.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn read<T>(&self, work: impl Future<Output = T>) -> Result<T, Unanswered> {
        tokio::time::timeout(self.limit, self.caught(work)).await.unwrap_or(Err(Unanswered::Late))
    }

    /// Carries out an order. It runs to its end also when the caller hangs up or has waited long enough: whoever waits for
    /// what it commits must be woken.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn order<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Unanswered> {
        let guard = *self;
        let order = tokio::spawn(async move { guard.caught(work).await });
        match tokio::time::timeout(self.limit, order).await {
            Ok(Ok(answer)) => answer,
            // Only a runtime that is shutting down cancels it.
            Ok(Err(_)) | Err(_) => Err(Unanswered::Late),
        }
    }

    async fn caught<T>(&self, work: impl Future<Output = T>) -> Result<T, Unanswered> {
        AssertUnwindSafe(work).catch_unwind().await.map_err(|panic| {
            let said = said(&*panic);
            tracing::error!(face = self.face, said, "a call panicked");
            Unanswered::Panicked
        })
    }
}

/// What a router answers.
pub async fn answer_of<S>(router: S, call: Request<Body>) -> Response
where
    S: Service<Request<Body>, Response = Response, Error = Infallible>,
{
    match router.oneshot(call).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// True for methods that change nothing.
#[must_use]
pub fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn said(panic: &(dyn Any + Send)) -> Option<&str> {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use axum::{Router, routing::any};
    use http::StatusCode;
    use tokio::sync::Notify;

    use super::*;

    const GUARD: Guard = Guard::new("test", Duration::from_secs(30));

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_longer_than_the_limit() {
        assert_eq!(GUARD.read(std::future::pending::<()>()).await, Err(Unanswered::Late));
        assert_eq!(GUARD.order(std::future::pending::<()>()).await, Err(Unanswered::Late));
        assert_eq!(GUARD.read(async { 1 }).await, Ok(1));
        assert_eq!(GUARD.order(async { 1 }).await, Ok(1));
    }

    #[tokio::test]
    async fn a_panic_ends_its_call_alone() {
        let broken = || async {
            if true {
                panic!("on purpose");
            }
        };
        assert_eq!(GUARD.read(broken()).await, Err(Unanswered::Panicked));
        assert_eq!(GUARD.order(broken()).await, Err(Unanswered::Panicked));
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_runs_to_its_end_without_its_caller() {
        let (go, done) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        let router = {
            let (go, done) = (Arc::clone(&go), Arc::clone(&done));
            Router::new().route(
                "/",
                any(async move || {
                    go.notified().await;
                    done.store(true, Ordering::SeqCst);
                    StatusCode::NO_CONTENT
                }),
            )
        };
        let call = |method: Method| Request::builder().method(method).uri("/").body(Body::empty()).unwrap();

        // A read stops with its caller.
        let short = Duration::from_secs(1);
        assert!(tokio::time::timeout(short, GUARD.route(router.clone(), call(Method::GET))).await.is_err());
        go.notify_waiters();
        tokio::time::sleep(short).await;
        assert!(!done.load(Ordering::SeqCst));

        assert!(tokio::time::timeout(short, GUARD.route(router, call(Method::POST))).await.is_err());
        go.notify_waiters();
        tokio::time::sleep(short).await;
        assert!(done.load(Ordering::SeqCst));
    }
}

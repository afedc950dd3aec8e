//! Counts calls: by owner and status, and how long they took.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use axum::body::Body;
use ephor_front::Owner;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};
use tower::{Service, ServiceExt as _};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    face: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Face {
    face: &'static str,
}

/// What is counted of calls.
#[derive(Debug)]
pub(crate) struct Meters {
    answered: Family<Answered, Counter>,
    seconds: Family<Face, Histogram>,
}

impl Default for Meters {
    fn default() -> Self {
        // Half a millisecond to 16 s.
        let buckets = || Histogram::new((0..16).map(|power| 0.0005 * f64::from(1 << power)));
        Self { answered: Family::default(), seconds: Family::new_with_constructor(buckets) }
    }
}

impl Meters {
    fn count(&self, owner: Owner, status: u16, seconds: f64) {
        let face = owner.name();
        self.answered.get_or_create(&Answered { face, status }).inc();
        self.seconds.get_or_create(&Face { face }).observe(seconds);
    }

    /// Puts the counts into `registry`; they go on counting.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("http_requests", "Calls answered", self.answered.clone());
        registry.register("http_request_duration_seconds", "How long calls took", self.seconds.clone());
    }
}

/// Names the owner whose calls are counted.
pub(crate) struct Measured {
    owner: Owner,
    meters: Arc<Meters>,
}

impl Measured {
    pub(crate) fn new(owner: Owner, meters: Arc<Meters>) -> Self {
        Self { owner, meters }
    }

    /// `face`, with its calls counted.
    pub(crate) fn around<S>(self, face: S) -> Counted<S> {
        Counted { owner: self.owner, meters: self.meters, face }
    }
}

/// A face whose calls are counted.
#[derive(Clone)]
pub(crate) struct Counted<S> {
    owner: Owner,
    meters: Arc<Meters>,
    face: S,
}

impl<S> Service<Request<Body>> for Counted<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (owner, meters, face) = (self.owner, Arc::clone(&self.meters), self.face.clone());
        Box::pin(async move {
            let started = Instant::now();
            let answer = face.oneshot(request).await;
            if let Ok(answer) = &answer {
                meters.count(owner, answer.status().as_u16(), started.elapsed().as_secs_f64());
            }
            answer
        })
    }
}

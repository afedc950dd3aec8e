//! With a clock that stands still no worker runs; what an order set in motion is done before its answer leaves, once.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use axum::body::Body;
use ephor_engine::Engine;
use ephor_front::FaceService;
use futures_util::future::BoxFuture;
use http::{Method, Request, Response};
use tokio::sync::Mutex;
use tower::{Service, ServiceExt as _, util::BoxCloneSyncService};

/// Drains the engine after orders.
#[derive(Clone)]
pub(crate) struct Drained {
    engine: Engine,
    turn: Arc<Mutex<()>>,
}

impl Drained {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine, turn: Arc::default() }
    }

    async fn drain(&self) {
        let _turn = self.turn.lock().await;
        if let Err(error) = self.engine.drain().await {
            tracing::error!(%error, "what was due could not be done");
        }
    }
}

/// `face` as it is, or with the engine drained after each order.
pub(crate) fn around<S>(drained: Option<&Drained>, face: S) -> FaceService
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let face = BoxCloneSyncService::new(face);
    match drained {
        Some(drained) => BoxCloneSyncService::new(After { drained: drained.clone(), face }),
        None => face,
    }
}

#[derive(Clone)]
struct After {
    drained: Drained,
    face: FaceService,
}

impl Service<Request<Body>> for After {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (drained, face) = (self.drained.clone(), self.face.clone());
        let is_order = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        Box::pin(async move {
            let answer = face.oneshot(request).await;
            if is_order {
                drained.drain().await;
            }
            answer
        })
    }
}

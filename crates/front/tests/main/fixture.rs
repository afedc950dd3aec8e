use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
};
use ephor_front::{
    Authority, CallId, Dispatcher, Owner, Peer, ReceivedUri,
    dispatch::{DispatcherBuilder, IdSource},
    owner::OwnerTable,
    refused::{Refused, RefusedLayer},
};
use http::{Request, request::Parts};
use http_body_util::BodyExt;
use uuid::Uuid;

/// Ids 1, 2, 3, …
pub(crate) fn counted_ids() -> IdSource {
    let next = AtomicU64::new(1);
    Arc::new(move || Uuid::from_u128(next.fetch_add(1, Ordering::Relaxed).into()))
}

/// A face that tells what it was given.
pub(crate) fn telling_face(owner: Owner) -> Router {
    Router::new()
        .fallback(move |request: Request<Body>| async move {
            let (parts, _) = request.into_parts();
            let extension = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
            format!(
                "{} {} {} id={} peer={} authority={} received={}",
                owner.name(),
                parts.method,
                parts.uri,
                extension(parts.extensions.get::<CallId>().map(ToString::to_string)),
                extension(parts.extensions.get::<Peer>().map(|peer| peer.client.to_string())),
                extension(parts.extensions.get::<Authority>().map(ToString::to_string)),
                extension(parts.extensions.get::<ReceivedUri>().map(|uri| uri.0.to_string())),
            )
        })
        .layer(RefusedLayer::new(render))
}

fn render(refused: Refused, parts: &Parts) -> Response {
    let owner = parts.extensions.get::<Owner>().unwrap();
    (refused.status(), format!("{} says: {refused}", owner.name())).into_response()
}

pub(crate) fn builder() -> DispatcherBuilder {
    Dispatcher::builder(counted_ids()).owners(OwnerTable::new(["demo.test"]).unwrap())
}

/// Every owner has a telling face.
pub(crate) fn telling() -> Dispatcher {
    Owner::ALL.into_iter().fold(builder(), |builder, owner| builder.face(owner, telling_face(owner))).build()
}

pub(crate) async fn body_text(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

//! O3 and O4: the caller's own requests (`PAM 7.3`, `PAM 7.4`).

use axum::body::Body;
use ephor_domain::id::RequestId;
use ephor_engine::Engine;
use ephor_identity::Caller;
use http::{Response, request::Parts};

use crate::{
    answer,
    entity::{REQUESTS, RequestEntity},
    envelope::{Base, Set},
    problem::Problem,
    stream::{self, PAGE},
};

pub(crate) async fn list(engine: &Engine, caller: &Caller, call: &Parts) -> Result<Response<Body>, Problem> {
    let filter = REQUESTS.from_query(call.uri.query().unwrap_or_default())?;
    let (engine, actor) = (engine.clone(), caller.actor.clone());
    let fetch = move |after| {
        let (engine, actor) = (engine.clone(), actor.clone());
        async move { engine.pam_requests(&actor, after, PAGE).await }
    };
    stream::collection(&Base::of(call), Set::Requests, fetch, move |row, rows| {
        if filter.as_ref().is_none_or(|filter| filter.matches(row)) {
            rows.push(&RequestEntity::of(row));
        }
    })
    .await
}

pub(crate) async fn close(engine: Engine, caller: Caller, id: RequestId) -> Result<Response<Body>, Problem> {
    engine.pam_close(&caller.actor, id).await?;
    Ok(answer::done())
}

//! O5, O6 and O7: what waits for the caller's decision, and the decision (`PAM 7.5`, `PAM 7.6`).

use axum::body::Body;
use ephor_domain::{approval::Verdict, id::ApprovalId};
use ephor_engine::Engine;
use ephor_identity::Caller;
use http::{Response, request::Parts};

use crate::{
    answer,
    entity::{TO_APPROVE, ToApproveEntity},
    envelope::{Base, Set},
    problem::Problem,
    stream::{self, PAGE},
};

pub(crate) async fn list(engine: &Engine, caller: &Caller, call: &Parts) -> Result<Response<Body>, Problem> {
    let filter = TO_APPROVE.from_query(call.uri.query().unwrap_or_default())?;
    let (engine, actor) = (engine.clone(), caller.actor.clone());
    let fetch = move |after| {
        let (engine, actor) = (engine.clone(), actor.clone());
        async move { engine.pam_to_approve(&actor, after, PAGE).await }
    };
    stream::collection(&Base::of(call), Set::ToApprove, fetch, move |row, rows| {
        if filter.as_ref().is_none_or(|filter| filter.matches(row)) {
            rows.push(&ToApproveEntity::of(row));
        }
    })
    .await
}

pub(crate) async fn decide(
    engine: Engine,
    caller: Caller,
    id: ApprovalId,
    verdict: Verdict,
) -> Result<Response<Body>, Problem> {
    engine.pam_decide(&caller.actor, id, verdict, None).await?;
    Ok(answer::done())
}

//! O1: the roles a caller may ask for (`PAM 7.1`).

use axum::body::Body;
use ephor_engine::Engine;
use ephor_identity::Caller;
use http::{Response, StatusCode, request::Parts};

use crate::{
    answer,
    entity::{ROLES, RoleEntity},
    envelope::{Base, Rows, Set},
    problem::Problem,
};

pub(crate) async fn list(engine: &Engine, caller: &Caller, call: &Parts) -> Result<Response<Body>, Problem> {
    let filter = ROLES.from_query(call.uri.query().unwrap_or_default())?;
    let roles = engine.pam_roles(&caller.actor).await?;
    let mut rows = Rows::open(&Base::of(call).metadata(Set::Roles));
    for role in roles.iter().filter(|role| filter.as_ref().is_none_or(|filter| filter.matches(*role))) {
        rows.push(&RoleEntity::of(role));
    }
    Ok(answer::json(StatusCode::OK, rows.close()))
}

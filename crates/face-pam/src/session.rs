//! O8: who is signed in (`PAM 7.7`). Also for callers that are no PAM users.

use axum::body::Body;
use ephor_identity::Caller;
use http::{Response, StatusCode, request::Parts};

use crate::{
    answer,
    entity::SessionEntity,
    envelope::{Base, Rows, Set},
};

pub(crate) fn info(caller: &Caller, call: &Parts) -> Response<Body> {
    let mut rows = Rows::open(&Base::of(call).metadata(Set::Session));
    rows.push(&SessionEntity { username: &caller.principal.username() });
    answer::json(StatusCode::OK, rows.close())
}

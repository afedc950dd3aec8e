//! The service document: the four entity sets (`PAM 2`).

use axum::body::Body;
use http::{Response, StatusCode, request::Parts};
use serde::Serialize;

use crate::{
    answer,
    envelope::{Base, Rows, Set},
};

#[derive(Serialize)]
struct Listed {
    name: &'static str,
    url: &'static str,
}

pub(crate) fn document(call: &Parts) -> Response<Body> {
    let mut rows = Rows::open(&Base::of(call).service_metadata());
    for set in Set::ALL {
        rows.push(&Listed { name: set.name(), url: set.name() });
    }
    answer::json(StatusCode::OK, rows.close())
}

//! Answers: JSON, and what stands on every one of them.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::problem::Problem;

/// What a handler gives.
pub(crate) type Answer<T> = Result<T, Problem>;

/// 201 with the address of what was made.
pub(crate) struct Created<T>(pub(crate) String, pub(crate) T);

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::CREATED, Json(self.1)).into_response();
        // Ids and fixed words: always a header value.
        if let Ok(place) = HeaderValue::from_str(&format!("/api/admin/v1/{}", self.0)) {
            response.headers_mut().insert(header::LOCATION, place);
        }
        response
    }
}

/// Nobody between us and the caller keeps anything.
pub(crate) fn finish(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

//! Answers of every sort, and the headers that all of them carry (`PAM 3.2`).

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const DATA_SERVICE_VERSION: HeaderName = HeaderName::from_static("dataserviceversion");

/// An answer with a JSON body.
pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    whole(status, JSON, body.into())
}

/// An answer with a body of known length.
pub(crate) fn whole(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Response<Body> {
    let length = HeaderValue::from(body.len());
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response.headers_mut().insert(header::CONTENT_LENGTH, length);
    response
}

/// A JSON answer whose length is not known yet.
pub(crate) fn json_stream(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// 200 without a body: no `Content-Type`, or real clients report a parse failure (`PAM 3.2`, C7).
pub(crate) fn done() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    response
}

/// What every answer carries, error or not.
pub(crate) fn finish(response: &mut Response<Body>) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(DATA_SERVICE_VERSION, HeaderValue::from_static("3.0"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

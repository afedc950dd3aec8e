//! Errors of the face: one body, the codes of `GRAPH 4.2`.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// A call that is answered with an error.
#[derive(Debug)]
pub(crate) struct GraphError {
    pub(crate) status: StatusCode,
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

pub(crate) type Answer<T> = Result<T, GraphError>;

impl GraphError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code: Cow::Borrowed(code), message: message.into(), headers: Vec::new() }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// 400 `BadRequest`.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// 400 `Request_BadRequest`: directory objects.
    pub(crate) fn bad_object(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_BadRequest", message)
    }

    /// 400 `Request_UnsupportedQuery`: directory objects.
    pub(crate) fn unsupported_query(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_UnsupportedQuery", message)
    }

    /// 400 for a segment that there is not.
    pub(crate) fn unknown_segment(name: &str) -> Self {
        let name: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
        Self::bad_request(format!("Resource not found for the segment '{name}'."))
    }

    /// 404 for a directory object.
    pub(crate) fn no_object(id: &str) -> Self {
        let id: String = id.chars().filter(|c| !c.is_control()).take(100).collect();
        let message =
            format!("Resource '{id}' does not exist or one of its queried reference-property objects are not present.");
        Self::new(StatusCode::NOT_FOUND, "Request_ResourceNotFound", message)
    }

    /// 404 for policies, rules, schedules, alerts.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFound", "The resource is not found.")
    }

    /// A list of privileged access without the filter by scope that it needs.
    pub(crate) fn missing_provider() -> Self {
        Self::wrapped(StatusCode::BAD_REQUEST, "MissingProvider", "The provider is missing.")
    }

    /// 405, with what the resource does do.
    pub(crate) fn method_not_allowed(allowed: &'static str) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "The resource does not support this HTTP method.")
            .with(header::ALLOW, HeaderValue::from_static(allowed))
    }

    /// 501: part of the contract, not served yet.
    pub(crate) fn not_implemented() -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", "This resource is not served yet.")
    }

    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "The service failed unexpectedly.")
    }

    pub(crate) fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "The service is unavailable.")
            .with(header::RETRY_AFTER, HeaderValue::from_static("5"))
    }

    pub(crate) fn too_many(seconds: i64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", "Too many requests.")
            .with(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// The form of some back ends: the code stands in a message that is JSON text itself (`GRAPH 4.1`).
    pub(crate) fn wrapped(status: StatusCode, code: &'static str, message: &str) -> Self {
        let inner = json!({"errorCode": code, "message": message, "instanceAnnotations": []});
        Self::new(status, "UnknownError", inner.to_string())
    }

    /// The body; `call` and `client` are the ids of the call, `date` is without zone.
    pub(crate) fn body(&self, call: &str, client: &str, date: &str) -> Value {
        json!({"error": {
            "code": self.code,
            "message": self.message,
            "innerError": {"date": date, "request-id": call, "client-request-id": client},
        }})
    }
}

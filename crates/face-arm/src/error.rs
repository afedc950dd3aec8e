//! Errors of the front door (`ARM 2.6`, `ARM 4.2`, `ARM 18.3`).

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::json;

/// A call that is answered with an error.
#[derive(Debug)]
pub(crate) struct ArmError {
    status: StatusCode,
    code: &'static str,
    message: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

pub(crate) type Answer<T> = Result<T, ArmError>;

impl ArmError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), headers: Vec::new() }
    }

    /// 400.
    pub(crate) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// A role that a body names and that is not there is a mistake of the body (`ARM 18.2`).
    pub(crate) fn within_put(self) -> Self {
        match self.code {
            "RoleDefinitionDoesNotExist" => Self { status: StatusCode::BAD_REQUEST, ..self },
            _ => self,
        }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "InvalidRequestUri", "The request URI names no resource that is served here.")
    }

    /// 405, and what the resource does support.
    pub(crate) fn method_not_allowed(methods: &[Method]) -> Self {
        let said: Vec<&str> = methods.iter().map(Method::as_str).collect();
        let error = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "The resource does not support this HTTP method.",
        );
        match HeaderValue::from_str(&said.join(", ")) {
            Ok(allow) => error.with(header::ALLOW, allow),
            Err(_) => error,
        }
    }

    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "The service failed unexpectedly.")
    }

    pub(crate) fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "The service is not available at the moment.")
            .with(header::RETRY_AFTER, HeaderValue::from_static("5"))
    }

    pub(crate) fn too_many(seconds: i64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", "There were too many attempts; try again later.")
            .with(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    #[cfg(test)]
    pub(crate) fn facts(&self) -> (u16, &'static str) {
        (self.status.as_u16(), self.code)
    }
}

impl IntoResponse for ArmError {
    fn into_response(self) -> Response {
        let body = json!({"error": {"code": self.code, "message": self.message}});
        let mut response = (self.status, Json(body)).into_response();
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

//! Problem documents (RFC 9457): the body of every answer that is no success.

use std::borrow::Cow;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use ephor_domain::application::PermissionKind;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// A call that is answered with an error. `detail` repeats nothing the caller sent.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    field: Option<&'static str>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument<'a> {
    /// `urn:ephor:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// Reason phrase of the status.
    title: &'a str,
    /// HTTP status.
    status: u16,
    /// What is wrong, for people.
    detail: &'a str,
    /// What is wrong, for programs: one word.
    code: &'a str,
    /// Which member of the body or query is wrong, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, detail: detail.into(), field: None, headers: Vec::new() }
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    pub(crate) fn about(mut self, field: &'static str) -> Self {
        self.field = Some(field);
        self
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Seconds after which trying again makes sense.
    pub(crate) fn retry_after(self, seconds: u16) -> Self {
        self.with(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    pub(crate) fn invalid(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", detail)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing at this address.")
    }

    pub(crate) fn unknown_permission(kind: PermissionKind, name: &str) -> Self {
        let (kind, other) = match kind {
            PermissionKind::AppRole => ("application permission", "delegated"),
            PermissionKind::Scope => ("delegated permission", "application"),
        };
        let detail = format!("No {kind} is called {name:?}; it may be a {other} one, or misspelled.");
        Self::new(StatusCode::NOT_FOUND, "unknown_permission", detail)
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "The resource does not support this HTTP method.",
        )
    }

    pub(crate) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "The body is longer than 64 KiB.")
    }

    pub(crate) fn unsupported_media_type() -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The body must be application/json.")
    }

    pub(crate) fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The service is not available at the moment.")
            .retry_after(5)
    }

    pub(crate) fn timeout() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", "The call could not be answered in time.").retry_after(5)
    }

    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The service failed unexpectedly.")
    }

    #[cfg(test)]
    pub(crate) fn facts(&self) -> (u16, &'static str) {
        (self.status.as_u16(), self.code)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = ProblemDocument {
            kind: format!("urn:ephor:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            field: self.field,
        };
        let body = serde_json::to_vec(&document).expect("texts serialize");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        response
    }
}

/// Every operation may answer with a problem document; its code says which.
pub(crate) struct Problems;

impl utoipa::IntoResponses for Problems {
    fn responses() -> std::collections::BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::Response>> {
        use utoipa::openapi::{Ref, content::ContentBuilder, response::ResponseBuilder};
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response =
            ResponseBuilder::new().description("Not done").content("application/problem+json", content).build();
        [("default".to_owned(), response.into())].into()
    }
}

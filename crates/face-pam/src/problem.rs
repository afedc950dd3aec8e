//! A call that is answered with an error: status, code, text, and the headers that go with it (`PAM 3.6`, `PAM 4.3`).

use std::borrow::Cow;

use axum::body::Body;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use crate::answer;

/// An error answer. The text is plain, without `<`, `>` and `&`, and repeats nothing the caller sent: a real client
/// puts it into its page as HTML (`PAM 3.6`).
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    text: Cow<'static, str>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, text: text.into(), headers: Vec::new() }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Seconds after which trying again makes sense.
    pub(crate) fn retry_after(self, seconds: u16) -> Self {
        self.with(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    pub(crate) fn invalid_parameter(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidParameter", text)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", "There is no resource at this address.")
    }

    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "The resource does not support this HTTP method.")
            .with(header::ALLOW, HeaderValue::from_static(allow))
    }

    pub(crate) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLarge", "The body of the call is too large.")
    }

    pub(crate) fn timeout() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "Timeout", "The call could not be answered in time.")
    }

    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "The service failed unexpectedly.")
    }

    pub(crate) fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "The service is not available at the moment.")
            .retry_after(5)
    }

    /// The answer: always the envelope, always JSON (`PAM-011`).
    pub(crate) fn into_response(self) -> Response<Body> {
        let envelope =
            Envelope { error: Inner { code: self.code, message: Message { lang: "en-US", value: &self.text } } };
        let body = serde_json::to_vec(&envelope).expect("texts serialize");
        let mut response = answer::json(self.status, body);
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    #[serde(rename = "odata.error")]
    error: Inner<'a>,
}

#[derive(Serialize)]
struct Inner<'a> {
    code: &'a str,
    message: Message<'a>,
}

#[derive(Serialize)]
struct Message<'a> {
    lang: &'a str,
    value: &'a str,
}

impl Problem {
    pub(crate) fn facts(&self) -> (u16, &'static str, &str) {
        (self.status.as_u16(), self.code, &self.text)
    }
}

#[cfg(test)]
impl Problem {
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value)
    }
}

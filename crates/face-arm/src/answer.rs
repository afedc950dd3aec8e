//! Answers, and what stands on every one of them (`ARM 2.3`).

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use ephor_front::CallId;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

const CORRELATION: HeaderName = HeaderName::from_static("x-ms-correlation-request-id");
const ROUTING: HeaderName = HeaderName::from_static("x-ms-routing-request-id");
const CLIENT: HeaderName = HeaderName::from_static("x-ms-client-request-id");

/// What a resource answers.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    body: Option<Box<RawValue>>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Reply {
    /// 200 with a body.
    pub(crate) fn ok(body: impl Serialize) -> Self {
        Self::with(StatusCode::OK, body)
    }

    pub(crate) fn with(status: StatusCode, body: impl Serialize) -> Self {
        let body = to_raw_value(&body).expect("what the face answers is JSON");
        Self { status, body: Some(body), headers: Vec::new() }
    }

    /// The same with a header; a value that is none is left out.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }

    /// A status alone.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, body: None, headers: Vec::new() }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = match self.body {
            Some(body) => (self.status, Json(body)).into_response(),
            None => self.status.into_response(),
        };
        response.headers_mut().extend(self.headers);
        response
    }
}

/// What of a call its answer repeats.
#[derive(Debug, Clone)]
pub(crate) struct Echo {
    id: Uuid,
    correlation: Uuid,
    client: Option<HeaderValue>,
}

impl Echo {
    pub(crate) fn of(headers: &HeaderMap, call: Option<CallId>) -> Self {
        let id = call.map_or(Uuid::nil(), |CallId(id)| id);
        let text = headers.get(&CORRELATION).and_then(|line| line.to_str().ok());
        let correlation = text.and_then(|text| Uuid::try_parse(text).ok()).unwrap_or(id);
        let client = headers.get(&CLIENT).filter(|line| line.len() <= 128).cloned();
        Self { id, correlation, client }
    }

    /// Fills the headers of an answer.
    pub(crate) fn finish(&self, response: &mut Response, now: Timestamp) {
        let headers = response.headers_mut();
        let routing = format!("LOCAL:{}:{}", now.strftime("%Y%m%dT%H%M%SZ"), self.id);
        for (name, value) in [(CORRELATION, self.correlation.to_string()), (ROUTING, routing)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        if let Some(client) = &self.client {
            headers.insert(CLIENT, client.clone());
        }
        if headers.contains_key(header::CONTENT_TYPE) {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        headers.insert(header::EXPIRES, HeaderValue::from_static("-1"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
}

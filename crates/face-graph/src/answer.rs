//! What stands on every answer (`GRAPH 2.3`), and how a body is written.

use std::io::Write as _;

use axum::{body::Body, response::Response};
use ephor_front::CallId;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde_json::Value;

use crate::error::GraphError;

const CALL: HeaderName = HeaderName::from_static("request-id");
const CLIENT: HeaderName = HeaderName::from_static("client-request-id");
const VERSION: HeaderName = HeaderName::from_static("odata-version");

/// Bodies from this size on are worth packing.
const PACKED_FROM: usize = 1024;

/// An answer before it is written.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content: Content,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

/// What an answer holds.
#[derive(Debug)]
pub(crate) enum Content {
    /// Nothing.
    Nothing,
    /// A JSON value.
    Json(Value),
    /// Plain text.
    Text(String),
    /// The metadata document.
    Xml(String),
}

impl Reply {
    pub(crate) fn json(value: Value) -> Self {
        Self { status: StatusCode::OK, content: Content::Json(value), headers: Vec::new() }
    }

    /// 204.
    pub(crate) fn done() -> Self {
        Self { status: StatusCode::NO_CONTENT, content: Content::Nothing, headers: Vec::new() }
    }

    /// 201 of something that is at `location` from now on.
    pub(crate) fn created(self, location: &str) -> Self {
        let reply = Self { status: StatusCode::CREATED, ..self };
        match HeaderValue::from_str(location) {
            Ok(location) => reply.with(header::LOCATION, location),
            Err(_) => reply,
        }
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { status: StatusCode::OK, content: Content::Text(text.into()), headers: Vec::new() }
    }

    pub(crate) fn xml(text: String) -> Self {
        Self { status: StatusCode::OK, content: Content::Xml(text), headers: Vec::new() }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// How much control information an answer carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Metadata {
    None,
    Minimal,
    Full,
}

/// What of a call its answer repeats or heeds.
#[derive(Debug, Clone)]
pub(crate) struct Echo {
    call: String,
    client: HeaderValue,
    packs: bool,
    metadata: Metadata,
}

impl Echo {
    pub(crate) fn of(headers: &HeaderMap, call: Option<CallId>) -> Self {
        let call = call.map(|CallId(id)| id).unwrap_or_default().to_string();
        let sent = headers.get(&CLIENT).filter(|line| line.len() <= 128 && line.to_str().is_ok()).cloned();
        let client = sent.or_else(|| HeaderValue::from_str(&call).ok());
        let packs = values(headers, &header::ACCEPT_ENCODING).any(|value| {
            let (name, quality) = value.split_once(';').unwrap_or((value, ""));
            name.trim().eq_ignore_ascii_case("gzip") && quality.trim().trim_start_matches("q=") != "0"
        });
        let accept: String = values(headers, &header::ACCEPT).collect::<Vec<_>>().join(",").to_ascii_lowercase();
        let metadata = match () {
            () if accept.contains("odata.metadata=none") => Metadata::None,
            () if accept.contains("odata.metadata=full") => Metadata::Full,
            () => Metadata::Minimal,
        };
        Self { call, client: client.unwrap_or(HeaderValue::from_static("")), packs, metadata }
    }

    /// Writes an answer.
    pub(crate) fn written(&self, reply: Reply) -> Response {
        let (kind, text) = match reply.content {
            Content::Nothing => (None, String::new()),
            Content::Json(mut value) => {
                if self.metadata == Metadata::None && reply.status.is_success() {
                    without_control(&mut value);
                }
                (Some(self.json_type()), value.to_string())
            }
            Content::Text(text) => (Some(HeaderValue::from_static("text/plain")), text),
            Content::Xml(text) => (Some(HeaderValue::from_static("application/xml")), text),
        };
        let mut response = Response::new(Body::empty());
        *response.status_mut() = reply.status;
        let headers = response.headers_mut();
        for (name, value) in reply.headers {
            headers.append(name, value);
        }
        if let Some(kind) = kind {
            headers.insert(header::CONTENT_TYPE, kind);
        }
        headers.insert(VERSION, HeaderValue::from_static("4.0"));
        headers.insert(CLIENT, self.client.clone());
        if let Ok(call) = HeaderValue::from_str(&self.call) {
            headers.insert(CALL, call);
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let packed = if self.packs && text.len() >= PACKED_FROM { pack(text.as_bytes()) } else { None };
        *response.body_mut() = match packed {
            Some(packed) => {
                response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                Body::from(packed)
            }
            None => Body::from(text),
        };
        response
    }

    /// The body of an error.
    pub(crate) fn error(&self, error: &GraphError, now: Timestamp) -> Value {
        let date = now.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        error.body(&self.call, self.client.to_str().unwrap_or_default(), &date)
    }

    /// Writes an error.
    pub(crate) fn refused(&self, error: GraphError, now: Timestamp) -> Response {
        let body = self.error(&error, now);
        self.written(Reply { status: error.status, content: Content::Json(body), headers: error.headers })
    }

    fn json_type(&self) -> HeaderValue {
        HeaderValue::from_static(match self.metadata {
            Metadata::None => {
                "application/json;odata.metadata=none;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
            }
            Metadata::Minimal => {
                "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
            }
            Metadata::Full => {
                "application/json;odata.metadata=full;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
            }
        })
    }
}

fn values<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

fn pack(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

/// `odata.metadata=none`: links and counts stay (`GRAPH 3.2`).
fn without_control(value: &mut Value) {
    const KEPT: [&str; 3] = ["@odata.nextLink", "@odata.count", "@odata.deltaLink"];
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !name.contains('@') || KEPT.contains(&name.as_str()));
            members.values_mut().for_each(without_control);
        }
        Value::Array(elements) => elements.iter_mut().for_each(without_control),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

//! A named caller at the front door, and what is answered to him.

use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use ephor_front::Dispatcher;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tower::ServiceExt;

use super::{USERS, identity::PASSWORD, members};

/// Somebody who calls the API.
#[derive(Clone)]
pub(crate) struct Caller {
    dispatcher: Dispatcher,
    headers: Vec<(String, String)>,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'\'');

/// Encodes text for a query value, blanks as `%20` and quotes raw.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

impl Caller {
    pub(super) fn stranger(dispatcher: Dispatcher) -> Self {
        Self { dispatcher, headers: vec![("host".to_owned(), "pam.test:8086".to_owned())] }
    }

    pub(super) fn named(dispatcher: Dispatcher, name: &str) -> Self {
        let known = USERS.iter().any(|(user, ..)| *user == name);
        Self::stranger(dispatcher).signing_in_as(&if known { format!("{name}@priv.test") } else { name.to_owned() })
    }

    /// The same caller, who signs in with this spelling of an account over HTTP Basic.
    pub(crate) fn signing_in_as(&self, spelling: &str) -> Self {
        self.with("authorization", &format!("Basic {}", STANDARD.encode(format!("{spelling}:{PASSWORD}"))))
    }

    /// The same caller, with a further header on each call; one of the same name is replaced.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.retain(|(given, _)| given != name);
        headers.push((name.to_owned(), value.to_owned()));
        Self { headers, ..self.clone() }
    }

    /// What this caller sends with each call.
    pub(crate) fn headers(&self) -> HeaderMap {
        self.headers
            .iter()
            .map(|(name, value)| (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap()))
            .collect()
    }

    /// A call with any path, spelled as given.
    pub(crate) async fn call(&self, method: Method, target: &str, body: impl Into<Body>) -> Reply {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = self.dispatcher.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        Reply { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
    }

    /// `GET` below the base.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, &below(path), Body::empty()).await
    }

    /// `POST` below the base without a body.
    pub(crate) async fn post(&self, path: &str) -> Reply {
        self.with("content-length", "0").call(Method::POST, &below(path), Body::empty()).await
    }

    /// `POST` below the base with a body of a type.
    pub(crate) async fn send(&self, path: &str, content_type: &str, body: impl Into<Body>) -> Reply {
        self.with("content-type", content_type).call(Method::POST, &below(path), body).await
    }

    /// The items of a collection, with a filter as people write it.
    pub(crate) async fn filtered(&self, set: &str, filter: &str) -> Vec<Value> {
        let reply = self.get(&format!("{set}?$filter={}", encode(filter))).await;
        assert_eq!(reply.status, 200, "{filter}: {}", reply.text());
        reply.items()
    }

    /// The items of a collection.
    pub(crate) async fn list(&self, set: &str) -> Vec<Value> {
        let reply = self.get(set).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.items()
    }

    /// Asks for a role and gets it, as far as its gates let him.
    pub(crate) async fn create(&self, role: &str, ttl: u64) -> Value {
        self.create_with(role, &format!("RequestedTTL={ttl}")).await
    }

    /// Asks for a role with parameters as they stand in a query.
    pub(crate) async fn create_with(&self, role: &str, query: &str) -> Value {
        let reply = self.ask(role, query).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.json()
    }

    /// Asks for a role; the answer may be no.
    pub(crate) async fn ask(&self, role: &str, query: &str) -> Reply {
        let role = super::Fixture::default().role(role);
        self.post(&format!("pamrequests?RoleId={role}&{query}")).await
    }

    /// One of the caller's own requests as it stands now.
    pub(crate) async fn request(&self, created: &Value) -> Value {
        let id = &created["RequestId"];
        let mut found: Vec<Value> =
            self.list("pamrequests").await.into_iter().filter(|item| item["RequestId"] == *id).collect();
        assert_eq!(found.len(), 1, "{id}");
        found.remove(0)
    }

    /// The status of one of the caller's own requests.
    pub(crate) async fn status(&self, created: &Value) -> String {
        self.request(created).await["RequestStatus"].as_str().unwrap().to_owned()
    }

    /// Closes a request.
    pub(crate) async fn close(&self, created: &Value) -> Reply {
        self.post(&format!("pamrequests(guid'{}')/Close", text(&created["RequestId"]))).await
    }

    /// The approval of a request, among those that wait for the caller.
    pub(crate) async fn approval_of(&self, created: &Value) -> Value {
        let waiting = self.list("pamrequeststoapprove").await;
        let mut found = waiting.into_iter().filter(|item| item["FIMRequestID"]["Value"] == created["RequestId"]);
        found.next().expect("the request waits for this caller")
    }

    /// Decides on an approval: `Approve` or `Reject`.
    pub(crate) async fn decide(&self, approval: &Value, word: &str) -> Reply {
        let id = text(&approval["ApprovalObjectID"]["Value"]);
        self.post(&format!("pamrequeststoapprove(guid'{id}')/{word}")).await
    }
}

fn below(path: &str) -> String {
    format!("/api/pamresources/{path}")
}

/// A JSON string's text.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("a JSON string")
}

impl Reply {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The items of a collection, after checking its envelope.
    #[track_caller]
    pub(crate) fn items(&self) -> Vec<Value> {
        assert_eq!(members(self.text()), ["odata.metadata", "value"]);
        self.json()["value"].as_array().expect("value is an array").clone()
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
    }

    pub(crate) fn has(&self, name: HeaderName) -> bool {
        self.headers.contains_key(name)
    }

    /// Checks status, code and envelope of a refusal and answers its text (`PAM-011`, `PAM-012`).
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        let content_type = self.header("content-type");
        assert!(content_type.starts_with("application/json"), "{content_type}");
        let body = self.json();
        assert_eq!(members(self.text()), ["odata.error"]);
        let error = &body["odata.error"];
        assert_eq!(text(&error["code"]), code, "{body}");
        assert_eq!(text(&error["message"]["lang"]), "en-US");
        let value = text(&error["message"]["value"]);
        assert!(!value.is_empty() && !value.contains(['<', '>', '&']), "{value}");
        value.to_owned()
    }

    /// 200 without a body and without a type (`PAM-095`, `PAM-103`).
    #[track_caller]
    pub(crate) fn done(&self) {
        assert_eq!(self.status, 200, "{}", self.text());
        assert!(self.body.is_empty());
        assert_eq!(self.header("content-length"), "0");
        assert!(!self.has(header::CONTENT_TYPE));
    }
}

//! A named caller at the face, and what is answered to him.

use axum::body::Body;
use bytes::Bytes;
use ephor_face_admin::AdminFace;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;

/// Somebody who calls the API.
#[derive(Clone)]
pub(crate) struct Caller {
    face: AdminFace,
    headers: Vec<(String, String)>,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Caller {
    pub(super) fn stranger(face: AdminFace) -> Self {
        Self { face, headers: Vec::new() }
    }

    pub(super) fn with_token(face: AdminFace, token: &str) -> Self {
        Self::stranger(face).with("authorization", &format!("Bearer {token}"))
    }

    /// The same caller, with a further header on each call; one of the same name is replaced.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.retain(|(given, _)| given != name);
        headers.push((name.to_owned(), value.to_owned()));
        Self { headers, ..self.clone() }
    }

    /// A call below the base, or at a whole path.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Body) -> Reply {
        let method: Method = method.parse().unwrap();
        let mut request = Request::builder().method(method).uri(match path.starts_with('/') {
            true => path.to_owned(),
            false => format!("/api/admin/v1/{path}"),
        });
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = self.face.serve(request.body(body).unwrap()).await;
        let (parts, body) = response.into_parts();
        Reply { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, Body::empty()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.call("DELETE", path, Body::empty()).await
    }

    /// A call with a body of JSON; `null` sends none.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Value) -> Reply {
        if body.is_null() {
            return self.call(method, path, Body::empty()).await;
        }
        self.with("content-type", "application/json").call(method, path, Body::from(body.to_string())).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send("POST", path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send("PATCH", path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.send("PUT", path, body).await
    }

    /// The items of a list.
    pub(crate) async fn list(&self, path: &str) -> Vec<Value> {
        let reply = self.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.json()["items"].as_array().unwrap().clone()
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body of an answer with this status.
    #[track_caller]
    pub(crate) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// Status and code of an answer that says no; it must be a problem document.
    #[track_caller]
    pub(crate) fn problem(&self) -> (u16, String) {
        let document = self.json();
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(document["status"], self.status.as_u16());
        let code = document["code"].as_str().unwrap().to_owned();
        assert_eq!(document["type"], format!("urn:ephor:problem:{code}"));
        (self.status.as_u16(), code)
    }
}

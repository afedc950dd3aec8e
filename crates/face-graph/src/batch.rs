//! Several calls in one (`GRAPH 18.1`). A batch holds no batches: nothing that is reached from here leads back here, so one
//! call costs at most twenty.

use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::{
    answer::{Content, Echo, Reply},
    body::member,
    call::Call,
    error::{Answer, GraphError},
    face::{Understood, located, served, understood, word},
    route::{self, Resource},
};

/// Most calls at once.
const MOST: usize = 20;

/// One of the calls.
struct Part {
    id: String,
    method: Method,
    /// Absent when it is no URL.
    target: Option<Uri>,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
    after: Vec<String>,
}

/// Answers all of them. They run one after the other, each after those it depends on.
///
/// # Errors
/// 400 when the batch itself cannot be understood; what a call in it is refused with stands in its own answer.
pub(crate) async fn serve(call: &Call) -> Answer<Reply> {
    let body = call.object()?;
    let parts = parts(call, &body)?;
    let order = ordered(&parts)?;
    let mut failed: Vec<&str> = Vec::new();
    let mut responses = Vec::new();
    for part in order {
        let is_void = part.after.iter().any(|id| failed.contains(&id.as_str()));
        let answered = if is_void {
            Err(GraphError::new(
                StatusCode::FAILED_DEPENDENCY,
                "FailedDependency",
                "A call that this one depends on failed.",
            ))
        } else {
            one(call, part).await
        };
        let response = written(call, &part.id, answered);
        if response.get("status").and_then(Value::as_u64).is_none_or(|status| status >= 400) {
            failed.push(&part.id);
        }
        responses.push(response);
    }
    Ok(Reply::json(json!({"responses": responses})))
}

fn parts(call: &Call, body: &Map<String, Value>) -> Answer<Vec<Part>> {
    let bad = |message: &str| GraphError::bad_request(message);
    let Some(Value::Array(requests)) = member(body, "requests") else {
        return Err(bad("A batch needs a list 'requests'."));
    };
    if requests.is_empty() || requests.len() > MOST {
        return Err(bad("A batch holds 1 to 20 requests."));
    }
    let parts: Vec<Part> = requests.iter().map(|request| part(call, request)).collect::<Answer<_>>()?;
    for (at, part) in parts.iter().enumerate() {
        if parts.iter().skip(at + 1).any(|other| other.id == part.id) {
            return Err(bad("Two requests of the batch have the same id."));
        }
        if part.after.iter().any(|id| parts.iter().all(|other| other.id != *id)) {
            return Err(bad("A request of the batch depends on one that is not there."));
        }
    }
    Ok(parts)
}

fn part(call: &Call, request: &Value) -> Answer<Part> {
    let bad = |message: &str| GraphError::bad_request(message);
    let request = request.as_object().ok_or_else(|| bad("A request of the batch is no object."))?;
    // Clients send numbers too (`GRAPH 18.1`).
    let id = |value: &Value| match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let own = member(request, "id").and_then(id).ok_or_else(|| bad("A request of the batch has no id."))?;
    let method = member(request, "method").and_then(Value::as_str).map(str::to_ascii_uppercase);
    let method = method.filter(|method| ["GET", "POST", "PATCH", "PUT", "DELETE"].contains(&method.as_str()));
    let method = method.and_then(|method| method.parse().ok());
    let method = method.ok_or_else(|| bad("A request of the batch has no method that is known."))?;
    let url = member(request, "url").and_then(Value::as_str);
    let url = url.ok_or_else(|| bad("A request of the batch has no url."))?.trim_start_matches('/');
    let first = url.split(['/', '?']).next().unwrap_or_default().to_ascii_lowercase();
    let target = match first.as_str() {
        "v1.0" | "beta" => format!("/{url}"),
        _ => format!("/{}/{url}", word(call.edition)),
    };
    // What clients leave raw in the text of a URL is encoded before it is read like any other.
    let target: Option<Uri> = utf8_percent_encode(&target, RAW).to_string().parse().ok();
    if target.as_ref().is_some_and(|target| is_batch(target.path())) {
        return Err(bad("A batch holds no batches."));
    }
    let after = ["dependsOn", "depends_on"].iter().find_map(|name| member(request, name));
    let after = match after {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(ids)) => {
            let ids: Option<Vec<String>> = ids.iter().map(id).collect();
            ids.ok_or_else(|| bad("'dependsOn' is a list of ids."))?
        }
        Some(_) => return Err(bad("'dependsOn' is a list of ids.")),
    };
    let headers = headers(member(request, "headers"));
    let is_json = headers.iter().any(|(name, value)| {
        *name == header::CONTENT_TYPE && value.to_str().is_ok_and(|kind| kind.to_ascii_lowercase().contains("json"))
    });
    let body = match member(request, "body") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) if !is_json => {
            STANDARD.decode(text).map_err(|_| bad("A body that is no JSON is to be sent in base64."))?
        }
        Some(value) => value.to_string().into_bytes(),
    };
    Ok(Part { id: own, method, target, headers, body, after })
}

/// Headers of one of the calls; whose they are is said by the batch alone.
fn headers(value: Option<&Value>) -> Vec<(HeaderName, HeaderValue)> {
    let Some(Value::Object(members)) = value else { return Vec::new() };
    let read = members.iter().filter_map(|(name, value)| {
        let name: HeaderName = name.to_ascii_lowercase().parse().ok()?;
        let own = [header::AUTHORIZATION, header::COOKIE, header::CONTENT_LENGTH, header::CONTENT_ENCODING];
        let value = HeaderValue::from_str(value.as_str()?).ok()?;
        (!own.contains(&name)).then_some((name, value))
    });
    read.collect()
}

/// The calls, each behind those it depends on.
fn ordered(parts: &[Part]) -> Answer<Vec<&Part>> {
    let mut order: Vec<&Part> = Vec::new();
    while order.len() < parts.len() {
        let is_done = |id: &String| order.iter().any(|done| done.id == *id);
        let next = parts.iter().find(|part| !is_done(&part.id) && part.after.iter().all(is_done));
        order.push(next.ok_or_else(|| GraphError::bad_request("The requests of the batch depend on each other."))?);
    }
    Ok(order)
}

/// Does a path lead to a batch, however it is spelled?
fn is_batch(path: &str) -> bool {
    let found = located(path).and_then(|(edition, segments)| route::find(edition, &segments));
    found.is_ok_and(|target| target.resource == Resource::Batch)
}

async fn one(call: &Call, part: &Part) -> Answer<Reply> {
    let unread = || GraphError::bad_request("The url of the request cannot be read.");
    let target = part.target.clone().ok_or_else(unread)?;
    let mut request = Request::builder().method(part.method.clone()).uri(target);
    for (name, value) in &part.headers {
        request = request.header(name, value);
    }
    if let Some(token) = call.headers.get(header::AUTHORIZATION) {
        request = request.header(header::AUTHORIZATION, token);
    }
    let request = request.body(Body::from(part.body.clone()));
    let mut request = request.map_err(|_| unread())?;
    *request.extensions_mut() = call.extensions.clone();
    match understood(call.app.clone(), request).await? {
        Understood::Answered(reply) => Ok(reply),
        Understood::Call(inner) if inner.target.resource == Resource::Batch => {
            Err(GraphError::bad_request("A batch holds no batches."))
        }
        Understood::Call(inner) => served(&inner).await,
    }
}

/// What must not stand raw in a request line.
const RAW: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}').add(b'#');

fn written(call: &Call, id: &str, answered: Answer<Reply>) -> Value {
    let (status, content, headers) = match answered {
        Ok(reply) => (reply.status, reply.content, reply.headers),
        Err(error) => {
            let echo = Echo::of(&call.headers, call.extensions.get().copied());
            let body = echo.error(&error, call.engine().now());
            (error.status, Content::Json(body), error.headers)
        }
    };
    let mut shown = Map::new();
    for (name, value) in &headers {
        if let Ok(value) = value.to_str() {
            shown.insert(name.as_str().to_owned(), value.into());
        }
    }
    let mut response = Map::new();
    response.insert("id".to_owned(), id.into());
    response.insert("status".to_owned(), status.as_u16().into());
    let mut kind = |kind: &str| shown.insert("Content-Type".to_owned(), kind.into());
    match content {
        Content::Nothing => {}
        Content::Json(body) => {
            kind("application/json");
            response.insert("body".to_owned(), body);
        }
        Content::Text(text) => {
            kind("text/plain");
            response.insert("body".to_owned(), STANDARD.encode(text).into());
        }
        Content::Xml(text) => {
            kind("application/xml");
            response.insert("body".to_owned(), STANDARD.encode(text).into());
        }
    }
    response.insert("headers".to_owned(), Value::Object(shown));
    Value::Object(response)
}

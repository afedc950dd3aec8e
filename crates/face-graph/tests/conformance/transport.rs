//! GRAPH-002 to GRAPH-012, GRAPH-155: tokens, headers, paths, errors.

use std::io::{Read as _, Write as _};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ephor_demo::cast;
use ephor_issuer::{IssuerFace, Settings};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

use crate::app::{App, CALL, HOST, PAGE, group, who};

const MINIMAL: &str =
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

#[tokio::test]
async fn graph_002_no_token_is_answered_with_a_challenge() {
    let app = App::start().await;
    for path in ["/v1.0/users", "/beta/me", "/v1.0/nothing", "/v1.0"] {
        let reply = app.call(Method::GET, "", path, &[], "").await;
        let expected = (401, "InvalidAuthenticationToken".to_owned(), "Access token is empty.".to_owned());
        assert_eq!(reply.error(), expected, "{path}");
        let challenge = reply.header("www-authenticate").unwrap();
        let page = format!("{HOST}/{}/oauth2/v2.0/authorize", cast::tenant());
        assert!(challenge.starts_with(&format!("Bearer realm=\"\", authorization_uri=\"{page}\", client_id=\"")));
        let inner = &reply.json()["error"]["innerError"];
        assert_eq!(inner.as_object().unwrap().len(), 3);
        assert_eq!(inner["date"], "2026-03-02T10:00:00");
    }
}

#[tokio::test]
async fn graph_003_155_tokens_that_do_not_count() {
    let app = App::start().await;
    let hour = SignedDuration::from_hours(1);
    let elsewhere = |url: &str, tenant| {
        IssuerFace::new(
            app.engine.clone(),
            Arc::clone(&app.identity),
            Arc::clone(&app.keys),
            Settings::new(url, tenant, []),
        )
    };
    let short = app.issued(app.issuer(), "ga", None, SignedDuration::from_secs(60)).await;
    let other_audience = app.issued(&elsewhere("https://other.example", cast::tenant()), "ga", None, hour).await;
    let other_tenant = app.issued(&elsewhere(HOST, Uuid::from_u128(5)), "ga", None, hour).await;
    let good = app.token("ga").await;
    let (head, signature) = good.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    let claims = good.split('.').nth(1).unwrap();
    let unsigned = format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#));
    assert_eq!(app.call(Method::GET, &good, "/v1.0/me", &[], "").await.status, StatusCode::OK);
    app.clock.set("2026-03-02T10:10:00Z".parse().unwrap());
    for (what, token) in [
        ("expired", &short),
        ("audience", &other_audience),
        ("tenant", &other_tenant),
        ("signature", &forged),
        ("alg none", &unsigned),
        ("rubbish", &"x".to_owned()),
    ] {
        let reply = app.call(Method::GET, token, "/v1.0/me", &[], "").await;
        let (status, code, message) = reply.error();
        assert_eq!((status, code.as_str()), (401, "InvalidAuthenticationToken"), "{what}: {message}");
        assert!(reply.header("www-authenticate").is_some(), "{what}");
        if what == "expired" {
            assert_eq!(message, "Lifetime validation failed, the token is expired.");
        }
    }
}

#[tokio::test]
async fn graph_004_ids_of_calls_are_echoed() {
    let app = App::start().await;
    let token = app.token("ga").await;
    let reply = app.call(Method::GET, &token, "/v1.0/nothing", &[("Client-Request-Id", "abc")], "").await;
    let inner = &reply.json()["error"]["innerError"];
    assert_eq!((reply.header("client-request-id"), inner["client-request-id"].as_str()), (Some("abc"), Some("abc")));
    let call = CALL.to_string();
    assert_eq!((reply.header("request-id"), inner["request-id"].as_str()), (Some(&*call), Some(&*call)));
    let reply = app.call(Method::GET, &token, "/v1.0/me", &[], "").await;
    assert_eq!((reply.header("request-id"), reply.header("client-request-id")), (Some(&*call), Some(&*call)));
}

#[tokio::test]
async fn graph_005_paths_have_many_spellings() {
    let app = App::start().await;
    let ua = "fe930be7-5e62-47db-91af-98c3a49a38b1";
    let plain = app.get("ga", &format!("/v1.0/roleManagement/directory/roleDefinitions/{ua}")).await.ok();
    assert_eq!(plain["displayName"], "User Administrator");
    for path in [
        format!("/V1.0/ROLEMANAGEMENT/Directory/roledefinitions/{ua}"),
        format!("/v1.0/roleManagement/directory/roleDefinitions/{}/", ua.to_uppercase()),
        format!("/v1.0//roleManagement/directory//roleDefinitions/{ua}"),
        format!("/v1.0/roleManagement/directory/roleDefinitions('{ua}')"),
        format!("/v1.0/roleManagement/directory/roleDefinitions(%27{ua}%27)"),
    ] {
        assert_eq!(app.get("ga", &path).await.ok(), plain, "{path}");
    }
}

#[tokio::test]
async fn graph_006_segments_that_lead_nowhere_are_named() {
    let app = App::start().await;
    let bad = |name: &str| (400, "BadRequest".to_owned(), format!("Resource not found for the segment '{name}'."));
    assert_eq!(app.get("ga", "/v1.0/nothing").await.error(), bad("nothing"));
    let id = Uuid::from_u128(9);
    let path = format!("roleManagement/directory/roleAssignmentApprovals/{id}");
    assert_eq!(app.get("ga", &format!("/v1.0/{path}")).await.error(), bad("roleAssignmentApprovals"));
    assert_ne!(app.get("ga", &format!("/beta/{path}")).await.status, StatusCode::BAD_REQUEST);
    let reply = app.post("ga", "/v1.0/users/x/memberOf", json!({})).await;
    assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, Some("GET")));
}

#[tokio::test]
async fn graph_007_008_headers_and_control_information() {
    let app = App::start().await;
    let token = app.token("ga").await;
    let reply = app.call(Method::GET, &token, "/v1.0/users?$top=1", &[], "").await;
    assert_eq!(reply.header("content-type"), Some(MINIMAL));
    assert_eq!((reply.header("odata-version"), reply.header("cache-control")), (Some("4.0"), Some("no-cache")));
    assert_eq!(reply.ok()["@odata.context"], "https://here.example:8443/v1.0/$metadata#users");
    let none = [("accept", "application/json;odata.metadata=none")];
    let members = format!("/v1.0/groups/{}/members", group("devs"));
    let alice = json!({"@odata.id": format!("/directoryObjects('{}')", who("alice"))});
    assert_eq!(app.post("ga", &format!("{members}/$ref"), alice).await.status, StatusCode::NO_CONTENT);
    let path = format!("{members}?$top=1");
    let reply = app.call(Method::GET, &token, &path, &none, "").await;
    assert!(reply.header("content-type").unwrap().contains("odata.metadata=none"));
    let body = reply.ok();
    assert_eq!(body.get("@odata.context"), None);
    assert!(body.get("@odata.nextLink").is_some(), "links stay");
    assert_eq!(body["value"][0].get("@odata.type"), None);
}

#[tokio::test]
async fn graph_009_bodies_travel_packed() {
    let app = App::start().await;
    let token = app.token("ga").await;
    let packed = app.call(Method::GET, &token, "/v1.0/$metadata", &[("accept-encoding", "br, gzip;q=0.9")], "").await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    GzDecoder::new(&*packed.bytes).read_to_string(&mut text).unwrap();
    let plain = app.call(Method::GET, &token, "/v1.0/$metadata", &[("accept-encoding", "gzip;q=0")], "").await;
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(text, plain.text());

    let pack = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let path = "/v1.0/directoryObjects/getByIds";
    let sent = |packing: &'static str| [("content-type", "application/json"), ("content-encoding", packing)];
    let body = json!({"ids": [who("alice").to_string()]}).to_string();
    let reply = app.call(Method::POST, &token, path, &sent("gzip"), pack(&body)).await;
    assert_eq!(reply.ok()["value"][0]["displayName"], "Alice Archer");
    // A small body that unpacks to a large one is refused like a large one.
    let reply = app.call(Method::POST, &token, path, &sent("gzip"), pack(&" ".repeat(2 << 20))).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    let reply = app.call(Method::POST, &token, path, &sent("gzip"), "no gzip").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    let reply = app.call(Method::POST, &token, path, &sent("br"), "x").await;
    assert_eq!(reply.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn graph_011_bodies_are_json() {
    let app = App::start().await;
    let token = app.token("ga").await;
    let path = "/v1.0/directoryObjects/getByIds";
    for (kind, body, status, code) in [
        ("application/json", "{", 400, "BadRequest"),
        ("application/json", "[]", 400, "BadRequest"),
        ("application/json", "", 400, "BadRequest"),
        ("text/plain", "{}", 415, "UnsupportedMediaType"),
        ("application/json; charset=utf-8; odata.metadata=minimal", "{}", 400, "Request_BadRequest"),
    ] {
        let reply = app.call(Method::POST, &token, path, &[("content-type", kind)], body).await;
        let (answered, said, _) = reply.error();
        assert_eq!((answered, said.as_str()), (status, code), "{kind} {body}");
    }
    let large = vec![b' '; (1 << 20) + 1];
    let reply = app.call(Method::POST, &token, path, &[("content-type", "application/json")], large).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn graph_012_pages_of_listed_origins_may_call() {
    let app = App::start().await;
    let preflight = |origin: &'static str| {
        [("origin", origin), ("access-control-request-method", "GET"), ("access-control-request-headers", "prefer")]
    };
    let reply = app.call(Method::OPTIONS, "", "/v1.0/users", &preflight(PAGE), "").await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT);
    assert_eq!(reply.header("access-control-allow-origin"), Some(PAGE));
    let allowed = reply.header("access-control-allow-headers").unwrap();
    for name in ["authorization", "content-type", "consistencylevel", "prefer", "client-request-id", "sdkversion"] {
        assert!(allowed.contains(name), "{name}");
    }
    let reply = app.call(Method::OPTIONS, "", "/v1.0/users", &preflight("https://evil.example"), "").await;
    assert_eq!(reply.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn graph_160_a_caller_who_calls_too_often_is_told_to_come_back() {
    let app = App::throttled(2).await;
    let token = app.token("alice").await;
    let me = async |token: &str| app.call(Method::GET, token, "/v1.0/me", &[], "").await;
    assert_eq!([me(&token).await.status, me(&token).await.status], [StatusCode::OK; 2]);
    let refused = me(&token).await;
    assert_eq!(refused.error(), (429, "TooManyRequests".to_owned(), "Too many requests.".to_owned()));
    assert_eq!(refused.header("retry-after"), Some("1"));
    // Others are not held up, and a second later nobody is.
    let bob = app.token("bob").await;
    assert_eq!(me(&bob).await.status, StatusCode::OK);
    app.clock.set(app.now() + jiff::SignedDuration::from_secs(1));
    assert_eq!(me(&token).await.status, StatusCode::OK);
    // Of a batch each call counts; those refused say so themselves.
    let calls: Vec<Value> =
        (1..4).map(|number| json!({"id": number.to_string(), "method": "GET", "url": "/me?$select=id"})).collect();
    let batch = json!({"requests": calls}).to_string();
    app.clock.set(app.now() + jiff::SignedDuration::from_secs(1));
    let answered = app.call(Method::POST, &token, "/v1.0/$batch", &[("content-type", "application/json")], batch).await;
    let answered = answered.ok();
    let responses = answered["responses"].as_array().unwrap();
    let of = |status: u16| responses.iter().filter(|one| one["status"] == status).collect::<Vec<_>>();
    assert_eq!((of(200).len(), of(429).len()), (1, 2));
    assert_eq!(of(429)[0]["headers"]["retry-after"], "1");
    assert_eq!(of(429)[0]["body"]["error"]["code"], "TooManyRequests");
}

use axum::body::Body;
use ephor_front::Owner;
use http::{Method, Request, Response, StatusCode};

use crate::fixture::{body_text, builder, telling, telling_face};

fn get(uri: &str) -> Request<Body> {
    Request::get(uri).header("host", "priv.example:8086").body(Body::empty()).unwrap()
}

async fn ask(uri: &str) -> (StatusCode, String) {
    let response = telling().dispatch(get(uri)).await;
    (response.status(), body_text(response).await)
}

#[tokio::test]
async fn a_face_gets_the_canonical_path_and_all_facts_of_the_call() {
    let (status, body) = ask("//API/PamResources/PamRoles/?$filter=a%20eq%201").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        body,
        "pam GET /api/pamresources/PamRoles/?$filter=a%20eq%201 id=00000000-0000-0000-0000-000000000001 \
         peer=127.0.0.1 authority=http://priv.example:8086 received=//API/PamResources/PamRoles/?$filter=a%20eq%201"
    );
}

#[tokio::test]
async fn every_owner_is_reached() {
    for (path, owner) in [
        ("/api/pamresources/x", "pam"),
        ("/BETA/me", "graph"),
        ("/providers/x", "arm"),
        ("/Demo.Test/v2.0", "issuer"),
        ("/api/admin/v1/x", "admin"),
        ("/scim/v2/Users", "scim"),
        ("/readyz", "process"),
        ("/portal", "portal"),
        ("/", "portal"),
    ] {
        let (_, body) = ask(path).await;
        assert!(body.starts_with(&format!("{owner} GET ")), "{path}: {body}");
    }
}

#[tokio::test]
async fn a_malformed_path_is_refused_by_the_owner_of_its_first_segments() {
    for (path, status, body) in [
        ("/api/pamresources/../admin", 400, "pam says: the path has a segment that is a single or double dot"),
        ("/api/pamresources/%2e%2e", 400, "pam says: the path has a segment that is a single or double dot"),
        ("/v1.0/a%00", 400, "graph says: the path has a NUL character"),
        ("/subscriptions%2Fx", 400, "portal says: the path has an encoded slash in its first two segments"),
        ("/api/pamresources%2Fx", 400, "admin says: the path has an encoded slash in its first two segments"),
        ("/scim/%zz", 400, "scim says: the path is not valid percent-encoded UTF-8"),
    ] {
        let (got, text) = ask(path).await;
        assert_eq!((got.as_u16(), text.as_str()), (status, body), "{path}");
    }
}

#[tokio::test]
async fn a_url_above_16_kib_is_refused_by_its_owner() {
    let fits = format!("/api/pamresources/{}", "x".repeat(16 * 1024 - 18));
    assert_eq!(ask(&fits).await.0, StatusCode::OK);
    let (status, body) = ask(&format!("{fits}x")).await;
    assert_eq!(status, StatusCode::URI_TOO_LONG);
    assert_eq!(body, "pam says: the URL is longer than 16384 bytes");
}

#[tokio::test]
async fn a_header_block_that_is_too_large_is_refused_by_the_owner() {
    let mut request = get("/v1.0/me");
    request.headers_mut().insert("x-filler", "x".repeat(33 * 1024).parse().unwrap());
    let response = telling().dispatch(request).await;
    assert_eq!(response.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert_eq!(body_text(response).await, "graph says: the header fields are longer than 32768 bytes");
}

#[tokio::test]
async fn a_forged_host_reaches_no_face() {
    let request = Request::get("/api/pamresources/pamroles").header("host", "a\"b").body(Body::empty()).unwrap();
    let response = telling().dispatch(request).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(body_text(response).await, "pam says: the Host header is not a host name with an optional port");
}

#[tokio::test]
async fn an_owner_without_a_face_answers_a_problem_document() {
    let dispatcher = builder().face(Owner::Pam, telling_face(Owner::Pam)).build();
    for (path, status, detail) in [
        ("/v1.0/me", 404, "There is nothing at this address."),
        ("/v1.0/..", 400, "the path has a segment that is a single or double dot"),
    ] {
        let response = dispatcher.dispatch(get(path)).await;
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert!(response.headers().contains_key("request-id"));
        let body: serde_json::Value = serde_json::from_str(&body_text(response).await).unwrap();
        assert_eq!(body["status"], status);
        assert_eq!(body["detail"], detail);
    }
}

#[tokio::test]
async fn one_id_for_each_call_on_both_headers() {
    let dispatcher = telling();
    for expected in ["00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"] {
        let response: Response<Body> = dispatcher.dispatch(get("/portal")).await;
        assert_eq!(response.headers()["request-id"], expected);
        assert_eq!(response.headers()["x-ms-request-id"], expected);
        assert!(body_text(response).await.contains(&format!("id={expected}")));
    }
}

#[tokio::test]
async fn head_and_options_pass_through() {
    for method in [Method::HEAD, Method::OPTIONS, Method::DELETE] {
        let mut request = get("/api/pamresources/pamroles");
        *request.method_mut() = method.clone();
        let response = telling().dispatch(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        let body = body_text(response).await;
        if method != Method::HEAD {
            assert!(body.starts_with(&format!("pam {method} ")), "{body}");
        }
    }
}

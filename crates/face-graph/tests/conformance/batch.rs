//! GRAPH-151: several calls in one.

use http::StatusCode;
use serde_json::{Value, json};

use crate::app::{App, group, who};

fn of<'v>(answer: &'v Value, id: &str) -> &'v Value {
    let responses = answer["responses"].as_array().unwrap();
    responses.iter().find(|response| response["id"] == id).unwrap_or_else(|| panic!("{id}: {answer}"))
}

#[tokio::test]
async fn graph_151_calls_travel_together() {
    let app = App::start().await;
    let member = format!("/groups/{}/members", group("G"));
    let carol = json!({"@odata.id": format!("https://x/v1.0/directoryObjects/{}", who("carol"))});
    let json_kind = json!({"content-TYPE": "application/json", "Authorization": "Bearer nobody"});
    let body = json!({"requests": [
        {"id": "list", "method": "GET", "url": format!("{member}?$select=id&$count=true"), "dependsOn": ["add"]},
        {"id": "add", "method": "post", "url": format!("{member}/$ref"), "headers": json_kind, "body": carol},
        {"id": 3, "method": "GET", "url": "/v1.0/me"},
        {"id": "beta", "method": "GET", "url": "beta/me?$select=displayName,id"},
        {"id": "none", "method": "GET", "url": "/groups/x"},
        {"id": "after none", "method": "GET", "url": "/me", "depends_on": ["none"]},
        {"id": "after that", "method": "GET", "url": "/me", "dependsOn": ["after none"]},
        {"id": "count", "method": "GET", "url": "/users/$count", "headers": {"ConsistencyLevel": "eventual"}},
    ]});
    let answer = app.post("ga", "/v1.0/$batch", body).await.ok();
    let added = of(&answer, "add");
    assert_eq!((added["status"].clone(), added.get("body")), (json!(204), None), "{added}");
    assert_eq!(
        of(&answer, "list")["body"]["value"],
        json!([{"@odata.type": "#microsoft.graph.user", "id": who("carol")}])
    );
    let me = of(&answer, "3");
    assert_eq!((me["status"].clone(), me["headers"]["Content-Type"].as_str()), (json!(200), Some("application/json")));
    assert_eq!(me["body"]["displayName"], "Gus Adler");
    let context = "https://here.example:8443/beta/$metadata#users(displayName,id)/$entity";
    assert_eq!(of(&answer, "beta")["body"]["@odata.context"], context);
    let none = of(&answer, "none");
    assert_eq!(
        (none["status"].clone(), none["body"]["error"]["code"].as_str()),
        (json!(404), Some("Request_ResourceNotFound"))
    );
    assert_eq!(none["body"]["error"]["innerError"].as_object().unwrap().len(), 3);
    for id in ["after none", "after that"] {
        assert_eq!(of(&answer, id)["status"], 424, "{id}");
    }
    assert_eq!(of(&answer, "count")["body"], "MTQ=");
}

#[tokio::test]
async fn a_batch_that_is_none_is_refused_whole() {
    let app = App::start().await;
    let me = |id: &str| json!({"id": id, "method": "GET", "url": "/me"});
    let full: Vec<Value> = (0..20).map(|number| me(&number.to_string())).collect();
    let answer = app.post("ga", "/v1.0/$batch", json!({"requests": full})).await.ok();
    assert_eq!(answer["responses"].as_array().unwrap().len(), 20);
    let more: Vec<Value> = (0..21).map(|number| me(&number.to_string())).collect();
    for requests in [
        json!(more),
        json!([]),
        json!(null),
        json!([me("1"), me("1")]),
        json!([{"id": "1", "method": "GET", "url": "/me", "dependsOn": ["2"]}]),
        json!([{"id": "1", "method": "GET", "url": "/me", "dependsOn": ["2"]}, {"id": "2", "method": "GET", "url": "/me", "dependsOn": ["1"]}]),
        json!([{"id": "1", "method": "GET", "url": "/$batch"}]),
        json!([{"id": "1", "method": "TRACE", "url": "/me"}]),
        json!([{"method": "GET", "url": "/me"}]),
        json!([{"id": "1", "method": "GET"}]),
        json!(["x"]),
    ] {
        let (status, code, _) = app.post("ga", "/v1.0/$batch", json!({"requests": requests})).await.error();
        assert_eq!((status, code.as_str()), (400, "BadRequest"), "{requests}");
    }
    let token = app.token_with("alice", Some(&["User.Read"])).await;
    let body = json!({"requests": [me("1"), {"id": "2", "method": "GET", "url": "/users"}]}).to_string();
    let kind = [("content-type", "application/json")];
    let answer = app.call(http::Method::POST, &token, "/v1.0/$batch", &kind, body).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(of(&answer.json(), "2")["status"], 403, "each call is let in by itself");
}

/// Each batch holds the next; the innermost asks who calls.
fn nested(spelling: &str, levels: usize) -> Value {
    let mut body = json!({"requests": [{"id": "1", "method": "GET", "url": "/me"}]});
    for _ in 0..levels {
        let kind = json!({"content-type": "application/json"});
        body = json!({"requests": [{"id": "1", "method": "POST", "url": spelling, "headers": kind, "body": body.clone()}]});
    }
    body
}

#[tokio::test]
async fn a_batch_in_a_batch_is_refused_in_every_spelling() {
    let app = App::start().await;
    for spelling in [
        "/$batch",
        "$batch",
        "/%24batch",
        "/%24%62%61%74%63%68",
        "/$%62atch",
        "/%24BaTcH",
        "/$BATCH",
        "//%24batch",
        "/v1.0/%24batch",
        "/beta/%24batch",
        "/V1.0/%24Batch",
        "/v1.0//%24batch/",
        "/%24batch/?$select=id",
        "/%24batch?x=/me",
    ] {
        for levels in [1, 2, 35] {
            let (status, code, _) = app.post("eve", "/v1.0/$batch", nested(spelling, levels)).await.error();
            assert_eq!((status, code.as_str()), (400, "BadRequest"), "{spelling} {levels}");
        }
    }
    // Not even its method matters, nor a body that is sent in base64.
    for request in [
        json!({"id": "1", "method": "GET", "url": "/%24batch"}),
        json!({"id": "1", "method": "POST", "url": "/%24batch", "body": "eyJyZXF1ZXN0cyI6W119"}),
    ] {
        let body = json!({"requests": [{"id": "0", "method": "GET", "url": "/me"}, request]});
        let (status, code, _) = app.post("eve", "/v1.0/$batch", body).await.error();
        assert_eq!((status, code.as_str()), (400, "BadRequest"));
    }
    // Encoded twice, below an edition that is encoded or with more behind it, it is no batch but a segment that leads
    // nowhere; and what only looks like one is served.
    let body = json!({"requests": [
        {"id": "twice", "method": "POST", "url": "/%2524batch"},
        {"id": "more", "method": "POST", "url": "/%24batch#me"},
        {"id": "edition", "method": "POST", "url": "/%76%31.0/%24batch"},
        {"id": "text", "method": "GET", "url": "/users?$filter=displayName eq '$batch'"},
    ]});
    let answer = app.post("ga", "/v1.0/$batch", body).await.ok();
    for id in ["twice", "more", "edition"] {
        let message = of(&answer, id)["body"]["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("Resource not found for the segment"), "{answer}");
    }
    assert_eq!(of(&answer, "text")["body"]["value"], json!([]), "{answer}");
}

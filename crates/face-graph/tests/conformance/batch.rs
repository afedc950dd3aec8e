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

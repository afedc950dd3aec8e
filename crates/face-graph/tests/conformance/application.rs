//! Applications are registered, given credentials, changed and removed.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::app::{App, each};

const SET: &str = "/v1.0/applications";

/// The public half of a key, as PEM.
const KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
                   MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
                   -----END PUBLIC KEY-----\n";

async fn registered(app: &App, body: Value) -> Value {
    let made = app.post("ga", SET, body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let value = made.json();
    let location = format!("https://here.example:8443{SET}/{}", value["id"].as_str().unwrap());
    assert_eq!(made.header("location"), Some(&*location));
    value
}

#[tokio::test]
async fn a_client_registers_and_is_found() {
    let app = App::start().await;
    let made = registered(
        &app,
        json!({
            "displayName": "Pipeline", "signInAudience": "AzureADMyOrg",
            "web": {"redirectUris": ["https://ci.example/back"]}, "spa": {"redirectUris": []},
        }),
    )
    .await;
    let (id, client) = (made["id"].as_str().unwrap(), made["appId"].as_str().unwrap());
    assert_eq!(
        made,
        json!({
            "@odata.context": "https://here.example:8443/v1.0/$metadata#applications/$entity",
            "id": id, "deletedDateTime": null, "appId": client, "createdDateTime": "2026-03-02T10:00:00Z",
            "displayName": "Pipeline", "identifierUris": [], "isFallbackPublicClient": false, "keyCredentials": [],
            "passwordCredentials": [], "publicClient": {"redirectUris": []}, "publisherDomain": "demo.test",
            "signInAudience": "AzureADMyOrg", "spa": {"redirectUris": []}, "tags": [],
            "web": {"homePageUrl": null, "logoutUrl": null, "redirectUris": ["https://ci.example/back"]},
        })
    );
    for path in
        [format!("{SET}/{id}"), format!("{SET}(appId='{client}')"), format!("/beta/applications/{}", id.to_uppercase())]
    {
        assert_eq!(app.get("ga", &path).await.ok()["appId"], json!(client), "{path}");
    }
    for filter in [
        format!("appId eq '{client}'"),
        format!("id eq '{id}'"),
        "displayName eq 'pipeline'".to_owned(),
        "startswith(displayName,'Pipe')".to_owned(),
    ] {
        assert_eq!(each(&app.get("ga", &format!("{SET}?$filter={filter}")).await.ok(), "id"), [id], "{filter}");
    }
    let all = app.get("ga", SET).await.ok();
    assert_eq!(each(&all, "displayName").len(), ephor_demo::apps::APPS.len() + 1);
    let counted = app.get_eventual("ga", &format!("{SET}/$count")).await.text();
    assert_eq!(counted, each(&all, "id").len().to_string());
    // Its service principal is there at once.
    let service = app.get("ga", &format!("/v1.0/servicePrincipals(appId='{client}')")).await.ok();
    assert_eq!((&service["id"], &service["displayName"]), (&json!(id), &json!("Pipeline")));

    let change = json!({"displayName": "Pipelines", "spa": {"redirectUris": ["https://page.example/"]}});
    assert_eq!(app.patch("ga", &format!("{SET}/{id}"), change).await.status, StatusCode::NO_CONTENT);
    let now = app.get("ga", &format!("{SET}/{id}?$select=displayName,web,spa")).await.ok();
    assert_eq!(
        (&now["displayName"], &now["web"]["redirectUris"], &now["spa"]["redirectUris"]),
        (&json!("Pipelines"), &json!(["https://ci.example/back"]), &json!(["https://page.example/"]))
    );
    let native =
        registered(&app, json!({"displayName": "T", "publicClient": {"redirectUris": ["http://localhost/"]}})).await;
    assert_eq!(native["isFallbackPublicClient"], true);

    assert_eq!(app.delete("ga", &format!("{SET}/{id}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.get("ga", &format!("{SET}/{id}")).await.error().1, "Request_ResourceNotFound");
    assert_eq!(app.delete("ga", &format!("{SET}/{id}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_not_kept_is_refused_and_rights_are_the_engines() {
    let app = App::start().await;
    for body in [
        json!({}),
        json!({"displayName": null}),
        json!({"displayName": 7}),
        json!({"displayName": "x", "signInAudience": "AzureADMultipleOrgs"}),
        json!({"displayName": "x", "requiredResourceAccess": [{}]}),
        json!({"displayName": "x", "passwordCredentials": [{}]}),
        json!({"displayName": "x", "web": {"redirectUris": ["ftp://x"]}}),
        json!({"displayName": "x", "web": {"redirectUris": "https://x"}}),
        json!({"displayName": "x", "web": []}),
        json!({"displayName": "x", "isFallbackPublicClient": false, "publicClient": {"redirectUris": ["http://localhost/"]}}),
    ] {
        let (status, code, _) = app.post("ga", SET, body.clone()).await.error();
        assert_eq!((status, code.as_str()), (400, "Request_BadRequest"), "{body}");
    }
    let made = registered(&app, json!({"displayName": "Mine"})).await;
    let path = format!("{SET}/{}", made["id"].as_str().unwrap());
    let denied = (403, "Authorization_RequestDenied".to_owned());
    for key in ["alice", "gr", "pra"] {
        let error = app.post(key, SET, json!({"displayName": "x"})).await.error();
        assert_eq!((error.0, error.1), denied, "{key}");
        assert_eq!(app.patch(key, &path, json!({"displayName": "x"})).await.status, StatusCode::FORBIDDEN, "{key}");
        assert_eq!(app.delete(key, &path).await.status, StatusCode::FORBIDDEN, "{key}");
        let added = app.post(key, &format!("{path}/addPassword"), json!({})).await;
        assert_eq!(added.status, StatusCode::FORBIDDEN, "{key}");
    }
    assert_eq!(app.get("alice", SET).await.status, StatusCode::FORBIDDEN);
    // A scope that reads changes nothing.
    let token = app.token_with("ga", Some(&["Application.Read.All"])).await;
    let json_type = [("content-type", "application/json")];
    let reply = app.call(Method::POST, &token, SET, &json_type, r#"{"displayName":"x"}"#).await;
    assert_eq!((reply.error().0, reply.error().1), denied);
    assert_eq!(app.call(Method::GET, &token, &path, &[], "").await.status, StatusCode::OK);
    let changed = app.patch("ga", &path, json!({"isFallbackPublicClient": true})).await;
    assert_eq!(changed.status, StatusCode::BAD_REQUEST);
    // No application registers others or gives them secrets.
    for (path, body) in [(SET.to_owned(), json!({"displayName": "x"})), (format!("{path}/addPassword"), json!({}))] {
        assert_eq!(app.post("app", &path, body).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn secrets_are_shown_once_and_keys_are_told_by_their_print() {
    let app = App::start().await;
    let made = registered(&app, json!({"displayName": "Robot"})).await;
    let path = format!("{SET}/{}", made["id"].as_str().unwrap());
    let end = app.now() + SignedDuration::from_hours(24 * 90);
    let wanted = json!({"passwordCredential": {"displayName": "ci", "endDateTime": end}});
    let secret = app.post("ga", &format!("{path}/addPassword"), wanted).await.ok();
    let text = secret["secretText"].as_str().unwrap();
    assert!(text.starts_with("ephs_") && text.len() > 40, "a secret of some length");
    assert_eq!(secret["@odata.context"], "https://here.example:8443/v1.0/$metadata#microsoft.graph.passwordCredential");
    let shown = app.get("ga", &path).await.ok()["passwordCredentials"][0].clone();
    assert_eq!(
        shown,
        json!({
            "customKeyIdentifier": null, "displayName": "ci", "endDateTime": end, "hint": text[5..11],
            "keyId": secret["keyId"], "secretText": null, "startDateTime": app.now(),
        })
    );
    let usual = app.post("ga", &format!("{path}/addPassword"), json!({})).await.ok();
    assert_eq!(usual["endDateTime"], json!(app.now() + SignedDuration::from_hours(24 * 180)));
    for body in [
        json!({"passwordCredential": {"endDateTime": "2020-01-01T00:00:00Z"}}),
        json!({"passwordCredential": {"endDateTime": "2036-01-01T00:00:00Z"}}),
        json!({"passwordCredential": {"endDateTime": "soon"}}),
        json!({"passwordCredential": []}),
    ] {
        assert_eq!(app.post("ga", &format!("{path}/addPassword"), body.clone()).await.error().0, 400, "{body}");
    }

    let key = json!({
        "keyCredential": {"type": "AsymmetricX509Cert", "usage": "Verify", "key": STANDARD.encode(KEY), "displayName": "k"},
        "passwordCredential": null, "proof": "not read",
    });
    let added = app.post("ga", &format!("{path}/addKey"), key.clone()).await.ok();
    assert_eq!((&added["key"], &added["usage"], &added["displayName"]), (&Value::Null, &json!("Verify"), &json!("k")));
    let again = app.post("ga", &format!("{path}/addKey"), key).await;
    assert_eq!(again.error().0, 400, "the same key twice");
    let sign = json!({"keyCredential": {"usage": "Sign", "key": STANDARD.encode(KEY)}});
    for body in [sign, json!({"keyCredential": {"key": "AAAA"}}), json!({"keyCredential": {}}), json!({})] {
        assert_eq!(app.post("ga", &format!("{path}/addKey"), body.clone()).await.error().0, 400, "{body}");
    }

    let gone = |id: &Value| json!({"keyId": id, "proof": "not read"});
    for (action, id) in [("removePassword", &secret["keyId"]), ("removeKey", &added["keyId"])] {
        let reply = app.post("ga", &format!("{path}/{action}"), gone(id)).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT, "{action}: {}", reply.text());
        assert_eq!(
            app.post("ga", &format!("{path}/{action}"), gone(id)).await.status,
            StatusCode::NOT_FOUND,
            "{action}"
        );
    }
    assert_eq!(app.post("ga", &format!("{path}/removeKey"), json!({})).await.status, StatusCode::BAD_REQUEST);
    let left = app.get("ga", &path).await.ok();
    assert_eq!((left["passwordCredentials"].as_array().unwrap().len(), &left["keyCredentials"]), (1, &json!([])));
    // A public client keeps no secrets.
    let public = registered(&app, json!({"displayName": "Tool", "isFallbackPublicClient": true})).await;
    let path = format!("{SET}/{}/addPassword", public["id"].as_str().unwrap());
    assert_eq!(app.post("ga", &path, json!({})).await.status, StatusCode::BAD_REQUEST);
    // What happened stands in the delta of service principals.
    let next = app.get("ga", "/v1.0/servicePrincipals/delta?$deltatoken=latest").await.ok();
    let next = next["@odata.deltaLink"].as_str().unwrap().strip_prefix("https://here.example:8443").unwrap().to_owned();
    let removed = app.delete("ga", &format!("{SET}/{}", public["id"].as_str().unwrap())).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    let changed = app.get("ga", &next).await.ok();
    assert_eq!(changed["value"], json!([{"id": public["id"], "@removed": {"reason": "deleted"}}]));
}

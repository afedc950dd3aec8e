//! GRAPH-032, GRAPH-033, GRAPH-035, GRAPH-146: roles of one's own, standing assignments, members by reference.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{App, Reply, each, group, who};

const DEFINITIONS: &str = "/v1.0/roleManagement/directory/roleDefinitions";
const ASSIGNMENTS: &str = "/v1.0/roleManagement/directory/roleAssignments";
const UA: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";

async fn send(app: &App, who: &str, method: Method, path: &str, body: Value) -> Reply {
    let token = app.token(who).await;
    let body = if body.is_null() { String::new() } else { body.to_string() };
    app.call(method, &token, path, &[("content-type", "application/json")], body).await
}

#[track_caller]
fn is_done(reply: &Reply) {
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.text());
    assert!(reply.bytes.is_empty() && reply.header("content-type").is_none());
}

#[tokio::test]
async fn graph_032_a_role_of_ones_own_lives_and_dies() {
    let app = App::start().await;
    let permissions = json!([{"allowedResourceActions": ["microsoft.directory/users/basic/read"]}]);
    let body = json!({"DisplayName": "Reader of users", "rolePermissions": permissions, "isEnabled": true,
        "description": "Reads", "id": "ignored", "isBuiltIn": true, "@odata.type": "#microsoft.graph.unifiedRoleDefinition"});
    let made = send(&app, "pra", Method::POST, DEFINITIONS, body.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let role = made.json();
    let id = role["id"].as_str().unwrap();
    let path = format!("{DEFINITIONS}/{id}");
    assert_eq!(made.header("location"), Some(format!("https://here.example:8443{path}").as_str()));
    assert_eq!(
        role,
        json!({
            "@odata.context": "https://here.example:8443/v1.0/$metadata#roleManagement/directory/roleDefinitions/$entity",
            "id": id,
            "description": "Reads",
            "displayName": "Reader of users",
            "isBuiltIn": false,
            "isEnabled": true,
            "resourceScopes": ["/"],
            "rolePermissions": [{"allowedResourceActions": ["microsoft.directory/users/basic/read"], "condition": null}],
            "templateId": id,
            "version": null,
        })
    );
    assert_eq!(app.get("gr", &path).await.ok(), role);
    let (status, code, _) = send(&app, "pra", Method::POST, DEFINITIONS, body).await.error();
    assert_eq!((status, code.as_str()), (400, "Request_BadRequest"), "the name is taken");

    is_done(
        &send(&app, "ga", Method::PATCH, &path, json!({"description": null, "isEnabled": false, "version": "2"})).await,
    );
    let changed = app.get("gr", &path).await.ok();
    let facts = |role: &Value| (role["description"].clone(), role["isEnabled"].clone(), role["version"].clone());
    assert_eq!(facts(&changed), (json!(null), json!(false), json!("2")));
    assert_eq!(changed["displayName"], "Reader of users", "what is absent stays");

    // In use it stays, then it goes.
    let held = json!({"principalId": who("alice"), "roleDefinitionId": id, "directoryScopeId": "/"});
    let held = send(&app, "pra", Method::POST, ASSIGNMENTS, held).await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(send(&app, "pra", Method::DELETE, &path, Value::Null).await.status, StatusCode::BAD_REQUEST);
    is_done(&send(&app, "pra", Method::DELETE, &format!("{ASSIGNMENTS}/{held}"), Value::Null).await);
    is_done(&send(&app, "app", Method::DELETE, &path, Value::Null).await);
    assert_eq!(app.get("gr", &path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(send(&app, "pra", Method::DELETE, &path, Value::Null).await.status, StatusCode::NOT_FOUND);

    let built_in = format!("{DEFINITIONS}/{UA}");
    for (method, body) in [(Method::PATCH, json!({"description": "x"})), (Method::DELETE, Value::Null)] {
        let (status, code, _) = send(&app, "ga", method, &built_in, body).await.error();
        assert_eq!((status, code.as_str()), (400, "Request_BadRequest"));
    }
    for body in [
        json!({"rolePermissions": permissions}),
        json!({"displayName": "", "rolePermissions": permissions}),
        json!({"displayName": "x", "rolePermissions": []}),
        json!({"displayName": "x"}),
        json!({"displayName": "x", "rolePermissions": [{"allowedResourceActions": "all"}]}),
        json!({"displayName": "User administrator", "rolePermissions": permissions}),
    ] {
        let (status, code, _) = send(&app, "pra", Method::POST, DEFINITIONS, body.clone()).await.error();
        assert_eq!((status, code.as_str()), (400, "Request_BadRequest"), "{body}");
    }
    let body = json!({"displayName": "x", "rolePermissions": permissions});
    for who in ["alice", "gr"] {
        let (status, code, _) = send(&app, who, Method::POST, DEFINITIONS, body.clone()).await.error();
        assert_eq!((status, code.as_str()), (403, "UnauthorizedAccessException"), "{who}");
    }
}

#[tokio::test]
async fn graph_033_035_standing_assignments() {
    let app = App::start().await;
    let body = json!({"@odata.type": "#microsoft.graph.unifiedRoleAssignment", "principalId": who("alice"),
        "roleDefinitionId": UA, "directoryScopeId": "/"});
    let made = send(&app, "pra", Method::POST, ASSIGNMENTS, body.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let row = made.json();
    let id = row["id"].as_str().unwrap();
    assert_eq!((row["directoryScopeId"].as_str(), row["roleDefinitionId"].as_str()), (Some("/"), Some(UA)));
    assert!(made.header("location").unwrap().ends_with(id));
    let twice = send(&app, "pra", Method::POST, ASSIGNMENTS, body).await.error();
    let words = "A conflicting object with one or more of the specified property values is present in the directory.";
    assert_eq!(twice, (400, "Request_BadRequest".to_owned(), words.to_owned()));

    // The holder sees it, and what it opens.
    let path = format!("{ASSIGNMENTS}/{id}");
    assert_eq!(app.get("alice", &path).await.ok()["principalId"], who("alice").to_string());
    let roles = app.get("alice", "/v1.0/me/transitiveMemberOf/microsoft.graph.directoryRole").await.ok();
    assert_eq!(each(&roles, "id"), [UA]);

    is_done(&send(&app, "pra", Method::DELETE, &path, Value::Null).await);
    assert_eq!(send(&app, "pra", Method::DELETE, &path, Value::Null).await.status, StatusCode::NOT_FOUND);
    let roles = app.get("alice", "/v1.0/me/transitiveMemberOf/microsoft.graph.directoryRole").await.ok();
    assert_eq!(roles["value"], json!([]));

    let order = |principal: String, role: &str, scope: &str| json!({"principalId": principal, "roleDefinitionId": role, "directoryScopeId": scope});
    let nobody = "00000000-0000-4000-8000-000000000000";
    for (body, code) in [
        (order(group("G"), UA, "/"), "Request_BadRequest"),
        (order(nobody.to_owned(), UA, "/"), "Request_BadRequest"),
        (order(who("alice").to_string(), nobody, "/"), "Request_BadRequest"),
        (order(who("alice").to_string(), UA, "/administrativeUnits/x"), "InvalidScope"),
        (order(who("alice").to_string(), UA, &format!("/administrativeUnits/{nobody}")), "InvalidScope"),
        (order(who("alice").to_string(), UA, &format!("/{nobody}")), "InvalidScope"),
        (json!({"principalId": who("alice"), "roleDefinitionId": UA}), "Request_BadRequest"),
    ] {
        let (status, said, _) = send(&app, "pra", Method::POST, ASSIGNMENTS, body.clone()).await.error();
        assert_eq!((status, said.as_str()), (400, code), "{body}");
    }
    for who_asks in ["alice", "carol", "gr"] {
        let body = order(who("carol").to_string(), UA, "/");
        let (status, code, _) = send(&app, who_asks, Method::POST, ASSIGNMENTS, body).await.error();
        assert_eq!((status, code.as_str()), (403, "UnauthorizedAccessException"), "{who_asks}");
    }
    // An application by its app role, and not by another one.
    let body = order(who("carol").to_string(), UA, "/").to_string();
    for (scope, status) in [("RoleManagement.ReadWrite.Directory", 201), ("Directory.ReadWrite.All", 403)] {
        let token = app.token_with("app", Some(&[scope])).await;
        let kind = [("content-type", "application/json")];
        let reply = app.call(Method::POST, &token, ASSIGNMENTS, &kind, body.clone()).await;
        assert_eq!(reply.status.as_u16(), status, "{scope}: {}", reply.text());
    }
}

#[tokio::test]
async fn a_role_held_by_a_group_is_held_by_its_members() {
    let app = App::start().await;
    let body = json!({"principalId": group("RG"), "roleDefinitionId": UA, "directoryScopeId": "/"});
    assert_eq!(send(&app, "pra", Method::POST, ASSIGNMENTS, body).await.status, StatusCode::CREATED);
    let rows = app.get("alice2", &format!("{ASSIGNMENTS}?$expand=principal($select=displayName)")).await.ok();
    assert_eq!(each(&rows, "principalId"), [group("RG")]);
    assert_eq!(
        rows["value"][0]["principal"],
        json!({"@odata.type": "#microsoft.graph.group", "displayName": "Role holders"})
    );
    let path = format!(
        "/beta/roleManagement/directory/transitiveRoleAssignments?$count=true&$filter=principalId eq '{}'",
        who("alice2")
    );
    let found = app.get_eventual("gr", &path).await.ok();
    assert_eq!((each(&found, "principalId"), found["@odata.count"].clone()), (vec![group("RG").as_str()], json!(1)));
    // Held through the group it opens what it opens.
    let member = json!({"@odata.id": format!("https://here.example:8443/v1.0/directoryObjects/{}", who("carol"))});
    let path = format!("/v1.0/groups/{}/members/$ref", group("G"));
    is_done(&send(&app, "alice2", Method::POST, &path, member).await);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let app = App::start().await;
    let ids = app
        .get("pra", &format!("{ASSIGNMENTS}?$filter=roleDefinitionId eq '62e90394-69f5-4237-9190-012177145e10'"))
        .await
        .ok();
    let ids: Vec<String> = each(&ids, "id").into_iter().map(str::to_owned).collect();
    assert_eq!(ids.len(), 2);
    is_done(&send(&app, "pra", Method::DELETE, &format!("{ASSIGNMENTS}/{}", ids[0]), Value::Null).await);
    let refused = send(&app, "pra", Method::DELETE, &format!("{ASSIGNMENTS}/{}", ids[1]), Value::Null).await.error();
    let words = "The last administrator cannot be removed or disabled.";
    assert_eq!(refused, (400, "Request_BadRequest".to_owned(), words.to_owned()));
}

#[tokio::test]
async fn graph_146_members_by_reference() {
    let app = App::start().await;
    let refs = format!("/v1.0/groups/{}/members/$ref", group("G"));
    let body = json!({"@odata.id": format!("https://here.example:8443/v1.0/directoryObjects/{}", who("alice"))});
    // dave owns the group and holds no role.
    is_done(&send(&app, "dave", Method::POST, &refs, body.clone()).await);
    let members = app.get("ga", &format!("/v1.0/groups/{}/members", group("G"))).await.ok();
    assert_eq!(each(&members, "id"), [who("alice").to_string()]);
    let twice = send(&app, "ga", Method::POST, &refs, body.clone()).await.error();
    let words = "One or more added object references already exist for the following modified properties: 'members'.";
    assert_eq!(twice, (400, "Request_BadRequest".to_owned(), words.to_owned()));
    for (who_asks, key, status) in [("carol", "G", 403), ("dave", "RG", 403), ("ga", "DYN", 400), ("ga", "SYN", 400)] {
        let path = format!("/v1.0/groups/{}/members/$ref", group(key));
        assert_eq!(
            send(&app, who_asks, Method::POST, &path, body.clone()).await.status.as_u16(),
            status,
            "{who_asks} {key}"
        );
    }
    let denied = send(&app, "carol", Method::POST, &refs, body.clone()).await.error();
    assert_eq!(denied.1, "Authorization_RequestDenied");

    let one = format!("/v1.0/groups/{}/members/{}/$ref", group("G"), who("alice"));
    is_done(&send(&app, "dave", Method::DELETE, &one, Value::Null).await);
    let (status, code, _) = send(&app, "dave", Method::DELETE, &one, Value::Null).await.error();
    assert_eq!((status, code.as_str()), (404, "Request_ResourceNotFound"));

    let owners = format!("/v1.0/groups/{}/owners/$ref", group("G"));
    is_done(&send(&app, "dave", Method::POST, &owners, body).await);
    let listed = app.get("ga", &format!("/v1.0/groups/{}/owners", group("G"))).await.ok();
    assert_eq!(listed["value"].as_array().unwrap().len(), 2);
    let owner = format!("/v1.0/groups/{}/owners/{}/$ref", group("G"), who("alice"));
    is_done(&send(&app, "alice", Method::DELETE, &owner, Value::Null).await);

    // A group in a group, and no group in itself or in one that can be given roles.
    let nested = json!({"@odata.id": format!("/directoryObjects('{}')", group("devs"))});
    is_done(&send(&app, "ga", Method::POST, &refs, nested.clone()).await);
    let found =
        app.get("ga", &format!("/v1.0/groups/{}/transitiveMembers/microsoft.graph.user", group("G"))).await.ok();
    assert_eq!(found["value"].as_array().unwrap().len(), 1, "bob through devs");
    let found = app.post("bob", "/v1.0/me/checkMemberGroups", json!({"groupIds": [group("G")]})).await.ok();
    assert_eq!(found["value"], json!([group("G")]));
    for key in ["devs", "RG"] {
        let path = format!("/v1.0/groups/{}/members/$ref", group(key));
        assert_eq!(
            send(&app, "ga", Method::POST, &path, nested.clone()).await.status,
            StatusCode::BAD_REQUEST,
            "{key}"
        );
    }
    for body in [json!({}), json!({"@odata.id": "x"}), json!({"@odata.id": 1})] {
        assert_eq!(send(&app, "ga", Method::POST, &refs, body).await.status, StatusCode::BAD_REQUEST);
    }
}

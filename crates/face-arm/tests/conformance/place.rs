//! The tree of scopes: seen and laid out through the wire.

use http::Method;
use serde_json::json;

use crate::app::{App, path, who};

const V: &str = "api-version=2021-04-01";
const ELEVATE: &str = "/providers/Microsoft.Authorization/elevateAccess?api-version=2015-07-01";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

/// ga as Owner of everything.
async fn owner(app: &App) {
    app.send("ga", Method::POST, ELEVATE, "").await;
    let body = json!({"properties": {"roleDefinitionId": OWNER, "principalId": who("ga")}});
    let target = "/providers/Microsoft.Authorization/roleAssignments/5a5a7e2a-0000-4000-8000-0000000000aa?api-version=2022-04-01";
    app.put("ga", target, body).await.with(201);
}

#[tokio::test]
async fn arm_015_people_see_what_they_may() {
    let app = App::start().await;
    let subscriptions = async |who: &str| app.asked(who, "/subscriptions?api-version=2022-12-01").await.each("/id");
    assert_eq!(subscriptions("alice").await, [path("~S")]);
    assert_eq!(subscriptions("app").await, [path("~S")]);
    assert!(subscriptions("bob").await.is_empty());
    assert_eq!(app.asked("bob", &format!("~S?{}", "api-version=2022-12-01")).await.error().1, "AuthorizationFailed");
    let groups = app.get(&format!("~S/resourceGroups?{V}")).await;
    assert_eq!(groups.each("/name"), ["payroll", "website"]);
    let expected = json!({
        "id": path("~G1"), "name": "payroll", "type": "Microsoft.Resources/resourceGroups",
        "location": "westeurope", "tags": {}, "properties": {"provisioningState": "Succeeded"},
    });
    assert_eq!(groups.json()["value"][0], expected);
    assert_eq!(app.get(&format!("~S/resourcegroups/PAYROLL?{V}")).await.with(200), expected);
    let resources = app.get(&format!("~S/resources?{V}")).await;
    assert_eq!(resources.each("/type"), ["Microsoft.Storage/storageAccounts"]);
    owner(&app).await;
    assert_eq!(subscriptions("ga").await.len(), 2);
    let body =
        json!({"properties": {"roleDefinitionId": "acdd72a7-3385-48ef-bd42-f606fba81ae7", "principalId": who("bob")}});
    let target = "~G2/providers/Microsoft.Authorization/roleAssignments/5a5a7e2a-0000-4000-8000-000000000001?api-version=2022-04-01";
    app.put("alice", target, body).await.with(201);
    // Whoever holds something in a group sees it and its subscription, not the other groups.
    assert_eq!(subscriptions("bob").await, [path("~S")]);
    assert_eq!(app.asked("bob", &format!("~S/resourceGroups?{V}")).await.each("/name"), ["website"]);
    assert_eq!(app.asked("bob", &format!("~G1?{V}")).await.status, 403);
}

#[tokio::test]
async fn resource_groups_are_made_and_removed() {
    let app = App::start().await;
    let target = format!("~S/resourceGroups/My-Group?{V}");
    let head = async |target: &str| app.send("alice", Method::HEAD, target, "").await.status.as_u16();
    assert_eq!(head(&target).await, 404);
    let made = app.put("alice", &target, json!({"location": "here", "tags": {"a": "b"}})).await.with(201);
    assert_eq!((made["name"].as_str(), &made["tags"]), (Some("My-Group"), &json!({"a": "b"})));
    assert_eq!(head(&format!("~S/resourcegroups/MY-group?{V}")).await, 204);
    let again = app.put("alice", &format!("~S/resourceGroups/MY-GROUP?{V}"), json!({"location": "there"})).await;
    assert_eq!(again.with(200)["name"], "My-Group", "spelled as first written");
    assert_eq!(app.put("bob", &target, json!({"location": "x"})).await.error().1, "AuthorizationFailed");
    let below = app.put("alice", &format!("~S/resourceGroups/my-group/providers/Microsoft.X/y/z?{V}"), json!({})).await;
    assert_eq!(below.with(201)["id"], path("~S") + "/resourceGroups/My-Group/providers/Microsoft.X/y/z");
    assert_eq!(app.send("alice", Method::DELETE, &target, "").await.error(), (409, "ScopeNotEmpty".to_owned()));
    let resource = format!("~S/resourceGroups/my-group/providers/Microsoft.X/y/z?{V}");
    assert_eq!(app.send("alice", Method::DELETE, &resource, "").await.status, 200);
    assert_eq!(app.send("alice", Method::DELETE, &target, "").await.status, 200);
    assert_eq!(app.send("alice", Method::DELETE, &target, "").await.status, 204);
    let unknown = format!("/subscriptions/{}/resourceGroups/g?{V}", crate::app::TENANT);
    assert_eq!(app.put("alice", &unknown, json!({})).await.error(), (404, "SubscriptionNotFound".to_owned()));
}

#[tokio::test]
async fn management_groups_form_a_tree_without_rings() {
    let app = App::start().await;
    owner(&app).await;
    let group = |name: &str| format!("/providers/Microsoft.Management/managementGroups/{name}?{V}");
    let below = |name: &str| {
        let id = format!("/providers/Microsoft.Management/managementGroups/{name}");
        json!({"properties": {"displayName": "D", "details": {"parent": {"id": id}}}})
    };
    app.put("ga", &group("child"), below("contoso")).await.with(200);
    app.put("ga", &group("grandchild"), below("child")).await.with(200);
    assert_eq!(app.put("ga", &group("contoso"), below("grandchild")).await.error().0, 400);
    assert_eq!(app.put("ga", &group("x"), below("nope")).await.error().0, 404);
    let tree = app.asked("ga", &format!("{}&$expand=children&$recurse=true", group("contoso"))).await.with(200);
    let children = tree["properties"]["children"].as_array().unwrap();
    assert_eq!(children.len(), 2);
    assert_eq!((&children[0]["name"], &children[0]["children"][0]["name"]), (&json!("child"), &json!("grandchild")));
    assert_eq!(children[1]["id"], path("~S"));
    let whole = app.asked("ga", &group(&crate::app::TENANT.to_string())).await.with(200);
    assert_eq!(whole["properties"]["displayName"], "Tenant Root Group");
    let list = app.asked("ga", &format!("/providers/Microsoft.Management/managementGroups?{V}")).await.each("/name");
    assert_eq!(
        list,
        [crate::app::TENANT.to_string(), "child".to_owned(), "contoso".to_owned(), "grandchild".to_owned()]
    );
    assert_eq!(app.asked("bob", &group("contoso")).await.error().1, "AuthorizationFailed");
    let body =
        json!({"properties": {"roleDefinitionId": "acdd72a7-3385-48ef-bd42-f606fba81ae7", "principalId": who("bob")}});
    let at = "/providers/Microsoft.Management/managementGroups/child/providers/Microsoft.Authorization/roleAssignments/5a5a7e2a-0000-4000-8000-000000000001?api-version=2022-04-01";
    app.put("ga", at, body).await.with(201);
    let reads = async || app.asked("bob", &format!("~S2/resourceGroups?{V}")).await.status.as_u16();
    assert_eq!(reads().await, 403);
    // Moved below, the subscription is reached by what is held above; alice may not move hers there.
    let move_to = |name: &str| {
        format!(
            "/providers/Microsoft.Management/managementGroups/{name}/subscriptions/{}?{V}",
            path("~S2").rsplit('/').next().unwrap()
        )
    };
    assert_eq!(app.put("alice", &move_to("grandchild"), json!({})).await.error().1, "AuthorizationFailed");
    app.put("ga", &move_to("grandchild"), json!({})).await.with(200);
    assert_eq!(reads().await, 200);
    assert_eq!(
        app.send("ga", Method::DELETE, &group("grandchild"), "").await.error(),
        (409, "ScopeNotEmpty".to_owned())
    );
    assert_eq!(app.send("ga", Method::DELETE, &move_to("grandchild"), "").await.status, 204);
    assert_eq!(reads().await, 403);
    assert_eq!(app.send("ga", Method::DELETE, &group("grandchild"), "").await.status, 200);
    let entities = app.send("ga", Method::POST, &format!("/providers/Microsoft.Management/getEntities?{V}"), "").await;
    assert_eq!(entities.with(200)["count"], 5);
}

#[tokio::test]
async fn providers_tell_their_types_and_versions() {
    let app = App::start().await;
    for target in ["/providers", "~S/providers"] {
        let all = app.get(&format!("{target}?{V}")).await;
        assert!(all.each("/namespace").contains(&"Microsoft.Authorization".to_owned()));
    }
    let one = app.get(&format!("~S/providers/microsoft.authorization?{V}")).await.with(200);
    let types = one["resourceTypes"].as_array().unwrap();
    let assignments = types.iter().find(|kind| kind["resourceType"] == "roleAssignments").unwrap();
    assert_eq!(assignments["apiVersions"][0], "2022-04-01");
    let registered =
        app.send("alice", Method::POST, &format!("~S/providers/Microsoft.Authorization/register?{V}"), "").await;
    assert_eq!(registered.with(200), one);
}

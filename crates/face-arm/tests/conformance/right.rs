//! What callers may do: permissions, deny assignments, the way up.

use http::Method;
use serde_json::json;

use crate::app::{App, path, who};

const V: &str = "api-version=2022-04-01";
const ELEVATE: &str = "/providers/Microsoft.Authorization/elevateAccess?api-version=2015-07-01";

#[tokio::test]
async fn arm_146_administrators_of_the_tenant_reach_resources_by_one_recorded_step() {
    let app = App::start().await;
    let root = format!("/providers/Microsoft.Authorization/roleAssignments?{V}");
    assert_eq!(app.asked("ga", &root).await.error(), (403, "AuthorizationFailed".to_owned()));
    let refused = app.send("bob", Method::POST, ELEVATE, "").await;
    assert_eq!(refused.error(), (403, "AuthorizationFailed".to_owned()));
    assert!(refused.message().contains("Microsoft.Authorization/elevateAccess/action"), "{}", refused.message());
    for _ in 0..2 {
        let taken = app.send("ga", Method::POST, ELEVATE, "").await;
        assert_eq!((taken.status.as_u16(), taken.text.as_str()), (200, ""));
    }
    let filter = format!("&$filter=principalId eq '{}'", who("ga"));
    let held = app.asked("ga", &format!("{root}{filter}")).await.with(200);
    assert_eq!(held["value"].as_array().unwrap().len(), 1);
    let role = "/providers/Microsoft.Authorization/roleDefinitions/18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";
    assert_eq!(held["value"][0]["properties"]["roleDefinitionId"], role);
    assert_eq!(held["value"][0]["properties"]["scope"], "/");
    // The last one stays; a second one can go.
    let id = held["value"][0]["id"].as_str().unwrap().to_owned();
    let last = app.send("ga", Method::DELETE, &format!("{id}?{V}"), "").await;
    assert_eq!(last.error().0, 400);
    assert!(last.message().contains("Cannot delete the last RBAC admin assignment"), "{}", last.message());
    assert_eq!(app.send("ada", Method::POST, ELEVATE, "").await.status, 200);
    assert_eq!(app.send("ga", Method::DELETE, &format!("{id}?{V}"), "").await.status, 200);
    assert_eq!(app.asked("ga", &root).await.status, 403);
}

#[tokio::test]
async fn arm_147_permissions_list_the_roles_of_the_caller_there() {
    let app = App::start().await;
    for scope in ["~S", "~G1", "~X"] {
        let target = format!("{scope}/providers/Microsoft.Authorization/permissions?{V}");
        let all = json!({"value": [{"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}]});
        assert_eq!(app.get(&target).await.with(200), all, "{scope}");
        assert_eq!(app.asked("bob", &target).await.with(200), json!({"value": []}));
    }
    let body =
        json!({"properties": {"roleDefinitionId": "acdd72a7-3385-48ef-bd42-f606fba81ae7", "principalId": who("bob")}});
    let name = "5a5a7e2a-0000-4000-8000-000000000001";
    app.put("alice", &format!("~G1/providers/Microsoft.Authorization/roleAssignments/{name}?{V}"), body)
        .await
        .with(201);
    let at = async |scope: &str| {
        let target = format!("{scope}/providers/Microsoft.Authorization/permissions?{V}");
        app.asked("bob", &target).await.with(200)["value"].as_array().unwrap().len()
    };
    assert_eq!((at("~S").await, at("~G1").await, at("~X").await, at("~G2").await), (0, 1, 1, 0));
}

#[tokio::test]
async fn arm_148_what_is_not_kept_is_an_empty_list() {
    let app = App::start().await;
    for target in [
        format!("~S/providers/Microsoft.Authorization/denyAssignments?{V}"),
        format!("~S/providers/Microsoft.Authorization/denyAssignments?{V}&$filter=atScope()"),
        "~S/providers/Microsoft.Authorization/classicAdministrators?api-version=2015-06-01".to_owned(),
        "~G1/providers/Microsoft.Authorization/locks?api-version=2016-09-01".to_owned(),
    ] {
        assert_eq!(app.get(&target).await.with(200), json!({"value": []}), "{target}");
    }
}

#[tokio::test]
async fn the_catalogue_of_operations_names_what_roles_can_allow() {
    let app = App::start().await;
    let all =
        app.get(&format!("/providers/Microsoft.Authorization/providerOperations?{V}&$expand=resourceTypes")).await;
    assert_eq!(all.each("/name"), ["Microsoft.Authorization", "Microsoft.Resources", "Microsoft.Management"]);
    let one =
        app.get(&format!("/providers/Microsoft.Authorization/providerOperations/microsoft.authorization?{V}")).await;
    let one = one.with(200);
    assert_eq!(one["resourceTypes"][0]["operations"][1]["name"], "Microsoft.Authorization/roleAssignments/write");
    assert_eq!(one["resourceTypes"][7]["operations"][0]["name"], "Microsoft.Authorization/elevateAccess/action");
}

#[tokio::test]
async fn a_disabled_account_and_a_group_that_was_left_give_nothing() {
    let app = App::start().await;
    let body = json!({"properties": {
        "roleDefinitionId": "acdd72a7-3385-48ef-bd42-f606fba81ae7", "principalId": crate::app::group("devs"),
    }});
    let name = "5a5a7e2a-0000-4000-8000-000000000001";
    let target = format!("~S/providers/Microsoft.Authorization/roleAssignments/{name}?{V}");
    assert_eq!(app.put("alice", &target, body).await.with(201)["properties"]["principalType"], "Group");
    let list = format!("~S/resourcegroups?{V}");
    assert_eq!(app.asked("bob", &list).await.each("/name"), ["payroll", "website"]);
    assert_eq!(app.asked("carol", &list).await.error(), (403, "AuthorizationFailed".to_owned()));
    let devs: uuid::Uuid = crate::app::group("devs").parse().unwrap();
    let out = app
        .engine
        .store()
        .transact(move |tx| {
            Box::pin(async move { tx.drop_standing_member(ephor_domain::id::Id::new(devs), who("bob")).await })
        })
        .await;
    out.unwrap();
    assert_eq!(app.asked("bob", &list).await.status, 403);
    assert!(path("~S").starts_with("/subscriptions/"));
}

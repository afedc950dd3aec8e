//! Role definitions.

use http::Method;
use serde_json::{Value, json};

use crate::app::{App, path, who};

const V: &str = "api-version=2022-04-01";
const OWN: &str = "5a5a7e2a-0000-4000-8000-000000000001";
const OTHER: &str = "5a5a7e2a-0000-4000-8000-000000000002";

fn roles(scope: &str, rest: &str) -> String {
    format!("{}/providers/Microsoft.Authorization/roleDefinitions{rest}", path(scope).trim_end_matches('/'))
}

fn custom(name: &str, scopes: &[&str]) -> Value {
    let scopes: Vec<String> = scopes.iter().map(|scope| path(scope)).collect();
    json!({"properties": {
        "roleName": name, "description": "d", "type": "CustomRole", "assignableScopes": scopes,
        "permissions": [{"actions": ["Microsoft.X/*/read"], "notActions": [], "dataActions": ["Microsoft.X/data/read"]}],
    }})
}

#[tokio::test]
async fn arm_020_a_name_finds_one_role_with_the_id_of_its_scope() {
    let app = App::start().await;
    for (scope, qualified) in [("/", false), ("~M", false), ("~S", true), ("~G1", true), ("~X", true)] {
        let reply = app.asked("carol", &roles(scope, &format!("?{V}&$filter=roleName eq 'rEaDer'"))).await;
        let tail = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7";
        let expected = if qualified { format!("{}{tail}", path("~S")) } else { tail.to_owned() };
        assert_eq!(reply.each("/id"), [expected], "{scope}");
    }
}

#[tokio::test]
async fn arm_021_033_the_built_in_roles_have_their_members() {
    let app = App::start().await;
    let id = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";
    let found = app.get(&roles("~S", &format!("/{id}?{V}"))).await.with(200);
    let at = found["properties"]["createdOn"].clone();
    let expected = json!({
        "properties": {
            "roleName": "User Access Administrator",
            "type": "BuiltInRole",
            "description": "Says who has access to resources.",
            "assignableScopes": ["/"],
            "permissions": [{
                "actions": ["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"],
                "notActions": [], "dataActions": [], "notDataActions": [],
            }],
            "createdOn": at, "updatedOn": at, "createdBy": null, "updatedBy": null,
        },
        "id": format!("{}/providers/Microsoft.Authorization/roleDefinitions/{id}", path("~S")),
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": id,
    });
    assert_eq!(found, expected);
    let Ok(folder) = std::env::var("EPHOR_SPEC_DIR") else {
        eprintln!("EPHOR_SPEC_DIR is not set: the roles are not compared");
        return;
    };
    let published: Value =
        serde_json::from_str(&std::fs::read_to_string(format!("{folder}/arm/data/builtin-roles.json")).unwrap())
            .unwrap();
    for role in published["roles"].as_array().unwrap() {
        let found = app.get(&roles("/", &format!("/{}?{V}", role["name"].as_str().unwrap()))).await.with(200);
        assert_eq!(found["properties"]["roleName"], role["roleName"]);
        assert_eq!(found["properties"]["permissions"], role["permissions"], "{}", role["roleName"]);
    }
}

#[tokio::test]
async fn arm_022_023_a_role_of_ones_own_is_made_read_and_deleted() {
    let app = App::start().await;
    let target = roles("~S", &format!("/{OWN}?{V}"));
    let made = app.put("alice", &target, custom("Looker", &["~S"])).await.with(201);
    assert_eq!(app.get(&target).await.with(200), made);
    assert_eq!(made["properties"]["createdBy"], who("alice").to_string());
    assert_eq!(made["properties"]["assignableScopes"], json!([path("~S")]));
    let taken = app.put("alice", &roles("~S", &format!("/{OTHER}?{V}")), custom("lOOKER", &["~S"])).await;
    assert_eq!(taken.error(), (409, "RoleDefinitionWithSameNameExists".to_owned()));
    let taken = app.put("alice", &roles("~S", &format!("/{OTHER}?{V}")), custom("Reader", &["~S"])).await;
    assert_eq!(taken.error(), (409, "RoleDefinitionWithSameNameExists".to_owned()));
    // Below its scope it can be given, elsewhere it is not seen.
    let custom_only = format!("?{V}&$filter=type eq 'CustomRole'");
    assert_eq!(app.get(&roles("~G1", &custom_only)).await.each("/properties/roleName"), ["Looker"]);
    assert!(app.get(&roles("~S2", &custom_only)).await.each("/name").is_empty());
    assert!(app.get(&roles("~M", &custom_only)).await.each("/name").is_empty());
    let below = format!("?{V}&$filter=(atScopeAndBelow() and type eq 'CustomRole')");
    assert_eq!(app.get(&roles("~M", &below)).await.each("/name"), [OWN]);
    assert_eq!(app.get(&roles("~S2", &format!("/{OWN}?{V}"))).await.error().1, "RoleDefinitionDoesNotExist");
    assert_eq!(app.get(&roles("/", &format!("/{OWN}?{V}"))).await.status, 200, "by its bare id");
    // Changed as a whole, still 201 as clients want it.
    let changed = app.put("alice", &target, custom("Onlooker", &["~S", "~G1"])).await.with(201);
    assert_eq!(changed["properties"]["createdOn"], made["properties"]["createdOn"]);
    assert_eq!(app.send("alice", Method::DELETE, &target, "").await.with(200), changed);
    assert_eq!(app.send("alice", Method::DELETE, &target, "").await.status, 204);
    assert_eq!(app.get(&target).await.error(), (404, "RoleDefinitionDoesNotExist".to_owned()));
}

#[tokio::test]
async fn roles_are_refused_that_are_none_or_not_the_callers_to_make() {
    let app = App::start().await;
    let target = roles("~S", &format!("/{OWN}?{V}"));
    let put = async |who: &str, body: Value| app.put(who, &target, body).await.error();
    assert_eq!(put("bob", custom("Looker", &["~S"])).await, (403, "AuthorizationFailed".to_owned()));
    assert_eq!(put("alice", custom("Looker", &["~S", "~S2"])).await, (403, "AuthorizationFailed".to_owned()));
    assert_eq!(put("alice", custom("Looker", &[])).await.0, 400);
    assert_eq!(put("alice", custom("Looker", &["/"])).await.0, 400);
    assert_eq!(put("alice", custom("", &["~S"])).await.0, 400);
    assert_eq!(put("alice", custom(&"n".repeat(513), &["~S"])).await.0, 400);
    assert_eq!(put("alice", json!({"properties": {"roleName": "x", "assignableScopes": ["nowhere"]}})).await.0, 400);
    let built_in = roles("~S", &format!("/acdd72a7-3385-48ef-bd42-f606fba81ae7?{V}"));
    assert_eq!(
        app.put("alice", &built_in, custom("Looker", &["~S"])).await.error().1,
        "RoleDefinitionUpdateNotPermitted"
    );
    let bad = roles("~S", &format!("/nope?{V}"));
    assert_eq!(
        app.put("alice", &bad, custom("Looker", &["~S"])).await.error(),
        (400, "InvalidRoleDefinitionId".to_owned())
    );
    for filter in ["nope()", "roleName ne 'x'", "type eq CustomRole"] {
        assert_eq!(app.get(&roles("~S", &format!("?{V}&$filter={filter}"))).await.error().0, 400, "{filter}");
    }
}

#[tokio::test]
async fn arm_024_a_role_that_somebody_holds_stays() {
    let app = App::start().await;
    let target = roles("~S", &format!("/{OWN}?{V}"));
    app.put("alice", &target, custom("Looker", &["~S"])).await.with(201);
    let body = json!({"properties": {"roleDefinitionId": OWN, "principalId": who("bob")}});
    let assignment = format!("~G1/providers/Microsoft.Authorization/roleAssignments/{OTHER}?{V}");
    app.put("alice", &assignment, body.clone()).await.with(201);
    assert_eq!(
        app.send("alice", Method::DELETE, &target, "").await.error(),
        (400, "RoleDefinitionHasAssignments".to_owned())
    );
    // It can be given at its scopes and below, and nowhere else.
    app.send("ga", Method::POST, "/providers/Microsoft.Authorization/elevateAccess?api-version=2015-07-01", "").await;
    let elsewhere = format!("~S2/providers/Microsoft.Authorization/roleAssignments/{OWN}?{V}");
    assert_eq!(app.put("ga", &elsewhere, body).await.error(), (400, "ScopeDoesNotMatchRoleDefinition".to_owned()));
    app.send("alice", Method::DELETE, &assignment, "").await.with(200);
    app.send("alice", Method::DELETE, &target, "").await.with(200);
}

#[tokio::test]
async fn arm_025_a_full_id_is_a_path() {
    let app = App::start().await;
    let id = app.get(&roles("~S", &format!("?{V}&$filter=roleName eq 'Owner'"))).await.each("/id").remove(0);
    let found = app.get(&format!("/{id}?disambiguation_dummy&{V}")).await.with(200);
    assert_eq!(found["id"], id);
}

#[tokio::test]
async fn conditions_of_roles_are_shown_where_the_version_knows_them() {
    let app = App::start().await;
    let mut body = custom("Looker", &["~S"]);
    body["properties"]["permissions"][0]["condition"] = json!("@x");
    body["properties"]["permissions"][0]["conditionVersion"] = json!("2.0");
    let newer = roles("~S", &format!("/{OWN}?api-version=2022-05-01-preview"));
    let made = app.put("alice", &newer, body).await.with(201);
    assert_eq!(made["properties"]["permissions"][0]["condition"], "@x");
    let older = app.get(&roles("~S", &format!("/{OWN}?{V}"))).await.with(200);
    assert_eq!(older["properties"]["permissions"][0].get("condition"), None);
}

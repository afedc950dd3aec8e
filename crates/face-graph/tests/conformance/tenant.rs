//! What clients ask before they go on, counts of any list, and members by reference (`GRAPH 3.4`, `GRAPH 7` D37 and D38,
//! `GRAPH 15.1` R2, R9, R17, R23, R24).

use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    app::{App, each, group, who},
    schedule::{UA, activate, created, eligible, lasting},
};

#[tokio::test]
async fn what_is_asked_before_a_client_goes_on() {
    let app = App::start().await;
    for edition in ["v1.0", "beta"] {
        let get = async |path: &str| app.get("gr", &format!("/{edition}/{path}")).await.ok();
        let policy = get("policies/authorizationPolicy").await;
        assert_eq!((&policy["id"], &policy["allowInvitesFrom"]), (&json!("authorizationPolicy"), &json!("none")));
        assert_eq!(policy["defaultUserRolePermissions"]["allowedToCreateApps"], false);
        let contexts = "identity/conditionalAccess/authenticationContextClassReferences";
        let list = get(&format!("{contexts}?$top=2")).await;
        assert_eq!(each(&list, "id"), ["c1", "c2"]);
        let one = get(&format!("{contexts}/c7")).await;
        assert_eq!((&one["id"], &one["isAvailable"]), (&json!("c7"), &json!(true)));
        assert_eq!(app.get("gr", &format!("/{edition}/{contexts}/c100")).await.status, StatusCode::NOT_FOUND);
        let plans = get("subscribedSkus").await;
        assert_eq!(plans["value"][0]["servicePlans"][0]["servicePlanName"], "AAD_PREMIUM_P2");

        let spaces = "roleManagement/directory/resourceNamespaces";
        assert_eq!(each(&get(spaces).await, "name"), ["microsoft.directory"]);
        assert_eq!(get(&format!("{spaces}/microsoft.directory")).await["id"], "microsoft.directory");
        let actions = get(&format!("{spaces}/microsoft.directory/resourceActions")).await;
        assert_eq!(each(&actions, "name"), ["microsoft.directory/applications/create"]);
        let missing = app.get("gr", &format!("/{edition}/{spaces}/elsewhere/resourceActions")).await;
        assert_eq!(missing.error().1, "ResourceNotFound");
        assert_eq!(get("roleManagement/directory/deletedItems/roleDefinitions").await["value"], json!([]));
    }
}

#[tokio::test]
async fn both_kinds_of_one_role_stand_together() {
    let app = App::start().await;
    eligible(&app, "alice", lasting("P30D")).await;
    created(activate(&app, "alice", lasting("PT1H")).await);
    let parameters = |more: &str| format!("(principalId='{}',roleDefinitionId='{UA}'{more})", who("alice"));
    for (path, kinds) in [
        (
            format!("roleSchedules{}", parameters(",directoryScopeId='%2F',appScopeId=''")),
            ["unifiedRoleEligibilitySchedule", "unifiedRoleAssignmentSchedule"],
        ),
        (
            format!("roleScheduleInstances{}", parameters("")),
            ["unifiedRoleEligibilityScheduleInstance", "unifiedRoleAssignmentScheduleInstance"],
        ),
    ] {
        let list = app.get("gr", &format!("/v1.0/roleManagement/directory/{path}")).await.ok();
        assert_eq!(each(&list, "@odata.type"), kinds.map(|kind| format!("#microsoft.graph.{kind}")), "{path}");
        let foreign = app.get("carol", &format!("/v1.0/roleManagement/directory/{path}")).await.ok();
        assert_eq!(foreign["value"], json!([]), "{path}");
    }
    let incomplete = app.get("gr", "/v1.0/roleManagement/directory/roleSchedules(directoryScopeId='%2F')").await;
    assert_eq!(incomplete.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn every_list_can_be_counted() {
    let app = App::start().await;
    eligible(&app, "alice", lasting("P30D")).await;
    let count = async |path: &str| {
        let reply = app.get_eventual("gr", path).await;
        assert_eq!((reply.status, reply.header("content-type")), (StatusCode::OK, Some("text/plain")), "{path}");
        reply.text().parse::<usize>().unwrap()
    };
    let devs = group("devs");
    let groups = app.get("gr", "/v1.0/groups?$top=999").await.ok()["value"].as_array().unwrap().len();
    for (path, expected) in [
        (format!("/v1.0/groups/{devs}/members/$count"), 1),
        (format!("/v1.0/groups/{devs}/transitiveMembers/microsoft.graph.user/$count"), 1),
        (format!("/v1.0/groups/{devs}/members/microsoft.graph.group/$count"), 0),
        (format!("/v1.0/groups/{}/owners/$count", group("G")), 1),
        (format!("/v1.0/users/{}/memberOf/microsoft.graph.group/$count", who("bob")), 1),
        ("/v1.0/me/transitiveMemberOf/microsoft.graph.directoryRole/$count".to_owned(), 1),
        ("/v1.0/users/$count?$filter=startswith(displayName,'Ali')".to_owned(), 2),
        ("/v1.0/groups/$count?$top=1".to_owned(), groups),
        ("/v1.0/roleManagement/directory/roleEligibilitySchedules/$count".to_owned(), 1),
        ("/v1.0/roleManagement/directory/roleEligibilitySchedules/$count?$filter=principalId eq 'x'".to_owned(), 0),
        ("/v1.0/auditLogs/directoryAudits/$count?$filter=loggedByService eq 'PIM'".to_owned(), 2),
    ] {
        assert_eq!(count(&path).await, expected, "{path}");
    }
    // Directory objects are counted for those who take what may be a little old; privileged access for all.
    for path in [format!("/v1.0/groups/{devs}/members/$count"), "/v1.0/users/$count".to_owned()] {
        assert_eq!(app.get("gr", &path).await.error().1, "Request_BadRequest", "{path}");
    }
    assert_eq!(app.get("gr", "/v1.0/roleManagement/directory/roleEligibilitySchedules/$count").await.text(), "1");
    let single = app.get_eventual("gr", &format!("/v1.0/groups/{devs}/$count")).await;
    assert_eq!(single.error().2, "Resource not found for the segment '$count'.");
    assert_eq!(app.post("gr", "/v1.0/users/$count", json!({})).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn members_are_named_by_where_they_are() {
    let app = App::start().await;
    let path = |id: &str| json!({"@odata.id": format!("https://here.example:8443/v1.0/directoryObjects/{id}")});
    let owners = app.get("gr", &format!("/v1.0/groups/{}/owners/$ref", group("G"))).await.ok();
    assert_eq!(owners["@odata.context"], "https://here.example:8443/v1.0/$metadata#Collection($ref)");
    assert_eq!(owners["value"], json!([path(&who("dave").to_string())]));
    let members = app.get("gr", &format!("/v1.0/groups/{}/members/$ref?$select=mail", group("RG"))).await.ok();
    assert_eq!(members["value"], json!([path(&who("alice2").to_string())]));

    // A role's members come and go by reference as well: for good, and outside of schedules.
    let roles = format!("/v1.0/directoryRoles/{UA}/members");
    let refers = || json!({"@odata.id": format!("https://x/v1.0/users/{}", who("carol"))});
    let add = format!("{roles}/$ref");
    assert_eq!(app.post("carol", &add, refers()).await.error().1, "Authorization_RequestDenied");
    assert_eq!(app.post("pra", &add, refers()).await.status, StatusCode::NO_CONTENT);
    let again = app.post("pra", &add, refers()).await.error();
    assert!(again.2.starts_with("One or more added object references already exist"), "{again:?}");
    assert_eq!(each(&app.get("gr", &roles).await.ok(), "id"), [who("carol").to_string()]);
    assert_eq!(app.get("gr", &add).await.ok()["value"], json!([path(&who("carol").to_string())]));
    let set = "/v1.0/roleManagement/directory/roleAssignmentSchedules";
    let list = app.get("gr", &format!("{set}?$filter=principalId eq '{}'", who("carol"))).await.ok();
    assert_eq!(
        (&list["value"][0]["assignmentType"], &list["value"][0]["createdUsing"]),
        (&json!("Assigned"), &Value::Null)
    );
    let gone = format!("{roles}/{}/$ref", who("carol"));
    assert_eq!(app.delete("alice", &gone).await.status, StatusCode::FORBIDDEN);
    assert_eq!(app.delete("pra", &gone).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.delete("pra", &gone).await.status, StatusCode::NOT_FOUND);
    let unknown =
        app.post("pra", &add, json!({"@odata.id": "https://x/v1.0/users/00000000-0000-4000-8000-000000000009"}));
    assert_eq!(unknown.await.error().1, "Request_BadRequest");
}

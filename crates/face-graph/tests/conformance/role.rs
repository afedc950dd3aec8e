//! GRAPH-031, GRAPH-036: role definitions and who holds them.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{App, each, group, who};

const GA: &str = "62e90394-69f5-4237-9190-012177145e10";
const PRA: &str = "e8611ab8-c189-46e8-94e1-60213ab1f814";
const GR: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";

#[tokio::test]
async fn graph_031_all_built_in_roles_are_there() {
    let app = App::start().await;
    for edition in ["v1.0", "beta"] {
        let list = app.get("gr", &format!("/{edition}/roleManagement/directory/roleDefinitions")).await.ok();
        let context = "$metadata#roleManagement/directory/roleDefinitions";
        assert_eq!(list["@odata.context"], format!("https://here.example:8443/{edition}/{context}"));
        let rows = list["value"].as_array().unwrap();
        let built_in: Vec<&Value> = rows.iter().filter(|row| row["isBuiltIn"] == true).collect();
        assert!(built_in.iter().all(|row| row["id"] == row["templateId"] && row["isEnabled"] == true));
        assert!(built_in.iter().all(|row| row["resourceScopes"] == json!(["/"]) && row["version"] == "1"));
        assert_eq!(rows[0].get("isPrivileged").is_some(), edition == "beta");
        let Ok(folder) = std::env::var("EPHOR_SPEC_DIR") else {
            eprintln!("EPHOR_SPEC_DIR is not set: the roles are not compared");
            continue;
        };
        let published = std::fs::read_to_string(format!("{folder}/graph/builtin-roles.json")).unwrap();
        let published: Value = serde_json::from_str(&published).unwrap();
        for role in published["roles"].as_array().unwrap() {
            let found = built_in.iter().find(|row| row["id"] == role["id"]).unwrap_or_else(|| panic!("{role}"));
            assert_eq!(found["displayName"], role["displayName"]);
            if edition == "beta" {
                assert_eq!(found["isPrivileged"], role["isPrivileged"]);
            }
        }
    }
    let path = format!("/v1.0/roleManagement/directory/roleDefinitions/{GA}?$select=id,isPrivileged");
    assert_eq!(app.get("gr", &path).await.ok()["isPrivileged"], true, "selected, it is served");
    let path = "/v1.0/roleManagement/directory/roleDefinitions/00000000-0000-4000-8000-000000000000";
    assert_eq!(app.get("gr", path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_definition_of_ones_own_stands_beside_them() {
    let app = App::start().await;
    let id = role("CR");
    let found = app.get("gr", &format!("/v1.0/roleManagement/directory/roleDefinitions/{id}")).await.ok();
    assert_eq!(
        found["rolePermissions"],
        json!([{"allowedResourceActions": ["microsoft.directory/applications/create"], "condition": null}])
    );
    assert_eq!(
        (found["isBuiltIn"].clone(), found["displayName"].as_str()),
        (json!(false), Some("Application Registrar"))
    );
    let path = format!("/v1.0/roleManagement/directory/roleDefinitions/{id}?$expand=inheritsPermissionsFrom");
    assert_eq!(app.get("gr", &path).await.ok()["inheritsPermissionsFrom"], json!([]));
}

fn role(key: &str) -> String {
    let facts = ephor_demo::Facts::new(String::new(), String::new(), String::new());
    facts.graph.roles[key].to_string()
}

#[tokio::test]
async fn graph_017_who_holds_what() {
    let app = App::start().await;
    let path = "/v1.0/roleManagement/directory/roleAssignments";
    let all = app.get("gr", path).await.ok();
    let mut held: Vec<(&str, &str)> =
        each(&all, "roleDefinitionId").into_iter().zip(each(&all, "principalId")).collect();
    held.sort_unstable();
    let expected = [(GA, "ada"), (GA, "ga"), (PRA, "pra"), (GR, "gr")].map(|(role, key)| (role, who(key).to_string()));
    let mut expected: Vec<(&str, &str)> = expected.iter().map(|(role, id)| (*role, id.as_str())).collect();
    expected.sort_unstable();
    assert_eq!(held, expected);
    let row = all["value"].as_array().unwrap().iter().find(|row| row["roleDefinitionId"] == PRA).unwrap();
    assert_eq!(
        *row,
        json!({
            "id": row["id"],
            "appScopeId": null,
            "condition": null,
            "directoryScopeId": "/",
            "principalId": who("pra"),
            "principalOrganizationId": ephor_demo::cast::tenant(),
            "roleDefinitionId": PRA,
        })
    );
    assert!(row["id"].as_str().unwrap().ends_with("-1"));

    let query = format!(
        "?$filter=PrincipalId eq '{}' and DirectoryScopeId eq '/'&expand=principal,roledefinition(select=id,displayName)",
        who("pra")
    );
    let found = app.get("gr", &format!("{path}{query}")).await.ok();
    let context = "$metadata#roleManagement/directory/roleAssignments(principal(),roleDefinition(id,displayName))";
    assert_eq!(found["@odata.context"], format!("https://here.example:8443/v1.0/{context}"));
    let row = &found["value"][0];
    assert_eq!(row["principal"]["@odata.type"], "#microsoft.graph.user");
    assert_eq!(row["principal"]["displayName"], "Petra Arnold");
    assert_eq!(row["roleDefinition"], json!({"id": PRA, "displayName": "Privileged Role Administrator"}));
    let query = "?$filter=tolower(roleDefinition/displayName) eq 'global reader'&$expand=*";
    let found = app.get("gr", &format!("{path}{query}")).await.ok();
    assert_eq!(each(&found, "roleDefinitionId"), [GR]);
    assert_eq!(found["value"][0]["directoryScope"], json!(null));

    let one = each(&all, "id")[0].to_owned();
    let found = app.get("gr", &format!("{path}/{one}?$expand=roleDefinition")).await.ok();
    assert_eq!(found["roleDefinition"]["id"], found["roleDefinitionId"]);
    assert_eq!(app.get("gr", &format!("{path}/nothing")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn people_without_a_reader_role_see_what_is_theirs() {
    let app = App::start().await;
    let path = "/v1.0/roleManagement/directory/roleAssignments";
    assert_eq!(app.get("alice", path).await.ok()["value"], json!([]));
    let all = app.get("gr", path).await.ok();
    let foreign = each(&all, "id")[0].to_owned();
    let unknown = app.get("alice", &format!("{path}/{foreign}")).await.error();
    assert_eq!((unknown.0, unknown.1.as_str()), (404, "Request_ResourceNotFound"), "foreign looks like unknown");
    assert_eq!(app.get("app", path).await.ok()["value"].as_array().unwrap().len(), 4, "an application sees all");
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let app = App::start().await;
    let token = app.token_with("ga", Some(&["User.Read.All"])).await;
    let reply = app.call(Method::GET, &token, "/v1.0/roleManagement/directory/roleAssignments", &[], "").await;
    let (status, code, message) = reply.error();
    assert_eq!((status, code.as_str()), (403, "UnknownError"));
    let inner: Value = serde_json::from_str(&message).unwrap();
    assert_eq!(
        (inner["errorCode"].as_str(), inner["instanceAnnotations"].clone()),
        (Some("PermissionScopeNotGranted"), json!([]))
    );
    let begin = "Authorization failed due to missing permission scope RoleManagement.Read.Directory,";
    assert!(inner["message"].as_str().unwrap().starts_with(begin), "{inner}");
}

#[tokio::test]
async fn graph_036_transitive_assignments_need_the_header_and_lead_through_groups() {
    let app = App::start().await;
    let path = format!(
        "/beta/roleManagement/directory/transitiveRoleAssignments?$count=true&$filter=principalId eq '{}'",
        who("pra")
    );
    let (status, code, _) = app.get("gr", &path).await.error();
    assert_eq!((status, code.as_str()), (400, "Request_UnsupportedQuery"));
    let found = app.get_eventual("gr", &path).await.ok();
    assert_eq!(each(&found, "roleDefinitionId"), [PRA]);
    assert_eq!(found["@odata.count"], 1);
    // What alice2 holds is RG's.
    let ua = "fe930be7-5e62-47db-91af-98c3a49a38b1";
    let given = json!({"principalId": group("RG"), "roleDefinitionId": ua, "directoryScopeId": "/"});
    let made = app.post("pra", "/v1.0/roleManagement/directory/roleAssignments", given).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let path = format!(
        "/beta/roleManagement/directory/transitiveRoleAssignments?$count=true&$filter=principalId eq '{}'",
        who("alice2")
    );
    let found = app.get_eventual("gr", &path).await.ok();
    assert_eq!((each(&found, "principalId"), each(&found, "roleDefinitionId")), (vec![&*group("RG")], vec![ua]));
    let plain = format!("/beta/roleManagement/directory/roleAssignments?$filter=principalId eq '{}'", who("alice2"));
    assert!(each(&app.get("gr", &plain).await.ok(), "id").is_empty());
    let path = "/beta/roleManagement/directory/transitiveRoleAssignments?$count=true";
    assert_eq!(app.get_eventual("gr", path).await.status, StatusCode::BAD_REQUEST);
    let reply = app.get_eventual("gr", &path.replace("beta", "v1.0")).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
}

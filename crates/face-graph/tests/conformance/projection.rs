//! GRAPH-013 to GRAPH-016: what is selected and expanded, and what the context says of it.

use serde_json::{Value, json};

use crate::{
    app::{App, each, group, who},
    schedule::{UA, activate, created, eligible, lasting, order},
};

const ROLES: &str = "roleManagement/directory";
const GROUPS: &str = "identityGovernance/privilegedAccess/group";

fn context(edition: &str, suffix: &str) -> Value {
    json!(format!("https://here.example:8443/{edition}/$metadata#{suffix}"))
}

/// Names of the members of an object.
fn names(row: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn graph_013_contexts_say_what_an_answer_holds() {
    let app = App::start().await;
    let made = eligible(&app, "alice", lasting("P30D")).await;
    let id = made["id"].as_str().unwrap();
    let filter = "?$filter=scopeId eq '/' and scopeType eq 'DirectoryRole'";
    for edition in ["v1.0", "beta"] {
        let get = async |path: &str| app.get("pra", &format!("/{edition}/{path}")).await.ok();
        let policies = get(&format!("policies/roleManagementPolicies{filter}")).await;
        let policy = each(&policies, "id")[0].to_owned();
        let rules = format!("policies/roleManagementPolicies('{policy}')/rules");
        let requests = format!("{ROLES}/roleEligibilityScheduleRequests");
        for (path, suffix) in [
            (format!("{ROLES}/roleAssignments"), format!("{ROLES}/roleAssignments")),
            (format!("{ROLES}/roleDefinitions/{UA}"), format!("{ROLES}/roleDefinitions/$entity")),
            (format!("{requests}/{id}"), format!("{requests}/$entity")),
            (format!("{requests}?$select=status,id"), format!("{requests}(status,id)")),
            (
                format!("{requests}/{id}?$select=id&$expand=roleDefinition($select=id,displayName)"),
                format!("{requests}(id,roleDefinition(id,displayName))/$entity"),
            ),
            (
                format!("{requests}?$select=principalId,id&$expand=principal,targetSchedule($select=id,status)"),
                format!("{requests}(principalId,id,principal(),targetSchedule(id,status))"),
            ),
            (format!("policies/roleManagementPolicies/{policy}/rules"), rules.clone()),
            (
                format!("policies/roleManagementPolicies/{policy}/rules/Expiration_EndUser_Assignment"),
                format!("{rules}/$entity"),
            ),
            ("me".to_owned(), "users/$entity".to_owned()),
            ("me?$select=displayName".to_owned(), "users(displayName)/$entity".to_owned()),
            ("me/memberOf".to_owned(), "directoryObjects".to_owned()),
            (format!("groups/{}/members", group("RG")), "directoryObjects".to_owned()),
            (format!("groups/{}/members/microsoft.graph.user", group("RG")), "users".to_owned()),
            ("groups/delta?$select=displayName".to_owned(), "groups(displayName)".to_owned()),
        ] {
            assert_eq!(get(&path).await["@odata.context"], context(edition, &suffix), "{path}");
        }
        for (set, of) in [
            (format!("{ROLES}/roleAssignmentScheduleRequests"), "unifiedRoleAssignmentScheduleRequest"),
            (format!("{ROLES}/roleAssignmentSchedules"), "unifiedRoleAssignmentSchedule"),
            (format!("{ROLES}/roleAssignmentScheduleInstances"), "unifiedRoleAssignmentScheduleInstance"),
            (format!("{ROLES}/roleEligibilityScheduleRequests"), "unifiedRoleEligibilityScheduleRequest"),
            (format!("{ROLES}/roleEligibilitySchedules"), "unifiedRoleEligibilitySchedule"),
            (format!("{ROLES}/roleEligibilityScheduleInstances"), "unifiedRoleEligibilityScheduleInstance"),
            (format!("{GROUPS}/assignmentScheduleRequests"), "privilegedAccessGroupAssignmentScheduleRequest"),
            (format!("{GROUPS}/assignmentSchedules"), "privilegedAccessGroupAssignmentSchedule"),
            (format!("{GROUPS}/assignmentScheduleInstances"), "privilegedAccessGroupAssignmentScheduleInstance"),
            (format!("{GROUPS}/eligibilityScheduleRequests"), "privilegedAccessGroupEligibilityScheduleRequest"),
            (format!("{GROUPS}/eligibilitySchedules"), "privilegedAccessGroupEligibilitySchedule"),
            (format!("{GROUPS}/eligibilityScheduleInstances"), "privilegedAccessGroupEligibilityScheduleInstance"),
        ] {
            let own = get(&format!("{set}/filterByCurrentUser(on='principal')?$select=id")).await;
            assert_eq!(own["@odata.context"], context(edition, &format!("Collection({of})(id)")), "{set}");
        }
        let path = format!("/{edition}/me/getMemberGroups");
        let asked = app.post("pra", &path, json!({"securityEnabledOnly": false})).await.ok();
        assert_eq!(asked["@odata.context"], context(edition, "Collection(Edm.String)"));
    }
}

#[tokio::test]
async fn graph_014_just_what_was_asked_for_stands_in_a_row() {
    let app = App::start().await;
    let rests = eligible(&app, "alice", lasting("P30D")).await;
    let active = created(activate(&app, "alice", lasting("PT1H")).await);
    let query =
        "$select=principalId,action,roleDefinitionId&$expand=roleDefinition,activatedUsing,principal,targetSchedule";
    for (set, request) in [
        ("roleAssignmentScheduleRequests", &active),
        ("roleAssignmentScheduleRequests/filterByCurrentUser(on='principal')", &active),
    ] {
        let list = app.get("alice", &format!("/v1.0/{ROLES}/{set}?{query}")).await.ok();
        let rows = list["value"].as_array().unwrap();
        assert_eq!(rows.len(), 1, "{set}");
        let row = &rows[0];
        let wanted = [
            "action",
            "activatedUsing",
            "principal",
            "principalId",
            "roleDefinition",
            "roleDefinitionId",
            "targetSchedule",
        ];
        assert_eq!(names(row).into_iter().filter(|name| !name.starts_with('@')).collect::<Vec<_>>(), wanted, "{set}");
        assert_eq!((&row["action"], &row["principalId"]), (&json!("selfActivate"), &json!(who("alice"))));
        assert_eq!(row["targetSchedule"]["id"], request["targetScheduleId"]);
        assert_eq!(row["activatedUsing"]["id"], rests["targetScheduleId"]);
        assert_eq!(row["roleDefinition"]["displayName"], "User Administrator");
        assert_eq!(row["principal"]["displayName"], "Alice Archer");
    }
    // Where nothing was activated there is nothing to rest on; where the schedule is gone, none is shown.
    let orders = format!("/v1.0/{ROLES}/roleEligibilityScheduleRequests");
    created(app.post("pra", &orders, order("adminRemove", "alice", json!({}))).await);
    let one = format!("{orders}/{}?$expand=targetSchedule&$select=id", rests["id"].as_str().unwrap());
    assert_eq!(app.get("alice", &one).await.ok()["targetSchedule"], Value::Null);
}

#[tokio::test]
async fn graph_015_a_principal_says_of_which_kind_it_is() {
    let app = App::start().await;
    let requests = format!("/v1.0/{ROLES}/roleAssignmentScheduleRequests");
    for principal in [json!(who("alice")), json!(group("RG")), json!(who("app"))] {
        let mut body = order("adminAssign", "alice", lasting("P30D"));
        body["principalId"] = principal;
        created(app.post("pra", &requests, body).await);
    }
    for set in [
        "roleAssignments",
        "roleAssignmentSchedules",
        "roleAssignmentScheduleInstances",
        "roleAssignmentScheduleRequests",
    ] {
        let path = format!("/v1.0/{ROLES}/{set}?$filter=roleDefinitionId eq '{UA}'&$expand=principal");
        let list = app.get("gr", &path).await.ok();
        let kind = |id: &str| {
            let row = list["value"].as_array().unwrap().iter().find(|row| row["principalId"] == id);
            let principal = &row.unwrap_or_else(|| panic!("{set}: no {id}"))["principal"];
            assert_eq!(principal["id"], id);
            principal["@odata.type"].clone()
        };
        assert_eq!(kind(&who("alice").to_string()), "#microsoft.graph.user", "{set}");
        assert_eq!(kind(&group("RG")), "#microsoft.graph.group", "{set}");
        assert_eq!(kind(&who("app").to_string()), "#microsoft.graph.servicePrincipal", "{set}");
    }
}

#[tokio::test]
async fn graph_016_inner_options_limit_what_is_expanded() {
    let app = App::start().await;
    eligible(&app, "alice", lasting("P30D")).await;
    let path = format!("/v1.0/{ROLES}/roleEligibilitySchedules");
    let plain = app.get("gr", &format!("{path}?$expand=roleDefinition($select=id,displayName)")).await.ok();
    let expected = json!({"id": UA, "displayName": "User Administrator"});
    assert_eq!(plain["value"][0]["roleDefinition"], expected);
    for query in [
        "?%24expand=roleDefinition%28%24select%3Did%2CdisplayName%29",
        "?$expand=roleDefinition(%24select=id,displayName)",
        "?expand=roledefinition(select=ID,DisplayName)",
    ] {
        let other = app.get("gr", &format!("{path}{query}")).await.ok();
        assert_eq!(other["value"], plain["value"], "{query}");
        assert_eq!(other["@odata.context"], plain["@odata.context"], "{query}");
    }
    let both = "?$expand=principal($select=displayName;$expand=manager($select=id)),roleDefinition($select=id)";
    let deep = app.get("gr", &format!("{path}{both}")).await;
    // What lies behind a principal is found for one object alone.
    assert_eq!(deep.error().0, 400, "{}", deep.text());
}

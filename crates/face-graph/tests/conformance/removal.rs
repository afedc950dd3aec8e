//! GRAPH-153: a token that may only take away takes away, and nothing else.

use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    app::{App, Reply, group, who},
    schedule::{UA, activate, created, eligible, lasting, order},
};

const ROLES: &str = "/v1.0/roleManagement/directory";
const GROUPS: &str = "/v1.0/identityGovernance/privilegedAccess/group";
const ACTIONS: [&str; 9] = [
    "adminAssign",
    "adminUpdate",
    "adminRemove",
    "selfActivate",
    "selfDeactivate",
    "adminExtend",
    "adminRenew",
    "selfExtend",
    "selfRenew",
];

fn body(set: &str, action: &str, of: &str) -> Value {
    let mut body = order(action, of, lasting("P10D"));
    if set.starts_with(GROUPS) {
        body["groupId"] = json!(group("G"));
        body["accessId"] = json!("member");
    }
    body
}

async fn sent(app: &App, token: &str, method: Method, path: &str, body: &Value) -> Reply {
    app.call(method, token, path, &[("content-type", "application/json")], body.to_string()).await
}

#[tokio::test]
async fn graph_153_scopes_of_removal_open_removals_alone() {
    let app = App::start().await;
    let assignments = format!("{ROLES}/roleAssignmentScheduleRequests");
    let eligibilities = format!("{ROLES}/roleEligibilityScheduleRequests");
    let of_groups = [format!("{GROUPS}/assignmentScheduleRequests"), format!("{GROUPS}/eligibilityScheduleRequests")];
    let [group_assignments, group_eligibilities] = &of_groups;
    // Something to take away in each of them, and an order to withdraw.
    eligible(&app, "alice", lasting("P30D")).await;
    created(app.post("ga", &assignments, body(&assignments, "adminAssign", "bob")).await);
    for set in &of_groups {
        created(app.post("ga", set, body(set, "adminAssign", "bob")).await);
    }
    let later = app.now() + SignedDuration::from_hours(5);
    let mut waits = body(&assignments, "adminAssign", "carol");
    waits["scheduleInfo"]["startDateTime"] = json!(later);
    let waits = created(app.post("ga", &assignments, waits).await)["id"].as_str().unwrap().to_owned();
    app.clock.set(app.now() + SignedDuration::from_mins(6));

    for (scope, own, holder) in [
        ("RoleAssignmentSchedule.Remove.Directory", &assignments, "bob"),
        ("RoleEligibilitySchedule.Remove.Directory", &eligibilities, "alice"),
        ("PrivilegedAssignmentSchedule.Remove.AzureADGroup", group_assignments, "bob"),
        ("PrivilegedEligibilitySchedule.Remove.AzureADGroup", group_eligibilities, "bob"),
    ] {
        let token = app.token_with("ga", Some(&[scope])).await;
        let is_assignment = own.contains("ssignmentSchedule");
        for set in [&assignments, &eligibilities, group_assignments, group_eligibilities] {
            for action in ACTIONS {
                let removes = action == "adminRemove" || action == "selfDeactivate" && is_assignment;
                if set == own && removes {
                    continue;
                }
                let reply = sent(&app, &token, Method::POST, set, &body(set, action, holder)).await;
                // Of an eligibility nobody gives back anything, whoever asks: the scope has no say in it.
                if set == own && action == "selfDeactivate" {
                    assert_eq!(reply.status, StatusCode::FORBIDDEN, "{scope} {set} {action}");
                    continue;
                }
                assert_eq!(reply.status, StatusCode::FORBIDDEN, "{scope} {set} {action}: {}", reply.text());
                assert!(reply.text().contains("PermissionScopeNotGranted"), "{scope} {set} {action}");
            }
            for path in [
                set.clone(),
                format!("{set}?$filter=principalId eq '{}'", who("bob")),
                format!("{set}/{waits}"),
                format!("{set}/filterByCurrentUser(on='principal')"),
                set.replace("ScheduleRequests", "Schedules"),
                set.replace("ScheduleRequests", "ScheduleInstances"),
            ] {
                let reply = app.call(Method::GET, &token, &path, &[], "").await;
                assert_eq!(reply.status, StatusCode::FORBIDDEN, "{scope} GET {path}");
            }
            let reply = sent(&app, &token, Method::POST, &format!("{set}/{waits}/cancel"), &json!({})).await;
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{scope} cancel in {set}");
        }
        let given = json!({"principalId": who("dave"), "roleDefinitionId": UA, "directoryScopeId": "/"});
        let member = json!({"@odata.id": format!("https://x/v1.0/directoryObjects/{}", who("dave"))});
        for (method, path, body) in [
            (Method::POST, format!("{ROLES}/roleAssignments"), given),
            (Method::DELETE, format!("{ROLES}/roleAssignments/x"), Value::Null),
            (Method::POST, format!("{ROLES}/roleDefinitions"), json!({})),
            (Method::PATCH, "/v1.0/policies/roleManagementPolicies/x/rules/y".to_owned(), json!({})),
            (Method::POST, format!("/v1.0/groups/{}/members/$ref", group("G")), member),
            (Method::POST, "/v1.0/users".to_owned(), json!({})),
            (Method::POST, "/v1.0/applications".to_owned(), json!({"displayName": "x"})),
            (Method::POST, "/beta/identityGovernance/roleManagementAlerts/alerts/refresh".to_owned(), json!({})),
            (Method::PATCH, format!("{GROUPS}/assignmentApprovals/{waits}/stages/{waits}"), json!({})),
        ] {
            let reply = sent(&app, &token, method.clone(), &path, &body).await;
            let refused = [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND].contains(&reply.status);
            assert!(refused, "{scope} {method} {path}: {} {}", reply.status, reply.text());
        }
        let taken = sent(&app, &token, Method::POST, own, &body(own, "adminRemove", holder)).await;
        assert_eq!(created(taken)["status"], "Revoked", "{scope}");
    }
    // Giving one's own activation back is a removal too.
    eligible(&app, "alice", lasting("P30D")).await;
    created(activate(&app, "alice", lasting("PT1H")).await);
    app.clock.set(app.now() + SignedDuration::from_mins(6));
    let token = app.token_with("alice", Some(&["RoleAssignmentSchedule.Remove.Directory"])).await;
    let back = sent(&app, &token, Method::POST, &assignments, &order("selfDeactivate", "alice", json!({}))).await;
    assert_eq!(created(back)["status"], "Revoked");
}

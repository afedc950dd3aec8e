//! GRAPH-104 to GRAPH-118: membership and ownership of groups over time.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    app::{App, each, group, on_both, who},
    schedule::{UA, created, lasting, order as role_order, pass, refused},
};

const GROUPS: &str = "/v1.0/identityGovernance/privilegedAccess/group";

fn order(action: &str, of: &str, key: &str, access: &str, more: Value) -> Value {
    let mut body = json!({
        "action": action, "principalId": who(of), "groupId": group(key), "accessId": access, "justification": "because",
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn members(app: &App, key: &str, what: &str) -> Vec<String> {
    let list = app.get("gr", &format!("/v1.0/groups/{}/{what}", group(key))).await.ok();
    each(&list, "id").into_iter().map(str::to_owned).collect()
}

async fn of_group(app: &App, set: &str, key: &str) -> Vec<Value> {
    let path = format!("{GROUPS}/{set}?$filter=groupId eq '{}'", group(key));
    app.get("ga", &path).await.ok()["value"].as_array().unwrap().clone()
}

#[tokio::test]
async fn graph_104_115_lists_need_a_group_or_a_principal() {
    on_both(async |app| {
        for edition in ["v1.0", "beta"] {
            for kind in ["assignment", "eligibility"] {
                for sort in ["ScheduleRequests", "Schedules", "ScheduleInstances"] {
                    let path = format!("/{edition}/identityGovernance/privilegedAccess/group/{kind}{sort}");
                    let (status, code, message) = app.get("ga", &path).await.error();
                    assert_eq!((status, code.as_str()), (400, "UnknownError"), "{path}");
                    assert!(message.contains("MissingProvider"), "{message}");
                    app.get("ga", &format!("{path}?$filter=groupId eq '{}'", group("G"))).await.ok();
                    app.get("ga", &format!("{path}?$filter=principalId eq '{}'", who("alice"))).await.ok();
                    app.get("alice", &format!("{path}/filterByCurrentUser(on='principal')")).await.ok();
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn graph_023_105_107_109_110_116_117_members_for_a_time() {
    on_both(async |app| {
        let (eligibilities, assignments) =
            (format!("{GROUPS}/eligibilityScheduleRequests"), format!("{GROUPS}/assignmentScheduleRequests"));
        let alice = who("alice").to_string();
        // Before its first order a group is not under privileged access.
        assert!(of_group(app, "assignmentSchedules", "G").await.is_empty());
        let forever = json!({"scheduleInfo": {"expiration": {"type": "noExpiration"}}});
        let permanent = app.post("ga", &eligibilities, order("adminAssign", "alice", "G", "member", forever)).await;
        let (_, code, message) = permanent.error();
        assert_eq!(code, "RoleAssignmentRequestPolicyValidationFailed");
        assert!(message.contains("ExpirationRule"), "{message}");
        let made =
            created(app.post("ga", &eligibilities, order("adminAssign", "alice", "G", "member", lasting("P30D"))).await);
        let target = made["targetScheduleId"].as_str().unwrap().to_owned();
        assert_eq!(target, format!("{}_member_{}", group("G"), made["id"].as_str().unwrap()));
        assert_eq!((&made["status"], &made["accessId"]), (&json!("Provisioned"), &json!("member")));
        assert!(!members(app, "G", "members").await.contains(&alice));
        let rows = of_group(app, "eligibilitySchedules", "G").await;
        assert_eq!((&rows[0]["id"], &rows[0]["createdUsing"]), (&json!(target), &json!(target)));
        assert_eq!(rows[0]["memberType"], "direct");
        let instances = of_group(app, "eligibilityScheduleInstances", "G").await;
        assert_eq!(instances[0]["id"].as_str().unwrap().split('_').count(), 3);
        assert_eq!(instances[0]["eligibilityScheduleId"], json!(target));
        let one = format!("{GROUPS}/eligibilityScheduleInstances/{}", instances[0]["id"].as_str().unwrap());
        assert_eq!(app.get("ga", &one).await.ok()["id"], instances[0]["id"]);

        let active =
            created(app.post("alice", &assignments, order("selfActivate", "alice", "G", "member", lasting("PT1H"))).await);
        assert_eq!(active["status"], "Provisioned");
        assert!(members(app, "G", "members").await.contains(&alice));
        let path =
            format!("{GROUPS}/assignmentSchedules?$filter=principalId eq '{alice}'&$expand=activatedUsing,principal,group");
        let rows = app.get("alice", &path).await.ok();
        let row = &rows["value"][0];
        assert_eq!((&row["assignmentType"], &row["activatedUsing"]["id"]), (&json!("activated"), &json!(target)));
        assert_eq!((&row["principal"]["id"], &row["group"]["id"]), (&json!(alice), &json!(group("G"))));
        let path = format!("{GROUPS}/assignmentScheduleInstances?$filter=principalId eq '{alice}'&$expand=activatedUsing");
        let running = app.get("alice", &path).await.ok();
        assert_eq!(running["value"][0]["activatedUsing"]["eligibilityScheduleId"], json!(target));
        pass(app, 60).await;
        assert!(!members(app, "G", "members").await.contains(&alice));

        // Cancelled by its own id and by that of its schedule.
        let start = app.now() + jiff::SignedDuration::from_hours(1);
        let later =
            json!({"scheduleInfo": {"startDateTime": start, "expiration": {"type": "afterDuration", "duration": "PT1H"}}});
        for by in ["id", "targetScheduleId"] {
            let granted = created(
                app.post("alice", &assignments, order("selfActivate", "alice", "G", "member", later.clone())).await,
            );
            assert_eq!(granted["status"], "Granted");
            let path = format!("{assignments}/{}/cancel", granted[by].as_str().unwrap());
            assert_eq!(app.post("alice", &path, json!({})).await.status, StatusCode::NO_CONTENT, "{by}");
        }
        let path = format!("{assignments}?$filter=groupId eq '{}'&$orderby=createdDateTime desc", group("G"));
        let newest = app.get("ga", &path).await.ok();
        let instants = each(&newest, "createdDateTime");
        assert!(instants.windows(2).all(|pair| pair[0] >= pair[1]), "{instants:?}");
        assert_eq!(instants.len(), 3);

        created(app.post("ga", &assignments, order("adminAssign", "carol", "G", "member", lasting("P30D"))).await);
        let carol = who("carol").to_string();
        assert!(members(app, "G", "members").await.contains(&carol));
        pass(app, 5).await;
        created(app.post("ga", &assignments, order("adminRemove", "carol", "G", "member", json!({}))).await);
        assert!(!members(app, "G", "members").await.contains(&carol));
    })
    .await;
}

#[tokio::test]
async fn graph_108_111_112_owners_and_groups_that_cannot() {
    on_both(async |app| {
        let (eligibilities, assignments) =
            (format!("{GROUPS}/eligibilityScheduleRequests"), format!("{GROUPS}/assignmentScheduleRequests"));
        // dave owns G and holds no role.
        created(app.post("dave", &eligibilities, order("adminAssign", "alice", "G", "owner", lasting("P30D"))).await);
        created(app.post("alice", &assignments, order("selfActivate", "alice", "G", "owner", lasting("PT1H"))).await);
        let alice = who("alice").to_string();
        assert!(members(app, "G", "owners").await.contains(&alice));
        assert!(!members(app, "G", "members").await.contains(&alice));
        // An owner for an hour administers for an hour.
        created(app.post("alice", &eligibilities, order("adminAssign", "bob", "G", "member", lasting("P30D"))).await);
        pass(app, 60).await;
        assert!(!members(app, "G", "owners").await.contains(&alice));
        let denied = (403, "UnauthorizedAccessException".to_owned());
        for (caller, key) in [("alice", "G"), ("dave", "RG"), ("carol", "G")] {
            let reply =
                app.post(caller, &eligibilities, order("adminAssign", "carol", key, "member", lasting("P30D"))).await;
            assert_eq!(refused(&reply), denied, "{caller} {key}");
        }
        for key in ["DYN", "SYN"] {
            let reply =
                app.post("ga", &eligibilities, order("adminAssign", "carol", key, "member", lasting("P30D"))).await;
            assert_eq!(refused(&reply), (400, "NotSupported".to_owned()), "{key}");
        }
    })
    .await;
}

#[tokio::test]
async fn graph_113_stages_in_one_edition_and_steps_in_the_other() {
    on_both(async |app| {
        let (eligibilities, assignments) =
            (format!("{GROUPS}/eligibilityScheduleRequests"), format!("{GROUPS}/assignmentScheduleRequests"));
        created(app.post("ga", &eligibilities, order("adminAssign", "alice", "G", "member", lasting("P30D"))).await);
        let filter =
            format!("?$filter=scopeId eq '{}' and scopeType eq 'Group' and roleDefinitionId eq 'member'", group("G"));
        let found = app.get("ga", &format!("/v1.0/policies/roleManagementPolicyAssignments{filter}")).await.ok();
        let policy = each(&found, "policyId")[0].to_owned();
        let rule = json!({
            "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyApprovalRule",
            "id": "Approval_EndUser_Assignment", "setting": {"isApprovalRequired": true},
        });
        let path = format!("/v1.0/policies/roleManagementPolicies/{policy}/rules/Approval_EndUser_Assignment");
        let changed = app.patch("ga", &path, rule).await;
        assert_eq!(changed.status, StatusCode::NO_CONTENT, "{}", changed.text());
        let asked = created(
            app.post("alice", &assignments, order("selfActivate", "alice", "G", "member", lasting("PT1H"))).await,
        );
        assert_eq!(asked["status"], "PendingApproval");
        let id = asked["id"].as_str().unwrap();
        // Nobody is named: its owner decides.
        for (edition, word) in [("v1.0", "stages"), ("beta", "steps")] {
            let path =
                format!("/{edition}/identityGovernance/privilegedAccess/group/assignmentApprovals/{id}?$expand={word}");
            let seen = app.get("dave", &path).await.ok();
            assert_eq!((&seen[word][0]["id"], &seen[word][0]["justification"]), (&json!(id), &json!("")));
            assert_eq!(seen[word][0]["assignedToMe"], true);
        }
        let stage = format!("{GROUPS}/assignmentApprovals/{id}/stages/{id}");
        let yes = json!({"reviewResult": "Approve", "justification": "fine"});
        assert_eq!(app.patch("carol", &stage, yes.clone()).await.status, StatusCode::FORBIDDEN);
        assert_eq!(app.patch("dave", &stage, yes).await.status, StatusCode::NO_CONTENT);
        assert!(members(app, "G", "members").await.contains(&who("alice").to_string()));
    })
    .await;
}

#[tokio::test]
async fn graph_114_118_groups_lead_on() {
    on_both(async |app| {
        let (eligibilities, assignments) =
            (format!("{GROUPS}/eligibilityScheduleRequests"), format!("{GROUPS}/assignmentScheduleRequests"));
        created(app.post("ga", &eligibilities, order("adminAssign", "alice", "G", "member", lasting("P30D"))).await);
        let reference = json!({"@odata.id": format!("https://here.example/v1.0/directoryObjects/{}", who("carol"))});
        let refs = format!("/v1.0/groups/{}/members/$ref", group("G"));
        assert_eq!(app.post("ga", &refs, reference).await.status, StatusCode::NO_CONTENT);
        let rows = of_group(app, "assignmentSchedules", "G").await;
        let row = rows.iter().find(|row| row["principalId"] == json!(who("carol"))).unwrap();
        assert_eq!((&row["assignmentType"], &row["createdUsing"]), (&json!("assigned"), &Value::Null));
        let token = app.token("ga").await;
        let gone = format!("/v1.0/groups/{}/members/{}/$ref", group("G"), who("carol"));
        assert_eq!(app.call(Method::DELETE, &token, &gone, &[], "").await.status, StatusCode::NO_CONTENT);
        let rows = of_group(app, "assignmentSchedules", "G").await;
        assert!(rows.iter().all(|row| row["principalId"] != json!(who("carol"))));

        let mut to_group = role_order("adminAssign", "alice", json!({}));
        to_group["principalId"] = json!(group("RG"));
        created(app.post("pra", "/v1.0/roleManagement/directory/roleEligibilityScheduleRequests", to_group).await);
        created(app.post("pra", &eligibilities, order("adminAssign", "alice", "RG", "member", lasting("P30D"))).await);
        let mine = "/v1.0/roleManagement/directory/roleEligibilitySchedules/filterByCurrentUser(on='principal')";
        assert!(each(&app.get("alice", mine).await.ok(), "id").is_empty());
        created(app.post("alice", &assignments, order("selfActivate", "alice", "RG", "member", lasting("PT1H"))).await);
        assert_eq!(each(&app.get("alice", mine).await.ok(), "roleDefinitionId"), [UA]);
    })
    .await;
}

#[tokio::test]
async fn graph_106_what_never_ends_needs_a_rule_that_allows_it() {
    on_both(async |app| {
        let eligibilities = format!("{GROUPS}/eligibilityScheduleRequests");
        let forever = || json!({"scheduleInfo": {"expiration": {"type": "noExpiration"}}});
        let ordered = || order("adminAssign", "alice", "G", "member", forever());
        let (status, code, message) = app.post("ga", &eligibilities, ordered()).await.error();
        assert_eq!((status, code.as_str()), (400, "RoleAssignmentRequestPolicyValidationFailed"));
        assert_eq!(message, r#"The following policy rules failed: ["ExpirationRule"]"#);
        let filter =
            format!("?$filter=scopeId eq '{}' and scopeType eq 'Group' and roleDefinitionId eq 'member'", group("G"));
        let found = app.get("ga", &format!("/v1.0/policies/roleManagementPolicyAssignments{filter}")).await.ok();
        let rules = format!("/v1.0/policies/roleManagementPolicies/{}/rules", each(&found, "policyId")[0]);
        let rule = json!({
            "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyExpirationRule", "isExpirationRequired": false,
        });
        let changed = app.patch("ga", &format!("{rules}/Expiration_Admin_Eligibility"), rule).await;
        assert_eq!(changed.status, StatusCode::NO_CONTENT, "{}", changed.text());
        let made = created(app.post("ga", &eligibilities, ordered()).await);
        assert_eq!(made["scheduleInfo"]["expiration"]["type"], "noExpiration");
        let rows = of_group(app, "eligibilityScheduleInstances", "G").await;
        assert_eq!((rows.len(), &rows[0]["endDateTime"]), (1, &Value::Null));
        // Owners have a policy of their own.
        let owned = app.post("ga", &eligibilities, order("adminAssign", "alice", "G", "owner", forever())).await;
        assert_eq!(refused(&owned).1, "RoleAssignmentRequestPolicyValidationFailed");
    })
    .await;
}

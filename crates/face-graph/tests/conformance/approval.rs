//! GRAPH-088 to GRAPH-103: approvals of activations.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    app::{App, Reply, each, group, on_both, who},
    schedule::{UA, activate, created, eligible, lasting, pass, refused},
};

const REQUESTS: &str = "/v1.0/roleManagement/directory/roleAssignmentScheduleRequests";
const APPROVALS: &str = "/beta/roleManagement/directory/roleAssignmentApprovals";

/// Approval of activations of UA by these sets, one stage after the other.
async fn ask_approvers(app: &App, stages: Vec<Vec<Value>>, reason: bool) {
    let stages: Vec<Value> = stages
        .into_iter()
        .map(|primary| {
            json!({
                "approvalStageTimeOutInDays": 1, "isApproverJustificationRequired": reason,
                "primaryApprovers": primary, "isEscalationEnabled": false, "escalationTimeInMinutes": 0,
                "escalationApprovers": [],
            })
        })
        .collect();
    let body = json!({
        "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyApprovalRule",
        "id": "Approval_EndUser_Assignment",
        "setting": {
            "isApprovalRequired": true, "isApprovalRequiredForExtension": false,
            "isRequestorJustificationRequired": true,
            "approvalMode": if stages.len() > 1 { "Serial" } else { "SingleStage" }, "approvalStages": stages,
        },
    });
    change_rule(app, body).await;
}

/// Changes a rule of UA.
pub(crate) async fn change_rule(app: &App, rule: Value) {
    let filter = format!("?$filter=scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '{UA}'");
    let path = format!("/v1.0/policies/roleManagementPolicyAssignments{filter}");
    let found = app.get("pra", &path).await.ok();
    let policy = each(&found, "policyId")[0].to_owned();
    let path = format!("/v1.0/policies/roleManagementPolicies/{policy}/rules/{}", rule["id"].as_str().unwrap());
    let changed = app.patch("pra", &path, rule).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{}", changed.text());
}

fn user(key: &str) -> Value {
    json!({"@odata.type": "#microsoft.graph.singleUser", "userId": who(key)})
}

async fn decide(app: &App, who: &str, id: &str, step: &str, body: Value) -> Reply {
    app.patch(who, &format!("{APPROVALS}/{id}/steps/{step}"), body).await
}

fn yes() -> Value {
    json!({"reviewResult": "Approve", "justification": "fine"})
}

async fn status(app: &App, id: &str) -> Value {
    app.get("pra", &format!("{REQUESTS}/{id}")).await.ok()["status"].clone()
}

async fn asked(app: &App) -> String {
    let made = created(activate(app, "alice", lasting("PT1H")).await);
    assert_eq!((&made["status"], &made["approvalId"]), (&json!("PendingApproval"), &made["id"]));
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn graph_088_089_090_091_095_103_one_approver_says_yes() {
    on_both(async |app| {
        eligible(app, "alice", json!({})).await;
        ask_approvers(app, vec![vec![user("bob")]], true).await;
        let id = asked(app).await;
        let schedules = "/v1.0/roleManagement/directory/roleAssignmentSchedules/filterByCurrentUser(on='principal')";
        assert!(each(&app.get("alice", schedules).await.ok(), "id").is_empty());
        let queue = format!("{REQUESTS}/filterByCurrentUser(on='approver')?$filter=status eq 'PendingApproval'");
        assert_eq!(each(&app.get("bob", &queue).await.ok(), "id"), [&id]);
        assert!(each(&app.get("carol", &queue).await.ok(), "id").is_empty());
        let path = format!("{APPROVALS}/{id}?$expand=steps");
        let seen = app.get("bob", &path).await.ok();
        let step = json!({
            "id": id, "assignedToMe": true, "displayName": null, "justification": null, "reviewResult": "NotReviewed",
            "reviewedBy": null, "reviewedDateTime": null, "status": "InProgress",
        });
        assert_eq!((&seen["id"], &seen["steps"]), (&json!(id), &json!([step])));
        assert_eq!(app.get("alice", &path).await.ok()["steps"][0]["assignedToMe"], false);
        assert_eq!(refused(&app.get("carol", &path).await), (404, "ApprovalNotFound".to_owned()));

        let (code, _, message) = decide(app, "carol", &id, &id, yes()).await.error();
        assert_eq!(code, 403);
        assert!(message.starts_with("Valid permissions not present. User needs one of the following"), "{message}");
        let odd = decide(app, "bob", &id, &id, json!({"reviewResult": "Perhaps", "justification": "x"})).await;
        assert_eq!(odd.status, StatusCode::BAD_REQUEST);
        // GRAPH-103.
        let blank = decide(app, "bob", &id, &id, json!({"reviewResult": "Approve", "justification": " "})).await;
        assert_eq!(refused(&blank), (400, "BadRequest".to_owned()));
        let unknown = Uuid::from_u128(9).to_string();
        assert_eq!(refused(&decide(app, "bob", &unknown, &unknown, yes()).await), (404, "ApprovalNotFound".to_owned()));
        pass(app, 20).await;
        assert_eq!(decide(app, "bob", &id, &id, yes()).await.status, StatusCode::NO_CONTENT);
        assert_eq!(status(app, &id).await, "Provisioned");
        let now = app.now();
        let instances =
            "/v1.0/roleManagement/directory/roleAssignmentScheduleInstances/filterByCurrentUser(on='principal')";
        let running = app.get("alice", instances).await.ok();
        let end = now + jiff::SignedDuration::from_hours(1);
        assert_eq!(running["value"][0]["endDateTime"], json!(end));
        let step = app.get("bob", &format!("{APPROVALS}/{id}/steps/{id}")).await.ok();
        assert_eq!((&step["status"], &step["reviewResult"]), (&json!("Completed"), &json!("Approve")));
        assert_eq!((&step["justification"], &step["reviewedDateTime"]), (&json!("fine"), &json!(now)));
        let reviewer = step["reviewedBy"].as_object().unwrap();
        assert_eq!(reviewer["id"], json!(who("bob")));
        assert_eq!(reviewer.len(), 4);
        assert_eq!(refused(&decide(app, "bob", &id, &id, yes()).await), (409, "ApprovalAlreadyCompleted".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn graph_092_093_094_096_100_no_self_approval_and_denials() {
    on_both(async |app| {
        eligible(app, "alice", json!({})).await;
        ask_approvers(app, vec![vec![user("alice"), user("bob")]], false).await;
        let id = asked(app).await;
        let (code, _, message) = decide(app, "alice", &id, &id, yes()).await.error();
        assert_eq!((code, message.contains("Self-Approval")), (403, true), "{message}");
        assert_eq!(status(app, &id).await, "PendingApproval");
        let no = json!({"reviewResult": "denied", "justification": "no"});
        assert_eq!(decide(app, "bob", &id, &id, no).await.status, StatusCode::NO_CONTENT);
        assert_eq!(status(app, &id).await, "Denied");
        let again = asked(app).await;
        let cancel = format!("{REQUESTS}/{again}/cancel");
        assert_eq!(app.post("alice", &cancel, json!({})).await.status, StatusCode::NO_CONTENT);
        assert_eq!(status(app, &again).await, "Canceled");
        assert_eq!(decide(app, "bob", &again, &again, yes()).await.status, StatusCode::CONFLICT);
        // Nobody is named.
        ask_approvers(app, vec![vec![]], false).await;
        let id = asked(app).await;
        let approved = json!({"reviewResult": "APPROVED", "justification": ""});
        assert_eq!(decide(app, "pra", &id, &id, approved).await.status, StatusCode::NO_CONTENT);
        assert_eq!(status(app, &id).await, "Provisioned");
    })
    .await;
}

#[tokio::test]
async fn graph_097_099_101_102_groups_managers_stages_and_time() {
    on_both(async |app| {
        eligible(app, "alice", json!({})).await;
        let members = json!({"@odata.type": "#microsoft.graph.groupMembers", "groupId": group("devs")});
        ask_approvers(app, vec![vec![members], vec![user("carol")]], false).await;
        let id = asked(app).await;
        let seen = app.get("bob", &format!("{APPROVALS}/{id}?$expand=steps")).await.ok();
        let second = seen["steps"][1]["id"].as_str().unwrap().to_owned();
        assert_eq!(seen["steps"][1]["status"], "Initializing");
        assert_eq!(refused(&decide(app, "carol", &id, &second, yes()).await), (400, "BadRequest".to_owned()));
        assert_eq!(decide(app, "bob", &id, &id, yes()).await.status, StatusCode::NO_CONTENT);
        let no = json!({"reviewResult": "Deny", "justification": "no"});
        assert_eq!(decide(app, "carol", &id, &second, no).await.status, StatusCode::NO_CONTENT);
        assert_eq!(status(app, &id).await, "Denied");

        let manager = json!({"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1});
        ask_approvers(app, vec![vec![manager]], false).await;
        let id = asked(app).await;
        assert_eq!(decide(app, "carol", &id, &id, yes()).await.status, StatusCode::FORBIDDEN);
        assert_eq!(decide(app, "bob", &id, &id, yes()).await.status, StatusCode::NO_CONTENT);
        pass(app, 60).await;
        let id = asked(app).await;
        pass(app, 24 * 60).await;
        assert_eq!(status(app, &id).await, "TimedOut");
        assert_eq!(decide(app, "bob", &id, &id, yes()).await.status, StatusCode::CONFLICT);

        let narrow = app.token_with("bob", Some(&["User.Read"])).await;
        let (code, word, message) = app.call(Method::GET, &narrow, &format!("{APPROVALS}/{id}"), &[], "").await.error();
        assert_eq!((code, word.as_str()), (403, ""));
        let begins = "Valid permissions not present. User needs one of the following permissions for this action : ";
        assert_eq!(message, format!("{begins}PrivilegedAccess.Read.AzureAD,PrivilegedAccess.ReadWrite.AzureAD"));
    })
    .await;
}

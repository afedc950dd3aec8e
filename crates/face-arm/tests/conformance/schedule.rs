//! Approvals of activations.

use http::Method;
use serde_json::json;

use crate::{
    app::{App, who},
    story::{CONTRIBUTOR, V, active, list, make_eligible, order},
};

#[tokio::test]
async fn arm_120_121_122_125_an_approver_decides() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    let filter = format!("roleDefinitionId eq '{CONTRIBUTOR}'");
    let policy = list(&app, "alice", "~S", "roleManagementPolicies", &filter).await.remove(0);
    let stage = json!({"primaryApprovers": [{"id": who("carol"), "userType": "User"}]});
    let rule = json!({"id": "Approval_EndUser_Assignment", "setting": {"isApprovalRequired": true, "approvalStages": [stage]}});
    let patch = json!({"properties": {"rules": [rule]}}).to_string();
    app.send("alice", Method::PATCH, &format!("{}?{V}", policy["id"].as_str().unwrap()), patch).await.with(200);
    // Going down makes it no weaker.
    let made =
        active(&app, "bob", 2, "~G1", order("SelfActivate", CONTRIBUTOR, who("bob"), Some("PT1H"))).await.with(201);
    assert_eq!(made["properties"]["status"], "PendingApproval");
    let approval = made["properties"]["approvalId"].as_str().unwrap().to_owned();
    assert!(list(&app, "bob", "/", "roleAssignmentScheduleInstances", "asTarget()").await.is_empty());
    assert_eq!(list(&app, "carol", "~S", "roleAssignmentScheduleRequests", "asApprover()").await.len(), 1);
    assert!(list(&app, "dave", "~S", "roleAssignmentScheduleRequests", "asApprover()").await.is_empty());
    let a = "api-version=2021-01-01-preview";
    let shown = app.asked("carol", &format!("{approval}?{a}")).await.with(200);
    let stage = &shown["properties"]["stages"][0];
    assert_eq!(
        (&stage["properties"]["status"], &stage["properties"]["assignedToMe"]),
        (&json!("InProgress"), &json!(true))
    );
    let target = format!("{}?{a}", stage["id"].as_str().unwrap());
    let yes = json!({"reviewResult": "Approve", "justification": "fine"}).to_string();
    for other in ["bob", "dave"] {
        let refused = app.send(other, Method::PATCH, &target, yes.clone()).await;
        assert!([403, 404].contains(&refused.status.as_u16()), "{other}: {refused:?}");
    }
    let decided = app.send("carol", Method::PATCH, &target, yes.clone()).await.with(200);
    assert_eq!(
        (&decided["properties"]["status"], &decided["properties"]["reviewResult"]),
        (&json!("Completed"), &json!("Approve"))
    );
    assert_eq!(decided["properties"]["reviewedBy"]["principalId"], who("carol").to_string());
    assert_eq!(list(&app, "bob", "/", "roleAssignmentScheduleInstances", "asTarget()").await.len(), 1);
    let again = app
        .send(
            "carol",
            Method::PUT,
            &target.replace("/stages/", "/steps/"),
            json!({"properties": {"reviewResult": "Approve"}}).to_string(),
        )
        .await;
    assert_eq!(again.status, 200, "the same again");
    let no = app
        .send("carol", Method::PATCH, &target, json!({"reviewResult": "Deny", "justification": "no"}).to_string())
        .await;
    assert_eq!(no.error(), (409, "ApprovalAlreadyCompleted".to_owned()));
}

//! Administrators give roles for a time.

use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    app::{App, path, who},
    story::{
        ASSIGNED, CONTRIBUTOR, RBAC, READER, activate, active, at, eligible, failed, give, instant, list,
        make_eligible, name, order, refusal, request, roles_of, rows, set_rules, with,
    },
};

fn assign(role: &str, of: &str, duration: Option<&str>) -> Value {
    order("AdminAssign", role, who(of), duration)
}

async fn of_dave(app: &App, collection: &str) -> Vec<Value> {
    list(app, "alice", "~S", collection, &format!("principalId eq '{}'", who("dave"))).await
}

#[tokio::test]
async fn arm_080_an_assignment_for_ten_days() {
    let app = App::start().await;
    let made = active(&app, "alice", 1, "~S", assign(CONTRIBUTOR, "dave", Some("P10D"))).await.with(201);
    assert_eq!(
        (&made["properties"]["status"], &made["properties"]["requestType"]),
        (&json!("Provisioned"), &json!("AdminAssign"))
    );
    let row = of_dave(&app, "roleAssignmentSchedules").await.remove(0);
    let properties = &row["properties"];
    assert_eq!((&properties["assignmentType"], &properties["memberType"]), (&json!("Assigned"), &json!("Direct")));
    assert_eq!(properties["roleAssignmentScheduleRequestId"], made["id"]);
    assert_eq!(properties["linkedRoleEligibilityScheduleId"], Value::Null);
    assert_eq!(instant(&properties["endDateTime"]), app.now() + SignedDuration::from_hours(240));
    let instance = of_dave(&app, "roleAssignmentScheduleInstances").await.remove(0);
    let origin = at("~S", &format!("roleAssignments/{}", instance["name"].as_str().unwrap()));
    assert_eq!(instance["properties"]["originRoleAssignmentId"], origin);
    let behind = app.get(&format!("{origin}?{RBAC}")).await.with(200);
    assert_eq!(behind["properties"]["roleDefinitionId"], at("~S", &format!("roleDefinitions/{CONTRIBUTOR}")));
    assert_eq!(behind["properties"]["principalId"], who("dave").to_string());
    assert_eq!(behind["properties"]["createdBy"], who("alice").to_string());
    assert_eq!(roles_of(&app, "dave", "~X").await, 1);
    // Changed, the role assignment keeps its name.
    app.advance(600);
    active(&app, "alice", 2, "~S", order("AdminUpdate", CONTRIBUTOR, who("dave"), Some("P5D"))).await.with(201);
    let changed = of_dave(&app, "roleAssignmentScheduleInstances").await.remove(0);
    assert_eq!(changed["name"], instance["name"]);
    assert_ne!(changed["properties"]["roleAssignmentScheduleId"], instance["properties"]["roleAssignmentScheduleId"]);
    let gone = active(&app, "alice", 3, "~S", order("AdminRemove", CONTRIBUTOR, who("dave"), None)).await.with(201);
    assert_eq!(gone["properties"]["status"], "Revoked");
    assert_eq!(app.get(&format!("{origin}?{RBAC}")).await.status, 404);
    assert_eq!(roles_of(&app, "dave", "~X").await, 0);
    let refused = active(&app, "bob", 4, "~S", assign(READER, "dave", Some("P1D"))).await;
    assert_eq!(refused.says(), crate::story::not_authorized("bob", "~S"));
}

#[tokio::test]
async fn arm_081_082_reasons_and_ends_of_assignments() {
    let app = App::start().await;
    for blank in [json!(null), json!(""), json!("  ")] {
        let silent = with(assign(READER, "dave", Some("P10D")), json!({"justification": blank}));
        assert_eq!(active(&app, "alice", 1, "~S", silent).await.says(), failed(&["JustificationRule"]), "{blank}");
    }
    let lengthless = |role: &str| {
        let schedule = json!({"expiration": {"type": "AfterDuration", "duration": null, "endDateTime": null}});
        with(assign(role, "dave", None), json!({"scheduleInfo": schedule}))
    };
    assert_eq!(active(&app, "alice", 1, "~S", lengthless(READER)).await.says(), failed(&["ExpirationRule"]));
    assert_eq!(active(&app, "alice", 1, "~S", assign(READER, "dave", None)).await.says(), failed(&["ExpirationRule"]));
    assert_eq!(
        active(&app, "alice", 1, "~S", assign(READER, "dave", Some("P181D"))).await.says(),
        failed(&["ExpirationRule"])
    );
    let bare = with(lengthless(READER), json!({"scheduleInfo": null, "justification": ""}));
    assert_eq!(active(&app, "alice", 1, "~S", bare).await.says(), failed(&["ExpirationRule", "JustificationRule"]));
    let own = with(lengthless(READER), json!({"requestType": "SelfActivate", "principalId": who("bob")}));
    make_eligible(&app, 9, "~S", READER, who("bob")).await;
    assert_eq!(active(&app, "bob", 1, "~S", own).await.says(), failed(&["ExpirationRule"]));
    assert!(of_dave(&app, "roleAssignmentSchedules").await.is_empty());
    assert_eq!(eligible(&app, 1, "~S", lengthless(READER)).await.says(), failed(&["ExpirationRule"]));
    set_rules(&app, "~S", READER, json!([{"id": "Expiration_Admin_Eligibility", "isExpirationRequired": "false"}]))
        .await;
    eligible(&app, 1, "~S", lengthless(READER)).await.with(201);
    assert_eq!(of_dave(&app, "roleEligibilitySchedules").await[0]["properties"]["endDateTime"], Value::Null);
}

#[tokio::test]
async fn arm_083_a_direct_assignment_is_a_schedule_without_request() {
    let app = App::start().await;
    let direct = json!({"properties": {
        "roleDefinitionId": READER, "principalId": who("dave"), "condition": "true", "conditionVersion": "2.0",
    }});
    let target = at("~G1", &format!("roleAssignments/{}?{RBAC}", name(9)));
    app.put("alice", &target, direct).await.with(201);
    let found = of_dave(&app, "roleAssignmentSchedules").await;
    let properties = &found[0]["properties"];
    assert_eq!(
        (&properties["assignmentType"], &properties["roleAssignmentScheduleRequestId"], &properties["endDateTime"]),
        (&json!("Assigned"), &Value::Null, &Value::Null)
    );
    assert_eq!((&properties["memberType"], &properties["condition"]), (&json!("Direct"), &json!("true")));
    let instances = of_dave(&app, "roleAssignmentScheduleInstances").await;
    assert_eq!(instances[0]["name"], name(9));
    assert_eq!(
        instances[0]["properties"]["originRoleAssignmentId"],
        at("~G1", &format!("roleAssignments/{}", name(9)))
    );
    app.send("alice", Method::DELETE, &target, "").await.with(200);
    for collection in ["roleAssignmentSchedules", "roleAssignmentScheduleInstances"] {
        assert!(of_dave(&app, collection).await.is_empty(), "{collection}");
    }
    // One that is taken over by a schedule keeps its condition.
    app.put(
        "alice",
        &target,
        json!({"properties": {
            "roleDefinitionId": READER, "principalId": who("dave"), "condition": "true", "conditionVersion": "2.0",
        }}),
    )
    .await
    .with(201);
    active(&app, "alice", 1, "~G1", order("AdminUpdate", READER, who("dave"), Some("P5D"))).await.with(201);
    let found = of_dave(&app, "roleAssignmentSchedules").await;
    assert_eq!((found.len(), &found[0]["properties"]["condition"]), (1, &json!("true")));
    // As a removal of what was written directly.
    app.advance(300);
    active(&app, "alice", 2, "~G1", order("AdminRemove", READER, who("dave"), None)).await.with(201);
    give(&app, "~G1", 10, READER, who("dave")).await.with(201);
    app.advance(300);
    active(&app, "alice", 3, "~G1", order("AdminRemove", READER, who("dave"), None)).await.with(201);
    assert!(of_dave(&app, "roleAssignmentSchedules").await.is_empty());
    assert_eq!(app.get(&at("~G1", &format!("roleAssignments/{}?{RBAC}", name(10)))).await.status, 404);
}

#[tokio::test]
async fn arm_084_assigned_or_activated_but_not_both() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    active(&app, "alice", 2, "~S", assign(CONTRIBUTOR, "bob", Some("P10D"))).await.with(201);
    assert_eq!(activate(&app, "bob", 3, "~S", CONTRIBUTOR).await.says(), refusal("RoleAssignmentExists"));
    activate(&app, "bob", 3, "~G1", CONTRIBUTOR).await.with(201);
    let reverse = active(&app, "alice", 4, "~G1", assign(CONTRIBUTOR, "bob", Some("P10D"))).await;
    assert_eq!(reverse.says(), refusal("RoleAssignmentExists"));
    active(&app, "alice", 4, "~G2", assign(CONTRIBUTOR, "bob", Some("P10D"))).await.with(201);
    // Written directly counts the same.
    give(&app, "~X", 0xd0, CONTRIBUTOR, who("bob")).await.with(201);
    assert_eq!(activate(&app, "bob", 5, "~X", CONTRIBUTOR).await.says(), refusal("RoleAssignmentExists"));
    let scopes: Vec<Value> = list(&app, "bob", "/", "roleAssignmentScheduleInstances", "asTarget()")
        .await
        .into_iter()
        .map(|row| row["properties"]["scope"].clone())
        .collect();
    for scope in ["~S", "~G1", "~G2", "~X"] {
        assert_eq!(scopes.iter().filter(|found| **found == path(scope)).count(), 1, "{scope}");
    }
    // What an administrator gave is not the holder's to give up; nor an activation the administrator's to extend.
    app.advance(300);
    let up = active(&app, "bob", 6, "~S", order("SelfDeactivate", CONTRIBUTOR, who("bob"), None)).await;
    assert_eq!(up.says(), refusal("RoleAssignmentDoesNotExist"));
    let extend = active(&app, "alice", 6, "~G1", order("AdminExtend", CONTRIBUTOR, who("bob"), Some("P20D"))).await;
    assert_eq!(extend.says(), refusal("RoleAssignmentDoesNotExist"));
    assert_eq!(rows(&app, "roleEligibilitySchedules").await.len(), 1);
    assert_eq!(app.get(&request("~S", ASSIGNED, 6)).await.status, 404);
}

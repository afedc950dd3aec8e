//! Privileged access over time: requests, schedules, instances, approvals.

use http::Method;
use serde_json::{Value, json};

use crate::app::{App, Reply, group, path, who};

const V: &str = "api-version=2020-10-01";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

fn at(scope: &str, rest: &str) -> String {
    format!("{}/providers/Microsoft.Authorization/{rest}", path(scope).trim_end_matches('/'))
}

fn order(kind: &str, role: &str, principal: impl std::fmt::Display, duration: Option<&str>) -> Value {
    let expiration = match duration {
        Some(duration) => json!({"type": "AfterDuration", "duration": duration, "endDateTime": null}),
        None => json!({"type": "NoExpiration"}),
    };
    json!({"properties": {
        "principalId": principal.to_string(), "roleDefinitionId": role, "requestType": kind,
        "justification": "needed", "scheduleInfo": {"startDateTime": null, "expiration": expiration},
    }})
}

async fn eligible(app: &App, name: u128, scope: &str, body: Value) -> Reply {
    let name = uuid::Uuid::from_u128(name);
    app.put("alice", &at(scope, &format!("roleEligibilityScheduleRequests/{name}?{V}")), body).await
}

async fn active(app: &App, who: &str, name: u128, scope: &str, body: Value) -> Reply {
    let name = uuid::Uuid::from_u128(name);
    app.put(who, &at(scope, &format!("roleAssignmentScheduleRequests/{name}?{V}")), body).await
}

async fn list(app: &App, who: &str, scope: &str, collection: &str, filter: &str) -> Vec<Value> {
    let reply = app.asked(who, &at(scope, &format!("{collection}?{V}&$filter={filter}"))).await.with(200);
    reply["value"].as_array().unwrap().clone()
}

#[tokio::test]
async fn arm_040_arm_041_arm_042_an_eligibility_is_given_and_linked() {
    let app = App::start().await;
    let made = eligible(&app, 1, "~S", order("AdminAssign", CONTRIBUTOR, who("bob"), Some("P30D"))).await.with(201);
    let properties = &made["properties"];
    assert_eq!((&properties["status"], &properties["requestType"]), (&json!("Provisioned"), &json!("AdminAssign")));
    assert_eq!(properties["scheduleInfo"]["expiration"]["duration"], "P30D");
    assert_eq!(properties["expandedProperties"]["principal"]["email"], "bob@demo.test");
    assert_eq!(properties["expandedProperties"]["roleDefinition"]["displayName"], "Contributor");
    assert_eq!(properties["requestorId"], who("alice").to_string());
    let schedules = list(&app, "alice", "~S", "roleEligibilitySchedules", "").await;
    assert_eq!(schedules.len(), 1);
    let schedule = &schedules[0]["properties"];
    assert_eq!(schedule["roleEligibilityScheduleRequestId"], made["id"]);
    assert_eq!((&schedule["memberType"], &schedule["status"]), (&json!("Direct"), &json!("Provisioned")));
    let start: jiff::Timestamp = schedule["startDateTime"].as_str().unwrap().parse().unwrap();
    let end: jiff::Timestamp = schedule["endDateTime"].as_str().unwrap().parse().unwrap();
    assert_eq!(end.duration_since(start).as_hours(), 24 * 30);
    let instances = list(&app, "alice", "~S", "roleEligibilityScheduleInstances", "").await;
    assert_eq!(instances[0]["properties"]["roleEligibilityScheduleId"], schedules[0]["id"]);
    let again = eligible(&app, 2, "~S", order("AdminAssign", CONTRIBUTOR, who("bob"), Some("P30D"))).await;
    assert_eq!(again.error(), (400, "RoleAssignmentExists".to_owned()));
    assert_eq!(again.message(), "The Role assignment already exists.");
    let same = eligible(&app, 1, "~S", order("AdminAssign", CONTRIBUTOR, who("dave"), Some("P30D"))).await;
    assert_eq!(same.error(), (409, "RoleAssignmentRequestExists".to_owned()));
    let name = uuid::Uuid::from_u128(1);
    assert_eq!(same.message(), format!("A role assignment request with Id: {name} already exists"));
    let by_name = app.get(&at("~S", &format!("roleEligibilityScheduleRequests/{name}?{V}"))).await.with(200);
    assert_eq!(by_name, made);
    let foreign = app.asked("carol", &at("~S", &format!("roleEligibilityScheduleRequests/{name}?{V}"))).await;
    assert_eq!(foreign.error(), (404, "RoleEligibilityScheduleRequestNotFound".to_owned()));
}

#[tokio::test]
async fn arm_044_arm_051_arm_063_arm_081_rules_and_rights_refuse_in_their_words() {
    let app = App::start().await;
    let failed = |rules: &str| format!("The following policy rules failed: [{rules}]");
    let long = eligible(&app, 1, "~S", order("AdminAssign", CONTRIBUTOR, who("bob"), Some("P400D"))).await;
    assert_eq!(
        (long.error().1, long.message()),
        ("RoleAssignmentRequestPolicyValidationFailed".to_owned(), failed("\"ExpirationRule\""))
    );
    let endless = eligible(&app, 1, "~S", order("AdminAssign", CONTRIBUTOR, who("bob"), None)).await;
    assert_eq!(endless.message(), failed("\"ExpirationRule\""));
    let name = uuid::Uuid::from_u128(7);
    let target = at("~S", &format!("roleEligibilityScheduleRequests/{name}?{V}"));
    let refused = app.put("bob", &target, order("AdminAssign", CONTRIBUTOR, who("bob"), Some("P30D"))).await;
    assert_eq!(refused.error(), (403, "AuthorizationFailed".to_owned()));
    let none = active(&app, "carol", 2, "~S", order("SelfActivate", CONTRIBUTOR, who("carol"), Some("PT1H"))).await;
    assert_eq!(none.message(), failed("\"EligibilityRule\""));
    let foreign = active(&app, "carol", 2, "~S", order("SelfActivate", CONTRIBUTOR, who("bob"), Some("PT1H"))).await;
    assert_eq!(foreign.error(), (400, "InsufficientPermissions".to_owned()));
    let mut silent = order("AdminAssign", READER, who("dave"), Some("P10D"));
    silent["properties"]["justification"] = Value::Null;
    assert_eq!(active(&app, "alice", 3, "~S", silent).await.message(), failed("\"JustificationRule\""));
    let odd = eligible(&app, 4, "~S", order("SelfActivate", CONTRIBUTOR, who("alice"), Some("PT1H"))).await;
    assert_eq!(odd.error(), (400, "InvalidRoleAssignmentRequest".to_owned()));
    let odd = eligible(&app, 4, "~S", order("Conquer", CONTRIBUTOR, who("alice"), Some("PT1H"))).await;
    assert_eq!(odd.error(), (400, "InvalidRoleAssignmentRequest".to_owned()));
    let unread = app.asked("bob", &at("~S", &format!("roleEligibilitySchedules?{V}"))).await;
    assert_eq!(unread.error(), (400, "InsufficientPermissions".to_owned()));
    let expected = format!(
        "The requestor {} does not have permissions for this request. Please use $filter=asTarget() to filter on the \
         requestor's assignments.",
        who("bob")
    );
    assert_eq!(unread.message(), expected);
    assert!(list(&app, "bob", "~S", "roleEligibilitySchedules", "asTarget()").await.is_empty());
    let odd = app.get(&at("~S", &format!("roleEligibilitySchedules?{V}&$filter=asNobody()"))).await;
    assert_eq!(odd.error().0, 400);
}

#[tokio::test]
async fn arm_060_arm_064_arm_070_arm_071_an_activation_gives_the_role_until_its_end() {
    let app = App::start().await;
    eligible(&app, 1, "~S", order("AdminAssign", CONTRIBUTOR, who("bob"), Some("P30D"))).await.with(201);
    let permissions = async |scope: &str| {
        let target = at(scope, "permissions?api-version=2022-04-01");
        app.asked("bob", &target).await.with(200)["value"].as_array().unwrap().len()
    };
    assert_eq!(permissions("~G1").await, 0, "eligible counts for nothing");
    let made =
        active(&app, "bob", 2, "~G1", order("SelfActivate", CONTRIBUTOR, who("bob"), Some("PT60M"))).await.with(201);
    assert_eq!(
        (&made["properties"]["status"], &made["properties"]["scope"]),
        (&json!("Provisioned"), &json!(path("~G1")))
    );
    assert_eq!(made["properties"]["scheduleInfo"]["expiration"]["duration"], "PT60M");
    assert_eq!((permissions("~G1").await, permissions("~X").await, permissions("~G2").await), (1, 1, 0));
    let instances = list(&app, "bob", "/", "roleAssignmentScheduleInstances", "asTarget()").await;
    assert_eq!(instances.len(), 1);
    let instance = &instances[0]["properties"];
    assert_eq!(instance["assignmentType"], "Activated");
    let eligibility = list(&app, "bob", "~G1", "roleEligibilitySchedules", "asTarget()").await;
    assert_eq!(instance["linkedRoleEligibilityScheduleId"], eligibility[0]["id"]);
    assert_eq!(
        (&eligibility[0]["properties"]["memberType"], &eligibility[0]["properties"]["scope"]),
        (&json!("Inherited"), &json!(path("~S")))
    );
    let origin = instance["originRoleAssignmentId"].as_str().unwrap();
    let assignment = app.get(&format!("{origin}?api-version=2022-04-01")).await.with(200);
    assert_eq!(
        (&assignment["name"], &assignment["properties"]["principalId"]),
        (&instances[0]["name"], &json!(who("bob")))
    );
    let second = active(&app, "bob", 3, "~G1", order("SelfActivate", CONTRIBUTOR, who("bob"), Some("PT1H"))).await;
    assert_eq!(second.error(), (400, "RoleAssignmentExists".to_owned()));
    let early = active(&app, "bob", 4, "~G1", order("SelfDeactivate", CONTRIBUTOR, who("bob"), None)).await;
    assert_eq!(early.error(), (400, "ActiveDurationTooShort".to_owned()));
    app.advance(301);
    let given_up = active(&app, "bob", 5, "~G1", order("SelfDeactivate", CONTRIBUTOR, who("bob"), None)).await;
    assert_eq!(given_up.with(201)["properties"]["status"], "Revoked");
    assert_eq!(permissions("~G1").await, 0);
    active(&app, "bob", 6, "~G1", order("SelfActivate", CONTRIBUTOR, who("bob"), Some("PT1H"))).await.with(201);
    app.advance(3600);
    assert_eq!(permissions("~G1").await, 0, "over by the clock, before anybody settles it");
    assert!(list(&app, "bob", "/", "roleAssignmentSchedules", "asTarget()").await.is_empty());
    assert_eq!(app.get(&format!("{origin}?api-version=2022-04-01")).await.status, 404);
}

#[tokio::test]
async fn arm_053_arm_062_arm_140_what_a_group_has_its_members_activate_themselves() {
    let app = App::start().await;
    eligible(&app, 1, "~G1", order("AdminAssign", READER, group("devs"), Some("P30D"))).await.with(201);
    let found = list(&app, "bob", "/", "roleEligibilityScheduleInstances", "asTarget()").await;
    assert_eq!(
        (&found[0]["properties"]["memberType"], &found[0]["properties"]["principalId"]),
        (&json!("Group"), &json!(group("devs")))
    );
    let posing = active(&app, "bob", 2, "~G1", order("SelfActivate", READER, group("devs"), Some("PT1H"))).await;
    assert_eq!(posing.error(), (400, "InsufficientPermissions".to_owned()));
    active(&app, "bob", 2, "~G1", order("SelfActivate", READER, who("bob"), Some("PT1H"))).await.with(201);
    let children = app.asked("bob", &at("~S", &format!("eligibleChildResources?{V}"))).await;
    assert_eq!(children.each("/id"), [path("~G1")]);
    let children = app
        .asked(
            "bob",
            &at(
                "~M",
                &format!("eligibleChildResources?{V}&$getAllChildren=true&$filter=resourceType+eq+'resourcegroup'"),
            ),
        )
        .await;
    assert_eq!(children.each("/id"), [path("~G1")]);
    let above = active(&app, "bob", 3, "~S", order("SelfActivate", READER, who("bob"), Some("PT1H"))).await;
    assert!(above.message().contains("EligibilityRule"), "{}", above.message());
}

#[tokio::test]
async fn arm_083_arm_084_a_direct_assignment_is_a_schedule_without_request() {
    let app = App::start().await;
    let body = json!({"properties": {"roleDefinitionId": READER, "principalId": who("bob")}});
    let name = uuid::Uuid::from_u128(9);
    let target = at("~G1", &format!("roleAssignments/{name}?api-version=2022-04-01"));
    app.put("alice", &target, body).await.with(201);
    let found = list(&app, "bob", "~G1", "roleAssignmentSchedules", "asTarget()").await;
    let properties = &found[0]["properties"];
    assert_eq!(
        (&properties["assignmentType"], &properties["roleAssignmentScheduleRequestId"], &properties["endDateTime"]),
        (&json!("Assigned"), &Value::Null, &Value::Null)
    );
    eligible(&app, 1, "~G1", order("AdminAssign", READER, who("bob"), Some("P30D"))).await.with(201);
    let held = active(&app, "bob", 2, "~G1", order("SelfActivate", READER, who("bob"), Some("PT1H"))).await;
    assert_eq!(held.error(), (400, "RoleAssignmentExists".to_owned()));
    app.send("alice", Method::DELETE, &target, "").await.with(200);
    assert!(list(&app, "bob", "~G1", "roleAssignmentSchedules", "asTarget()").await.is_empty());
    active(&app, "bob", 2, "~G1", order("SelfActivate", READER, who("bob"), Some("PT1H"))).await.with(201);
}

#[tokio::test]
async fn arm_120_arm_121_arm_122_arm_125_an_approver_decides() {
    let app = App::start().await;
    eligible(&app, 1, "~S", order("AdminAssign", CONTRIBUTOR, who("bob"), Some("P30D"))).await.with(201);
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

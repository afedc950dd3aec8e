//! Orders, lists and policies, as the stories of the checklist give and read them.

use std::fmt::Display;

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{App, Reply, path, who};

/// The version of requests, schedules and policies.
pub(crate) const V: &str = "api-version=2020-10-01";
/// That of role assignments.
pub(crate) const RBAC: &str = "api-version=2022-04-01";
pub(crate) const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
pub(crate) const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
/// Collections of requests.
pub(crate) const ELIGIBLE: &str = "roleEligibilityScheduleRequests";
pub(crate) const ASSIGNED: &str = "roleAssignmentScheduleRequests";

/// A GUID for a number.
pub(crate) fn name(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

/// Something of the provider at a scope.
pub(crate) fn at(scope: &str, rest: &str) -> String {
    format!("{}/providers/Microsoft.Authorization/{rest}", path(scope).trim_end_matches('/'))
}

/// A request of a collection.
pub(crate) fn request(scope: &str, collection: &str, number: u128) -> String {
    at(scope, &format!("{collection}/{}?{V}", name(number)))
}

/// An order with a reason; without a length it asks for no end.
pub(crate) fn order(kind: &str, role: &str, principal: impl Display, duration: Option<&str>) -> Value {
    let expiration = match duration {
        Some(duration) => json!({"type": "AfterDuration", "duration": duration, "endDateTime": null}),
        None => json!({"type": "NoExpiration"}),
    };
    json!({"properties": {
        "principalId": principal.to_string(), "roleDefinitionId": role, "requestType": kind,
        "justification": "needed", "scheduleInfo": {"startDateTime": null, "expiration": expiration},
    }})
}

/// An order with members in place of others.
pub(crate) fn with(mut order: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        order["properties"][name] = value.clone();
    }
    order
}

/// An order of alice's for an eligibility.
pub(crate) async fn eligible(app: &App, number: u128, scope: &str, body: Value) -> Reply {
    app.put("alice", &request(scope, ELIGIBLE, number), body).await
}

/// Somebody is eligible for a month.
pub(crate) async fn make_eligible(app: &App, number: u128, scope: &str, role: &str, of: impl Display) -> Value {
    eligible(app, number, scope, order("AdminAssign", role, of, Some("P30D"))).await.with(201)
}

/// An order for an assignment.
pub(crate) async fn active(app: &App, who: &str, number: u128, scope: &str, body: Value) -> Reply {
    app.put(who, &request(scope, ASSIGNED, number), body).await
}

/// Somebody's own activation for an hour.
pub(crate) async fn activate(app: &App, key: &str, number: u128, scope: &str, role: &str) -> Reply {
    active(app, key, number, scope, order("SelfActivate", role, who(key), Some("PT1H"))).await
}

/// Rows of a collection.
pub(crate) async fn list(app: &App, who: &str, scope: &str, collection: &str, filter: &str) -> Vec<Value> {
    let reply = app.asked(who, &at(scope, &format!("{collection}?{V}&$filter={filter}"))).await.with(200);
    reply["value"].as_array().unwrap().clone()
}

/// What alice sees of a collection at S.
pub(crate) async fn rows(app: &App, collection: &str) -> Vec<Value> {
    list(app, "alice", "~S", collection, "").await
}

/// Changes rules of a role's policy as alice.
pub(crate) async fn set_rules(app: &App, scope: &str, role: &str, rules: Value) {
    let policy = list(app, "alice", scope, "roleManagementPolicies", &format!("roleDefinitionId eq '{role}'")).await;
    let target = format!("{}?{V}", policy[0]["id"].as_str().unwrap());
    let body = json!({"properties": {"rules": rules}}).to_string();
    app.send("alice", Method::PATCH, &target, body).await.with(200);
}

/// Activations at the scope wait for carol.
pub(crate) async fn ask_carol(app: &App, scope: &str, role: &str) {
    let stage = json!({"primaryApprovers": [{"id": who("carol"), "userType": "User"}]});
    let setting = json!({"isApprovalRequired": true, "approvalStages": [stage]});
    set_rules(app, scope, role, json!([{"id": "Approval_EndUser_Assignment", "setting": setting}])).await;
}

/// Gives a role directly, as alice.
pub(crate) async fn give(app: &App, scope: &str, number: u128, role: &str, principal: impl Display) -> Reply {
    let body = json!({"properties": {"roleDefinitionId": role, "principalId": principal.to_string()}});
    app.put("alice", &at(scope, &format!("roleAssignments/{}?{RBAC}", name(number))), body).await
}

/// How many roles the caller has at a scope.
pub(crate) async fn roles_of(app: &App, key: &str, scope: &str) -> usize {
    let found = app.asked(key, &at(scope, &format!("permissions?{RBAC}"))).await.with(200);
    found["value"].as_array().unwrap().len()
}

/// A refusal of `ARM 18.1`: status, code, message.
pub(crate) fn refusal(code: &str) -> (u16, String, String) {
    let message = match code {
        "RoleAssignmentExists" => "The Role assignment already exists.",
        "RoleAssignmentDoesNotExist" => "The Role assignment does not exist.",
        "PendingRoleAssignmentRequest" => "There is already an existing pending Role assignment request.",
        "ActiveDurationTooShort" => "The Active duration is too short. Miniumum Required is 5 minutes.",
        "SubjectNotFound" => "The subject is not found.",
        "RoleNotFound" => "The role is not found.",
        "InvalidRoleAssignmentRequest" => "The role assignment request is invalid.",
        "InvalidRoleAssignmentRequestSchedule" => "The role assignment request schedule is invalid.",
        other => panic!("{other} has no message of its own"),
    };
    (400, code.to_owned(), message.to_owned())
}

/// What failed policy rules are told as (`ARM 14.2`).
pub(crate) fn failed(rules: &[&str]) -> (u16, String, String) {
    let rules = serde_json::to_string(rules).unwrap();
    let code = "RoleAssignmentRequestPolicyValidationFailed".to_owned();
    (400, code, format!("The following policy rules failed: {rules}"))
}

/// What a caller without the right to give roles is told (`ARM 5.1`).
pub(crate) fn not_authorized(key: &str, scope: &str) -> (u16, String, String) {
    let message = format!(
        "The client '{key}@demo.test' with object id '{}' does not have authorization to perform action \
         'Microsoft.Authorization/roleAssignments/write' over scope '{}' or the scope is invalid. If access was \
         recently granted, please refresh your credentials.",
        who(key),
        path(scope)
    );
    (403, "AuthorizationFailed".to_owned(), message)
}

/// Names of the members of an object, sorted.
#[track_caller]
pub(crate) fn members(of: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = of.as_object().unwrap_or_else(|| panic!("{of}")).keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// The last part of an id.
#[track_caller]
pub(crate) fn last(id: &Value) -> &str {
    id.as_str().unwrap_or_else(|| panic!("no id: {id}")).rsplit('/').next().unwrap()
}

/// An instant of an answer.
#[track_caller]
pub(crate) fn instant(text: &Value) -> jiff::Timestamp {
    text.as_str().unwrap_or_else(|| panic!("no instant: {text}")).parse().unwrap()
}

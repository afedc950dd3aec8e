//! GRAPH-149: every activity of `GRAPH 16.3`, by the request it belongs to: its name, who logged it, its category, who did it.

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    app::{App, each, group, who},
    approval::change_rule,
    schedule::{activate, created, lasting, order, pass},
};

const AUDITS: &str = "/v1.0/auditLogs/directoryAudits";
const ROLES: &str = "/v1.0/roleManagement/directory";
const GROUPS: &str = "/v1.0/identityGovernance/privilegedAccess/group";

/// The records of a request, oldest first, without those of the directory itself.
async fn of(app: &App, request: &Value) -> Vec<Value> {
    let id = request["id"].as_str().unwrap();
    let list = app.get("gr", &format!("{AUDITS}?$filter=correlationId eq '{id}'")).await.ok();
    let mut rows = list["value"].as_array().unwrap().clone();
    rows.reverse();
    rows
}

fn named(rows: &[Value], service: &str) -> Vec<String> {
    let of_it = rows.iter().filter(|row| row["loggedByService"] == service);
    of_it.map(|row| row["activityDisplayName"].as_str().unwrap().to_owned()).collect()
}

/// What is told of a request: by privileged access, and by the directory.
async fn told(app: &App, request: &Value, pim: &[&str], core: &[&str]) {
    let rows = of(app, request).await;
    assert_eq!(
        (named(&rows, "PIM"), named(&rows, "Core Directory")),
        (owned(pim), owned(core)),
        "{}",
        request["action"]
    );
    for row in &rows {
        let of_group = request.get("groupId").is_some();
        let category = if of_group { "GroupManagement" } else { "RoleManagement" };
        assert_eq!((&row["category"], &row["result"]), (&json!(category), &json!("success")), "{row}");
        let initiator = &row["initiatedBy"];
        assert!(initiator["user"].is_null() != initiator["app"].is_null(), "{initiator}");
        if row["loggedByService"] == "Core Directory" {
            assert_eq!(initiator["app"]["displayName"], "MS-PIM", "{row}");
        }
        let kinds: Vec<&str> =
            row["targetResources"].as_array().unwrap().iter().map(|it| it["type"].as_str().unwrap()).collect();
        let about = if of_group { "Group" } else { "Role" };
        assert!(kinds.contains(&about) && kinds.contains(&"Request") && kinds.contains(&"User"), "{row}");
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Who is told to have done the last thing that happened to a request.
async fn last_actor(app: &App, request: &Value) -> Value {
    let rows = of(app, request).await;
    rows.iter().rfind(|row| row["loggedByService"] == "PIM").unwrap()["initiatedBy"]["user"]["displayName"].clone()
}

async fn sent(app: &App, who: &str, kind: &str, body: Value) -> Value {
    created(app.post(who, &format!("{ROLES}/role{kind}ScheduleRequests"), body).await)
}

async fn withdrawn(app: &App, who: &str, kind: &str, request: &Value) {
    let path = format!("{ROLES}/role{kind}ScheduleRequests/{}/cancel", request["id"].as_str().unwrap());
    assert_eq!(app.post(who, &path, json!({})).await.status, StatusCode::NO_CONTENT);
}

fn later(app: &App) -> Value {
    let start = app.now() + SignedDuration::from_hours(1);
    json!({"scheduleInfo": {"startDateTime": start, "expiration": {"type": "afterDuration", "duration": "P1D"}}})
}

fn forever() -> Value {
    json!({"scheduleInfo": {"expiration": {"type": "noExpiration"}}})
}

#[tokio::test]
async fn graph_149_eligibilities() {
    let app = App::start().await;
    const ADD: &str = "Add eligible member to role";
    let gives = |more: Value| order("adminAssign", "alice", more);
    let kind = "Eligibility";
    let first = sent(&app, "pra", kind, gives(lasting("P10D"))).await;
    let timebound = [
        "Add eligible member to role in PIM requested (timebound)",
        "Add eligible member to role in PIM completed (timebound)",
    ];
    told(&app, &first, &timebound, &[ADD]).await;
    let update = sent(&app, "pra", kind, order("adminUpdate", "alice", lasting("P20D"))).await;
    let updated = [
        "Update eligible member in PIM requested (extend)",
        "Add eligible member to role in PIM completed (timebound)",
    ];
    told(&app, &update, &updated, &[]).await;
    let extend = sent(&app, "pra", kind, order("adminExtend", "alice", lasting("P30D"))).await;
    let renewed = [
        "Add eligible member to role in PIM requested (renew)",
        "Add eligible member to role in PIM completed (timebound)",
    ];
    told(&app, &extend, &renewed, &[]).await;
    let asked = sent(&app, "alice", kind, order("selfExtend", "alice", lasting("P40D"))).await;
    told(&app, &asked, &["Update eligible member in PIM requested (extend)"], &[]).await;
    withdrawn(&app, "alice", kind, &asked).await;
    let canceled =
        ["Update eligible member in PIM requested (extend)", "Update eligible member in PIM canceled (extend)"];
    told(&app, &asked, &canceled, &[]).await;
    assert_eq!(last_actor(&app, &asked).await, "Alice Archer");
    let asked = sent(&app, "alice", kind, order("selfExtend", "alice", lasting("P40D"))).await;
    sent(&app, "pra", kind, order("adminExtend", "alice", lasting("P40D"))).await;
    let approved =
        ["Update eligible member in PIM requested (extend)", "Update member in PIM approved by admin (extend/renew)"];
    told(&app, &asked, &approved, &[]).await;
    assert_eq!(last_actor(&app, &asked).await, "Petra Arnold");
    let removal = sent(&app, "pra", kind, order("adminRemove", "alice", json!({}))).await;
    let removed = [
        "Remove eligible member from role in PIM requested (timebound)",
        "Remove eligible member from role in PIM completed (timebound)",
    ];
    told(&app, &removal, &removed, &["Remove eligible member from role"]).await;

    let endless = sent(&app, "pra", kind, gives(forever())).await;
    let permanent = [
        "Add eligible member to role in PIM requested (permanent)",
        "Add eligible member to role in PIM completed (permanent)",
    ];
    told(&app, &endless, &permanent, &[ADD]).await;
    let removal = sent(&app, "pra", kind, order("adminRemove", "alice", json!({}))).await;
    let removed = [
        "Remove eligible member from role in PIM requested (permanent)",
        "Remove eligible member from role in PIM completed (permanent)",
    ];
    told(&app, &removal, &removed, &["Remove eligible member from role"]).await;

    // One that ends by itself, and is asked for again.
    let short = sent(&app, "pra", kind, gives(lasting("P1D"))).await;
    pass(&app, 24 * 60).await;
    let ended = [
        "Add eligible member to role in PIM requested (timebound)",
        "Add eligible member to role in PIM completed (timebound)",
        "Remove eligible member from role in PIM completed (timebound)",
    ];
    told(&app, &short, &ended, &[ADD, "Remove eligible member from role"]).await;
    assert_eq!(last_actor(&app, &short).await, "Azure AD PIM");
    let asked = sent(&app, "alice", kind, order("selfRenew", "alice", lasting("P5D"))).await;
    withdrawn(&app, "pra", kind, &asked).await;
    let canceled =
        ["Add eligible member to role in PIM requested (renew)", "Add eligible member to role in PIM canceled (renew)"];
    told(&app, &asked, &canceled, &[]).await;
    let asked = sent(&app, "alice", kind, order("selfRenew", "alice", lasting("P5D"))).await;
    let renewal = sent(&app, "pra", kind, order("adminRenew", "alice", lasting("P5D"))).await;
    told(&app, &renewal, &renewed, &[ADD]).await;
    let approved = [
        "Add eligible member to role in PIM requested (renew)",
        "Update member in PIM approved by admin (extend/renew)",
    ];
    told(&app, &asked, &approved, &[]).await;
}

#[tokio::test]
async fn graph_149_assignments() {
    let app = App::start().await;
    let kind = "Assignment";
    let first = sent(&app, "pra", kind, order("adminAssign", "alice", lasting("P10D"))).await;
    let given = ["Add member to role in PIM requested (timebound)", "Add member to role in PIM completed (timebound)"];
    told(&app, &first, &given, &["Add member to role"]).await;
    let update = sent(&app, "pra", kind, order("adminUpdate", "alice", lasting("P20D"))).await;
    let updated = ["Update member in PIM requested (extend)", "Add member to role in PIM completed (timebound)"];
    told(&app, &update, &updated, &[]).await;
    let asked = sent(&app, "alice", kind, order("selfExtend", "alice", lasting("P30D"))).await;
    sent(&app, "pra", kind, order("adminExtend", "alice", lasting("P30D"))).await;
    let approved = ["Update member in PIM requested (extend)", "Update member in PIM approved by admin (extend/renew)"];
    told(&app, &asked, &approved, &[]).await;
    let asked = sent(&app, "alice", kind, order("selfExtend", "alice", lasting("P40D"))).await;
    withdrawn(&app, "alice", kind, &asked).await;
    let canceled = ["Update member in PIM requested (extend)", "Update member in PIM canceled (extend)"];
    told(&app, &asked, &canceled, &[]).await;
    pass(&app, 6).await;
    let removal = sent(&app, "pra", kind, order("adminRemove", "alice", json!({}))).await;
    let removed = [
        "Remove member from role in PIM requested (timebound)",
        "Remove member from role in PIM completed (timebound)",
    ];
    told(&app, &removal, &removed, &["Remove member from role"]).await;

    let endless = sent(&app, "pra", kind, order("adminAssign", "alice", forever())).await;
    let given = ["Add member to role in PIM requested (permanent)", "Add member to role in PIM completed (permanent)"];
    told(&app, &endless, &given, &["Add member to role"]).await;
    pass(&app, 6).await;
    let removal = sent(&app, "pra", kind, order("adminRemove", "alice", json!({}))).await;
    let removed = [
        "Remove member from role in PIM requested (permanent)",
        "Remove member from role in PIM completed (permanent)",
    ];
    told(&app, &removal, &removed, &["Remove member from role"]).await;

    let short = sent(&app, "pra", kind, order("adminAssign", "alice", lasting("P1D"))).await;
    pass(&app, 24 * 60).await;
    let ended = [
        "Add member to role in PIM requested (timebound)",
        "Add member to role in PIM completed (timebound)",
        "Remove member from role in PIM completed (timebound)",
    ];
    told(&app, &short, &ended, &["Add member to role", "Remove member from role"]).await;
    assert_eq!(last_actor(&app, &short).await, "Azure AD PIM");
    let asked = sent(&app, "alice", kind, order("selfRenew", "alice", lasting("P5D"))).await;
    let renewal = sent(&app, "pra", kind, order("adminRenew", "alice", lasting("P5D"))).await;
    let renewed = ["Add member to role in PIM requested (renew)", "Add member to role in PIM completed (timebound)"];
    told(&app, &renewal, &renewed, &["Add member to role"]).await;
    let approved =
        ["Add member to role in PIM requested (renew)", "Update member in PIM approved by admin (extend/renew)"];
    told(&app, &asked, &approved, &[]).await;

    // One that was to come and does not.
    let planned = sent(&app, "pra", kind, order("adminAssign", "bob", later(&app))).await;
    assert_eq!(planned["status"], "Granted");
    withdrawn(&app, "pra", kind, &planned).await;
    let rows = of(&app, &planned).await;
    assert_eq!(named(&rows, "PIM").last().unwrap(), "Add member to role in PIM canceled (timebound)");
    assert!(named(&rows, "Core Directory").is_empty(), "nothing was given: {rows:?}");
    // One that comes: it is complete when it begins.
    let planned = sent(&app, "pra", kind, order("adminAssign", "bob", later(&app))).await;
    told(&app, &planned, &["Add member to role in PIM requested (timebound)"], &[]).await;
    pass(&app, 60).await;
    let given = ["Add member to role in PIM requested (timebound)", "Add member to role in PIM completed (timebound)"];
    told(&app, &planned, &given, &["Add member to role"]).await;
    // What takes an eligibility back before it begins.
    let planned = sent(&app, "pra", "Eligibility", order("adminAssign", "bob", later(&app))).await;
    withdrawn(&app, "pra", "Eligibility", &planned).await;
    let rows = of(&app, &planned).await;
    assert_eq!(named(&rows, "PIM").last().unwrap(), "Add eligible member to role in PIM canceled (timebound)");
}

#[tokio::test]
async fn graph_149_activations() {
    let app = App::start().await;
    let kind = "Assignment";
    sent(&app, "pra", "Eligibility", order("adminAssign", "alice", lasting("P30D"))).await;
    const REQUESTED: &str = "Add member to role requested (PIM activation)";
    const COMPLETED: &str = "Add member to role completed (PIM activation)";
    const ASKED: &str = "Add member to role approval requested (PIM activation)";
    let active = created(activate(&app, "alice", lasting("PT1H")).await);
    told(&app, &active, &[REQUESTED, COMPLETED], &["Add member to role"]).await;
    pass(&app, 60).await;
    let expired = [REQUESTED, COMPLETED, "Remove member from role (PIM activation expired)"];
    told(&app, &active, &expired, &["Add member to role", "Remove member from role"]).await;
    assert_eq!(last_actor(&app, &active).await, "Azure AD PIM");

    created(activate(&app, "alice", lasting("PT1H")).await);
    pass(&app, 6).await;
    let back = sent(&app, "alice", kind, order("selfDeactivate", "alice", json!({}))).await;
    let given_back =
        ["Remove member from role requested (PIM deactivate)", "Remove member from role completed (PIM deactivate)"];
    told(&app, &back, &given_back, &["Remove member from role"]).await;
    assert_eq!(last_actor(&app, &back).await, "Alice Archer");

    let planned = created(activate(&app, "alice", {
        let start = app.now() + SignedDuration::from_hours(1);
        json!({"scheduleInfo": {"startDateTime": start, "expiration": {"type": "afterDuration", "duration": "PT1H"}}})
    })
    .await);
    withdrawn(&app, "alice", kind, &planned).await;
    let rows = of(&app, &planned).await;
    let names = named(&rows, "PIM");
    assert_eq!(
        (names.first().map(String::as_str), names.last().map(String::as_str)),
        (Some(REQUESTED), Some("Add member to role canceled (PIM activation)"))
    );
    assert!(named(&rows, "Core Directory").is_empty(), "{rows:?}");

    let bob = json!({"@odata.type": "#microsoft.graph.singleUser", "userId": who("bob")});
    let rule = json!({
        "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyApprovalRule",
        "id": "Approval_EndUser_Assignment",
        "setting": {"isApprovalRequired": true, "approvalStages": [{"primaryApprovers": [bob]}]},
    });
    change_rule(&app, rule).await;
    let decide = async |request: &Value, result: &str| {
        let id = request["id"].as_str().unwrap();
        let path = format!("/beta/roleManagement/directory/roleAssignmentApprovals/{id}/steps/{id}");
        let decided = app.patch("bob", &path, json!({"reviewResult": result, "justification": "so"})).await;
        assert_eq!(decided.status, StatusCode::NO_CONTENT, "{}", decided.text());
    };
    let refused = created(activate(&app, "alice", lasting("PT1H")).await);
    decide(&refused, "Deny").await;
    told(&app, &refused, &[REQUESTED, ASKED, "Add member to role request denied (PIM activation)"], &[]).await;
    assert_eq!(last_actor(&app, &refused).await, "Bob Brown");
    let withdrawn_one = created(activate(&app, "alice", lasting("PT1H")).await);
    withdrawn(&app, "alice", kind, &withdrawn_one).await;
    told(&app, &withdrawn_one, &[REQUESTED, ASKED, "Add member to role canceled (PIM activation)"], &[]).await;
    let late = created(activate(&app, "alice", lasting("PT1H")).await);
    pass(&app, 24 * 60).await;
    told(&app, &late, &[REQUESTED, ASKED, "PIM activation request expired"], &[]).await;
    assert_eq!(last_actor(&app, &late).await, "Azure AD PIM");
    let given = created(activate(&app, "alice", lasting("PT1H")).await);
    decide(&given, "Approve").await;
    let approved = [REQUESTED, ASKED, "Add member to role request approved (PIM activation)", COMPLETED];
    told(&app, &given, &approved, &["Add member to role"]).await;
}

#[tokio::test]
async fn graph_149_groups_and_what_is_done_beside_schedules() {
    let app = App::start().await;
    let order = |action: &str, access: &str, more: Value| {
        let mut body = json!({
            "action": action, "principalId": who("alice"), "groupId": group("G"), "accessId": access, "justification": "x",
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let sent = async |who: &str, kind: &str, body: Value| {
        created(app.post(who, &format!("{GROUPS}/{kind}ScheduleRequests"), body).await)
    };
    let eligible = sent("ga", "eligibility", order("adminAssign", "member", lasting("P30D"))).await;
    let given = [
        "Add eligible member to role in PIM requested (timebound)",
        "Add eligible member to role in PIM completed (timebound)",
    ];
    told(&app, &eligible, &given, &[]).await;
    let onboarded = "activityDisplayName eq 'Onboarded resource to PIM'";
    let list = app.get("gr", &format!("{AUDITS}?$filter={onboarded}")).await.ok();
    assert_eq!((each(&list, "category"), each(&list, "result")), (vec!["GroupManagement"], vec!["success"]));
    assert_eq!(list["value"][0]["targetResources"][0]["id"], json!(group("G")));
    for (access, (come, go)) in [
        ("member", ("Add member to group", "Remove member from group")),
        ("owner", ("Add owner to group", "Remove owner from group")),
    ] {
        if access == "owner" {
            sent("ga", "eligibility", order("adminAssign", access, lasting("P30D"))).await;
        }
        let active = sent("alice", "assignment", order("selfActivate", access, lasting("PT1H"))).await;
        let completed =
            ["Add member to role requested (PIM activation)", "Add member to role completed (PIM activation)"];
        told(&app, &active, &completed, &[come]).await;
        pass(&app, 60).await;
        let expired = [completed[0], completed[1], "Remove member from role (PIM activation expired)"];
        told(&app, &active, &expired, &[come, go]).await;
    }
    let assigned = sent("ga", "assignment", order("adminAssign", "owner", lasting("P1D"))).await;
    let given = ["Add member to role in PIM requested (timebound)", "Add member to role in PIM completed (timebound)"];
    told(&app, &assigned, &given, &["Add owner to group"]).await;

    // Beside schedules: a role for good, and its end.
    let body = json!({"principalId": who("carol"), "roleDefinitionId": crate::schedule::UA, "directoryScopeId": "/"});
    let made = app.post("pra", &format!("{ROLES}/roleAssignments"), body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let id = made.json()["id"].as_str().unwrap().to_owned();
    pass(&app, 1).await;
    assert_eq!(app.delete("pra", &format!("{ROLES}/roleAssignments/{id}")).await.status, StatusCode::NO_CONTENT);
    let list = app.get("gr", &format!("{AUDITS}?$top=1")).await.ok();
    assert_eq!(each(&list, "activityDisplayName"), ["Remove member from role"]);
    let outside = "activityDisplayName eq 'Add member to role outside of PIM (permanent)'";
    let list = app.get("gr", &format!("{AUDITS}?$filter={outside}")).await.ok();
    assert_eq!(each(&list, "category"), ["RoleManagement"]);
}

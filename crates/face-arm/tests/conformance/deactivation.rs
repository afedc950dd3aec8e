//! Activations end: given up, over, or with what they rest on.

use http::Method;
use serde_json::{Value, json};

use crate::{
    app::{App, group, who},
    story::{
        ASSIGNED, CONTRIBUTOR, RBAC, V, activate, active, at, eligible, give, last, list, make_eligible, name, order,
        refusal, request, roles_of, rows, with,
    },
};

async fn of_bob(app: &App, collection: &str) -> Vec<Value> {
    list(app, "bob", "/", collection, "asTarget()").await
}

/// The role assignment behind bob's activation.
async fn origin(app: &App) -> String {
    let instances = of_bob(app, "roleAssignmentScheduleInstances").await;
    format!("{}?{RBAC}", instances[0]["properties"]["originRoleAssignmentId"].as_str().unwrap())
}

fn give_up() -> Value {
    order("SelfDeactivate", CONTRIBUTOR, who("bob"), None)
}

#[tokio::test]
async fn arm_070_an_activation_is_given_up_after_five_minutes() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    assert_eq!(active(&app, "bob", 9, "~S", give_up()).await.says(), refusal("RoleAssignmentDoesNotExist"));
    activate(&app, "bob", 2, "~S", CONTRIBUTOR).await.with(201);
    let origin = origin(&app).await;
    assert_eq!(active(&app, "bob", 9, "~S", give_up()).await.says(), refusal("ActiveDurationTooShort"));
    app.advance(299);
    assert_eq!(active(&app, "bob", 9, "~S", give_up()).await.says(), refusal("ActiveDurationTooShort"));
    let taken = order("AdminRemove", CONTRIBUTOR, who("bob"), None);
    assert_eq!(active(&app, "alice", 9, "~S", taken).await.says(), refusal("ActiveDurationTooShort"));
    app.advance(1);
    let gone = active(&app, "bob", 9, "~S", give_up()).await.with(201);
    assert_eq!(
        (&gone["properties"]["status"], &gone["properties"]["requestType"]),
        (&json!("Revoked"), &json!("SelfDeactivate"))
    );
    for collection in ["roleAssignmentSchedules", "roleAssignmentScheduleInstances"] {
        assert!(of_bob(&app, collection).await.is_empty(), "{collection}");
    }
    assert_eq!(app.get(&origin).await.error(), (404, "RoleAssignmentNotFound".to_owned()));
    assert_eq!(roles_of(&app, "bob", "~S").await, 0);
    assert_eq!(rows(&app, "roleEligibilitySchedules").await.len(), 1, "the eligibility stays");
    let first = app.get(&request("~S", ASSIGNED, 2)).await.with(200);
    assert_eq!(first["properties"]["status"], "Provisioned", "the activation stays what it was");
    assert_eq!(active(&app, "bob", 10, "~S", give_up()).await.says(), refusal("RoleAssignmentDoesNotExist"));
    let again = activate(&app, "bob", 11, "~S", CONTRIBUTOR).await.with(201);
    assert_eq!(again["properties"]["status"], "Provisioned");
    assert_eq!(roles_of(&app, "bob", "~S").await, 1);
    // Giving up is the holder's own, and only at the scope of the activation.
    app.advance(300);
    let posing = active(&app, "carol", 12, "~S", give_up()).await;
    assert_eq!(posing.error(), (400, "InsufficientPermissions".to_owned()));
    assert_eq!(active(&app, "bob", 12, "~G1", give_up()).await.says(), refusal("RoleAssignmentDoesNotExist"));
}

#[tokio::test]
async fn arm_071_what_is_over_is_gone_on_the_next_read() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    activate(&app, "bob", 2, "~G1", CONTRIBUTOR).await.with(201);
    let origin = origin(&app).await;
    let schedule = of_bob(&app, "roleAssignmentSchedules").await[0]["id"].as_str().unwrap().to_owned();
    let group_below = format!("{}?{RBAC}", at("~X", "permissions"));
    let writes = async || app.asked("bob", &group_below).await.with(200)["value"].as_array().unwrap().len();
    app.advance(3599);
    assert_eq!((roles_of(&app, "bob", "~G1").await, writes().await), (1, 1));
    assert_eq!(app.get(&origin).await.status, 200);
    app.advance(1);
    // No worker has run.
    for collection in ["roleAssignmentSchedules", "roleAssignmentScheduleInstances"] {
        assert!(of_bob(&app, collection).await.is_empty(), "{collection}");
        let all = list(&app, "alice", "~G1", collection, &format!("principalId eq '{}'", who("bob"))).await;
        assert!(all.is_empty(), "{collection}");
    }
    assert_eq!(app.get(&format!("{schedule}?{V}")).await.error(), (404, "RoleAssignmentScheduleNotFound".to_owned()));
    assert_eq!(app.get(&origin).await.error(), (404, "RoleAssignmentNotFound".to_owned()));
    assert_eq!((roles_of(&app, "bob", "~G1").await, writes().await), (0, 0));
    // Over by the clock is no hindrance either.
    activate(&app, "bob", 3, "~G1", CONTRIBUTOR).await.with(201);
    let asked = app.get(&request("~G1", ASSIGNED, 2)).await.with(200);
    assert_eq!(asked["properties"]["status"], "Provisioned");
}

#[tokio::test]
async fn arm_074_without_the_eligibility_nothing_rests_on_it() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    activate(&app, "bob", 2, "~S", CONTRIBUTOR).await.with(201);
    activate(&app, "bob", 3, "~X", CONTRIBUTOR).await.with(201);
    let origin = origin(&app).await;
    assert_eq!(of_bob(&app, "roleAssignmentScheduleInstances").await.len(), 2);
    let gone = eligible(&app, 4, "~S", order("AdminRemove", CONTRIBUTOR, who("bob"), None)).await.with(201);
    assert_eq!(gone["properties"]["status"], "Revoked");
    assert!(of_bob(&app, "roleAssignmentScheduleInstances").await.is_empty());
    assert_eq!(app.get(&origin).await.status, 404);
    assert_eq!((roles_of(&app, "bob", "~S").await, roles_of(&app, "bob", "~X").await), (0, 0));
    // Through a group: everybody's.
    make_eligible(&app, 5, "~G1", CONTRIBUTOR, group("devs")).await;
    activate(&app, "bob", 6, "~G1", CONTRIBUTOR).await.with(201);
    eligible(&app, 7, "~G1", order("AdminRemove", CONTRIBUTOR, group("devs"), None)).await.with(201);
    assert_eq!(roles_of(&app, "bob", "~G1").await, 0);
    // What waits is closed.
    make_eligible(&app, 8, "~S", CONTRIBUTOR, who("bob")).await;
    crate::story::ask_carol(&app, "~S", CONTRIBUTOR).await;
    activate(&app, "bob", 9, "~S", CONTRIBUTOR).await.with(201);
    eligible(&app, 10, "~S", order("AdminRemove", CONTRIBUTOR, who("bob"), None)).await.with(201);
    let closed = app.get(&request("~S", ASSIGNED, 9)).await.with(200);
    assert_eq!(closed["properties"]["status"], "Failed");
    assert!(list(&app, "carol", "~S", ASSIGNED, "asApprover()").await.is_empty());
}

#[tokio::test]
async fn every_form_of_giving_up_gives_up() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    let bare = || json!({"principalId": who("bob"), "roleDefinitionId": CONTRIBUTOR, "requestType": "SelfDeactivate"});
    let plus = |more: Value| with(json!({"properties": bare()}), more);
    for (number, form) in [
        json!({}),
        json!({"ScheduleInfo": {"Expiration": {"Type": "AfterDuration", "EndDateTime": null, "Duration": null}}}),
        json!({"scheduleInfo": {"startDateTime": null, "expiration": {"type": "null", "duration": ""}}}),
        json!({"scheduleInfo": null, "ticketInfo": {"ticketNumber": "", "ticketSystem": ""}, "justification": ""}),
        json!({"scheduleInfo": "soon", "justification": "Deactivation request"}),
        json!({"targetRoleAssignmentScheduleId": "SCHEDULE", "linkedRoleEligibilityScheduleId": "LINK"}),
        json!({"targetRoleAssignmentScheduleId": name(0xdead)}),
    ]
    .into_iter()
    .enumerate()
    {
        let number = 10 * (number as u128 + 1);
        activate(&app, "bob", number, "~S", CONTRIBUTOR).await.with(201);
        let held = of_bob(&app, "roleAssignmentSchedules").await.remove(0);
        app.advance(300);
        let text = plus(form).to_string();
        let text = text.replace("SCHEDULE", last(&held["id"]));
        let text = text.replace("LINK", held["properties"]["linkedRoleEligibilityScheduleId"].as_str().unwrap());
        let gone = app.send("bob", Method::PUT, &request("~S", ASSIGNED, number + 1), text.clone()).await.with(201);
        assert_eq!(gone["properties"]["status"], "Revoked", "{text}");
        assert!(of_bob(&app, "roleAssignmentSchedules").await.is_empty(), "{text}");
    }
}

#[tokio::test]
async fn a_role_assignment_behind_an_activation_can_be_deleted_at_once() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    activate(&app, "bob", 2, "~S", CONTRIBUTOR).await.with(201);
    let origin = origin(&app).await;
    // The triple is taken for direct assignments too.
    let direct = give(&app, "~S", 0xd1, CONTRIBUTOR, who("bob")).await;
    assert_eq!(
        direct.says(),
        (409, "RoleAssignmentExists".to_owned(), "The role assignment already exists.".to_owned())
    );
    let deleted = app.send("alice", Method::DELETE, &origin, "").await.with(200);
    assert_eq!(deleted["properties"]["principalId"], who("bob").to_string());
    assert!(of_bob(&app, "roleAssignmentSchedules").await.is_empty());
    assert_eq!(roles_of(&app, "bob", "~S").await, 0);
    assert_eq!(app.send("alice", Method::DELETE, &origin, "").await.status, 204);
}

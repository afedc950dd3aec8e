//! GRAPH-034, GRAPH-037 to GRAPH-087: schedules of directory roles.

use ephor_domain::request::Action;
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    app::{App, Reply, each, group, on_both, who},
    approval::change_rule,
};

pub(crate) const UA: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";
const PRA: &str = "e8611ab8-c189-46e8-94e1-60213ab1f814";
const ROLES: &str = "/v1.0/roleManagement/directory";

/// A body for a collection of role requests.
pub(crate) fn order(action: &str, of: &str, more: Value) -> Value {
    let mut body = json!({
        "action": action,
        "principalId": who(of),
        "roleDefinitionId": UA,
        "directoryScopeId": "/",
        "justification": "because",
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// `scheduleInfo` of so long.
pub(crate) fn lasting(duration: &str) -> Value {
    json!({"scheduleInfo": {"expiration": {"type": "afterDuration", "duration": duration}}})
}

fn forever() -> Value {
    json!({"scheduleInfo": {"expiration": {"type": "noExpiration"}}})
}

pub(crate) async fn eligible(app: &App, of: &str, more: Value) -> Value {
    let body = order("adminAssign", of, more);
    created(app.post("pra", &format!("{ROLES}/roleEligibilityScheduleRequests"), body).await)
}

pub(crate) async fn activate(app: &App, of: &str, more: Value) -> Reply {
    let body = order("selfActivate", of, more);
    app.post(of, &format!("{ROLES}/roleAssignmentScheduleRequests"), body).await
}

#[track_caller]
pub(crate) fn created(reply: Reply) -> Value {
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text());
    reply.json()
}

#[track_caller]
pub(crate) fn refused(reply: &Reply) -> (u16, String) {
    let (status, code, _) = reply.error();
    (status, code)
}

pub(crate) async fn pass(app: &App, minutes: i64) {
    let to = app.now().checked_add(SignedDuration::from_mins(minutes)).unwrap();
    Box::pin(app.engine.advance(&app.clock, to)).await.unwrap();
}

async fn list(app: &App, of: &str, path: &str) -> Vec<Value> {
    app.get(of, &format!("{ROLES}/{path}")).await.ok()["value"].as_array().unwrap().clone()
}

async fn mine(app: &App, of: &str, set: &str) -> Vec<Value> {
    list(app, of, &format!("{set}/filterByCurrentUser(on='principal')")).await
}

fn instant(value: &Value) -> Timestamp {
    value.as_str().unwrap_or_else(|| panic!("no instant: {value}")).parse().unwrap()
}

#[tokio::test]
async fn graph_034_a_standing_assignment_shows_everywhere_under_one_id() {
    on_both(async |app| {
        let filter = format!("?$filter=principalId eq '{}'", who("pra"));
        let assignment = list(app, "gr", &format!("roleAssignments{filter}")).await;
        let id = assignment[0]["id"].clone();
        let schedule = list(app, "gr", &format!("roleAssignmentSchedules{filter}")).await;
        let instance = list(app, "gr", &format!("roleAssignmentScheduleInstances{filter}")).await;
        assert_eq!((schedule.len(), instance.len()), (1, 1));
        let none = json!({"type": "noExpiration", "endDateTime": null, "duration": null});
        assert_eq!(
            schedule[0],
            json!({
                "id": id, "appScopeId": null, "createdDateTime": null, "createdUsing": null, "directoryScopeId": "/",
                "modifiedDateTime": null, "principalId": who("pra"), "roleDefinitionId": PRA, "status": "Provisioned",
                "assignmentType": "Assigned", "memberType": "Direct",
                "scheduleInfo": {"startDateTime": null, "recurrence": null, "expiration": none},
            })
        );
        assert_eq!(
            instance[0],
            json!({
                "id": id, "appScopeId": null, "directoryScopeId": "/", "principalId": who("pra"), "roleDefinitionId": PRA,
                "assignmentType": "Assigned", "memberType": "Direct", "startDateTime": null, "endDateTime": null,
                "roleAssignmentOriginId": id, "roleAssignmentScheduleId": id,
            })
        );
        let one = app.get("gr", &format!("{ROLES}/roleAssignmentSchedules/{}", id.as_str().unwrap())).await.ok();
        assert_eq!(one["id"], id);
    })
    .await;
}

#[tokio::test]
async fn graph_037_038_058_eligible_for_good() {
    on_both(async |app| {
        let made = eligible(app, "alice", forever()).await;
        let id = made["id"].as_str().unwrap();
        let now = app.now();
        let mut expected = json!({
            "@odata.context":
                "https://here.example:8443/v1.0/$metadata#roleManagement/directory/roleEligibilityScheduleRequests/$entity",
            "id": id, "approvalId": null, "completedDateTime": now, "createdDateTime": now, "customData": null,
            "createdBy": {"application": null, "device": null, "user": {"displayName": null, "id": who("pra")}},
            "status": "Provisioned", "action": "adminAssign", "appScopeId": null, "directoryScopeId": "/",
            "isValidationOnly": false, "justification": "because", "principalId": who("alice"), "roleDefinitionId": UA,
            "targetScheduleId": id, "ticketInfo": {"ticketNumber": null, "ticketSystem": null},
            "scheduleInfo": {
                "startDateTime": now, "recurrence": null,
                "expiration": {"type": "noExpiration", "endDateTime": null, "duration": null},
            },
        });
        assert_eq!(made, expected);
        let path = format!("{ROLES}/roleEligibilityScheduleRequests/{id}");
        assert_eq!(app.get("pra", &path).await.ok(), expected);
        expected.as_object_mut().unwrap().remove("@odata.context");
        let unknown = format!("{ROLES}/roleEligibilityScheduleRequests/00000000-0000-4000-8000-000000000000");
        assert_eq!(refused(&app.get("pra", &unknown).await), (404, "RoleAssignmentRequestNotFound".to_owned()));

        let schedules = list(app, "gr", "roleEligibilitySchedules").await;
        assert_eq!(schedules.len(), 1);
        assert_eq!((&schedules[0]["id"], &schedules[0]["createdUsing"]), (&json!(id), &json!(id)));
        assert_eq!((&schedules[0]["status"], &schedules[0]["memberType"]), (&json!("Provisioned"), &json!("Direct")));
        let instances = list(app, "gr", "roleEligibilityScheduleInstances").await;
        assert_eq!(instances.len(), 1);
        assert_eq!(instances[0]["roleEligibilityScheduleId"], id);
        assert_eq!(instances[0]["endDateTime"], Value::Null);
        let instance = instances[0]["id"].as_str().unwrap();
        assert!(instance.ends_with("-1-e"), "{instance}");
        let one = app.get("gr", &format!("{ROLES}/roleEligibilityScheduleInstances/{instance}")).await.ok();
        assert_eq!(one["id"], instance);
        let of_alice = format!("?$filter=principalId eq '{}'", who("alice"));
        for set in ["roleAssignments", "roleAssignmentSchedules", "roleAssignmentScheduleInstances"] {
            assert!(list(app, "gr", &format!("{set}{of_alice}")).await.is_empty(), "{set}");
        }
        assert!(each(&app.get("gr", &format!("{ROLES}/roleEligibilityScheduleRequests")).await.ok(), "id").contains(&id));
    })
    .await;
}

#[tokio::test]
async fn graph_039_040_041_043_044_045_046_047_048_windows_of_eligibilities() {
    on_both(async |app| {
        let requests = format!("{ROLES}/roleEligibilityScheduleRequests");
        let past = json!({"scheduleInfo": {"startDateTime": "2020-01-01T00:00:00Z",
        "expiration": {"type": "afterDuration", "duration": "P30D"}}});
        let made = eligible(app, "alice", past).await;
        let now = app.now();
        assert_eq!(instant(&made["scheduleInfo"]["startDateTime"]), now);
        assert_eq!(made["scheduleInfo"]["expiration"]["duration"], "P30D");
        let end = |days: i64| now + SignedDuration::from_hours(24 * days);
        let rows = mine(app, "alice", "roleEligibilityScheduleInstances").await;
        assert_eq!(instant(&rows[0]["endDateTime"]), end(30));
        let again = app.post("pra", &requests, order("adminAssign", "alice", forever())).await;
        let (status, code, message) = again.error();
        assert_eq!((status, code.as_str()), (400, "RoleAssignmentExists"));
        assert_eq!(message, "The Role assignment already exists.");

        let updated = created(app.post("pra", &requests, order("adminUpdate", "alice", lasting("P60D"))).await);
        let rows = mine(app, "alice", "roleEligibilitySchedules").await;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["id"], updated["targetScheduleId"]);
        assert_eq!(instant(&rows[0]["scheduleInfo"]["expiration"]["endDateTime"]), end(60));
        let to = json!({"scheduleInfo": {"expiration": {"type": "afterDateTime", "endDateTime": end(90)}}});
        created(app.post("pra", &requests, order("adminExtend", "alice", to)).await);
        let instance = mine(app, "alice", "roleEligibilityScheduleInstances").await;
        assert_eq!(instant(&instance[0]["endDateTime"]), end(90));
        for action in ["adminUpdate", "adminExtend"] {
            let missing = app.post("pra", &requests, order(action, "carol", lasting("P60D"))).await;
            assert_eq!(refused(&missing), (400, "RoleAssignmentDoesNotExist".to_owned()), "{action}");
        }
        let mut bare = order("adminRemove", "alice", json!({}));
        bare.as_object_mut().unwrap().remove("justification");
        let removed = created(app.post("pra", &requests, bare.clone()).await);
        assert_eq!((&removed["status"], &removed["scheduleInfo"]), (&json!("Revoked"), &Value::Null));
        assert!(mine(app, "alice", "roleEligibilitySchedules").await.is_empty());
        let twice = app.post("pra", &requests, bare).await;
        assert_eq!(refused(&twice), (400, "RoleAssignmentDoesNotExist".to_owned()));
        let made = eligible(app, "alice", forever()).await;
        let mut full = lasting("P30D");
        full["targetScheduleId"] = made["id"].clone();
        created(app.post("pra", &requests, order("adminRemove", "alice", full)).await);

        let later = json!({"scheduleInfo": {"startDateTime": now + SignedDuration::from_mins(30),
        "expiration": {"type": "noExpiration"}}});
        let granted = eligible(app, "alice", later).await;
        assert_eq!(granted["status"], "Granted");
        assert_eq!(mine(app, "alice", "roleEligibilitySchedules").await.len(), 1);
        assert!(mine(app, "alice", "roleEligibilityScheduleInstances").await.is_empty());
        // GRAPH-043.
        let second = app.post("pra", &requests, order("adminAssign", "alice", forever())).await;
        assert_eq!(refused(&second), (400, "RoleAssignmentExists".to_owned()));
        pass(app, 30).await;
        assert_eq!(mine(app, "alice", "roleEligibilityScheduleInstances").await.len(), 1);
        let path = format!("{requests}/{}", granted["id"].as_str().unwrap());
        assert_eq!(app.get("pra", &path).await.ok()["status"], "Provisioned");
    })
    .await;
}

#[tokio::test]
async fn graph_049_050_052_053_054_055_056_what_is_asked_of_a_body() {
    on_both(async |app| {
        let eligibilities = format!("{ROLES}/roleEligibilityScheduleRequests");
        let with = |name: &str, value: Value| {
            let mut body = order("adminAssign", "alice", forever());
            if value.is_null() {
                body.as_object_mut().unwrap().remove(name);
            } else {
                body[name] = value;
            }
            body
        };
        let schedule = |value: Value| with("scheduleInfo", value);
        let unknown = "00000000-0000-4000-8000-000000000000";
        let ends = |kind: &str| json!({"expiration": {"type": kind}});
        for (body, status, code) in [
            (with("principalId", json!(who("app"))), 400, "InvalidRoleAssignmentRequest"),
            (with("principalId", json!(group("G"))), 400, "InvalidRoleAssignmentRequest"),
            (with("principalId", json!(unknown)), 404, "SubjectNotFound"),
            (with("roleDefinitionId", json!(unknown)), 404, "RoleNotFound"),
            (with("directoryScopeId", json!(format!("/administrativeUnits/{unknown}"))), 400, "InvalidScope"),
            (with("directoryScopeId", json!("nowhere")), 400, "InvalidScope"),
            (with("principalId", Value::Null), 400, "InvalidRoleAssignmentRequest"),
            (with("action", Value::Null), 400, "InvalidRoleAssignmentRequest"),
            (with("directoryScopeId", Value::Null), 400, "InvalidRoleAssignmentRequest"),
            (with("action", json!("selfActivate")), 403, "UnauthorizedAccessException"),
            (with("action", json!("adminGive")), 400, "BadRequest"),
            (schedule(json!({"startDateTime": "2026-03-02T11:00:00"})), 400, "InvalidRoleAssignmentRequest"),
            (
                schedule(json!({"expiration": {"type": "afterDuration", "duration": "P6M"}})),
                400,
                "InvalidRoleAssignmentRequest",
            ),
            (
                schedule(json!({"recurrence": {}, "expiration": {"type": "noExpiration"}})),
                400,
                "InvalidRoleAssignmentRequestSchedule",
            ),
            (
                schedule(json!({"expiration": {"type": "afterDateTime", "endDateTime": "2026-03-02T09:00:00Z"}})),
                400,
                "InvalidRoleAssignmentRequestSchedule",
            ),
            (schedule(ends("afterDuration")), 400, "InvalidRoleAssignmentRequest"),
            (schedule(ends("afterDateTime")), 400, "InvalidRoleAssignmentRequest"),
            (schedule(ends("whenever")), 400, "BadRequest"),
        ] {
            let reply = app.post("pra", &eligibilities, body.clone()).await;
            assert_eq!(refused(&reply), (status, code.to_owned()), "{body}");
        }
        let own = app.post("alice", &eligibilities, order("selfActivate", "alice", lasting("PT1H"))).await;
        assert_eq!(refused(&own), (400, "InvalidRoleAssignmentRequest".to_owned()));
        assert_eq!(
            created(app.post("pra", &eligibilities, with("principalId", json!(group("RG")))).await)["status"],
            "Provisioned"
        );
        let odd = json!({
            "ACTION": "ADMINassign", "PrincipalID": who("bob"), "roledefinitionid": UA.to_uppercase(),
            "DirectoryScopeId": "/", "ScheduleInfo": {"Expiration": {"Type": "AFTERDURATION", "Duration": "90 days, 0:00:00"}},
        });
        let made = created(app.post("pra", &eligibilities, odd).await);
        assert_eq!((&made["action"], &made["roleDefinitionId"]), (&json!("adminAssign"), &json!(UA)));
        assert_eq!(
            made["scheduleInfo"]["expiration"],
            json!({"type": "afterDuration", "endDateTime": null, "duration": "P90D"})
        );
        let clock = activate(app, "bob", lasting("8:00:00")).await;
        assert_eq!(created(clock)["scheduleInfo"]["expiration"]["duration"], "PT8H");
        assert_eq!(Action::ALL.len(), 9);
    })
    .await;
}

#[tokio::test]
async fn graph_059_060_061_065_068_069_078_083_activation() {
    on_both(async |app| {
        let given = eligible(app, "alice", forever()).await;
        let now = app.now();
        let made = created(activate(app, "alice", lasting("PT1H")).await);
        assert_eq!((&made["status"], &made["targetScheduleId"]), (&json!("Provisioned"), &made["id"]));
        let path =
            "roleAssignmentSchedules/filterByCurrentUser(on='principal')?$expand=activatedUsing,principal,roleDefinition";
        let schedules = list(app, "alice", path).await;
        assert_eq!(schedules.len(), 1);
        assert_eq!((&schedules[0]["id"], &schedules[0]["assignmentType"]), (&made["id"], &json!("Activated")));
        assert_eq!(schedules[0]["activatedUsing"]["id"], given["id"]);
        assert_eq!(schedules[0]["principal"]["id"], json!(who("alice")));
        assert_eq!(schedules[0]["roleDefinition"]["displayName"], "User Administrator");
        let path = "roleAssignmentScheduleInstances/filterByCurrentUser(on='principal')?$expand=activatedUsing";
        let instances = list(app, "alice", path).await;
        assert_eq!(instances.len(), 1);
        assert_eq!(instant(&instances[0]["endDateTime"]), now + SignedDuration::from_hours(1));
        assert_eq!(instances[0]["activatedUsing"]["roleEligibilityScheduleId"], given["id"]);
        let of_alice = format!("?$filter=principalId eq '{}'", who("alice"));
        let assigned = list(app, "gr", &format!("roleAssignments{of_alice}")).await;
        assert_eq!(
            (&assigned[0]["id"], &instances[0]["roleAssignmentOriginId"]),
            (&instances[0]["id"], &instances[0]["id"])
        );
        assert_eq!(mine(app, "alice", "roleEligibilityScheduleInstances").await.len(), 1);
        let held = "/v1.0/me/transitiveMemberOf/microsoft.graph.directoryRole";
        assert_eq!(each(&app.get("alice", held).await.ok(), "roleTemplateId"), [UA]);

        let later = json!({"scheduleInfo": {"startDateTime": now + SignedDuration::from_hours(3),
            "expiration": {"type": "afterDuration", "duration": "PT1H"}}});
        for more in [lasting("PT1H"), later] {
            assert_eq!(refused(&activate(app, "alice", more).await), (400, "RoleAssignmentExists".to_owned()));
        }
        let requests = format!("{ROLES}/roleAssignmentScheduleRequests");
        let up = || order("selfDeactivate", "alice", json!({}));
        let (_, code, message) = app.post("alice", &requests, up()).await.error();
        assert_eq!(code, "ActiveDurationTooShort");
        assert_eq!(message, "The Active duration is too short. Miniumum Required is 5 minutes.");
        // GRAPH-069.
        let early = app.post("pra", &requests, order("adminRemove", "alice", json!({}))).await;
        assert_eq!(refused(&early), (400, "ActiveDurationTooShort".to_owned()));
        // GRAPH-083.
        let more = app.post("alice", &requests, order("selfExtend", "alice", lasting("PT2H"))).await;
        assert_eq!(refused(&more), (400, "RoleAssignmentDoesNotExist".to_owned()));
        pass(app, 5).await;
        assert_eq!(created(app.post("alice", &requests, up()).await)["status"], "Revoked");
        assert!(each(&app.get("alice", held).await.ok(), "id").is_empty());
        for set in ["roleAssignmentSchedules", "roleAssignmentScheduleInstances"] {
            assert!(mine(app, "alice", set).await.is_empty(), "{set}");
        }
        assert!(list(app, "gr", &format!("roleAssignments{of_alice}")).await.is_empty());
        created(activate(app, "alice", lasting("PT1H")).await);
        // An administrator ends it at once (`GRAPH 9.4`).
        let id = instances[0]["id"].as_str().unwrap();
        let token = app.token("pra").await;
        let gone = app.call(Method::DELETE, &token, &format!("{ROLES}/roleAssignments/{id}"), &[], "").await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text());
        assert!(mine(app, "alice", "roleAssignmentSchedules").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn graph_062_063_072_075_077_rules() {
    on_both(async |app| {
        let failed = |rules: &str| format!("The following policy rules failed: {rules}");
        let message = |reply: &Reply| {
            let (status, code, message) = reply.error();
            assert_eq!((status, code.as_str()), (400, "RoleAssignmentRequestPolicyValidationFailed"), "{message}");
            message
        };
        let nothing = activate(app, "alice", lasting("PT1H")).await;
        assert_eq!(message(&nothing), failed(r#"["EligibilityRule"]"#));
        eligible(app, "alice", forever()).await;
        assert_eq!(message(&activate(app, "alice", lasting("PT9H")).await), failed(r#"["ExpirationRule"]"#));
        assert_eq!(message(&activate(app, "alice", forever()).await), failed(r#"["ExpirationRule"]"#));
        let mut blank = lasting("PT1H");
        blank["justification"] = json!("  ");
        assert_eq!(message(&activate(app, "alice", blank.clone()).await), failed(r#"["JustificationRule"]"#));
        let without_mfa = app.token_proved("alice", &["pwd"], &[]).await;
        let requests = format!("{ROLES}/roleAssignmentScheduleRequests");
        let json_type = [("content-type", "application/json")];
        let body = order("selfActivate", "alice", blank).to_string();
        let both = app.call(Method::POST, &without_mfa, &requests, &json_type, body).await;
        assert_eq!(message(&both), failed(r#"["JustificationRule","MfaRule"]"#));
        assert_eq!(refused(&activate(app, "alice", lasting("PT4M")).await), (400, "ActiveDurationTooShort".to_owned()));

        let foreign = app.post("alice", &requests, order("selfActivate", "bob", lasting("PT1H"))).await;
        assert_eq!(refused(&foreign), (403, "UnauthorizedAccessException".to_owned()));
        let eligibilities = format!("{ROLES}/roleEligibilityScheduleRequests");
        let usurped = app.post("carol", &eligibilities, order("adminAssign", "carol", forever())).await;
        assert_eq!(refused(&usurped), (403, "UnauthorizedAccessException".to_owned()));

        let mut dry = lasting("PT8H");
        dry["isValidationOnly"] = json!(true);
        dry["ticketInfo"] = json!({"ticketNumber": "7", "ticketSystem": "desk"});
        let would = created(activate(app, "alice", dry.clone()).await);
        assert_eq!(would["id"], "00000000-0000-0000-0000-000000000000");
        assert_eq!((&would["status"], &would["isValidationOnly"]), (&json!("Granted"), &json!(true)));
        assert_eq!(would["ticketInfo"], json!({"ticketNumber": "7", "ticketSystem": "desk"}));
        assert!(mine(app, "alice", "roleAssignmentScheduleRequests").await.is_empty());
        dry["scheduleInfo"] = lasting("PT9H")["scheduleInfo"].clone();
        assert_eq!(message(&activate(app, "alice", dry).await), failed(r#"["ExpirationRule"]"#));
        created(activate(app, "alice", lasting("PT8H")).await);
    })
    .await;
}

#[tokio::test]
async fn graph_066_067_070_later_and_withdrawn() {
    on_both(async |app| {
        eligible(app, "alice", forever()).await;
        let start = app.now() + SignedDuration::from_mins(30);
        let later = || json!({"scheduleInfo": {"startDateTime": start, "expiration": {"type": "afterDuration", "duration": "PT1H"}}});
        let granted = created(activate(app, "alice", later()).await);
        assert_eq!((&granted["status"], &granted["completedDateTime"]), (&json!("Granted"), &json!(start)));
        assert!(mine(app, "alice", "roleAssignmentScheduleInstances").await.is_empty());
        assert_eq!(mine(app, "alice", "roleAssignmentSchedules").await.len(), 1);
        assert_eq!(refused(&activate(app, "alice", later()).await), (400, "PendingRoleAssignmentRequest".to_owned()));
        let path = format!("{ROLES}/roleAssignmentScheduleRequests/{}", granted["id"].as_str().unwrap());
        let cancel = |path: &str| format!("{path}/cancel");
        assert_eq!(app.post("alice", &cancel(&path), json!({})).await.status, StatusCode::NO_CONTENT);
        assert_eq!(app.get("alice", &path).await.ok()["status"], "Canceled");
        assert!(mine(app, "alice", "roleAssignmentSchedules").await.is_empty());
        let no = (400, "RequestCannotBeCancelled".to_owned());
        assert_eq!(refused(&app.post("alice", &cancel(&path), json!({})).await), no);

        created(activate(app, "alice", later()).await);
        pass(app, 30).await;
        let running = mine(app, "alice", "roleAssignmentScheduleInstances").await;
        assert_eq!(instant(&running[0]["endDateTime"]), start + SignedDuration::from_hours(1));
        let request = running[0]["roleAssignmentScheduleId"].as_str().unwrap();
        let path = format!("{ROLES}/roleAssignmentScheduleRequests/{request}");
        assert_eq!(refused(&app.post("alice", &cancel(&path), json!({})).await), no);
        pass(app, 60).await;
        assert!(mine(app, "alice", "roleAssignmentScheduleInstances").await.is_empty());
        assert_eq!(app.get("alice", &path).await.ok()["status"], "Provisioned");
    })
    .await;
}

#[tokio::test]
async fn graph_029_074_084_085_whose_rows() {
    on_both(async |app| {
        let mut of_group = order("adminAssign", "alice", forever());
        of_group["principalId"] = json!(group("RG"));
        created(app.post("pra", &format!("{ROLES}/roleEligibilityScheduleRequests"), of_group).await);
        eligible(app, "bob", forever()).await;
        let rows = mine(app, "alice2", "roleEligibilityScheduleInstances").await;
        assert_eq!(rows.len(), 1);
        assert_eq!((&rows[0]["memberType"], &rows[0]["principalId"]), (&json!("Group"), &json!(who("alice2"))));
        let body = json!({
            "action": "selfActivate", "principalId": rows[0]["principalId"], "justification": "x",
            "roleDefinitionId": rows[0]["roleDefinitionId"], "directoryScopeId": rows[0]["directoryScopeId"],
            "scheduleInfo": lasting("PT1H")["scheduleInfo"],
        });
        created(app.post("alice2", &format!("{ROLES}/roleAssignmentScheduleRequests"), body).await);
        // Plain lists: the row as it stands, and only what one may see.
        let plain = list(app, "alice2", "roleEligibilitySchedules").await;
        assert_eq!(plain.len(), 1);
        assert_eq!((&plain[0]["principalId"], &plain[0]["memberType"]), (&json!(group("RG")), &json!("Direct")));
        assert_eq!(list(app, "gr", "roleEligibilitySchedules").await.len(), 2);
        assert!(list(app, "carol", "roleEligibilitySchedules").await.is_empty());
        let ordered = list(app, "pra", "roleEligibilityScheduleRequests/filterByCurrentUser(on='createdBy')").await;
        assert_eq!(ordered.len(), 2);
        assert!(mine(app, "pra", "roleEligibilityScheduleRequests").await.is_empty());
        assert_eq!(mine(app, "bob", "roleEligibilityScheduleRequests").await.len(), 1);
        // GRAPH-029.
        for path in [
            "roleAssignmentSchedules/filterByCurrentUser(on='approver')",
            "roleAssignmentScheduleRequests/filterByCurrentUser(on='nonsense')",
        ] {
            assert_eq!(app.get("alice", &format!("{ROLES}/{path}")).await.status, StatusCode::BAD_REQUEST, "{path}");
        }
        // Pages by key.
        let first = app.get("gr", &format!("{ROLES}/roleEligibilityScheduleRequests?$top=1")).await.ok();
        assert_eq!(each(&first, "id").len(), 1);
        let next =
            first["@odata.nextLink"].as_str().unwrap().strip_prefix("https://here.example:8443").unwrap().to_owned();
        let second = app.get("gr", &next).await.ok();
        assert_eq!(each(&second, "id").len(), 1);
        assert_ne!(each(&first, "id"), each(&second, "id"));
        assert!(second.get("@odata.nextLink").is_none());
    })
    .await;
}

#[tokio::test]
async fn graph_079_080_081_administrators_assign_and_holders_ask() {
    on_both(async |app| {
        let requests = format!("{ROLES}/roleAssignmentScheduleRequests");
        let mut unreasoned = order("adminAssign", "carol", forever());
        unreasoned.as_object_mut().unwrap().remove("justification");
        let (_, code, message) = app.post("pra", &requests, unreasoned).await.error();
        assert_eq!(code, "RoleAssignmentRequestPolicyValidationFailed");
        assert!(message.contains("JustificationRule"), "{message}");
        created(app.post("pra", &requests, order("adminAssign", "carol", forever())).await);
        created(app.post("pra", &requests, order("adminAssign", "app", forever())).await);

        let mut as_pra = order("adminAssign", "bob", forever());
        as_pra["roleDefinitionId"] = json!(PRA);
        created(app.post("pra", &format!("{ROLES}/roleEligibilityScheduleRequests"), as_pra).await);
        let eligibilities = format!("{ROLES}/roleEligibilityScheduleRequests");
        let give = || order("adminAssign", "alice", lasting("P30D"));
        assert_eq!(app.post("bob", &eligibilities, give()).await.status, StatusCode::FORBIDDEN);
        let mut own = order("selfActivate", "bob", lasting("PT1H"));
        own["roleDefinitionId"] = json!(PRA);
        created(app.post("bob", &requests, own).await);
        created(app.post("bob", &eligibilities, give()).await);

        let end = app.now() + SignedDuration::from_hours(24 * 60);
        let to = || json!({"scheduleInfo": {"expiration": {"type": "afterDateTime", "endDateTime": end}}});
        let asked = created(app.post("alice", &eligibilities, order("selfExtend", "alice", to())).await);
        assert_eq!(asked["status"], "PendingAdminDecision");
        let again = app.post("alice", &eligibilities, order("selfExtend", "alice", to())).await;
        assert_eq!(refused(&again), (400, "PendingRoleAssignmentRequest".to_owned()));
        created(app.post("pra", &eligibilities, order("adminExtend", "alice", to())).await);
        let path = format!("{eligibilities}/{}", asked["id"].as_str().unwrap());
        assert_eq!(app.get("alice", &path).await.ok()["status"], "Provisioned");
        assert_eq!(instant(&mine(app, "alice", "roleEligibilityScheduleInstances").await[0]["endDateTime"]), end);
    })
    .await;
}

#[tokio::test]
async fn graph_010_schedules_are_read_only_and_requests_are_not_deleted() {
    on_both(async |app| {
        let made = eligible(app, "alice", forever()).await;
        let token = app.token("ga").await;
        let path = format!("{ROLES}/roleEligibilityScheduleRequests/{}", made["id"].as_str().unwrap());
        let reply = app.call(Method::DELETE, &token, &path, &[], "").await;
        assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
        for set in ["roleAssignmentSchedules", "roleEligibilityScheduleInstances"] {
            let reply = app.post("ga", &format!("{ROLES}/{set}"), json!({})).await;
            assert_eq!((reply.status, reply.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, Some("GET")), "{set}");
        }
    })
    .await;
}

#[tokio::test]
async fn graph_153_154_what_tokens_open() {
    on_both(async |app| {
        eligible(app, "alice", forever()).await;
        let only_removes = app.token_with("pra", Some(&["RoleEligibilitySchedule.Remove.Directory"])).await;
        let requests = format!("{ROLES}/roleEligibilityScheduleRequests");
        let json_type = [("content-type", "application/json")];
        let say =
            async |body: Value| app.call(Method::POST, &only_removes, &requests, &json_type, body.to_string()).await;
        assert_eq!(say(order("adminAssign", "carol", forever())).await.status, StatusCode::FORBIDDEN);
        assert_eq!(app.call(Method::GET, &only_removes, &requests, &[], "").await.status, StatusCode::FORBIDDEN);
        assert_eq!(created(say(order("adminRemove", "alice", json!({}))).await)["status"], "Revoked");
        let of_app = app.token_with("app", Some(&["RoleManagement.ReadWrite.Directory"])).await;
        let body = order("adminAssign", "alice", forever()).to_string();
        let made = created(app.call(Method::POST, &of_app, &requests, &json_type, body).await);
        assert_eq!(made["createdBy"]["user"], Value::Null);
        assert_eq!(made["createdBy"]["application"]["id"], json!(who("app")));
        let approvals = "/beta/roleManagement/directory/roleAssignmentApprovals/filterByCurrentUser(on='approver')";
        assert_eq!(app.call(Method::GET, &of_app, approvals, &[], "").await.status, StatusCode::FORBIDDEN);
    })
    .await;
}

#[tokio::test]
async fn graph_051_073_scopes_are_apart() {
    on_both(async |app| {
        let facts = ephor_demo::Facts::new(String::new(), String::new(), String::new());
        let unit = json!(format!("/administrativeUnits/{}", facts.graph.administrative_units["au1"]));
        let at_unit = |more: Value| {
            let mut body = more;
            body["directoryScopeId"] = unit.clone();
            body
        };
        eligible(app, "alice", at_unit(forever())).await;
        eligible(app, "alice", forever()).await;
        assert_eq!(mine(app, "alice", "roleEligibilitySchedules").await.len(), 2);
        let requests = format!("{ROLES}/roleEligibilityScheduleRequests");
        created(app.post("pra", &requests, order("adminRemove", "alice", json!({}))).await);
        assert_eq!(refused(&activate(app, "alice", lasting("PT1H")).await), (400, "InvalidScope".to_owned()));
        let made = created(activate(app, "alice", at_unit(lasting("PT1H"))).await);
        assert_eq!((&made["status"], &made["directoryScopeId"]), (&json!("Provisioned"), &unit));
        // A role within a unit is none for the whole tenant.
        let held = "/v1.0/me/transitiveMemberOf/microsoft.graph.directoryRole";
        assert!(each(&app.get("alice", held).await.ok(), "id").is_empty());
    })
    .await;
}

#[tokio::test]
async fn graph_064_076_tickets_and_contexts() {
    on_both(async |app| {
        eligible(app, "alice", forever()).await;
        let rule = json!({
            "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyEnablementRule",
            "id": "Enablement_EndUser_Assignment",
            "enabledRules": ["MultiFactorAuthentication", "Justification", "Ticketing"],
        });
        change_rule(app, rule).await;
        let (_, code, message) = activate(app, "alice", lasting("PT1H")).await.error();
        assert_eq!(code, "RoleAssignmentRequestPolicyValidationFailed");
        assert_eq!(message, r#"The following policy rules failed: ["TicketingRule"]"#);
        let mut ticketed = lasting("PT1H");
        ticketed["ticketInfo"] = json!({"ticketNumber": "7", "ticketSystem": "desk"});
        let rule = json!({
            "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyAuthenticationContextRule",
            "id": "AuthenticationContext_EndUser_Assignment", "isEnabled": true, "claimValue": "c1",
        });
        change_rule(app, rule).await;
        let (status, code, message) = activate(app, "alice", ticketed.clone()).await.error();
        assert_eq!((status, code.as_str()), (400, "RoleAssignmentRequestAcrsValidationFailed"));
        let claims =
            "%7B%22access_token%22%3A%7B%22acrs%22%3A%7B%22essential%22%3Atrue%2C%20%22value%22%3A%22c1%22%7D%7D%7D";
        assert_eq!(message, format!("&claims={claims}"));
        let token = app.token_proved("alice", &["pwd", "mfa"], &["c1"]).await;
        let path = format!("{ROLES}/roleAssignmentScheduleRequests");
        let body = order("selfActivate", "alice", ticketed).to_string();
        let made = created(app.call(Method::POST, &token, &path, &[("content-type", "application/json")], body).await);
        assert_eq!(made["ticketInfo"], json!({"ticketNumber": "7", "ticketSystem": "desk"}));
    })
    .await;
}

//! Administrators make people eligible, change that and take it back.

use ephor_domain::{
    id::{PersonId, PrincipalId},
    principal::{Principal, PrincipalKind},
};
use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    app::{App, path, who},
    story::{
        ASSIGNED, CONTRIBUTOR, ELIGIBLE, READER, V, activate, active, at, eligible, failed, give, instant, last, list,
        make_eligible, members, name, not_authorized, order, refusal, request, rows, set_rules, with,
    },
};

#[tokio::test]
async fn arm_040_041_an_eligibility_is_given_and_linked() {
    let app = App::start().await;
    let made = make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    let now = app.now();
    let properties = &made["properties"];
    let role = at("~S", &format!("roleDefinitions/{CONTRIBUTOR}"));
    let expanded = json!({
        "scope": {"id": path("~S"), "displayName": "Demo subscription", "type": "subscription"},
        "roleDefinition": {"id": role, "displayName": "Contributor", "type": "BuiltInRole"},
        "principal": {"id": who("bob"), "displayName": "Bob Brown", "email": "bob@demo.test", "type": "User"},
    });
    let schedule = properties["targetRoleEligibilityScheduleId"].clone();
    let expected = json!({
        "properties": {
            "scope": path("~S"), "roleDefinitionId": role, "principalId": who("bob"), "principalType": "User",
            "requestType": "AdminAssign", "status": "Provisioned", "approvalId": null,
            "scheduleInfo": {
                "startDateTime": now.to_string(),
                "expiration": {"type": "AfterDuration", "endDateTime": null, "duration": "P30D"},
            },
            "ticketInfo": {"ticketNumber": null, "ticketSystem": null}, "justification": "needed",
            "requestorId": who("alice"), "createdOn": now.to_string(), "condition": null, "conditionVersion": null,
            "targetRoleEligibilityScheduleId": schedule, "targetRoleEligibilityScheduleInstanceId": null,
            "expandedProperties": expanded,
        },
        "name": name(1),
        "id": at("~S", &format!("RoleEligibilityScheduleRequests/{}", name(1))),
        "type": "Microsoft.Authorization/RoleEligibilityScheduleRequests",
    });
    assert_eq!(made, expected);
    assert_eq!(app.get(&request("~S", ELIGIBLE, 1)).await.with(200), made);

    let schedules = rows(&app, "roleEligibilitySchedules").await;
    let end = now + SignedDuration::from_hours(30 * 24);
    let mut expected = json!({
        "properties": {
            "scope": path("~S"), "roleDefinitionId": role, "principalId": who("bob"), "principalType": "User",
            "roleEligibilityScheduleRequestId": made["id"], "memberType": "Direct", "status": "Provisioned",
            "startDateTime": now.to_string(), "endDateTime": end.to_string(), "condition": null,
            "conditionVersion": null, "createdOn": now.to_string(), "updatedOn": now.to_string(),
            "expandedProperties": expanded,
        },
        "name": schedule,
        "id": at("~S", &format!("RoleEligibilitySchedules/{}", schedule.as_str().unwrap())),
        "type": "Microsoft.Authorization/RoleEligibilitySchedules",
    });
    assert_eq!(schedules, [expected.clone()]);
    assert_eq!(app.get(&format!("{}?{V}", expected["id"].as_str().unwrap())).await.with(200), expected);

    let instances = rows(&app, "roleEligibilityScheduleInstances").await;
    let instance = instances[0]["name"].as_str().unwrap();
    let of_instance = expected["properties"].as_object_mut().unwrap();
    of_instance.remove("updatedOn");
    of_instance.remove("roleEligibilityScheduleRequestId");
    of_instance.insert("roleEligibilityScheduleId".to_owned(), schedules[0]["id"].clone());
    expected["name"] = json!(instance);
    expected["id"] = json!(at("~S", &format!("RoleEligibilityScheduleInstances/{instance}")));
    expected["type"] = json!("Microsoft.Authorization/RoleEligibilityScheduleInstances");
    assert_eq!(instances, [expected.clone()]);
    assert_eq!(app.get(&format!("{}?{V}", expected["id"].as_str().unwrap())).await.with(200), expected);
    assert!(rows(&app, "roleAssignmentScheduleInstances").await.iter().all(|row| row["name"] != instance));
}

#[tokio::test]
async fn arm_042_a_second_one_and_a_second_name_are_refused() {
    let app = App::start().await;
    make_eligible(&app, 0xa1, "~S", CONTRIBUTOR, who("bob")).await;
    let again = order("AdminAssign", CONTRIBUTOR, who("bob"), Some("P30D"));
    assert_eq!(eligible(&app, 2, "~S", again.clone()).await.says(), refusal("RoleAssignmentExists"));
    // A lost answer: the same name again, whatever is in it, in the letters of the repetition.
    let taken = |as_written: &str| {
        let message = format!("A role assignment request with Id: {as_written} already exists");
        (409, "RoleAssignmentRequestExists".to_owned(), message)
    };
    assert_eq!(eligible(&app, 0xa1, "~S", again.clone()).await.says(), taken(&name(0xa1)));
    let other = order("AdminAssign", READER, who("dave"), Some("P1D"));
    let upper = name(0xa1).to_uppercase();
    let target = at("~G1", &format!("{ELIGIBLE}/{upper}?{V}"));
    assert_eq!(app.put("alice", &target, other.clone()).await.says(), taken(&upper));
    // One name space for both collections, and for everybody; nothing but the name comes back.
    assert_eq!(active(&app, "alice", 0xa1, "~G1", other.clone()).await.says(), taken(&name(0xa1)));
    assert_eq!(activate(&app, "carol", 0xa1, "~G2", READER).await.says(), taken(&name(0xa1)));
    let unknown = app.asked("carol", &request("~S", ELIGIBLE, 0xb2)).await;
    let foreign = app.asked("carol", &request("~S", ELIGIBLE, 0xa1)).await;
    assert_eq!((foreign.says(), foreign.status.as_u16()), (unknown.says(), 404));
    // Whoever may not order here learns nothing of names, roles and people.
    let posing = app.put("carol", &request("~S", ELIGIBLE, 0xa1), again.clone()).await;
    assert_eq!(posing.says(), not_authorized("carol", "~S"));
    let nobody = order("AdminAssign", &name(7), name(8), Some("P1D"));
    let posing = app.put("carol", &request("~S", ELIGIBLE, 3), nobody).await;
    assert_eq!(posing.says(), not_authorized("carol", "~S"));
    // What was refused left its name free.
    assert_eq!(eligible(&app, 2, "~S", other).await.status, 201);
}

#[tokio::test]
async fn arm_043_044_an_end_is_asked_for_until_the_policy_says_otherwise() {
    let app = App::start().await;
    let endless = || order("AdminAssign", CONTRIBUTOR, who("bob"), None);
    let bare = || with(endless(), json!({"scheduleInfo": null}));
    assert_eq!(eligible(&app, 1, "~S", endless()).await.says(), failed(&["ExpirationRule"]));
    assert_eq!(eligible(&app, 1, "~S", bare()).await.says(), failed(&["ExpirationRule"]));
    let long = |days: &str| order("AdminAssign", CONTRIBUTOR, who("bob"), Some(days));
    assert_eq!(eligible(&app, 1, "~S", long("P400D")).await.says(), failed(&["ExpirationRule"]));
    assert_eq!(eligible(&app, 1, "~S", long("P365DT1S")).await.says(), failed(&["ExpirationRule"]));
    assert!(rows(&app, "roleEligibilitySchedules").await.is_empty());
    let rule = json!([{"id": "Expiration_Admin_Eligibility", "isExpirationRequired": false}]);
    set_rules(&app, "~S", CONTRIBUTOR, rule).await;
    let made = eligible(&app, 1, "~S", endless()).await.with(201);
    assert_eq!(made["properties"]["scheduleInfo"]["expiration"]["type"], "NoExpiration");
    assert_eq!(rows(&app, "roleEligibilitySchedules").await[0]["properties"]["endDateTime"], Value::Null);
    // Nothing said is for good as well, and what has no end is not made longer.
    let made = eligible(&app, 2, "~S", with(bare(), json!({"principalId": who("dave")}))).await.with(201);
    assert_eq!(made["properties"]["status"], "Provisioned");
    let extend = order("AdminExtend", CONTRIBUTOR, who("bob"), Some("P400D"));
    assert_eq!(eligible(&app, 3, "~S", extend).await.says(), refusal("InvalidRoleAssignmentRequest"));
}

#[tokio::test]
async fn arm_045_ends_are_instants_too_and_come_after_starts() {
    let app = App::start().await;
    let ending = |start: Value, end: Value| {
        let schedule = json!({"startDateTime": start, "expiration": {"type": "AfterDateTime", "endDateTime": end}});
        with(order("AdminAssign", CONTRIBUTOR, who("bob"), None), json!({"scheduleInfo": schedule}))
    };
    for (start, end) in [
        (json!(null), json!("2020-01-01T00:00:00Z")),
        (json!("2026-07-01T00:00:00Z"), json!("2026-06-30T00:00:00Z")),
        (json!("2026-07-01T00:00:00Z"), json!("2026-07-01T00:00:00Z")),
        (json!(null), json!(null)),
        (json!(null), json!("tomorrow")),
        (json!("2026-07-32T00:00:00Z"), json!("2026-08-30T00:00:00Z")),
    ] {
        let refused = eligible(&app, 1, "~S", ending(start.clone(), end.clone())).await;
        assert_eq!(refused.says(), refusal("InvalidRoleAssignmentRequestSchedule"), "{start} {end}");
    }
    for (sort, duration) in [
        ("AfterDuration", "P"),
        ("AfterDuration", "PT0S"),
        ("AfterDuration", "-PT1H"),
        ("AfterDuration", "8h"),
        ("AfterDuration", "PT1.5H"),
        ("Sometimes", "PT8H"),
    ] {
        let schedule = json!({"expiration": {"type": sort, "duration": duration}});
        let body = with(order("AdminAssign", CONTRIBUTOR, who("bob"), None), json!({"scheduleInfo": schedule}));
        let refused = eligible(&app, 1, "~S", body).await;
        assert_eq!(refused.says(), refusal("InvalidRoleAssignmentRequestSchedule"), "{sort} {duration}");
    }
    assert!(rows(&app, "roleEligibilitySchedules").await.is_empty());
    let made = eligible(&app, 1, "~S", ending(Value::Null, json!("2026-07-01T02:00:00+02:00"))).await.with(201);
    let expiration = &made["properties"]["scheduleInfo"]["expiration"];
    assert_eq!(*expiration, json!({"type": "AfterDateTime", "endDateTime": "2026-07-01T00:00:00Z", "duration": null}));
    assert_eq!(rows(&app, "roleEligibilitySchedules").await[0]["properties"]["endDateTime"], "2026-07-01T00:00:00Z");
}

#[tokio::test]
async fn arm_046_what_starts_later_can_be_withdrawn_before() {
    let app = App::start().await;
    let start = app.now() + SignedDuration::from_hours(2);
    let later = |of: &str, start: Value| {
        let expiration = json!({"type": "AfterDuration", "duration": "P1D"});
        let schedule = json!({"startDateTime": start, "expiration": expiration});
        with(order("AdminAssign", CONTRIBUTOR, who(of), None), json!({"scheduleInfo": schedule}))
    };
    let made = eligible(&app, 1, "~S", later("bob", json!(start.to_string()))).await.with(201);
    assert_eq!(made["properties"]["status"], "Granted");
    assert_eq!(made["properties"]["scheduleInfo"]["startDateTime"], start.to_string());
    let found = rows(&app, "roleEligibilitySchedules").await;
    assert_eq!((found.len(), &found[0]["properties"]["status"]), (1, &json!("Granted")));
    assert_eq!(instant(&found[0]["properties"]["startDateTime"]), start);
    assert_eq!(instant(&found[0]["properties"]["endDateTime"]), start + SignedDuration::from_hours(24));
    assert!(rows(&app, "roleEligibilityScheduleInstances").await.is_empty());
    let again = eligible(&app, 2, "~S", later("bob", Value::Null)).await;
    assert_eq!(again.says(), refusal("RoleAssignmentExists"));
    let early = activate(&app, "bob", 3, "~S", CONTRIBUTOR).await;
    assert_eq!(early.says(), failed(&["EligibilityRule"]));
    // Nobody but the requestor and administrators withdraws it.
    let cancel = at("~S", &format!("{ELIGIBLE}/{}/cancel?{V}", name(1)));
    assert_eq!(app.send("carol", Method::POST, &cancel, "").await.status, 404);
    let gone = app.send("alice", Method::POST, &cancel, "").await.with(200);
    assert_eq!((&gone["properties"]["status"], &gone["name"]), (&json!("Canceled"), &json!(name(1))));
    assert_eq!(app.get(&request("~S", ELIGIBLE, 1)).await.with(200), gone);
    assert!(rows(&app, "roleEligibilitySchedules").await.is_empty());
    let twice = app.send("alice", Method::POST, &cancel, "").await;
    assert_eq!(twice.says(), refusal("InvalidRoleAssignmentRequest"));
    // A client withdraws by the name of the schedule; a start a moment ago is now.
    let made = eligible(&app, 4, "~S", later("bob", json!(start.to_string()))).await.with(201);
    let schedule = made["properties"]["targetRoleEligibilityScheduleId"].as_str().unwrap();
    let by_schedule = at("~S", &format!("{ELIGIBLE}/{schedule}/cancel?{V}"));
    let gone = app.send("alice", Method::POST, &by_schedule, "").await.with(200);
    assert_eq!((&gone["properties"]["status"], &gone["name"]), (&json!("Canceled"), &json!(name(4))));
    let before = app.now() - SignedDuration::from_hours(1);
    let made = eligible(&app, 5, "~S", later("bob", json!(before.to_string()))).await.with(201);
    assert_eq!(made["properties"]["scheduleInfo"]["startDateTime"], before.to_string());
    let found = rows(&app, "roleEligibilityScheduleInstances").await;
    assert_eq!(instant(&found[0]["properties"]["startDateTime"]), app.now());
    // What runs is removed, not cancelled.
    let cancel = at("~S", &format!("{ELIGIBLE}/{}/cancel?{V}", name(5)));
    let late = app.send("alice", Method::POST, &cancel, "").await;
    assert_eq!(late.says(), refusal("InvalidRoleAssignmentRequest"));
    // A start that has come is in force without anybody's doing.
    let made = eligible(&app, 6, "~S", later("dave", json!(start.to_string()))).await.with(201);
    app.advance(2 * 3600);
    let now = app.get(&format!("{}?{V}", made["id"].as_str().unwrap())).await.with(200);
    assert_eq!(now["properties"]["status"], "Provisioned");
    assert_eq!(rows(&app, "roleEligibilityScheduleInstances").await.len(), 2);
}

/// Removals as clients send them (`ARM 9.7`); `schedule` is the one that goes.
fn removals(schedule: &str) -> Vec<Value> {
    let bare = json!({
        "principalId": who("bob"), "roleDefinitionId": CONTRIBUTOR, "requestType": "AdminRemove",
    });
    let plus = |more: Value| {
        let mut body = bare.clone();
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        json!({"properties": body})
    };
    let full = at("~S", &format!("RoleEligibilitySchedules/{schedule}"));
    vec![
        plus(json!({})),
        json!({"Properties": {
            "PrincipalId": who("bob"), "RoleDefinitionId": at("~S", &format!("roleDefinitions/{CONTRIBUTOR}")),
            "RequestType": "AdminRemove", "IsValidationOnly": false, "Justification": "done",
            "ScheduleInfo": {
                "StartDateTime": null, "Expiration": {"Type": "NoExpiration", "EndDateTime": null, "Duration": null},
            },
            "TicketInfo": {"TicketNumber": "", "TicketSystem": ""},
        }}),
        plus(json!({"scheduleInfo": {
            "startDateTime": null, "expiration": {"type": "AfterDuration", "endDateTime": null, "duration": null},
        }})),
        plus(json!({"scheduleInfo": {"expiration": {"type": "null", "duration": "", "endDateTime": null}}})),
        plus(json!({"scheduleInfo": {"expiration": {"type": null, "duration": ""}}, "justification": ""})),
        plus(json!({"scheduleInfo": {"startDateTime": "", "expiration": {"type": "", "endDateTime": ""}}})),
        plus(json!({"ticketInfo": {"ticketNumber": "", "ticketSystem": ""}, "justification": null})),
        plus(json!({"targetRoleEligibilityScheduleId": schedule})),
        plus(json!({"targetRoleEligibilityScheduleId": full, "targetRoleEligibilityScheduleInstanceId": full})),
        // Principal, role and scope alone decide.
        plus(json!({"targetRoleEligibilityScheduleId": name(0xdead), "linkedRoleEligibilityScheduleId": "x"})),
        plus(json!({"scope": path("~S"), "principalType": "User", "level": [1], "condition": null})),
    ]
}

#[tokio::test]
async fn arm_047_every_form_of_a_removal_removes() {
    let app = App::start().await;
    for at in 0..removals("").len() {
        let number = 10 * at as u128;
        let made = make_eligible(&app, number + 1, "~S", CONTRIBUTOR, who("bob")).await;
        let schedule = made["properties"]["targetRoleEligibilityScheduleId"].as_str().unwrap();
        let body = removals(schedule).swap_remove(at);
        let gone = eligible(&app, number + 2, "~S", body.clone()).await.with(201);
        assert_eq!(gone["properties"]["status"], "Revoked", "{body}");
        assert_eq!(gone["properties"]["requestType"], "AdminRemove");
        assert_eq!(app.get(&request("~S", ELIGIBLE, number + 2)).await.with(200), gone, "{body}");
        for collection in ["roleEligibilitySchedules", "roleEligibilityScheduleInstances"] {
            assert!(rows(&app, collection).await.is_empty(), "{body}");
        }
        let by_name = at_schedule(schedule);
        assert_eq!(app.get(&by_name).await.error(), (404, "RoleEligibilityScheduleNotFound".to_owned()));
        let again = eligible(&app, number + 3, "~S", body.clone()).await;
        assert_eq!(again.says(), refusal("RoleAssignmentDoesNotExist"), "{body}");
        // The request that made it stays what it was.
        let first = app.get(&request("~S", ELIGIBLE, number + 1)).await.with(200);
        assert_eq!(first["properties"]["status"], "Provisioned");
    }
}

fn at_schedule(schedule: &str) -> String {
    at("~S", &format!("roleEligibilitySchedules/{schedule}?{V}"))
}

#[tokio::test]
async fn what_was_left_by_a_deleted_account_can_be_removed() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("dave")).await;
    give(&app, "~S", 0xd0, READER, who("dave")).await.with(201);
    app.delete(who("dave")).await;
    // Schedules go with the account, what was written directly stays.
    assert!(rows(&app, "roleEligibilitySchedules").await.is_empty());
    let mut left = rows(&app, "roleAssignmentSchedules").await;
    left.retain(|row| row["properties"]["principalId"] == who("dave").to_string());
    assert_eq!(left[0]["properties"]["expandedProperties"]["principal"]["id"], who("dave").to_string());
    let again = order("AdminAssign", READER, who("dave"), Some("P1D"));
    assert_eq!(active(&app, "alice", 2, "~S", again.clone()).await.says(), refusal("SubjectNotFound"));
    assert_eq!(eligible(&app, 2, "~S", again).await.says(), refusal("SubjectNotFound"));
    app.advance(300);
    let body = order("AdminRemove", READER, who("dave"), None);
    let gone = active(&app, "alice", 3, "~S", body.clone()).await.with(201);
    assert_eq!(gone["properties"]["status"], "Revoked");
    assert_eq!(active(&app, "alice", 4, "~S", body).await.says(), refusal("RoleAssignmentDoesNotExist"));
    let mut left = rows(&app, "roleAssignmentSchedules").await;
    left.retain(|row| row["properties"]["principalId"] == who("dave").to_string());
    assert!(left.is_empty());
    for never in [who("dave").to_string(), name(0x77)] {
        let body = order("AdminRemove", CONTRIBUTOR, never, None);
        assert_eq!(eligible(&app, 5, "~S", body).await.says(), refusal("RoleAssignmentDoesNotExist"));
    }
}

#[tokio::test]
async fn arm_048_an_update_or_extension_replaces_the_schedule() {
    let app = App::start().await;
    let made = make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    let began = app.now();
    let instance = rows(&app, "roleEligibilityScheduleInstances").await[0]["name"].clone();
    let mut schedule = made["properties"]["targetRoleEligibilityScheduleId"].as_str().unwrap().to_owned();
    app.advance(3600);
    let days = |count: i64| SignedDuration::from_hours(24 * count);
    let full = |id: &str| at("~S", &format!("roleEligibilitySchedules/{id}")).to_uppercase();
    let target = |id: String| json!({"targetRoleEligibilityScheduleId": id});
    for (number, kind, length, named) in [
        (2, "AdminExtend", 40, None),
        (3, "AdminExtend", 50, Some(false)),
        (4, "AdminExtend", 60, Some(true)),
        (5, "AdminUpdate", 20, None),
        (6, "AdminUpdate", 10, Some(false)),
        (7, "AdminUpdate", 90, Some(true)),
    ] {
        let mut body = order(kind, CONTRIBUTOR, who("bob"), Some(&format!("P{length}D")));
        if let Some(as_id) = named {
            body = with(body, target(if as_id { full(&schedule) } else { schedule.clone() }));
        }
        let changed = eligible(&app, number, "~S", body).await.with(201);
        assert_eq!(
            (&changed["properties"]["status"], &changed["properties"]["requestType"]),
            (&json!("Provisioned"), &json!(kind))
        );
        let found = rows(&app, "roleEligibilitySchedules").await;
        assert_eq!(found.len(), 1, "{kind} {length}");
        let row = &found[0]["properties"];
        assert_eq!(instant(&row["startDateTime"]), began);
        assert_eq!(instant(&row["endDateTime"]), app.now() + days(length));
        assert_eq!(instant(&row["createdOn"]), began);
        assert_eq!(instant(&row["updatedOn"]), app.now());
        assert_eq!(row["roleEligibilityScheduleRequestId"], changed["id"]);
        assert_eq!(found[0]["name"], changed["properties"]["targetRoleEligibilityScheduleId"]);
        assert_ne!(found[0]["name"], schedule.as_str(), "shaped anew, named anew");
        assert_eq!(app.get(&at_schedule(&schedule)).await.status, 404);
        schedule = found[0]["name"].as_str().unwrap().to_owned();
        let instances = rows(&app, "roleEligibilityScheduleInstances").await;
        assert_eq!((instances.len(), &instances[0]["name"]), (1, &instance));
        assert_eq!(last(&instances[0]["properties"]["roleEligibilityScheduleId"]), schedule);
    }
    let shorter = order("AdminExtend", CONTRIBUTOR, who("bob"), Some("P1D"));
    assert_eq!(eligible(&app, 8, "~S", shorter).await.says(), refusal("InvalidRoleAssignmentRequestSchedule"));
    let longer = order("AdminExtend", CONTRIBUTOR, who("bob"), Some("P400D"));
    assert_eq!(eligible(&app, 8, "~S", longer).await.says(), failed(&["ExpirationRule"]));
    for kind in ["AdminExtend", "AdminUpdate"] {
        let other = with(order(kind, CONTRIBUTOR, who("bob"), Some("P99D")), target(name(0xabc)));
        assert_eq!(eligible(&app, 8, "~S", other).await.says(), refusal("RoleAssignmentDoesNotExist"), "{kind}");
        let bad = with(order(kind, CONTRIBUTOR, who("bob"), Some("P99D")), target("nothing".to_owned()));
        assert_eq!(eligible(&app, 8, "~S", bad).await.says(), refusal("InvalidRoleAssignmentRequest"), "{kind}");
        let nobody = order(kind, CONTRIBUTOR, who("dave"), Some("P99D"));
        assert_eq!(eligible(&app, 8, "~S", nobody).await.says(), refusal("RoleAssignmentDoesNotExist"), "{kind}");
        let elsewhere = order(kind, CONTRIBUTOR, who("bob"), Some("P99D"));
        assert_eq!(eligible(&app, 8, "~G1", elsewhere).await.says(), refusal("RoleAssignmentDoesNotExist"), "{kind}");
    }
}

#[tokio::test]
async fn arm_049_what_is_over_is_renewed() {
    let app = App::start().await;
    let renew = |kind: &str| order(kind, CONTRIBUTOR, who("bob"), Some("P10D"));
    assert_eq!(eligible(&app, 9, "~S", renew("AdminRenew")).await.says(), refusal("RoleAssignmentDoesNotExist"));
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    assert_eq!(eligible(&app, 9, "~S", renew("AdminRenew")).await.says(), refusal("RoleAssignmentDoesNotExist"));
    let early = app.put("bob", &request("~S", ELIGIBLE, 9), renew("SelfRenew")).await;
    assert_eq!(early.says(), refusal("RoleAssignmentDoesNotExist"));
    app.advance(30 * 86_400);
    assert!(rows(&app, "roleEligibilitySchedules").await.is_empty(), "over by the clock");
    let asked = app.put("bob", &request("~S", ELIGIBLE, 2), renew("SelfRenew")).await.with(201);
    assert_eq!(
        (&asked["properties"]["status"], &asked["properties"]["requestorId"]),
        (&json!("PendingAdminDecision"), &json!(who("bob")))
    );
    assert!(rows(&app, "roleEligibilitySchedules").await.is_empty());
    let twice = app.put("bob", &request("~S", ELIGIBLE, 3), renew("SelfRenew")).await;
    assert_eq!(twice.says(), refusal("PendingRoleAssignmentRequest"));
    let renewed = eligible(&app, 4, "~S", renew("AdminRenew")).await.with(201);
    assert_eq!(renewed["properties"]["status"], "Provisioned");
    let answered = app.asked("bob", &request("~S", ELIGIBLE, 2)).await.with(200);
    assert_eq!(answered["properties"]["status"], "AdminApproved");
    let found = rows(&app, "roleEligibilitySchedules").await;
    assert_eq!((found.len(), &found[0]["properties"]["roleEligibilityScheduleRequestId"]), (1, &renewed["id"]));
    assert_eq!(instant(&found[0]["properties"]["endDateTime"]), app.now() + SignedDuration::from_hours(240));
    activate(&app, "bob", 5, "~S", CONTRIBUTOR).await.with(201);
}

#[tokio::test]
async fn arm_050_odd_request_types_are_refused_and_never_listed() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("alice")).await;
    for kind in [
        json!("SelfActivate"),
        json!("selfdeactivate"),
        json!("Conquer"),
        json!("AdminAssign "),
        json!("UnknownFutureValue"),
        json!(""),
        json!(null),
        json!(4),
        json!(["AdminAssign"]),
    ] {
        let body = with(order("", CONTRIBUTOR, who("alice"), Some("PT1H")), json!({"requestType": kind}));
        let refused = eligible(&app, 2, "~S", body).await;
        assert_eq!(refused.says(), refusal("InvalidRoleAssignmentRequest"), "{kind}");
    }
    for missing in ["principalId", "roleDefinitionId"] {
        for value in [json!(null), json!(""), json!("x"), json!(1), json!({})] {
            let body = with(order("AdminAssign", READER, who("bob"), Some("P1D")), json!({missing: value}));
            let refused = eligible(&app, 2, "~S", body).await;
            assert_eq!(refused.says(), refusal("InvalidRoleAssignmentRequest"), "{missing} {value}");
        }
    }
    assert_eq!(rows(&app, ELIGIBLE).await.len(), 1, "nothing of it is listed");
    assert_eq!(
        app.get(&request("~S", ELIGIBLE, 2)).await.error(),
        (404, "RoleEligibilityScheduleRequestNotFound".to_owned())
    );
    let unnamed = app
        .put("alice", &at("~S", &format!("{ELIGIBLE}/mine?{V}")), order("AdminAssign", READER, who("bob"), Some("P1D")))
        .await;
    assert_eq!(unnamed.error(), (400, "InvalidRoleAssignmentRequestName".to_owned()));
    // Any letter case is a known one, and comes back as it is written here.
    let loud = eligible(&app, 3, "~S", order("ADMINASSIGN", READER, who("bob"), Some("P1D"))).await.with(201);
    assert_eq!(loud["properties"]["requestType"], "AdminAssign");
}

#[tokio::test]
async fn arm_051_only_who_may_give_roles_makes_others_eligible() {
    let app = App::start().await;
    let body = || order("AdminAssign", CONTRIBUTOR, who("carol"), Some("P30D"));
    let as_bob = async |number| app.put("bob", &request("~S", ELIGIBLE, number), body()).await;
    assert_eq!(as_bob(1).await.says(), not_authorized("bob", "~S"));
    give(&app, "~S", 0xb0, READER, who("bob")).await.with(201);
    assert_eq!(as_bob(1).await.says(), not_authorized("bob", "~S"));
    // Eligible for a role that may is not that role.
    let administrator = "f58310d9-a9f6-439a-9e8d-f62e7b41a168";
    make_eligible(&app, 2, "~S", administrator, who("bob")).await;
    assert_eq!(as_bob(1).await.says(), not_authorized("bob", "~S"));
    activate(&app, "bob", 3, "~G1", administrator).await.with(201);
    assert_eq!(as_bob(1).await.says(), not_authorized("bob", "~S"), "active further down only");
    let below = app.put("bob", &request("~G1", ELIGIBLE, 1), body()).await.with(201);
    assert_eq!(below["properties"]["requestorId"], who("bob").to_string());
    give(&app, "~S", 0xb1, administrator, who("bob")).await.with(201);
    assert_eq!(as_bob(4).await.with(201)["properties"]["status"], "Provisioned");
    for kind in ["AdminExtend", "AdminUpdate", "AdminRenew", "AdminRemove"] {
        let order = order(kind, CONTRIBUTOR, who("carol"), Some("P40D"));
        let refused = app.put("dave", &request("~S", ELIGIBLE, 5), order).await;
        assert_eq!(refused.says(), not_authorized("dave", "~S"), "{kind}");
    }
}

#[tokio::test]
async fn arm_052_a_principal_must_be_there_and_may_come_later() {
    let app = App::start().await;
    let newcomer = Uuid::from_u128(0x9e0);
    let body = order("AdminAssign", CONTRIBUTOR, newcomer, Some("P30D"));
    for _ in 0..2 {
        assert_eq!(eligible(&app, 1, "~S", body.clone()).await.says(), refusal("SubjectNotFound"));
    }
    app.insert(Principal {
        id: PrincipalId::new(newcomer),
        kind: PrincipalKind::User,
        person: PersonId::new(newcomer),
        domain: "DEMO".to_owned(),
        account: "newcomer".to_owned(),
        display_name: "New Comer".to_owned(),
        upn: Some("newcomer@demo.test".to_owned()),
        enabled: true,
    })
    .await;
    let made = eligible(&app, 1, "~S", body).await.with(201);
    assert_eq!(made["properties"]["expandedProperties"]["principal"]["displayName"], "New Comer");
    let unknown = order("AdminAssign", &name(0x404), who("bob"), Some("P30D"));
    assert_eq!(eligible(&app, 2, "~S", unknown).await.says(), refusal("RoleNotFound"));
    // Applications could never use an eligibility.
    let idle = order("AdminAssign", CONTRIBUTOR, who("app1"), Some("P30D"));
    assert_eq!(eligible(&app, 2, "~S", idle).await.says(), refusal("InvalidRoleAssignmentRequest"));
    // A role of another subscription's own cannot be given here.
    let elsewhere = json!({"properties": {
        "roleName": "Looker", "type": "CustomRole", "assignableScopes": [path("~G1")],
        "permissions": [{"actions": ["*/read"]}],
    }});
    app.put("alice", &at("~G1", &format!("roleDefinitions/{}?api-version=2022-04-01", name(0x701))), elsewhere)
        .await
        .with(201);
    let out = order("AdminAssign", &name(0x701), who("bob"), Some("P30D"));
    assert_eq!(eligible(&app, 2, "~S", out.clone()).await.error(), (400, "ScopeDoesNotMatchRoleDefinition".to_owned()));
    assert_eq!(eligible(&app, 2, "~G1", out).await.status, 201);
}

#[tokio::test]
async fn arm_054_what_is_only_validated_leaves_nothing() {
    let app = App::start().await;
    let validate = |collection: &str, number| at("~S", &format!("{collection}/{}/validate?{V}", name(number)));
    let good = order("AdminAssign", CONTRIBUTOR, who("bob"), Some("P30D"));
    let judged = app.send("alice", Method::POST, &validate(ELIGIBLE, 1), good.to_string()).await.with(200);
    assert_eq!(judged["properties"]["status"], "Granted");
    assert_eq!(judged["name"], name(1));
    assert_eq!(judged["id"], at("~S", &format!("RoleEligibilityScheduleRequests/{}", name(1))));
    assert_eq!(judged["properties"]["scheduleInfo"]["expiration"]["duration"], "P30D");
    for collection in [ELIGIBLE, "roleEligibilitySchedules", "roleEligibilityScheduleInstances"] {
        assert!(rows(&app, collection).await.is_empty(), "{collection}");
    }
    assert_eq!(app.get(&request("~S", ELIGIBLE, 1)).await.status, 404);
    let made = eligible(&app, 1, "~S", good.clone()).await.with(201);
    assert_eq!(members(&made["properties"]), members(&judged["properties"]));
    for (who_asks, collection, body) in [
        ("alice", ELIGIBLE, good.clone()),
        ("alice", ELIGIBLE, order("AdminAssign", READER, who("bob"), Some("P400D"))),
        ("alice", ELIGIBLE, order("AdminAssign", READER, name(9), Some("P1D"))),
        ("alice", ELIGIBLE, order("AdminAssign", &name(9), who("bob"), Some("P1D"))),
        ("alice", ELIGIBLE, order("Conquer", READER, who("bob"), Some("P1D"))),
        ("alice", ELIGIBLE, order("AdminAssign", READER, who("bob"), Some("P1X"))),
        ("alice", ELIGIBLE, order("AdminRemove", READER, who("bob"), None)),
        ("alice", ELIGIBLE, json!(7)),
        ("bob", ELIGIBLE, order("AdminAssign", READER, who("bob"), Some("P1D"))),
        ("bob", ASSIGNED, order("SelfActivate", READER, who("bob"), Some("PT1H"))),
        ("bob", ASSIGNED, order("SelfActivate", CONTRIBUTOR, who("bob"), Some("PT9H"))),
        ("bob", ASSIGNED, order("SelfActivate", CONTRIBUTOR, who("carol"), Some("PT1H"))),
    ] {
        let judged = app.send(who_asks, Method::POST, &validate(collection, 2), body.to_string()).await;
        let refused = app.put(who_asks, &request("~S", collection, 2), body.clone()).await;
        assert_eq!(judged.says(), refused.says(), "{body}");
        assert!([400, 403].contains(&judged.status.as_u16()), "{body}");
    }
    // An activation is judged for its holder, and would wait where the policy says so.
    let own = order("SelfActivate", CONTRIBUTOR, who("bob"), Some("PT480M")).to_string();
    let judged = app.send("bob", Method::POST, &validate(ASSIGNED, 3), own.clone()).await.with(200);
    assert_eq!(judged["properties"]["status"], "Granted");
    assert_eq!(judged["properties"]["scheduleInfo"]["expiration"]["duration"], "PT480M");
    crate::story::ask_carol(&app, "~S", CONTRIBUTOR).await;
    let judged = app.send("bob", Method::POST, &validate(ASSIGNED, 3), own).await.with(200);
    assert_eq!(
        (&judged["properties"]["status"], &judged["properties"]["approvalId"]),
        (&json!("PendingApproval"), &Value::Null)
    );
    assert!(list(&app, "carol", "~S", ASSIGNED, "asApprover()").await.is_empty());
    assert!(rows(&app, ASSIGNED).await.is_empty());
}

#[tokio::test]
async fn arm_055_a_request_is_shown_to_whom_it_concerns() {
    let app = App::start().await;
    give(&app, "~S", 0xb0, "f58310d9-a9f6-439a-9e8d-f62e7b41a168", who("dave")).await.with(201);
    let body = order("AdminAssign", CONTRIBUTOR, who("bob"), Some("P30D"));
    let made = app.put("dave", &request("~G1", ELIGIBLE, 1), body).await.with(201);
    for (reader, part) in [("bob", "target"), ("dave", "requestor"), ("alice", "administrator")] {
        for scope in ["~G1", "/"] {
            assert_eq!(app.asked(reader, &request(scope, ELIGIBLE, 1)).await.with(200), made, "{part} {scope}");
        }
    }
    let missing = (404, "RoleEligibilityScheduleRequestNotFound".to_owned());
    assert_eq!(app.asked("carol", &request("~G1", ELIGIBLE, 1)).await.error(), missing);
    for key in ["alice", "bob", "carol"] {
        assert_eq!(app.asked(key, &request("~G1", ELIGIBLE, 2)).await.error(), missing);
    }
    assert_eq!(app.get(&request("~G2", ELIGIBLE, 1)).await.error(), missing, "at another scope");
    let other = app.get(&request("~G1", ASSIGNED, 1)).await;
    assert_eq!(other.error(), (404, "RoleAssignmentScheduleRequestNotFound".to_owned()), "in the other collection");
    // Short ids and upper case lead to it as well.
    let short = at("~G1", &format!("ROLEELIGIBILITYREQUESTS/{}?{V}", name(1).to_uppercase()));
    assert_eq!(app.get(&short).await.with(200), made);
}

#[tokio::test]
async fn arm_056_every_form_of_a_role_id_is_the_same_role() {
    let app = App::start().await;
    let tail = format!("providers/Microsoft.Authorization/roleDefinitions/{CONTRIBUTOR}");
    let (s, g1) = (path("~S"), path("~G1"));
    for (number, form) in (1..).zip([
        format!("/{tail}"),
        format!("{s}/{tail}"),
        format!("{}/{tail}", &s[1..]),
        format!("/providers/Microsoft.Subscription{s}/{tail}"),
        format!("{g1}/{tail}"),
        format!("{}/{tail}", path("~M")),
        CONTRIBUTOR.to_uppercase(),
    ]) {
        let made = eligible(&app, number, "~G1", order("AdminAssign", &form, who("bob"), Some("P1D"))).await.with(201);
        assert_eq!(made["properties"]["roleDefinitionId"], format!("{s}/{tail}"), "{form}");
        let again = eligible(&app, 90, "~G1", order("AdminAssign", CONTRIBUTOR, who("bob"), Some("P1D"))).await;
        assert_eq!(again.says(), refusal("RoleAssignmentExists"), "{form}");
        eligible(&app, 100 + number, "~G1", order("AdminRemove", &form, who("bob"), None)).await.with(201);
    }
}

#[tokio::test]
async fn a_condition_stays_through_extensions_and_binds_activations() {
    let app = App::start().await;
    let owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
    let condition = json!({"condition": "@Resource[x] StringEquals 'y'", "conditionVersion": "2.0"});
    let assign = || order("AdminAssign", owner, who("bob"), Some("P30D"));
    for bad in [
        json!({"condition": "@Resource[x] StringEquals 'y'"}),
        json!({"condition": "@Resource[x] StringEquals 'y'", "conditionVersion": ""}),
        json!({"condition": "@Resource[x] StringEquals 'y'", "conditionVersion": "3.0"}),
    ] {
        let refused = eligible(&app, 1, "~S", with(assign(), bad.clone())).await;
        assert_eq!(refused.says(), refusal("InvalidRoleAssignmentRequest"), "{bad}");
    }
    let made = eligible(&app, 1, "~S", with(assign(), condition.clone())).await.with(201);
    assert_eq!(made["properties"]["condition"], condition["condition"]);
    eligible(&app, 2, "~S", order("AdminExtend", owner, who("bob"), Some("P60D"))).await.with(201);
    let row = rows(&app, "roleEligibilitySchedules").await.remove(0);
    assert_eq!(
        (&row["properties"]["condition"], &row["properties"]["conditionVersion"]),
        (&condition["condition"], &condition["conditionVersion"])
    );
    let own = || order("SelfActivate", owner, who("bob"), Some("PT1H"));
    let other = json!({"condition": "true", "conditionVersion": "2.0"});
    let loosened = active(&app, "bob", 3, "~G1", with(own(), other)).await;
    assert_eq!(loosened.says(), refusal("InvalidRoleAssignmentRequest"));
    active(&app, "bob", 3, "~G1", with(own(), condition.clone())).await.with(201);
    active(&app, "bob", 4, "~G2", own()).await.with(201);
    for scope in ["~G1", "~G2"] {
        let found = list(&app, "bob", scope, "roleAssignmentScheduleInstances", "asTarget() and atScope()").await;
        assert_eq!(found[0]["properties"]["condition"], condition["condition"], "{scope}");
        let origin = found[0]["properties"]["originRoleAssignmentId"].as_str().unwrap();
        let behind = app.get(&format!("{origin}?api-version=2022-04-01")).await.with(200);
        assert_eq!(behind["properties"]["condition"], condition["condition"], "{scope}");
        // What is bound by a condition gives nobody roles.
        let giving =
            app.put("bob", &request(scope, ELIGIBLE, 5), order("AdminAssign", READER, who("carol"), Some("P1D"))).await;
        assert_eq!(giving.error(), (403, "AuthorizationFailed".to_owned()), "{scope}");
        assert!(giving.message().ends_with("A condition of the role assignment was not met."), "{}", giving.message());
    }
}

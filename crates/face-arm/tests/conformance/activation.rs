//! People use what they are eligible for.

use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    app::{App, group, path, who},
    story::{
        ASSIGNED, CONTRIBUTOR, ELIGIBLE, RBAC, READER, V, activate, active, ask_carol, at, eligible, failed, instant,
        last, list, make_eligible, members, name, order, refusal, request, roles_of, rows, set_rules, with,
    },
};

fn own(role: &str, key: &str, duration: &str) -> Value {
    order("SelfActivate", role, who(key), Some(duration))
}

/// Bob's activations at and below a scope.
async fn of_bob(app: &App, collection: &str) -> Vec<Value> {
    list(app, "bob", "/", collection, "asTarget()").await
}

#[tokio::test]
async fn arm_060_072_an_activation_is_a_role_assignment_beside_the_eligibility() {
    let app = App::start().await;
    let eligibility = make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    assert_eq!(roles_of(&app, "bob", "~S").await, 0, "eligible counts for nothing");
    let made = activate(&app, "bob", 2, "~S", CONTRIBUTOR).await.with(201);
    let now = app.now();
    let schedule = last(&made["properties"]["targetRoleAssignmentScheduleId"]);
    let properties = &made["properties"];
    assert_eq!(
        members(properties),
        [
            "approvalId",
            "condition",
            "conditionVersion",
            "createdOn",
            "expandedProperties",
            "justification",
            "linkedRoleEligibilityScheduleId",
            "principalId",
            "principalType",
            "requestType",
            "requestorId",
            "roleDefinitionId",
            "scheduleInfo",
            "scope",
            "status",
            "targetRoleAssignmentScheduleId",
            "targetRoleAssignmentScheduleInstanceId",
            "ticketInfo",
        ]
    );
    assert_eq!((&properties["status"], &properties["approvalId"]), (&json!("Provisioned"), &Value::Null));
    assert_eq!(properties["requestorId"], who("bob").to_string());
    assert_eq!(made["type"], "Microsoft.Authorization/RoleAssignmentScheduleRequests");
    assert_eq!(made["id"], at("~S", &format!("RoleAssignmentScheduleRequests/{}", name(2))));

    let schedules = of_bob(&app, "roleAssignmentSchedules").await;
    let of_eligibility = rows(&app, "roleEligibilitySchedules").await.remove(0);
    let of_instance = rows(&app, "roleEligibilityScheduleInstances").await.remove(0);
    let role = at("~S", &format!("roleDefinitions/{CONTRIBUTOR}"));
    let mut expected = json!({
        "properties": {
            "scope": path("~S"), "roleDefinitionId": role, "principalId": who("bob"), "principalType": "User",
            "roleAssignmentScheduleRequestId": made["id"], "linkedRoleEligibilityScheduleId": of_eligibility["id"],
            "assignmentType": "Activated", "memberType": "Direct", "status": "Provisioned",
            "startDateTime": now.to_string(), "endDateTime": (now + SignedDuration::from_hours(1)).to_string(),
            "condition": null, "conditionVersion": null, "createdOn": now.to_string(), "updatedOn": now.to_string(),
            "expandedProperties": eligibility["properties"]["expandedProperties"],
        },
        "name": schedule,
        "id": at("~S", &format!("RoleAssignmentSchedules/{schedule}")),
        "type": "Microsoft.Authorization/RoleAssignmentSchedules",
    });
    assert_eq!(schedules, [expected.clone()]);

    let instances = of_bob(&app, "roleAssignmentScheduleInstances").await;
    let assignment = instances[0]["name"].as_str().unwrap();
    let origin = at("~S", &format!("roleAssignments/{assignment}"));
    let row = expected["properties"].as_object_mut().unwrap();
    row.remove("updatedOn");
    row.remove("roleAssignmentScheduleRequestId");
    row.insert("roleAssignmentScheduleId".to_owned(), schedules[0]["id"].clone());
    row.insert("originRoleAssignmentId".to_owned(), json!(origin));
    row.insert("linkedRoleEligibilityScheduleInstanceId".to_owned(), of_instance["id"].clone());
    expected["name"] = json!(assignment);
    expected["id"] = json!(at("~S", &format!("RoleAssignmentScheduleInstances/{assignment}")));
    expected["type"] = json!("Microsoft.Authorization/RoleAssignmentScheduleInstances");
    assert_eq!(instances, [expected]);

    let behind = app.get(&format!("{origin}?{RBAC}")).await.with(200);
    assert_eq!(
        (&behind["name"], &behind["properties"]["principalId"], &behind["properties"]["roleDefinitionId"]),
        (&json!(assignment), &json!(who("bob")), &json!(role))
    );
    assert_eq!(rows(&app, "roleEligibilitySchedules").await, [of_eligibility], "the eligibility stays");
    for scope in ["~S", "~G1", "~X"] {
        let held = app.asked("bob", &at(scope, &format!("permissions?{RBAC}"))).await.with(200);
        assert_eq!(held["value"][0]["actions"], json!(["*"]), "{scope}");
        assert!(held["value"][0]["notActions"].to_string().contains("Microsoft.Authorization/*/Write"), "{scope}");
    }
    app.advance(3600);
    assert_eq!(roles_of(&app, "bob", "~S").await, 0);
}

#[tokio::test]
async fn arm_061_an_eligibility_is_named_by_id_or_guid_or_not_at_all() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    make_eligible(&app, 2, "~S", CONTRIBUTOR, group("devs")).await;
    make_eligible(&app, 3, "~S", CONTRIBUTOR, who("carol")).await;
    make_eligible(&app, 4, "~S", READER, who("bob")).await;
    make_eligible(&app, 5, "~G1", CONTRIBUTOR, who("bob")).await;
    let id_of = async |holder: String, role: &str, scope: &str| {
        let filter = format!("principalId eq '{holder}' and roleDefinitionId eq '{role}'");
        let mut found = list(&app, "alice", "~S", "roleEligibilitySchedules", &filter).await;
        found.retain(|row| row["properties"]["scope"] == path(scope));
        assert_eq!(found.len(), 1);
        found[0]["id"].as_str().unwrap().to_owned()
    };
    let bobs = id_of(who("bob").to_string(), CONTRIBUTOR, "~S").await;
    let of_devs = id_of(group("devs"), CONTRIBUTOR, "~S").await;
    let bare = |id: &str| id.rsplit('/').next().unwrap().to_owned();
    let link = |id: &str| with(own(CONTRIBUTOR, "bob", "PT1H"), json!({"linkedRoleEligibilityScheduleId": id}));
    let unfit = [
        id_of(who("carol").to_string(), CONTRIBUTOR, "~S").await,
        id_of(who("bob").to_string(), READER, "~S").await,
        bare(&id_of(who("bob").to_string(), CONTRIBUTOR, "~G1").await),
        name(0x404),
        "nothing".to_owned(),
        format!("{bobs}x"),
    ];
    for linked in unfit {
        let refused = active(&app, "bob", 10, "~S", link(&linked)).await;
        assert_eq!(refused.says(), refusal("InvalidRoleAssignmentRequest"), "{linked}");
        let judged = at("~S", &format!("{ASSIGNED}/{}/validate?{V}", name(10)));
        let judged = app.send("bob", Method::POST, &judged, link(&linked).to_string()).await;
        assert_eq!(judged.says(), refusal("InvalidRoleAssignmentRequest"), "{linked}");
    }
    for (number, written, used) in [
        (20, Some(bobs.clone()), &bobs),
        (30, Some(bare(&bobs)), &bobs),
        (40, Some(bare(&bobs).to_uppercase()), &bobs),
        (50, Some(bobs.to_uppercase()), &bobs),
        (60, Some(format!("{}/", &bobs[1..])), &bobs),
        (70, Some(bare(&of_devs)), &of_devs),
        (80, Some(String::new()), &bobs),
        (90, None, &bobs),
    ] {
        let body = match &written {
            Some(written) => link(written),
            None => own(CONTRIBUTOR, "bob", "PT1H"),
        };
        let made = active(&app, "bob", number, "~S", body).await.with(201);
        let echoed = written.filter(|text| !text.is_empty());
        assert_eq!(made["properties"]["linkedRoleEligibilityScheduleId"], json!(echoed), "{number}");
        let found = of_bob(&app, "roleAssignmentSchedules").await;
        assert_eq!(found[0]["properties"]["linkedRoleEligibilityScheduleId"], **used, "{number}");
        assert_eq!(found[0]["properties"]["principalId"], who("bob").to_string());
        app.advance(300);
        active(&app, "bob", number + 1, "~S", order("SelfDeactivate", CONTRIBUTOR, who("bob"), None)).await.with(201);
    }
    // Below, the nearest is used: that of the group itself, not the one above it.
    activate(&app, "bob", 100, "~X", CONTRIBUTOR).await.with(201);
    let nearest = id_of(who("bob").to_string(), CONTRIBUTOR, "~G1").await;
    assert_eq!(
        of_bob(&app, "roleAssignmentSchedules").await[0]["properties"]["linkedRoleEligibilityScheduleId"],
        nearest
    );
}

#[tokio::test]
async fn arm_053_062_140_what_a_group_has_its_members_activate_themselves() {
    let app = App::start().await;
    make_eligible(&app, 1, "~G1", READER, group("devs")).await;
    let found = of_bob(&app, "roleEligibilityScheduleInstances").await;
    assert_eq!(
        (&found[0]["properties"]["memberType"], &found[0]["properties"]["principalId"]),
        (&json!("Group"), &json!(group("devs")))
    );
    assert_eq!(found[0]["properties"]["expandedProperties"]["principal"]["type"], "Group");
    for key in ["bob", "dave"] {
        let posing = active(&app, key, 2, "~G1", order("SelfActivate", READER, group("devs"), Some("PT1H"))).await;
        let message = format!("The requestor {} does not have permissions for this request.", who(key));
        assert_eq!(posing.says(), (400, "InsufficientPermissions".to_owned(), message));
    }
    let made = activate(&app, "bob", 2, "~G1", READER).await.with(201);
    assert_eq!(made["properties"]["principalId"], who("bob").to_string());
    let instances = of_bob(&app, "roleAssignmentScheduleInstances").await;
    assert_eq!(
        (&instances[0]["properties"]["memberType"], &instances[0]["properties"]["principalType"]),
        (&json!("Direct"), &json!("User"))
    );
    // Nobody else of the group has it by that.
    assert_eq!((roles_of(&app, "bob", "~G1").await, roles_of(&app, "dave", "~G1").await), (1, 0));
    let children = app.asked("bob", &at("~S", &format!("eligibleChildResources?{V}"))).await;
    assert_eq!(children.each("/id"), [path("~G1")]);
    let filter = "$getAllChildren=true&$filter=resourceType+eq+'resourcegroup'";
    let children = app.asked("bob", &at("~M", &format!("eligibleChildResources?{V}&{filter}"))).await;
    assert_eq!(children.each("/id"), [path("~G1")]);
}

#[tokio::test]
async fn arm_063_064_an_eligibility_reaches_down_and_nowhere_else() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    make_eligible(&app, 2, "~G1", READER, who("bob")).await;
    for (key, scope, role) in [
        ("carol", "~S", CONTRIBUTOR),
        ("carol", "~G1", CONTRIBUTOR),
        ("bob", "~M", CONTRIBUTOR),
        ("bob", "/", CONTRIBUTOR),
        ("bob", "~S2", CONTRIBUTOR),
        ("bob", "~S", READER),
        ("bob", "~G2", READER),
    ] {
        let refused = activate(&app, key, 9, scope, role).await;
        assert_eq!(refused.says(), failed(&["EligibilityRule"]), "{key} {scope}");
    }
    let made = activate(&app, "bob", 3, "~G1", CONTRIBUTOR).await.with(201);
    assert_eq!(made["properties"]["scope"], path("~G1"));
    assert_eq!(made["id"], at("~G1", &format!("RoleAssignmentScheduleRequests/{}", name(3))));
    let held =
        (roles_of(&app, "bob", "~G1").await, roles_of(&app, "bob", "~X").await, roles_of(&app, "bob", "~G2").await);
    assert_eq!(held, (1, 1, 0));
    assert_eq!(roles_of(&app, "bob", "~S").await, 0);
    activate(&app, "bob", 4, "~X", READER).await.with(201);
    assert_eq!((roles_of(&app, "bob", "~G1").await, roles_of(&app, "bob", "~X").await), (1, 2));
    // A scope that is not there is said by its kind.
    let nowhere = activate(&app, "bob", 5, "~S/resourceGroups/nowhere", CONTRIBUTOR).await;
    assert_eq!(nowhere.error(), (404, "ResourceGroupNotFound".to_owned()));
}

#[tokio::test]
async fn arm_065_one_activation_at_a_time() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    activate(&app, "bob", 2, "~S", CONTRIBUTOR).await.with(201);
    assert_eq!(activate(&app, "bob", 3, "~S", CONTRIBUTOR).await.says(), refusal("RoleAssignmentExists"));
    app.advance(3600);
    // One that starts later is one as well.
    let start = (app.now() + SignedDuration::from_hours(1)).to_string();
    let expiration = json!({"type": "AfterDuration", "duration": "PT1H"});
    let later = json!({"scheduleInfo": {"startDateTime": start, "expiration": expiration}});
    let made = active(&app, "bob", 4, "~S", with(own(CONTRIBUTOR, "bob", "PT1H"), later)).await.with(201);
    assert_eq!(made["properties"]["status"], "Granted");
    assert_eq!(roles_of(&app, "bob", "~S").await, 0);
    assert_eq!(activate(&app, "bob", 5, "~S", CONTRIBUTOR).await.says(), refusal("RoleAssignmentExists"));
    let cancel = at("~S", &format!("{ASSIGNED}/{}/cancel?{V}", name(4)));
    let gone = app.send("bob", Method::POST, &cancel, "").await.with(200);
    assert_eq!(gone["properties"]["status"], "Canceled");
    ask_carol(&app, "~S", CONTRIBUTOR).await;
    let waiting = activate(&app, "bob", 6, "~S", CONTRIBUTOR).await.with(201);
    assert_eq!(waiting["properties"]["status"], "PendingApproval");
    let second = activate(&app, "bob", 7, "~S", CONTRIBUTOR).await;
    assert_eq!(second.says(), refusal("PendingRoleAssignmentRequest"));
    let cancel = at("~S", &format!("{ASSIGNED}/{}/cancel?{V}", name(6)));
    app.send("bob", Method::POST, &cancel, "").await.with(200);
    assert_eq!(activate(&app, "bob", 7, "~S", CONTRIBUTOR).await.with(201)["properties"]["status"], "PendingApproval");
}

#[tokio::test]
async fn arm_066_a_reason_and_a_ticket_where_the_policy_asks() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    let say = async |number: u128, changes: Value| {
        active(&app, "bob", number, "~S", with(own(CONTRIBUTOR, "bob", "PT1H"), changes)).await
    };
    for blank in [json!(null), json!(""), json!(" \t")] {
        let refused = say(2, json!({"justification": blank})).await;
        assert_eq!(refused.says(), failed(&["JustificationRule"]), "{blank}");
    }
    let rule = json!([{"id": "Enablement_EndUser_Assignment", "enabledRules": ["Justification", "Ticketing"]}]);
    set_rules(&app, "~S", CONTRIBUTOR, rule).await;
    for ticket in
        [json!(null), json!({}), json!({"ticketNumber": " ", "ticketSystem": "desk"}), json!({"ticketNumber": ""})]
    {
        let refused = say(2, json!({"ticketInfo": ticket})).await;
        assert_eq!(refused.says(), failed(&["TicketingRule"]), "{ticket}");
    }
    let both = say(2, json!({"justification": "", "ticketInfo": {"ticketNumber": "", "ticketSystem": ""}})).await;
    assert_eq!(both.says(), failed(&["JustificationRule", "TicketingRule"]));
    let all =
        json!({"justification": "", "scheduleInfo": {"expiration": {"type": "AfterDuration", "duration": "PT9H"}}});
    assert_eq!(say(2, all).await.says(), failed(&["ExpirationRule", "JustificationRule", "TicketingRule"]));
    // The number alone will do, and comes back as it was sent.
    let made =
        say(2, json!({"justification": " why ", "ticketInfo": {"ticketNumber": "T-1", "ticketSystem": ""}})).await;
    let made = made.with(201);
    assert_eq!(made["properties"]["ticketInfo"], json!({"ticketNumber": "T-1", "ticketSystem": ""}));
    assert_eq!(made["properties"]["justification"], " why ");
    assert_eq!(app.get(&request("~S", ASSIGNED, 2)).await.with(200), made);
}

#[tokio::test]
async fn arm_067_a_second_factor_where_the_policy_asks() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    let rule = json!([{"id": "Enablement_EndUser_Assignment", "enabledRules": ["MultiFactorAuthentication"]}]);
    set_rules(&app, "~S", CONTRIBUTOR, rule).await;
    let body = own(CONTRIBUTOR, "bob", "PT1H").to_string();
    let target = request("~S", ASSIGNED, 2);
    let long_ago = app.now().as_second() - 2 * 3600;
    for claims in [json!({"amr": ["pwd"]}), json!({"amr": []}), json!({"amr": ["pwd", "mfa"], "auth_time": long_ago})] {
        let refused = app.claiming("bob", claims.clone(), Method::PUT, &target, body.clone()).await;
        assert_eq!(refused.says(), failed(&["MfaRule"]), "{claims}");
    }
    let made = app.claiming("bob", json!({"amr": ["pwd", "mfa"]}), Method::PUT, &target, body).await;
    assert_eq!(made.with(201)["properties"]["status"], "Provisioned");
}

#[tokio::test]
async fn arm_068_lengths_are_bounded_by_the_policy_and_echoed_as_written() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    let judge = async |duration: &str| {
        let target = at("~S", &format!("{ASSIGNED}/{}/validate?{V}", name(9)));
        app.send("bob", Method::POST, &target, own(CONTRIBUTOR, "bob", duration).to_string()).await
    };
    for long in ["PT9H", "PT8H1S", "P1D", "P1Y", "PT481M"] {
        let refused = active(&app, "bob", 2, "~S", own(CONTRIBUTOR, "bob", long)).await;
        assert_eq!(refused.says(), failed(&["ExpirationRule"]), "{long}");
    }
    for short in ["PT1S", "PT4M59S"] {
        let refused = active(&app, "bob", 2, "~S", own(CONTRIBUTOR, "bob", short)).await;
        assert_eq!(refused.says(), refusal("InvalidRoleAssignmentRequestSchedule"), "{short}");
    }
    for fits in ["PT8H", "PT1H30M", "PT5M", "PT28800S", "P0DT8H"] {
        let judged = judge(fits).await.with(200);
        assert_eq!(judged["properties"]["scheduleInfo"]["expiration"]["duration"], fits);
    }
    let made = active(&app, "bob", 2, "~S", own(CONTRIBUTOR, "bob", "PT480M")).await.with(201);
    assert_eq!(made["properties"]["scheduleInfo"]["expiration"]["duration"], "PT480M");
    let again = app.get(&request("~S", ASSIGNED, 2)).await.with(200);
    assert_eq!(again["properties"]["scheduleInfo"]["expiration"]["duration"], "PT480M");
    let end = instant(&of_bob(&app, "roleAssignmentSchedules").await[0]["properties"]["endDateTime"]);
    assert_eq!(end, app.now() + SignedDuration::from_hours(8));
    // Without a schedule it lasts as long as the policy allows.
    make_eligible(&app, 3, "~S", READER, who("bob")).await;
    set_rules(&app, "~S", READER, json!([{"id": "Expiration_EndUser_Assignment", "maximumDuration": "PT24H1S"}])).await;
    let bare = with(own(READER, "bob", "PT1H"), json!({"scheduleInfo": null}));
    active(&app, "bob", 4, "~S", bare).await.with(201);
    let found =
        list(&app, "bob", "~S", "roleAssignmentSchedules", &format!("asTarget() and roleDefinitionId eq '{READER}'"))
            .await;
    let end = instant(&found[0]["properties"]["endDateTime"]);
    assert_eq!(end, app.now() + SignedDuration::from_secs(86_401));
}

#[tokio::test]
async fn arm_069_an_authentication_context_is_asked_for_in_its_own_words() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    let rule = json!([{"id": "AuthenticationContext_EndUser_Assignment", "isEnabled": true, "claimValue": "c7"}]);
    set_rules(&app, "~S", CONTRIBUTOR, rule).await;
    let target = request("~S", ASSIGNED, 2);
    let put =
        async |claims: Value, body: &Value| app.claiming("bob", claims, Method::PUT, &target, body.to_string()).await;
    let good = own(CONTRIBUTOR, "bob", "PT1H");
    let challenge = "&claims=%7B%22access_token%22%3A%7B%22acrs%22%3A%7B%22essential%22%3Atrue%2C%20%22value%22%3A%22c7\
                     %22%7D%7D%7D";
    let code = "RoleAssignmentRequestAcrsValidationFailed".to_owned();
    for claims in [json!({}), json!({"acrs": []}), json!({"acrs": ["c1", "c77"]}), json!({"amr": ["mfa"]})] {
        let refused = put(claims.clone(), &good).await;
        assert_eq!(refused.says(), (400, code.clone(), challenge.to_owned()), "{claims}");
    }
    // All other rules come first (`ARM 9.5`).
    let silent = with(good.clone(), json!({"justification": ""}));
    assert_eq!(put(json!({}), &silent).await.says(), failed(&["JustificationRule"]));
    assert_eq!(put(json!({"acrs": ["c1", "c7"]}), &good).await.with(201)["properties"]["status"], "Provisioned");
}

#[tokio::test]
async fn arm_073_an_activation_ends_with_its_eligibility() {
    let app = App::start().await;
    let end = app.now() + SignedDuration::from_mins(30);
    let schedule = json!({"expiration": {"type": "AfterDateTime", "endDateTime": end.to_string()}});
    let body = with(order("AdminAssign", CONTRIBUTOR, who("bob"), None), json!({"scheduleInfo": schedule}));
    eligible(&app, 1, "~S", body).await.with(201);
    let long = active(&app, "bob", 2, "~G1", own(CONTRIBUTOR, "bob", "PT9H")).await;
    assert_eq!(long.says(), failed(&["ExpirationRule"]), "the policy's maximum is judged by what was asked");
    let made = active(&app, "bob", 2, "~G1", own(CONTRIBUTOR, "bob", "PT2H")).await.with(201);
    assert_eq!(made["properties"]["scheduleInfo"]["expiration"]["duration"], "PT2H", "as asked");
    for collection in ["roleAssignmentSchedules", "roleAssignmentScheduleInstances"] {
        let found = of_bob(&app, collection).await;
        assert_eq!(instant(&found[0]["properties"]["endDateTime"]), end, "{collection}");
    }
    app.advance(30 * 60);
    assert!(of_bob(&app, "roleAssignmentSchedules").await.is_empty());
    assert!(of_bob(&app, "roleEligibilitySchedules").await.is_empty());
    assert_eq!(roles_of(&app, "bob", "~G1").await, 0);
}

#[tokio::test]
async fn arm_075_the_body_of_a_known_command_line_activates() {
    let app = App::start().await;
    let eligibility = make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    let schedule = eligibility["properties"]["targetRoleEligibilityScheduleId"].as_str().unwrap();
    let body = json!({"Properties": {
        "RoleDefinitionId": at("~S", &format!("roleDefinitions/{CONTRIBUTOR}")),
        "PrincipalId": who("bob"),
        "LinkedRoleEligibilityScheduleId": at("~S", &format!("RoleEligibilitySchedules/{schedule}")),
        "Justification": "on call",
        "ScheduleInfo": {
            "StartDateTime": null,
            "Expiration": {"Duration": "PT480M", "EndDateTime": null, "Type": "AfterDuration"},
        },
        "TicketInfo": {"TicketNumber": "", "TicketSystem": ""},
        "RequestType": "SelfActivate",
        "IsValidationOnly": false,
        "IsActivativation": true,
    }});
    let made = active(&app, "bob", 2, "~S", body).await.with(201);
    let properties = &made["properties"];
    assert_eq!((&properties["status"], &properties["justification"]), (&json!("Provisioned"), &json!("on call")));
    assert_eq!(properties["ticketInfo"], json!({"ticketNumber": "", "ticketSystem": ""}));
    assert_eq!(properties["scheduleInfo"]["expiration"]["duration"], "PT480M");
    assert_eq!(last(&properties["linkedRoleEligibilityScheduleId"]), schedule);
    assert_eq!(roles_of(&app, "bob", "~S").await, 1);
}

#[tokio::test]
async fn arm_078_applications_do_not_activate() {
    let app = App::start().await;
    for kind in ["SelfActivate", "SelfDeactivate", "SelfExtend", "SelfRenew"] {
        let refused = active(&app, "app1", 1, "~S", order(kind, CONTRIBUTOR, who("app1"), Some("PT1H"))).await;
        assert_eq!(refused.says(), refusal("InvalidRoleAssignmentRequest"), "{kind}");
    }
    let posing = active(&app, "app1", 1, "~S", order("SelfActivate", CONTRIBUTOR, who("bob"), Some("PT1H"))).await;
    assert_eq!(posing.error(), (400, "InsufficientPermissions".to_owned()));
    // One that is Owner administers: others, and itself.
    let given = order("AdminAssign", READER, who("app1"), Some("P1D"));
    let made = active(&app, "app", 2, "~S", given).await.with(201);
    assert_eq!(made["properties"]["principalType"], "ServicePrincipal");
    assert_eq!(made["properties"]["expandedProperties"]["principal"]["email"], Value::Null);
    assert_eq!(roles_of(&app, "app1", "~G1").await, 1);
    let made =
        app.put("app", &request("~S", ELIGIBLE, 3), order("AdminAssign", CONTRIBUTOR, who("bob"), Some("P1D"))).await;
    assert_eq!(made.with(201)["properties"]["requestorId"], who("app").to_string());
}

#[tokio::test]
async fn an_activation_is_prolonged_up_to_the_maximum() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    activate(&app, "bob", 2, "~S", CONTRIBUTOR).await.with(201);
    let more = |duration: &str| order("SelfExtend", CONTRIBUTOR, who("bob"), Some(duration));
    app.advance(1800);
    assert_eq!(active(&app, "bob", 3, "~S", more("PT9H")).await.says(), failed(&["ExpirationRule"]));
    let made = active(&app, "bob", 3, "~S", more("PT8H")).await.with(201);
    assert_eq!(made["properties"]["status"], "Provisioned");
    let found = of_bob(&app, "roleAssignmentSchedules").await;
    assert_eq!(found.len(), 1);
    assert_eq!(instant(&found[0]["properties"]["endDateTime"]), app.now() + SignedDuration::from_hours(8));
    assert_eq!(found[0]["properties"]["assignmentType"], "Activated");
    assert_eq!(found[0]["properties"]["roleAssignmentScheduleRequestId"], made["id"]);
    // More time with an eligibility is for an administrator to give.
    let asked = app.put("bob", &request("~S", ELIGIBLE, 4), more("P60D")).await.with(201);
    assert_eq!(asked["properties"]["status"], "PendingAdminDecision");
    eligible(&app, 5, "~S", order("AdminExtend", CONTRIBUTOR, who("bob"), Some("P60D"))).await.with(201);
    let answered = app.get(&request("~S", ELIGIBLE, 4)).await.with(200);
    assert_eq!(answered["properties"]["status"], "AdminApproved");
}

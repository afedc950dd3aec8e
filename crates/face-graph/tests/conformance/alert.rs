//! GRAPH-135 to GRAPH-143: alerts of directory roles.

use ephor_engine::port::Clock as _;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::app::{App, Reply, each, who};

const ROOT: &str = "/beta/identityGovernance/roleManagementAlerts";
const SCOPE: &str = "$filter=scopeId eq '/' and scopeType eq 'DirectoryRole'";
const UA: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";
const GA: &str = "62e90394-69f5-4237-9190-012177145e10";

const KEYS: [&str; 7] = [
    "InvalidLicenseAlert",
    "NoMfaOnRoleActivationAlert",
    "RedundantAssignmentAlert",
    "RolesAssignedOutsidePimAlert",
    "SequentialActivationRenewalsAlert",
    "StaleSignInAlert",
    "TooManyGlobalAdminsAssignedToTenantAlert",
];

fn id(key: &str) -> String {
    format!("DirectoryRole_{}_{key}", ephor_demo::cast::tenant())
}

fn at(key: &str) -> String {
    format!("{ROOT}/alerts/{}", id(key))
}

async fn refresh(app: &App, key: &str) -> Reply {
    let token = app.token("pra").await;
    app.call(Method::POST, &token, &format!("{}/refresh", at(key)), &[], "").await
}

/// Whether it is active, and how much was found.
async fn state(app: &App, key: &str) -> (bool, u64) {
    let found = app.get("gr", &at(key)).await.ok();
    (found["isActive"].as_bool().unwrap(), found["incidentCount"].as_u64().unwrap())
}

async fn incidents(app: &App, key: &str) -> Value {
    app.get("gr", &format!("{}/alertIncidents", at(key))).await.ok()
}

async fn remediate(app: &App, key: &str, incident: &str) -> Reply {
    let token = app.token("pra").await;
    app.call(Method::POST, &token, &format!("{}/alertIncidents/{incident}/remediate", at(key)), &[], "").await
}

async fn configure(app: &App, key: &str, body: Value) -> Reply {
    app.patch("pra", &format!("{ROOT}/alertConfigurations/{}", id(key)), body).await
}

#[tokio::test]
async fn graph_135_seven_alerts_with_the_flags_of_the_catalogue() {
    let app = App::start().await;
    for set in ["alerts", "alertDefinitions", "alertConfigurations"] {
        let (status, code, message) = app.get("gr", &format!("{ROOT}/{set}")).await.error();
        assert_eq!((status, code.as_str()), (400, "UnknownError"), "{set}");
        assert_eq!(serde_json::from_str::<Value>(&message).unwrap()["errorCode"], "MissingProvider");
        let found = app.get("gr", &format!("{ROOT}/{set}?{SCOPE}")).await.ok();
        assert_eq!(each(&found, "id"), KEYS.map(id), "{set}");
        let alias =
            app.get("gr", &format!("{ROOT}/{set}?$filter=scopeType eq 'Directory' and scopeId eq '/'")).await.ok();
        assert_eq!(alias["value"].as_array().unwrap().len(), 7);
        let reply = app.get("gr", &format!("/v1.0/identityGovernance/roleManagementAlerts/{set}?{SCOPE}")).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{set}");
    }
    let found = app.get("gr", &format!("{ROOT}/alerts?{SCOPE}")).await.ok();
    assert_eq!(
        found["value"][3],
        json!({
            "id": id(KEYS[3]),
            "alertDefinitionId": id(KEYS[3]),
            "incidentCount": 0,
            "isActive": false,
            "lastModifiedDateTime": "0001-01-01T08:00:00Z",
            "lastScannedDateTime": "0001-01-01T08:00:00Z",
            "scopeId": "/",
            "scopeType": "DirectoryRole",
        })
    );
    let found = app.get("gr", &format!("{ROOT}/alertDefinitions?{SCOPE}")).await.ok();
    let flags: Vec<(&str, bool, bool)> = found["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            assert!(!row["howToPrevent"].as_str().unwrap().is_empty());
            let flag = |name: &str| row[name].as_bool().unwrap();
            (row["severityLevel"].as_str().unwrap(), flag("isRemediatable"), flag("isConfigurable"))
        })
        .collect();
    let expected = [
        ("high", false, false),
        ("medium", true, false),
        ("low", true, true),
        ("high", true, false),
        ("medium", false, true),
        ("medium", true, true),
        ("low", true, true),
    ];
    assert_eq!(flags, expected);
    if let Ok(folder) = std::env::var("EPHOR_SPEC_DIR") {
        let text = std::fs::read_to_string(format!("{folder}/graph/alert-definitions.json")).unwrap();
        let published: Value = serde_json::from_str(&text).unwrap();
        for row in published["alerts"].as_array().unwrap() {
            let key = row["key"].as_str().unwrap();
            let own = found["value"].as_array().unwrap().iter().find(|own| own["id"] == id(key)).unwrap();
            for name in ["displayName", "severityLevel", "isRemediatable", "isConfigurable"] {
                assert_eq!(own[name], row[name], "{key}");
            }
        }
    }
    for path in [format!("{ROOT}/alerts/x"), at("OtherAlert"), format!("{ROOT}/operations/{}", id(KEYS[0]))] {
        let (status, code, _) = app.get("gr", &path).await.error();
        assert_eq!((status, code.as_str()), (404, "ResourceNotFound"), "{path}");
    }
}

#[tokio::test]
async fn graph_136_expanded_an_alert_carries_all_that_belongs_to_it() {
    let app = App::start().await;
    assert_eq!(refresh(&app, KEYS[3]).await.status, StatusCode::ACCEPTED);
    let found = app.get("gr", &format!("{ROOT}/alerts?{SCOPE} and isActive eq true&$expand=*")).await.ok();
    assert_eq!(each(&found, "id"), [id(KEYS[3])]);
    let alert = &found["value"][0];
    assert_eq!(alert["alertDefinition"]["id"], id(KEYS[3]));
    let kind = "#microsoft.graph.rolesAssignedOutsidePrivilegedIdentityManagementAlert";
    assert_eq!(alert["alertConfiguration"]["@odata.type"], format!("{kind}Configuration"));
    assert_eq!(alert["alertConfiguration"]["isEnabled"], true);
    let incidents = alert["alertIncidents"].as_array().unwrap();
    assert_eq!(incidents.len(), 4, "ada, ga, pra, gr");
    let of_pra = incidents.iter().find(|row| row["assigneeId"] == json!(who("pra"))).unwrap();
    assert_eq!(
        *of_pra,
        json!({
            "@odata.type": format!("{kind}Incident"),
            "id": of_pra["id"],
            "assigneeId": who("pra"),
            "assigneeDisplayName": "Petra Arnold",
            "assigneeUserPrincipalName": "pra@demo.test",
            "assignmentCreatedDateTime": of_pra["assignmentCreatedDateTime"],
            "roleDefinitionId": "e8611ab8-c189-46e8-94e1-60213ab1f814",
            "roleTemplateId": "e8611ab8-c189-46e8-94e1-60213ab1f814",
            "roleDisplayName": "Privileged Role Administrator",
        })
    );
    let config = format!("{ROOT}/alertConfigurations/{}?$expand=alertDefinition", id(KEYS[4]));
    let config = app.get("gr", &config).await.ok();
    assert_eq!(config["timeIntervalBetweenActivations"], "PT10S");
    assert_eq!(config["sequentialActivationCounterThreshold"], 3);
    assert_eq!(config["alertDefinition"]["severityLevel"], "medium");
}

#[tokio::test]
async fn graph_137_a_scan_is_an_operation() {
    let app = App::start().await;
    let reply = refresh(&app, KEYS[6]).await;
    assert_eq!((reply.status, reply.bytes.len()), (StatusCode::ACCEPTED, 0));
    let root = "https://here.example:8443/beta/identityGovernance/roleManagementAlerts";
    let place = format!("{root}/operations/refresh:{}", id(KEYS[6]));
    assert_eq!(reply.header("location"), Some(&*place));
    let path = place.strip_prefix("https://here.example:8443").unwrap();
    let operation = app.get("gr", path).await.ok();
    assert_eq!(
        operation,
        json!({
            "@odata.context":
                "https://here.example:8443/beta/$metadata#identityGovernance/roleManagementAlerts/operations/$entity",
            "id": format!("refresh:{}", id(KEYS[6])),
            "createdDateTime": "2026-03-02T10:00:00Z",
            "lastActionDateTime": "2026-03-02T10:00:00Z",
            "resourceLocation": format!("{root}/alerts/{}", id(KEYS[6])),
            "status": "succeeded",
            "statusDetail": "",
        })
    );
    assert_eq!(app.get("gr", &at(KEYS[6])).await.ok()["lastScannedDateTime"], "2026-03-02T10:00:00Z");
    app.clock.set(app.clock.now() + SignedDuration::from_mins(5));
    let all =
        app.post("pra", &format!("{ROOT}/alerts/refresh"), json!({"scopeId": "/", "scopeType": "DirectoryRole"})).await;
    assert_eq!(all.status, StatusCode::ACCEPTED);
    assert!(all.header("location").unwrap().starts_with(&format!("{root}/operations/refresh:")));
    let found = app.get("gr", &format!("{ROOT}/alerts?{SCOPE}")).await.ok();
    assert_eq!(each(&found, "lastScannedDateTime"), ["2026-03-02T10:05:00Z"; 7]);
    let (status, code, _) = app.post("pra", &format!("{ROOT}/alerts/refresh"), json!({"scopeId": "/"})).await.error();
    assert_eq!((status, code.as_str()), (400, "UnknownError"));
}

#[tokio::test]
async fn graph_138_too_many_global_administrators_over_both_thresholds() {
    let app = App::start().await;
    let key = KEYS[6];
    refresh(&app, key).await;
    assert_eq!(state(&app, key).await, (false, 0), "ada and ga alone");
    let path = "/v1.0/roleManagement/directory/roleAssignments";
    for holder in ["alice", "bob"] {
        let body = json!({"principalId": who(holder), "roleDefinitionId": GA, "directoryScopeId": "/"});
        assert_eq!(app.post("ga", path, body).await.status, StatusCode::CREATED);
    }
    refresh(&app, key).await;
    assert_eq!(state(&app, key).await, (true, 4));
    let found = incidents(&app, key).await;
    let mut holders = each(&found, "id");
    holders.sort_unstable();
    let mut expected = ["ada", "alice", "bob", "ga"].map(|key| who(key).to_string());
    expected.sort_unstable();
    assert_eq!(holders, expected);
    assert_eq!(each(&found, "assigneeId"), each(&found, "id"));
    let kind = "#microsoft.graph.tooManyGlobalAdminsAssignedToTenantAlertConfiguration";
    for (name, value) in [("globalAdminCountThreshold", 5), ("percentageOfGlobalAdminsOutOfRolesThreshold", 90)] {
        let default = if name.starts_with("global") { 3 } else { 10 };
        assert_eq!(
            configure(&app, key, json!({"@odata.type": kind, name: value})).await.status,
            StatusCode::NO_CONTENT
        );
        refresh(&app, key).await;
        assert_eq!(state(&app, key).await, (false, 0), "{name}");
        configure(&app, key, json!({"@odata.type": kind, name: default})).await;
        refresh(&app, key).await;
        assert_eq!(state(&app, key).await, (true, 4), "{name}");
    }
    let alice = who("alice").to_string();
    assert_eq!(remediate(&app, key, &alice).await.status, StatusCode::NO_CONTENT);
    let held = app.get("gr", &format!("{path}?$filter=principalId eq '{alice}'")).await.ok();
    assert_eq!(held["value"], json!([]));
}

#[tokio::test]
async fn graph_139_assignments_outside_are_found_and_taken_away() {
    let app = App::start().await;
    let key = KEYS[3];
    let path = "/v1.0/roleManagement/directory/roleAssignments";
    let body = json!({"principalId": who("carol"), "roleDefinitionId": UA, "directoryScopeId": "/"});
    assert_eq!(app.post("pra", path, body).await.status, StatusCode::CREATED);
    refresh(&app, key).await;
    let found = incidents(&app, key).await;
    let row = found["value"].as_array().unwrap().iter().find(|row| row["assigneeId"] == json!(who("carol"))).unwrap();
    assert_eq!(row["roleDisplayName"], "User Administrator");
    assert_eq!(row["assignmentCreatedDateTime"], "2026-03-02T10:00:00Z");
    let incident = row["id"].as_str().unwrap();
    let one = app.get("gr", &format!("{}/alertIncidents/{incident}", at(key))).await.ok();
    assert_eq!(one["assigneeId"], json!(who("carol")));
    let (_, before) = state(&app, key).await;
    assert_eq!(remediate(&app, key, incident).await.status, StatusCode::NO_CONTENT);
    assert_eq!(state(&app, key).await, (true, before - 1));
    let held = app.get("gr", &format!("{path}?$filter=principalId eq '{}'", who("carol"))).await.ok();
    assert_eq!(held["value"], json!([]));
    let (status, code, _) = remediate(&app, key, incident).await.error();
    assert_eq!((status, code.as_str()), (404, "ResourceNotFound"));
}

#[tokio::test]
async fn graph_140_a_role_without_mfa_is_found_and_asks_for_it_again() {
    let app = App::start().await;
    let key = KEYS[1];
    let filter = format!("{SCOPE} and roleDefinitionId eq '{UA}'");
    let found = app.get("gr", &format!("/beta/policies/roleManagementPolicyAssignments?{filter}")).await.ok();
    let policy = each(&found, "policyId")[0];
    let rule = format!("/beta/policies/roleManagementPolicies/{policy}/rules/Enablement_EndUser_Assignment");
    let kind = "#microsoft.graph.unifiedRoleManagementPolicyEnablementRule";
    let body = json!({"@odata.type": kind, "enabledRules": ["Justification"]});
    assert_eq!(app.patch("pra", &rule, body).await.status, StatusCode::NO_CONTENT);
    refresh(&app, key).await;
    assert_eq!(state(&app, key).await, (true, 1));
    let found = incidents(&app, key).await;
    assert_eq!(
        found["value"],
        json!([{
            "@odata.type": "#microsoft.graph.noMfaOnRoleActivationAlertIncident",
            "id": UA,
            "roleDisplayName": "User Administrator",
            "roleTemplateId": UA,
        }])
    );
    assert_eq!(remediate(&app, key, UA).await.status, StatusCode::NO_CONTENT);
    assert_eq!(state(&app, key).await, (false, 0));
    let now = app.get("gr", &rule).await.ok();
    assert_eq!(now["enabledRules"], json!(["MultiFactorAuthentication", "Justification"]));
    refresh(&app, key).await;
    assert_eq!(state(&app, key).await, (false, 0));
}

#[tokio::test]
async fn graph_141_a_dismissed_alert_comes_back_with_the_next_scan() {
    let app = App::start().await;
    let key = KEYS[3];
    refresh(&app, key).await;
    assert_eq!(state(&app, key).await, (true, 4));
    for body in [
        json!({"isActive": true}),
        json!({"isActive": false, "incidentCount": 0}),
        json!({}),
        json!({"isActive": null}),
    ] {
        assert_eq!(app.patch("pra", &at(key), body.clone()).await.status, StatusCode::BAD_REQUEST, "{body}");
    }
    assert_eq!(app.patch("pra", &at(key), json!({"isActive": false})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(state(&app, key).await, (false, 4));
    refresh(&app, key).await;
    assert_eq!(state(&app, key).await, (true, 4));
    let audits = "/v1.0/auditLogs/directoryAudits";
    let told = app.get("gr", &format!("{audits}?$filter=contains(activityDisplayName,'PIM alert')")).await.ok();
    let expected = [
        "Triggered PIM alert",
        "Refresh PIM alert",
        "Deactivate PIM alert",
        "Triggered PIM alert",
        "Refresh PIM alert",
    ];
    assert_eq!(each(&told, "activityDisplayName").len(), expected.len(), "{told}");
}

#[tokio::test]
async fn graph_142_an_alert_can_be_switched_off_and_takes_its_own_members_only() {
    let app = App::start().await;
    let key = KEYS[3];
    let kind = "#microsoft.graph.rolesAssignedOutsidePrivilegedIdentityManagementAlertConfiguration";
    refresh(&app, key).await;
    assert_eq!(
        configure(&app, key, json!({"@odata.type": kind, "isEnabled": false})).await.status,
        StatusCode::NO_CONTENT
    );
    refresh(&app, key).await;
    assert_eq!(state(&app, key).await, (false, 0));
    let config = format!("{ROOT}/alertConfigurations/{}", id(key));
    assert_eq!(app.get("gr", &config).await.ok()["isEnabled"], false);
    let stale = "#microsoft.graph.staleSignInAlertConfiguration";
    for (key, body) in [
        (KEYS[3], json!({"@odata.type": stale, "isEnabled": true})),
        (KEYS[3], json!({"@odata.type": kind, "duration": "P7D"})),
        (KEYS[5], json!({"@odata.type": stale, "globalAdminCountThreshold": 3})),
        (KEYS[5], json!({"@odata.type": stale, "duration": "PT1H"})),
        (KEYS[5], json!({"@odata.type": stale, "duration": "P366D"})),
        (KEYS[5], json!({"@odata.type": stale, "duration": "P1M"})),
        (KEYS[5], json!({"@odata.type": stale, "duration": 7})),
        (KEYS[5], json!({"@odata.type": stale, "isEnabled": null})),
    ] {
        assert_eq!(configure(&app, key, body.clone()).await.status, StatusCode::BAD_REQUEST, "{body}");
    }
    let who_may = [("alice", 403), ("gr", 403), ("ga", 204)];
    for (key, status) in who_may {
        let reply = app.patch(key, &config, json!({"@odata.type": kind, "isEnabled": true})).await;
        assert_eq!(reply.status.as_u16(), status, "{key}");
    }
    assert_eq!(app.get("alice", &config).await.status, StatusCode::FORBIDDEN);
    let reading = app.token_with("pra", Some(&["RoleManagementAlert.Read.Directory"])).await;
    let reply = app.call(Method::POST, &reading, &format!("{}/refresh", at(key)), &[], "").await;
    assert_eq!(reply.error().1, "UnknownError");
}

#[tokio::test]
async fn graph_143_stale_accounts_follow_their_duration() {
    let app = App::start().await;
    let key = KEYS[5];
    refresh(&app, key).await;
    assert_eq!(state(&app, key).await, (false, 0));
    app.clock.set(app.clock.now() + SignedDuration::from_hours(24 * 31));
    refresh(&app, key).await;
    // pra has just signed in, gr did a month ago, and the others never.
    let found = incidents(&app, key).await;
    let mut stale: Vec<(&str, Value)> = found["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["assigneeDisplayName"].as_str().unwrap(), row["lastSignInDateTime"].clone()))
        .collect();
    stale.sort_unstable_by_key(|(name, _)| *name);
    let expected =
        [("Ada Stone", json!(null)), ("Greta Reed", json!("2026-03-02T10:00:00Z")), ("Gus Adler", json!(null))];
    assert_eq!(stale, expected);
    let kind = "#microsoft.graph.staleSignInAlertConfiguration";
    configure(&app, key, json!({"@odata.type": kind, "duration": "P60D"})).await;
    refresh(&app, key).await;
    assert_eq!(state(&app, key).await, (false, 0));
    let config = format!("{ROOT}/alertConfigurations/{}", id(key));
    assert_eq!(app.get("gr", &config).await.ok()["duration"], "P60D");
}

async fn order(app: &App, who_orders: &str, set: &str, action: &str, duration: &str) {
    let body = json!({
        "action": action, "principalId": who("alice"), "roleDefinitionId": UA, "directoryScopeId": "/",
        "justification": "because", "scheduleInfo": {"expiration": {"type": "afterDuration", "duration": duration}},
    });
    let reply = app.post(who_orders, &format!("/v1.0/roleManagement/directory/{set}"), body).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text());
}

async fn activate(app: &App) {
    order(app, "alice", "roleAssignmentScheduleRequests", "selfActivate", "PT5M").await;
}

#[tokio::test]
async fn graph_143_unused_eligibilities_follow_their_duration_and_are_taken_away() {
    let app = App::start().await;
    let key = KEYS[2];
    order(&app, "pra", "roleEligibilityScheduleRequests", "adminAssign", "P365D").await;
    refresh(&app, key).await;
    assert_eq!(state(&app, key).await, (false, 0));
    app.clock.set(app.clock.now() + SignedDuration::from_hours(24 * 31));
    refresh(&app, key).await;
    let found = incidents(&app, key).await;
    assert_eq!(each(&found, "assigneeId"), [who("alice").to_string()]);
    assert_eq!(found["value"][0]["lastActivationDateTime"], json!(null));
    activate(&app).await;
    refresh(&app, key).await;
    assert_eq!(state(&app, key).await, (false, 0), "used by now");
    app.clock.set(app.clock.now() + SignedDuration::from_hours(24 * 31));
    refresh(&app, key).await;
    let found = incidents(&app, key).await;
    assert_eq!(each(&found, "lastActivationDateTime"), ["2026-04-02T10:00:00Z"]);
    let reply = remediate(&app, key, each(&found, "id")[0]).await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.text());
    let left = app.get("gr", "/v1.0/roleManagement/directory/roleEligibilitySchedules").await.ok();
    assert_eq!(left["value"], json!([]));
    assert_eq!(state(&app, key).await, (false, 0));
}

#[tokio::test]
async fn graph_143_quick_activations_are_counted() {
    let app = App::start().await;
    let key = KEYS[4];
    order(&app, "pra", "roleEligibilityScheduleRequests", "adminAssign", "P365D").await;
    let kind = "#microsoft.graph.sequentialActivationRenewalsAlertConfiguration";
    configure(&app, key, json!({"@odata.type": kind, "timeIntervalBetweenActivations": "PT10M"})).await;
    for count in 1..=3 {
        activate(&app).await;
        refresh(&app, key).await;
        assert_eq!(state(&app, key).await.0, count == 3, "{count}");
        app.clock.set(app.clock.now() + SignedDuration::from_mins(6));
    }
    let found = incidents(&app, key).await;
    let row = &found["value"][0];
    assert_eq!(
        [&row["assigneeId"], &row["activationCount"], &row["sequenceStartDateTime"], &row["sequenceEndDateTime"]],
        [&json!(who("alice")), &json!(3), &json!("2026-03-02T10:00:00Z"), &json!("2026-03-02T10:12:00Z")]
    );
    let (status, _, _) = remediate(&app, key, row["id"].as_str().unwrap()).await.error();
    assert_eq!(status, 400, "people alone put that right");
}

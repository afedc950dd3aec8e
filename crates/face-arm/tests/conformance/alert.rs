//! Alerts of scopes: definitions, settings, scans, what they find, and putting it right.

use ephor_domain::resource::OWNER;
use ephor_engine::{alert::resource::OrderScanAt, port::Clock};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{App, Reply, URL, path, who};

const V: &str = "api-version=2022-08-01-preview";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const ALERTS: [&str; 4] = [
    "TooManyOwnersAssignedToResource",
    "TooManyPermanentOwnersAssignedToResource",
    "DuplicateRoleCreated",
    "AzureRolesAssignedOutsidePimAlert",
];
const OWNERS: &str = ALERTS[0];
const OUTSIDE: &str = ALERTS[3];

fn at(scope: &str, rest: &str) -> String {
    format!("{}/providers/Microsoft.Authorization/{rest}?{V}", path(scope).trim_end_matches('/'))
}

fn id_of(scope: &str, rest: &str) -> String {
    at(scope, rest).split('?').next().unwrap().to_owned()
}

async fn get(app: &App, scope: &str, rest: &str) -> Value {
    app.get(&at(scope, rest)).await.with(200)
}

async fn patch(app: &App, who: &str, scope: &str, rest: &str, properties: Value) -> Reply {
    app.send(who, Method::PATCH, &at(scope, rest), json!({"properties": properties}).to_string()).await
}

/// Orders a scan and asks how far it is, as clients do, until it is done.
async fn scan(app: &App, scope: &str, alert: &str) -> Value {
    let rest = format!("roleManagementAlerts/{alert}{}refresh", if alert.is_empty() { "" } else { "/" });
    let ordered = app.send("alice", Method::POST, &at(scope, &rest), "").await;
    assert_eq!(ordered.status, 202, "{}", ordered.text);
    let place = ordered.header("location").strip_prefix(URL).unwrap().to_owned();
    for _ in 0..1000 {
        let reply = app.get(&place).await;
        if reply.status == 200 {
            return reply.json();
        }
        assert_eq!(reply.status, 202, "{}", reply.text);
        assert_eq!(reply.header("retry-after"), "1");
        assert_eq!(reply.header("location"), ordered.header("location"));
        tokio::task::yield_now().await;
    }
    panic!("the scan does not end");
}

async fn assign(app: &App, name: u128, scope: &str, role: &str, principal: impl std::fmt::Display) -> String {
    let target =
        at(scope, &format!("roleAssignments/{}", Uuid::from_u128(name))).replace("2022-08-01-preview", "2022-04-01");
    let body = json!({"properties": {"roleDefinitionId": role, "principalId": principal.to_string()}});
    app.put("alice", &target, body).await.with(201);
    target
}

#[tokio::test]
async fn arm_141_four_alerts_are_defined_set_and_shown_at_each_scope() {
    let app = App::start().await;
    for scope in ["~S", "~G1", "~X"] {
        let definitions = app.get(&at(scope, "roleManagementAlertDefinitions")).await;
        assert_eq!(definitions.each("/name"), ALERTS);
        let ids: Vec<String> =
            ALERTS.iter().map(|name| id_of(scope, &format!("roleManagementAlertDefinitions/{name}"))).collect();
        assert_eq!(definitions.each("/id"), ids);
        assert_eq!(definitions.each("/properties/severityLevel"), ["Medium", "Medium", "Medium", "High"]);
        let rows = definitions.json()["value"].clone();
        let set: Vec<(Value, Value)> = (0..4)
            .map(|n| (rows[n]["properties"]["isConfigurable"].clone(), rows[n]["properties"]["isRemediatable"].clone()))
            .collect();
        let word = |is: bool| (json!(is), json!(true));
        assert_eq!(set, [word(true), word(true), word(false), word(false)]);
        for member in ["displayName", "description", "securityImpact", "mitigationSteps", "howToPrevent"] {
            assert!(definitions.each(&format!("/properties/{member}")).iter().all(|text| !text.is_empty()), "{member}");
        }
        assert_eq!(rows[0]["type"], "Microsoft.Authorization/roleManagementAlertDefinitions");
        assert_eq!(rows[0]["properties"]["scope"], path(scope));
        assert_eq!(
            get(&app, scope, &format!("roleManagementAlertDefinitions/{}", ALERTS[2].to_lowercase())).await,
            rows[2]
        );
    }
    let configurations = app.get(&at("~S", "roleManagementAlertConfigurations")).await;
    assert_eq!(
        configurations.each("/properties/alertConfigurationType"),
        [
            "TooManyOwnersAssignedToResourceAlertConfiguration",
            "TooManyPermanentOwnersAssignedToResourceAlertConfiguration",
            "DuplicateRoleCreatedAlertConfiguration",
            "AzureRolesAssignedOutsidePimAlertConfiguration",
        ]
    );
    let rows = configurations.json()["value"].clone();
    for (n, name) in ALERTS.iter().enumerate() {
        let definition = get(&app, "~S", &format!("roleManagementAlertDefinitions/{name}")).await;
        let mut expected = json!({
            "alertConfigurationType": configurations.each("/properties/alertConfigurationType")[n],
            "alertDefinitionId": name, "scope": path("~S"), "isEnabled": true, "alertDefinition": definition,
        });
        let extras = match n {
            0 => json!({"thresholdNumberOfOwners": 3, "thresholdPercentageOfOwnersOutOfAllRoleMembers": 10}),
            1 => json!({
                "thresholdNumberOfPermanentOwners": 3, "thresholdPercentageOfPermanentOwnersOutOfAllOwners": 10,
            }),
            _ => json!({}),
        };
        expected.as_object_mut().unwrap().extend(extras.as_object().unwrap().clone());
        assert_eq!(rows[n]["properties"], expected);
        assert_eq!(get(&app, "~S", &format!("roleManagementAlertConfigurations/{name}")).await, rows[n]);
        let alert = get(&app, "~S", &format!("roleManagementAlerts/{name}")).await;
        assert_eq!(
            alert,
            json!({
                "properties": {
                    "scope": path("~S"), "isActive": false, "incidentCount": 0, "lastModifiedDateTime": null,
                    "lastScannedDateTime": null, "alertDefinition": definition, "alertIncidents": [],
                    "alertConfiguration": rows[n],
                },
                "id": id_of("~S", &format!("roleManagementAlerts/{name}")),
                "name": name,
                "type": "Microsoft.Authorization/roleManagementAlerts",
            })
        );
    }
    assert_eq!(app.get(&at("~S", "roleManagementAlerts")).await.each("/name"), ALERTS);
    for (rest, code) in [
        ("roleManagementAlerts/StaleSignInAlert", "RoleManagementAlertNotFound"),
        ("roleManagementAlertDefinitions/x", "RoleManagementAlertDefinitionNotFound"),
        ("roleManagementAlertConfigurations/x", "RoleManagementAlertConfigurationNotFound"),
        ("roleManagementAlertOperations/x", "RoleManagementAlertOperationNotFound"),
    ] {
        assert_eq!(app.get(&at("~S", rest)).await.error(), (404, code.to_owned()));
    }
    for rest in ["roleManagementAlerts", "roleManagementAlertDefinitions", "roleManagementAlertConfigurations"] {
        let refused = app.asked("bob", &at("~S", rest)).await;
        assert_eq!(refused.error(), (403, "AuthorizationFailed".to_owned()), "{rest}");
        assert!(refused.message().contains("'Microsoft.Authorization/roleAssignments/read'"), "{}", refused.message());
    }
}

#[tokio::test]
async fn arm_142_a_role_given_directly_is_found_and_taken_away() {
    let app = App::start().await;
    let assignment = assign(&app, 0xa1, "~G1", READER, who("bob")).await;
    let before = app.clock.now();
    let alert = format!("roleManagementAlerts/{OUTSIDE}");
    assert_eq!(get(&app, "~G1", &alert).await["properties"]["isActive"], false, "nobody has looked yet");
    scan(&app, "~G1", OUTSIDE).await;
    let found = get(&app, "~G1", &alert).await;
    let at_scan = before.to_string().replace('Z', "+00:00");
    assert_eq!((&found["properties"]["isActive"], &found["properties"]["incidentCount"]), (&json!(true), &json!(1)));
    assert_eq!(found["properties"]["lastScannedDateTime"], at_scan);
    assert_eq!(found["properties"]["lastModifiedDateTime"], at_scan);
    let name = Uuid::from_u128(0xa1);
    let incident = json!({
        "properties": {
            "alertIncidentType": "AzureRolesAssignedOutsidePimAlertIncident",
            "assigneeDisplayName": "Bob Brown",
            "assigneeUserPrincipalName": "bob@demo.test",
            "assigneeId": who("bob"),
            "roleDisplayName": "Reader",
            "roleTemplateId": READER,
            "roleDefinitionId": id_of("~S", &format!("roleDefinitions/{READER}")),
            "assignmentActivatedDate": at_scan,
            "requestorId": who("alice"),
            "requestorDisplayName": "Alice Archer",
            "requestorUserPrincipalName": "alice@demo.test",
        },
        "id": id_of("~G1", &format!("{alert}/alertIncidents/{name}")),
        "name": name,
        "type": "Microsoft.Authorization/roleManagementAlerts/alertIncidents",
    });
    let shown = get(&app, "~G1", &format!("{alert}/alertIncidents")).await;
    assert_eq!(shown["value"], json!([incident]));
    assert_eq!(found["properties"]["alertIncidents"], json!([incident]));
    assert_eq!(get(&app, "~G1", &format!("{alert}/alertIncidents/{name}")).await, incident);
    let remedy = at("~G1", &format!("{alert}/alertIncidents/{name}/remediate"));
    assert_eq!(app.send("bob", Method::POST, &remedy, "").await.error(), (403, "AuthorizationFailed".to_owned()));
    let done = app.send("alice", Method::POST, &remedy, "").await;
    assert_eq!((done.status.as_u16(), done.text.as_str()), (204, ""));
    assert_eq!(app.get(&assignment).await.error(), (404, "RoleAssignmentNotFound".to_owned()));
    let gone = app.get(&at("~G1", &format!("{alert}/alertIncidents/{name}"))).await;
    assert_eq!(gone.error(), (404, "RoleManagementAlertIncidentNotFound".to_owned()));
    let again = app.send("alice", Method::POST, &remedy, "").await;
    assert_eq!(again.error(), (404, "RoleManagementAlertIncidentNotFound".to_owned()));
    let after = get(&app, "~G1", &alert).await;
    assert_eq!((&after["properties"]["isActive"], &after["properties"]["incidentCount"]), (&json!(false), &json!(0)));
    // What was given at another scope is none of this one's.
    scan(&app, "~S", OUTSIDE).await;
    let elsewhere = app.get(&at("~S", &format!("{alert}/alertIncidents"))).await;
    let mut names = elsewhere.each("/properties/assigneeId");
    names.sort();
    let mut owners = [who("alice").to_string(), who("app").to_string()];
    owners.sort();
    assert_eq!(names, owners);
}

#[tokio::test]
async fn arm_143_a_scan_is_asked_for_until_it_is_done() {
    let app = App::start().await;
    let actor = app.actor("alice").await;
    // Ordered, and nobody is at it yet.
    let order = OrderScanAt { scope: path("~S").parse().unwrap(), only: None };
    let id = app.engine.administer(&actor, order).await.unwrap().found.id;
    let place = at("~S", &format!("roleManagementAlertOperations/{id}"));
    let waiting = app.get(&place).await;
    assert_eq!(waiting.header("location"), format!("{URL}{place}"));
    assert_eq!(waiting.header("retry-after"), "1");
    let waiting = waiting.with(202);
    let ordered = app.clock.now().to_string().replace('Z', "+00:00");
    let said = |detail: &str| {
        let rows: Vec<Value> = ALERTS.iter().map(|name| json!({"name": name, "statusDetail": detail})).collect();
        json!({"result": rows})
    };
    let detail: Value = serde_json::from_str(waiting["statusDetail"].as_str().unwrap()).unwrap();
    assert_eq!(detail, said("Alert scan is not yet started."));
    let expected = json!({
        "id": id, "status": "NotStarted", "statusDetail": waiting["statusDetail"], "createdDateTime": ordered,
        "lastActionDateTime": ordered, "resourceLocation": format!("{URL}{}", at("~S", "roleManagementAlerts")),
    });
    assert_eq!(waiting, expected);
    app.advance(5);
    app.engine.work_scans().await.unwrap();
    let done = app.get(&place).await.with(200);
    let detail: Value = serde_json::from_str(done["statusDetail"].as_str().unwrap()).unwrap();
    assert_eq!(detail, said("Alert scan is completed."));
    let finished = app.clock.now().to_string().replace('Z', "+00:00");
    assert_eq!(
        (&done["status"], &done["createdDateTime"], &done["lastActionDateTime"]),
        (&json!("Succeeded"), &json!(ordered), &json!(finished))
    );
    assert_eq!(get(&app, "~S", "roleManagementAlertOperations").await, json!({"value": [done]}));
    assert_eq!(get(&app, "~G1", "roleManagementAlertOperations").await, json!({"value": []}));
    // An operation is one of its scope, and for whoever reads there.
    let elsewhere = app.get(&place.replace(&path("~S"), &path("~G1"))).await;
    assert_eq!(elsewhere.error(), (404, "RoleManagementAlertOperationNotFound".to_owned()));
    assert_eq!(app.asked("bob", &place).await.error(), (403, "AuthorizationFailed".to_owned()));
    let refused = app.send("bob", Method::POST, &at("~S", "roleManagementAlerts/refresh"), "").await;
    assert_eq!(refused.error(), (403, "AuthorizationFailed".to_owned()));

    // As clients see it: 202 with the place to ask, then 200.
    let one = scan(&app, "~G1", OWNERS).await;
    assert_eq!(one["status"], "Succeeded");
    let detail: Value = serde_json::from_str(one["statusDetail"].as_str().unwrap()).unwrap();
    assert_eq!(detail, json!({"result": [{"name": OWNERS, "statusDetail": "Alert scan is completed."}]}));
    let place = one["resourceLocation"].as_str().unwrap().strip_prefix(URL).unwrap();
    assert_eq!(app.get(place).await.with(200)["properties"]["lastScannedDateTime"], finished);
    let other = get(&app, "~G1", &format!("roleManagementAlerts/{OUTSIDE}")).await;
    assert_eq!(other["properties"]["lastScannedDateTime"], Value::Null, "only what was asked for was looked for");
    for wrong in ["roleManagementAlerts/refresh", &format!("roleManagementAlerts/{OWNERS}/refresh")] {
        let refused = app.get(&at("~S", wrong)).await;
        assert_eq!(refused.error(), (405, "MethodNotAllowed".to_owned()));
        assert_eq!(refused.header("allow"), "POST");
    }
}

#[tokio::test]
async fn arm_144_thresholds_are_set_and_decide() {
    let app = App::start().await;
    let configuration = format!("roleManagementAlertConfigurations/{OWNERS}");
    let kind = "TooManyOwnersAssignedToResourceAlertConfiguration";
    // alice and an application own S: two of two.
    scan(&app, "~S", "").await;
    let alert = format!("roleManagementAlerts/{OWNERS}");
    assert_eq!(get(&app, "~S", &alert).await["properties"]["isActive"], false);
    let set = json!({"isEnabled": true, "thresholdNumberOfOwners": 2, "alertConfigurationType": kind});
    let done = patch(&app, "alice", "~S", &configuration, set.clone()).await;
    assert_eq!((done.status.as_u16(), done.text.as_str()), (204, ""));
    let now = get(&app, "~S", &configuration).await["properties"].clone();
    assert_eq!(
        (&now["thresholdNumberOfOwners"], &now["thresholdPercentageOfOwnersOutOfAllRoleMembers"]),
        (&json!(2), &json!(10)),
        "what is absent stays"
    );
    assert_eq!(
        get(&app, "~G1", &configuration).await["properties"]["thresholdNumberOfOwners"],
        3,
        "each scope its own"
    );
    scan(&app, "~S", OWNERS).await;
    let found = get(&app, "~S", &alert).await["properties"].clone();
    assert_eq!((&found["isActive"], &found["incidentCount"]), (&json!(true), &json!(2)));
    let incidents = found["alertIncidents"].as_array().unwrap().clone();
    let mut shown: Vec<String> = incidents.iter().map(|one| one["properties"].to_string()).collect();
    shown.sort();
    let mut expected = [("Alice Archer", "User"), ("Automation", "ServicePrincipal")].map(|(name, kind)| {
        json!({
            "alertIncidentType": "TooManyOwnersAssignedToResourceAlertIncident",
            "assigneeName": name,
            "assigneeType": kind,
        })
        .to_string()
    });
    expected.sort();
    assert_eq!(shown, expected);
    let other = "TooManyPermanentOwnersAssignedToResourceAlertConfiguration";
    for (bad, why) in [
        (json!({"thresholdNumberOfOwners": 5, "alertConfigurationType": other}), "another type"),
        (json!({"thresholdNumberOfOwners": 5}), "no type"),
        (json!({"thresholdNumberOfOwners": 1, "alertConfigurationType": kind}), "out of bounds"),
        (json!({"thresholdNumberOfOwners": "many", "alertConfigurationType": kind}), "no number"),
        (json!({"isEnabled": "no", "alertConfigurationType": kind}), "no switch"),
    ] {
        let refused = patch(&app, "alice", "~S", &configuration, bad).await;
        assert_eq!(refused.error(), (400, "InvalidRequestContent".to_owned()), "{why}");
    }
    let refused = patch(&app, "bob", "~S", &configuration, set).await;
    assert_eq!(refused.error(), (403, "AuthorizationFailed".to_owned()));
    assert_eq!(get(&app, "~S", &configuration).await["properties"], now, "what was refused changed nothing");
    // The owner goes; nobody is left over the number.
    let app_row = incidents.iter().find(|one| one["properties"]["assigneeType"] == "ServicePrincipal").unwrap();
    let remedy = format!("{}/remediate?{V}", app_row["id"].as_str().unwrap());
    assert_eq!(app.send("alice", Method::POST, &remedy, "").await.status, 204);
    let rows = at("~S", "roleAssignments").replace("2022-08-01-preview", "2022-04-01");
    assert_eq!(app.get(&rows).await.each("/properties/principalId"), [who("alice").to_string()]);
    scan(&app, "~S", OWNERS).await;
    assert_eq!(get(&app, "~S", &alert).await["properties"]["isActive"], false);
    // An alert that is switched off finds nothing.
    let off = json!({"isEnabled": false, "alertConfigurationType": "AzureRolesAssignedOutsidePimAlertConfiguration"});
    let outside = format!("roleManagementAlerts/{OUTSIDE}");
    assert_eq!(get(&app, "~S", &outside).await["properties"]["isActive"], true);
    let rest = format!("roleManagementAlertConfigurations/{OUTSIDE}");
    assert_eq!(patch(&app, "alice", "~S", &rest, off).await.status, 204);
    scan(&app, "~S", OUTSIDE).await;
    assert_eq!(get(&app, "~S", &outside).await["properties"]["incidentCount"], 0);
}

#[tokio::test]
async fn arm_145_an_alert_is_dismissed() {
    let app = App::start().await;
    assign(&app, 0xa1, "~G1", READER, who("bob")).await;
    scan(&app, "~G1", "").await;
    app.advance(60);
    let alert = format!("roleManagementAlerts/{OUTSIDE}");
    let before = get(&app, "~G1", &alert).await["properties"].clone();
    assert_eq!(before["isActive"], true);
    for bad in [json!({"isActive": true}), json!({"isActive": "false"}), json!({})] {
        let refused = patch(&app, "alice", "~G1", &alert, bad).await;
        assert_eq!(refused.error(), (400, "InvalidRequestContent".to_owned()));
    }
    let dismissal = json!({"isActive": false});
    let refused = patch(&app, "bob", "~G1", &alert, dismissal.clone()).await;
    assert_eq!(refused.error(), (403, "AuthorizationFailed".to_owned()));
    let done = patch(&app, "alice", "~G1", &alert, dismissal).await;
    assert_eq!((done.status.as_u16(), done.text.as_str()), (204, ""));
    let after = get(&app, "~G1", &alert).await["properties"].clone();
    assert_eq!((&after["isActive"], &after["incidentCount"]), (&json!(false), &json!(1)));
    assert_eq!(after["lastModifiedDateTime"], app.clock.now().to_string().replace('Z', "+00:00"));
    assert_eq!(after["lastScannedDateTime"], before["lastScannedDateTime"]);
}

#[tokio::test]
async fn owners_for_good_and_roles_that_double_others_are_found_and_put_right() {
    let app = App::start().await;
    let owner = OWNER.to_string();
    for (name, key) in [(1, "bob"), (2, "carol"), (3, "dave")] {
        assign(&app, name, "~G1", &owner, who(key)).await;
    }
    let role = Uuid::from_u128(0x99);
    let body = json!({"properties": {
        "roleName": "Looker", "type": "CustomRole", "assignableScopes": [path("~G1")],
        "permissions": [{"actions": ["*/READ"], "notActions": []}],
    }});
    let target = at("~G1", &format!("roleDefinitions/{role}")).replace("2022-08-01-preview", "2022-04-01");
    app.put("alice", &target, body).await.with(201);
    scan(&app, "~G1", "").await;
    let list = format!("roleManagementAlerts/{}/alertIncidents", ALERTS[1]);
    let permanent = app.get(&at("~G1", &list)).await;
    assert_eq!(
        permanent.each("/properties/alertIncidentType"),
        ["TooManyPermanentOwnersAssignedToResourceAlertIncident"; 3]
    );
    let row = permanent.json()["value"][0].clone();
    let remedy = format!("{}/remediate?{V}", row["id"].as_str().unwrap());
    assert_eq!(app.send("alice", Method::POST, &remedy, "").await.status, 204);
    scan(&app, "~G1", "").await;
    assert_eq!(app.get(&at("~G1", &list)).await.each("/name").len(), 0, "two are not too many");
    let doubles = format!("roleManagementAlerts/{}/alertIncidents", ALERTS[2]);
    let found = app.get(&at("~G1", &doubles)).await.with(200)["value"].clone();
    assert_eq!(
        found[0]["properties"],
        json!({
            "alertIncidentType": "DuplicateRoleCreatedAlertIncident", "roleName": "Looker", "duplicateRoles": "Reader",
            "reason": "Same permissions",
        })
    );
    let remedy = format!("{}/remediate?{V}", found[0]["id"].as_str().unwrap());
    assert_eq!(app.send("alice", Method::POST, &remedy, "").await.status, 204);
    assert_eq!(app.get(&target).await.error(), (404, "RoleDefinitionDoesNotExist".to_owned()));
    assert_eq!(app.get(&at("~G2", "roleManagementAlerts")).await.each("/name").len(), 4);
}

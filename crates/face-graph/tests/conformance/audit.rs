//! GRAPH-149, GRAPH-150: audits of the directory.

use ephor_engine::port::Clock as _;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::app::{App, each, group, who};

const AUDITS: &str = "/v1.0/auditLogs/directoryAudits";
const UA: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";

/// A rule is changed, alice gets a role for good and carol comes into a group, a minute apart each.
async fn world() -> App {
    let app = App::start().await;
    let filter = format!("$filter=scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '{UA}'");
    let found = app.get("gr", &format!("/v1.0/policies/roleManagementPolicyAssignments?{filter}")).await.ok();
    let path = format!(
        "/v1.0/policies/roleManagementPolicies/{}/rules/Expiration_EndUser_Assignment",
        each(&found, "policyId")[0]
    );
    let rule = json!({
        "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyExpirationRule",
        "maximumDuration": "PT2H",
    });
    assert_eq!(app.patch("pra", &path, rule).await.status, StatusCode::NO_CONTENT);
    app.clock.set(app.clock.now() + SignedDuration::from_mins(1));
    let given = json!({"principalId": who("alice"), "roleDefinitionId": UA, "directoryScopeId": "/"});
    let made = app.post("pra", "/v1.0/roleManagement/directory/roleAssignments", given).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    app.clock.set(app.clock.now() + SignedDuration::from_mins(1));
    let member = json!({"@odata.id": format!("https://x/v1.0/directoryObjects/{}", who("carol"))});
    let path = format!("/v1.0/groups/{}/members/$ref", group("G"));
    assert_eq!(app.post("dave", &path, member).await.status, StatusCode::NO_CONTENT);
    app
}

const ALL: [&str; 4] = [
    "Add member to group",
    "Add member to role outside of PIM (permanent)",
    "Add member to role",
    "Update role setting in PIM",
];

#[tokio::test]
async fn graph_149_what_was_changed_stands_there_newest_first() {
    let app = world().await;
    let found = app.get("gr", AUDITS).await.ok();
    assert_eq!(found["@odata.context"], "https://here.example:8443/v1.0/$metadata#auditLogs/directoryAudits");
    assert_eq!(each(&found, "activityDisplayName"), ALL);
    assert_eq!(each(&found, "loggedByService"), ["Core Directory", "PIM", "Core Directory", "PIM"]);
    assert_eq!(each(&found, "category"), ["GroupManagement", "RoleManagement", "RoleManagement", "RoleManagement"]);
    let row = &found["value"][1];
    let id = row["id"].as_str().unwrap();
    assert!(id.starts_with("PIM_") && id.split('_').count() == 3, "{id}");
    let pra = json!({
        "id": who("pra"),
        "displayName": "Petra Arnold",
        "userPrincipalName": "pra@demo.test",
        "ipAddress": row["initiatedBy"]["user"]["ipAddress"],
    });
    assert_eq!(
        *row,
        json!({
            "id": id,
            "activityDateTime": "2026-03-02T10:01:00Z",
            "activityDisplayName": "Add member to role outside of PIM (permanent)",
            "additionalDetails": row["additionalDetails"],
            "category": "RoleManagement",
            "correlationId": row["correlationId"],
            "initiatedBy": {"user": pra, "app": null},
            "loggedByService": "PIM",
            "operationType": "Assign",
            "result": "success",
            "resultReason": null,
            "targetResources": [
                {"id": UA, "displayName": "User Administrator", "type": "Role", "userPrincipalName": null,
                 "groupType": null, "modifiedProperties": []},
                {"id": who("alice"), "displayName": "Alice Archer", "type": "User",
                 "userPrincipalName": "alice@demo.test", "groupType": null, "modifiedProperties": []},
            ],
        })
    );
    // Both records of one change belong together.
    assert_eq!(found["value"][2]["correlationId"], row["correlationId"]);
    let one = app.get("gr", &format!("{AUDITS}/{id}")).await.ok();
    assert_eq!(one["activityDisplayName"], row["activityDisplayName"]);
    assert_eq!(
        one["@odata.context"],
        format!("https://here.example:8443/v1.0/$metadata#auditLogs/directoryAudits/$entity")
    );
    for missing in ["x", "PIM_00000000-0000-4000-8000-000000000000_0", &id.replace("PIM_", "Directory_")] {
        let (status, code, _) = app.get("gr", &format!("{AUDITS}/{missing}")).await.error();
        assert_eq!((status, code.as_str()), (404, "ResourceNotFound"), "{missing}");
    }
    let policy = &found["value"][3]["targetResources"];
    let kinds: Vec<&str> = policy.as_array().unwrap().iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Role", "Policy"]);
    // Refused orders leave nothing here.
    let given = json!({"principalId": who("alice"), "roleDefinitionId": UA, "directoryScopeId": "/"});
    app.post("pra", "/v1.0/roleManagement/directory/roleAssignments", given).await.error();
    assert_eq!(each(&app.get("gr", AUDITS).await.ok(), "id").len(), 4);
}

#[tokio::test]
async fn graph_150_filters_and_pages() {
    let app = world().await;
    let all = app.get("gr", AUDITS).await.ok();
    let correlation = all["value"][1]["correlationId"].as_str().unwrap();
    let (alice, pra, g) = (who("alice"), who("pra"), group("G"));
    for (filter, expected) in [
        ("activityDisplayName eq 'update role setting in pim'".to_owned(), &ALL[3..]),
        ("startswith(activityDisplayName,'Add member to role')".to_owned(), &ALL[1..3]),
        ("activityDateTime ge 2026-03-02T10:01:00Z".to_owned(), &ALL[..3]),
        (
            "activityDateTime ge 2026-03-02T10:00:30Z and activityDateTime le 2026-03-02T10:01:00Z".to_owned(),
            &ALL[1..3],
        ),
        ("activityDateTime eq 2026-03-02T10:00:00Z".to_owned(), &ALL[3..]),
        ("activityDateTime gt 2026-03-02T10:02:00Z".to_owned(), &[]),
        ("loggedByService eq 'PIM' and category eq 'RoleManagement'".to_owned(), &[ALL[1], ALL[3]]),
        (format!("correlationId eq '{correlation}'"), &ALL[1..3]),
        ("correlationId eq 'x'".to_owned(), &[]),
        ("result eq 'success'".to_owned(), &ALL[..]),
        ("result eq 'failure'".to_owned(), &[]),
        (format!("initiatedBy/user/id eq '{pra}'"), &ALL[1..]),
        ("initiatedBy/user/displayName eq 'Petra Arnold'".to_owned(), &ALL[1..]),
        ("startswith(initiatedBy/user/userPrincipalName,'dave')".to_owned(), &ALL[..1]),
        ("initiatedBy/app/appId eq 'x'".to_owned(), &[]),
        (format!("targetResources/any(t:t/id eq '{alice}')"), &ALL[1..3]),
        (format!("targetResources/any(t: t/id eq '{UA}')"), &ALL[1..]),
        (format!("targetResources/any(t:t/id eq '{g}') and loggedByService eq 'Core Directory'"), &ALL[..1]),
        ("targetResources/any(t:t/displayName eq 'User Administrator')".to_owned(), &ALL[1..]),
        ("targetResources/any(t:t/type eq 'Policy')".to_owned(), &ALL[3..]),
    ] {
        let found = app.get("gr", &format!("{AUDITS}?$filter={filter}")).await.ok();
        assert_eq!(each(&found, "activityDisplayName"), expected, "{filter}");
    }
    // Page by page, also within one record.
    for size in 1..4 {
        let (mut path, mut seen) = (format!("{AUDITS}?$top={size}&$orderby=activityDateTime desc"), Vec::new());
        loop {
            let page = app.get("gr", &path).await.ok();
            assert!(page["value"].as_array().unwrap().len() <= size);
            seen.extend(each(&page, "activityDisplayName").into_iter().map(str::to_owned));
            let Some(next) = page.get("@odata.nextLink").and_then(Value::as_str) else { break };
            path = next.strip_prefix("https://here.example:8443").unwrap().to_owned();
        }
        assert_eq!(seen, ALL, "{size}");
    }
    let oldest = app.get("gr", &format!("{AUDITS}?$orderby=activityDateTime&$top=1&$count=true")).await.ok();
    assert_eq!((each(&oldest, "activityDisplayName"), &oldest["@odata.count"]), (vec![ALL[3]], &json!(4)));
}

#[tokio::test]
async fn audits_are_for_those_who_read_roles_or_the_log() {
    let app = world().await;
    for (key, status) in [("gr", 200), ("pra", 200), ("app", 200), ("alice", 403), ("dave", 403)] {
        // alice is User Administrator by now, which reads nothing here.
        assert_eq!(app.get(key, AUDITS).await.status.as_u16(), status, "{key}");
    }
    let token = app.token_with("gr", Some(&["RoleManagement.Read.Directory"])).await;
    let (status, code, _) = app.call(Method::GET, &token, AUDITS, &[], "").await.error();
    assert_eq!((status, code.as_str()), (403, "Authorization_RequestDenied"));
    let reply = app.post("gr", AUDITS, json!({})).await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn graph_149_orders_are_told_as_requested_and_completed() {
    let app = App::start().await;
    let order = |action: &str, expiration: Value| {
        json!({
            "action": action, "principalId": who("alice"), "roleDefinitionId": UA, "directoryScopeId": "/",
            "justification": "a leak", "scheduleInfo": {"expiration": expiration},
        })
    };
    let root = "/v1.0/roleManagement/directory";
    let endless = order("adminAssign", json!({"type": "noExpiration"}));
    let made = app.post("pra", &format!("{root}/roleEligibilityScheduleRequests"), endless).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let eligible = made.json()["id"].as_str().unwrap().to_owned();
    let of = async |id: &str| app.get("gr", &format!("{AUDITS}?$filter=correlationId eq '{id}'")).await.ok();
    let told = of(&eligible).await;
    assert_eq!(
        each(&told, "activityDisplayName"),
        [
            "Add eligible member to role in PIM completed (permanent)",
            "Add eligible member to role",
            "Add eligible member to role in PIM requested (permanent)",
        ]
    );
    app.clock.set(app.clock.now() + SignedDuration::from_mins(1));
    let hour = order("selfActivate", json!({"type": "afterDuration", "duration": "PT1H"}));
    let made = app.post("alice", &format!("{root}/roleAssignmentScheduleRequests"), hour).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let active = made.json()["id"].as_str().unwrap().to_owned();
    let told = of(&active).await;
    assert_eq!(
        each(&told, "activityDisplayName"),
        [
            "Add member to role completed (PIM activation)",
            "Add member to role",
            "Add member to role requested (PIM activation)",
        ]
    );
    let row = &told["value"][0];
    assert_eq!(row["resultReason"], "a leak");
    let kinds: Vec<&str> =
        row["targetResources"].as_array().unwrap().iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Role", "Request", "User", "Directory"]);
    assert_eq!(row["targetResources"][0]["id"], UA);
    assert_eq!(told["value"][1]["initiatedBy"]["app"]["displayName"], "MS-PIM");
    let filter = format!(
        "activityDisplayName eq 'Add member to role completed (PIM activation)' and targetResources/any(t:t/id eq '{UA}')"
    );
    assert_eq!(each(&app.get("gr", &format!("{AUDITS}?$filter={filter}")).await.ok(), "correlationId"), [active]);
}

//! Policies of roles at scopes.

use http::Method;
use serde_json::{Value, json};

use crate::app::{App, Reply, path, who};

const V: &str = "api-version=2020-10-01";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

fn list(scope: &str, role: &str) -> String {
    let role = format!("/providers/Microsoft.Authorization/roleDefinitions/{role}");
    format!("{scope}/providers/Microsoft.Authorization/roleManagementPolicies?{V}&$filter=roleDefinitionId eq '{role}'")
}

async fn policy(app: &App, scope: &str, role: &str) -> Value {
    let found = app.get(&list(scope, role)).await.with(200);
    assert_eq!(found["value"].as_array().unwrap().len(), 1);
    found["value"][0].clone()
}

fn rule<'p>(policy: &'p Value, id: &str) -> &'p Value {
    let rules = policy["properties"]["rules"].as_array().unwrap();
    rules.iter().find(|rule| rule["id"] == id).unwrap_or_else(|| panic!("no {id}"))
}

async fn patch(app: &App, who: &str, policy: &Value, rules: Value) -> Reply {
    let target = format!("{}?{V}", policy["id"].as_str().unwrap());
    app.send(who, Method::PATCH, &target, json!({"properties": {"rules": rules}}).to_string()).await
}

#[tokio::test]
async fn arm_100_an_untouched_policy_has_its_rules_in_order() {
    let app = App::start().await;
    let reply = app.get(&list("~S", CONTRIBUTOR)).await;
    assert!(reply.text.contains("\"}}],\"effectiveRules\":[") || reply.text.contains("],\"effectiveRules\":["));
    let found = reply.with(200)["value"][0].clone();
    let properties = &found["properties"];
    assert_eq!(properties["rules"], properties["effectiveRules"]);
    assert_eq!(
        properties["policyProperties"]["scope"],
        json!({"id": path("~S"), "displayName": "Demo subscription", "type": "subscription"})
    );
    assert_eq!(
        (&properties["isOrganizationDefault"], &properties["lastModifiedDateTime"]),
        (&json!(false), &Value::Null)
    );
    let ids: Vec<&str> =
        properties["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 17);
    assert_eq!(
        (ids[0], ids[1], ids[10], ids[13]),
        (
            "Enablement_Admin_Eligibility",
            "Expiration_Admin_Eligibility",
            "Approval_EndUser_Assignment",
            "Expiration_EndUser_Assignment"
        )
    );
    let Ok(folder) = std::env::var("EPHOR_SPEC_DIR") else {
        eprintln!("EPHOR_SPEC_DIR is not set: the rules are not compared");
        return;
    };
    let text = std::fs::read_to_string(format!("{folder}/arm/data/default-policy-rules.json")).unwrap();
    let published: Value = serde_json::from_str(&text).unwrap();
    let published = published.as_array().or_else(|| published["rules"].as_array()).unwrap();
    for (ours, theirs) in properties["rules"].as_array().unwrap().iter().zip(published) {
        for (name, value) in theirs.as_object().unwrap() {
            if name != "target" {
                assert_eq!(&ours[name], value, "{} {name}", theirs["id"]);
            }
        }
    }
}

#[tokio::test]
async fn arm_101_each_role_at_each_scope_has_a_policy_of_its_own() {
    let app = App::start().await;
    let at_s = policy(&app, "~S", CONTRIBUTOR).await;
    assert_eq!(policy(&app, "~S", CONTRIBUTOR).await["name"], at_s["name"]);
    assert_ne!(policy(&app, "~S", READER).await["name"], at_s["name"]);
    let at_g1 = policy(&app, "~G1", CONTRIBUTOR).await;
    assert_ne!(at_g1["name"], at_s["name"]);
    patch(&app, "alice", &at_s, json!([{"id": "Expiration_EndUser_Assignment", "maximumDuration": "PT2H"}]))
        .await
        .with(200);
    assert_eq!(policy(&app, "~G1", CONTRIBUTOR).await, at_g1);
    assert_eq!(
        rule(&policy(&app, "~S", CONTRIBUTOR).await, "Expiration_EndUser_Assignment")["maximumDuration"],
        "PT2H"
    );
    let all = app.get(&format!("~S/providers/Microsoft.Authorization/roleManagementPolicies?{V}")).await;
    assert!(all.each("/name").contains(&at_s["name"].as_str().unwrap().to_owned()));
    let gone = app.send("alice", Method::DELETE, &format!("{}?{V}", at_s["id"].as_str().unwrap()), "").await;
    assert_eq!(gone.status, 200);
    assert_eq!(policy(&app, "~S", CONTRIBUTOR).await, at_s, "the defaults again");
}

#[tokio::test]
async fn arm_102_a_policy_assignment_leads_to_its_policy() {
    let app = App::start().await;
    let target = list("~S", CONTRIBUTOR).replace("roleManagementPolicies", "roleManagementPolicyAssignments");
    let found = app.get(&target).await.with(200);
    assert_eq!(found["value"].as_array().unwrap().len(), 1);
    let one = &found["value"][0];
    let policy = policy(&app, "~S", CONTRIBUTOR).await;
    let name = format!("{}_{CONTRIBUTOR}", policy["name"].as_str().unwrap());
    assert_eq!((one["name"].as_str(), &one["properties"]["policyId"]), (Some(name.as_str()), &policy["id"]));
    assert_eq!(one["properties"]["effectiveRules"], policy["properties"]["rules"]);
    assert_eq!(one["properties"]["policyAssignmentProperties"]["roleDefinition"]["displayName"], "Contributor");
    let id = one["properties"]["policyId"].as_str().unwrap();
    assert_eq!(app.get(&format!("/{id}/?{V}")).await.with(200), policy);
    assert_eq!(app.get(&format!("{}?{V}", one["id"].as_str().unwrap())).await.with(200), *one);
    let older = app.get(&target.replace("2020-10-01", "2020-10-01-preview")).await.with(200);
    assert_eq!(older["value"][0]["properties"].get("effectiveRules"), None);
    let bind = |policy: &str| json!({"properties": {"policyId": policy}});
    let target = format!("{}?{V}", one["id"].as_str().unwrap());
    assert_eq!(app.put("alice", &target, bind(id)).await.with(201)["name"], one["name"]);
    assert_eq!(app.put("alice", &target, bind(&path("~S"))).await.error(), (400, "InvalidPolicy".to_owned()));
    let unknown = format!("~S/providers/Microsoft.Authorization/roleManagementPolicyAssignments/x_y?{V}");
    assert_eq!(app.get(&unknown).await.error(), (404, "RoleManagementPolicyAssignmentNotFound".to_owned()));
    let unknown = format!("~S/providers/Microsoft.Authorization/roleManagementPolicies/{READER}?{V}");
    assert_eq!(app.get(&unknown).await.error(), (404, "InputPolicyNotFound".to_owned()));
}

#[tokio::test]
async fn arm_103_a_patch_changes_what_it_says() {
    let app = App::start().await;
    let before = policy(&app, "~S", CONTRIBUTOR).await;
    let whole = json!({
        "id": "Enablement_EndUser_Assignment", "ruleType": "RoleManagementPolicyEnablementRule", "extra": 1,
        "target": {"caller": "Nobody"}, "enabledRules": ["justification", "TICKETING"],
    });
    let told = json!({"id": "Notification_Admin_EndUser_Assignment", "notificationRecipients": ["a@x.test"], "isDefaultRecipientsEnabled": "False"});
    let changed = patch(&app, "alice", &before, json!([whole, told])).await.with(200);
    assert_eq!(rule(&changed, "Enablement_EndUser_Assignment")["enabledRules"], json!(["Justification", "Ticketing"]));
    assert_eq!(rule(&changed, "Enablement_EndUser_Assignment")["target"]["caller"], "EndUser");
    let rule_told = rule(&changed, "Notification_Admin_EndUser_Assignment");
    assert_eq!(
        (&rule_told["notificationRecipients"], &rule_told["isDefaultRecipientsEnabled"]),
        (&json!(["a@x.test"]), &json!(false))
    );
    for (ours, theirs) in
        changed["properties"]["rules"].as_array().unwrap().iter().zip(before["properties"]["rules"].as_array().unwrap())
    {
        let id = ours["id"].as_str().unwrap();
        assert_eq!(
            ours == theirs,
            !["Enablement_EndUser_Assignment", "Notification_Admin_EndUser_Assignment"].contains(&id),
            "{id}"
        );
    }
    assert_eq!(changed["properties"]["lastModifiedBy"]["displayName"], "Alice Archer");
    let at = changed["properties"]["lastModifiedDateTime"].as_str().unwrap();
    assert!(at.ends_with("+00:00"), "{at}");
    assert_eq!(policy(&app, "~S", CONTRIBUTOR).await, changed);
}

#[tokio::test]
async fn arm_104_a_stage_of_approvers_alone_keeps_the_rest_of_it() {
    let app = App::start().await;
    let before = policy(&app, "~S", CONTRIBUTOR).await;
    let stage = json!({"primaryApprovers": [{"id": who("carol"), "userType": "user"}]});
    let setting = json!({"isApprovalRequired": "true", "approvalStages": [stage]});
    let changed =
        patch(&app, "alice", &before, json!([{"id": "Approval_EndUser_Assignment", "setting": setting}])).await;
    let changed = changed.with(200);
    let expected = json!({
        "approvalStageTimeOutInDays": 1,
        "isApproverJustificationRequired": true,
        "escalationTimeInMinutes": 0,
        "primaryApprovers": [{"id": who("carol"), "description": "Carol O'Brien", "isBackup": false, "userType": "User"}],
        "isEscalationEnabled": false,
        "escalationApprovers": null,
    });
    let setting = &rule(&changed, "Approval_EndUser_Assignment")["setting"];
    assert_eq!((&setting["isApprovalRequired"], &setting["approvalStages"]), (&json!(true), &json!([expected])));
}

#[tokio::test]
async fn arm_106_a_patch_with_one_bad_rule_changes_nothing() {
    let app = App::start().await;
    let before = policy(&app, "~S", CONTRIBUTOR).await;
    let good = json!({"id": "Expiration_Admin_Assignment", "maximumDuration": "P30D"});
    for bad in [
        json!({"id": "Nothing_At_All"}),
        json!({"id": "PIMOnlyMode_Admin_Assignment", "pimOnlyModeSettings": {"mode": "Enabled"}}),
        json!({"id": "Expiration_Admin_Eligibility", "maximumDuration": "eight hours"}),
        json!({"id": "Expiration_Admin_Eligibility", "maximumDuration": "PT0S"}),
        json!({"id": "Expiration_EndUser_Assignment", "maximumDuration": "PT4M"}),
        json!({"id": "Expiration_EndUser_Assignment", "isExpirationRequired": false}),
        json!({"id": "AuthenticationContext_EndUser_Assignment", "isEnabled": true}),
        json!({"id": "Approval_EndUser_Assignment", "setting": {"isApprovalRequired": true}}),
        json!({"id": "Enablement_EndUser_Assignment", "enabledRules": ["Everything"]}),
        json!({"id": "Approval_EndUser_Assignment", "setting": {"approvalMode": "Sometimes"}}),
    ] {
        let reply = patch(&app, "alice", &before, json!([good, bad])).await;
        assert_eq!(reply.error(), (400, "InvalidPolicy".to_owned()), "{bad}");
        assert_eq!(reply.message(), "The policy is invalid.");
    }
    assert_eq!(policy(&app, "~S", CONTRIBUTOR).await, before);
    assert_eq!(patch(&app, "bob", &before, json!([good])).await.error(), (403, "AuthorizationFailed".to_owned()));
    assert_eq!(app.asked("bob", &list("~S", CONTRIBUTOR)).await.error().1, "AuthorizationFailed");
    assert!(!before["properties"]["rules"].to_string().contains("PIMOnlyMode"));
}

#[tokio::test]
async fn arm_105_a_patch_is_read_as_clients_write_it_and_shown_canonically() {
    let app = App::start().await;
    let before = policy(&app, "~S", CONTRIBUTOR).await;
    let stage = json!({
        "approvalStageTimeOutInDays": "2", "isApproverJustificationRequired": "False", "extra": {"deep": [1]},
        "PrimaryApprovers": [
            {"id": who("carol").to_string().to_uppercase(), "userType": "user", "isBackup": "false", "unknown": 1},
            {"Id": crate::app::group("devs"), "UserType": "group", "description": "the crew"},
        ],
        "escalationTimeInMinutes": "0", "isEscalationEnabled": "false",
    });
    let rules = json!([
        {"Id": "Approval_EndUser_Assignment", "RuleType": "RoleManagementPolicyApprovalRule", "target": null, "Setting": {
            "isApprovalRequired": "TRUE", "approvalMode": "singlestage", "approvalStages": [stage], "what": null,
        }},
        {"id": "Expiration_Admin_Assignment", "isExpirationRequired": "false", "maximumDuration": "P1Y",
         "exceptionMembers": []},
        {"id": "Expiration_EndUser_Assignment", "maximumDuration": "PT480M", "isExpirationRequired": "true"},
        {"id": "Enablement_Admin_Assignment", "enabledRules": ["ticketing", "MULTIFACTORAUTHENTICATION"]},
        {"id": "Notification_Approver_EndUser_Assignment", "notificationLevel": "critical", "notificationType": "email",
         "recipientType": "approver"},
    ]);
    let mut whole = before.clone();
    whole["properties"]["rules"] = rules;
    whole["level"] = json!("x");
    let target = format!("{}?{V}", before["id"].as_str().unwrap());
    let changed = app.send("alice", Method::PATCH, &target, whole.to_string()).await.with(200);
    let approval = &rule(&changed, "Approval_EndUser_Assignment")["setting"];
    assert_eq!(
        *approval,
        json!({
            "isApprovalRequired": true,
            "isApprovalRequiredForExtension": false,
            "isRequestorJustificationRequired": true,
            "approvalMode": "SingleStage",
            "approvalStages": [{
                "approvalStageTimeOutInDays": 2,
                "isApproverJustificationRequired": false,
                "escalationTimeInMinutes": 0,
                "primaryApprovers": [
                    {"id": who("carol"), "description": "Carol O'Brien", "isBackup": false, "userType": "User"},
                    {"id": crate::app::group("devs"), "description": "the crew", "isBackup": false, "userType": "Group"},
                ],
                "isEscalationEnabled": false,
                "escalationApprovers": null,
            }],
        })
    );
    let lasts = |id: &str| {
        let rule = rule(&changed, id);
        (rule["isExpirationRequired"].clone(), rule["maximumDuration"].clone())
    };
    assert_eq!(lasts("Expiration_Admin_Assignment"), (json!(false), json!("P1Y")), "as it was written");
    assert_eq!(lasts("Expiration_EndUser_Assignment"), (json!(true), json!("PT480M")));
    let enabled = &rule(&changed, "Enablement_Admin_Assignment")["enabledRules"];
    assert_eq!(*enabled, json!(["MultiFactorAuthentication", "Ticketing"]));
    let told = rule(&changed, "Notification_Approver_EndUser_Assignment");
    assert_eq!(
        (&told["notificationLevel"], &told["notificationType"], &told["recipientType"]),
        (&json!("Critical"), &json!("Email"), &json!("Approver"))
    );
    assert_eq!(policy(&app, "~S", CONTRIBUTOR).await, changed);
}

#[tokio::test]
async fn arm_107_whoever_gives_no_roles_there_changes_no_policy() {
    let app = App::start().await;
    let before = policy(&app, "~S", CONTRIBUTOR).await;
    let rules = json!([{"id": "Expiration_EndUser_Assignment", "maximumDuration": "PT2H"}]);
    let action = "'Microsoft.Authorization/roleAssignments/write' over scope";
    for nobody in ["bob", "ga", "app1"] {
        let refused = patch(&app, nobody, &before, rules.clone()).await;
        assert_eq!(refused.error(), (403, "AuthorizationFailed".to_owned()), "{nobody}");
        assert!(refused.message().contains(action), "{}", refused.message());
    }
    let give = async |name: u128, role: &str, key: &str| {
        let name = uuid::Uuid::from_u128(name);
        let target = format!("~S/providers/Microsoft.Authorization/roleAssignments/{name}?api-version=2022-04-01");
        let body = json!({"properties": {"roleDefinitionId": role, "principalId": who(key)}});
        app.put("alice", &target, body).await.with(201);
    };
    // Reading is not changing, and neither is doing everything else.
    give(1, READER, "bob").await;
    give(2, CONTRIBUTOR, "carol").await;
    for reader in ["bob", "carol"] {
        assert_eq!(app.asked(reader, &list("~S", CONTRIBUTOR)).await.with(200)["value"][0], before, "{reader}");
        let refused = patch(&app, reader, &before, rules.clone()).await;
        assert_eq!(refused.error(), (403, "AuthorizationFailed".to_owned()), "{reader}");
        let target = format!("{}?{V}", before["id"].as_str().unwrap());
        assert_eq!(app.send(reader, Method::DELETE, &target, "").await.error().0, 403, "{reader}");
    }
    assert_eq!(policy(&app, "~S", CONTRIBUTOR).await, before);
    // Whoever gives roles does.
    give(3, "f58310d9-a9f6-439a-9e8d-f62e7b41a168", "dave").await;
    let changed = patch(&app, "dave", &before, rules).await.with(200);
    assert_eq!(changed["properties"]["lastModifiedBy"]["id"], who("dave").to_string());
}

#[tokio::test]
async fn arm_108_a_change_at_a_scope_is_none_below_it() {
    let app = App::start().await;
    let (at_g1, at_x) = (policy(&app, "~G1", CONTRIBUTOR).await, policy(&app, "~X", CONTRIBUTOR).await);
    let at_s = policy(&app, "~S", CONTRIBUTOR).await;
    let rules = json!([{"id": "Expiration_Admin_Eligibility", "maximumDuration": "P10D"}]);
    let changed = patch(&app, "alice", &at_s, rules).await.with(200);
    assert_eq!(rule(&changed, "Expiration_Admin_Eligibility")["maximumDuration"], "P10D");
    assert_eq!(policy(&app, "~G1", CONTRIBUTOR).await, at_g1);
    assert_eq!(policy(&app, "~X", CONTRIBUTOR).await, at_x);
    let bound = list("~G1", CONTRIBUTOR).replace("roleManagementPolicies", "roleManagementPolicyAssignments");
    let bound = app.get(&bound).await.with(200)["value"][0].clone();
    assert_eq!(bound["properties"]["effectiveRules"], at_g1["properties"]["rules"]);
    // What is shown is what decides.
    let month = async |name: u128, scope: &str| {
        let target = format!(
            "{scope}/providers/Microsoft.Authorization/roleEligibilityScheduleRequests/{}?{V}",
            uuid::Uuid::from_u128(name)
        );
        let body = json!({"properties": {
            "principalId": who("bob"), "roleDefinitionId": CONTRIBUTOR, "requestType": "AdminAssign",
            "scheduleInfo": {"expiration": {"type": "AfterDuration", "duration": "P30D"}},
        }});
        app.put("alice", &target, body).await
    };
    let refused = month(1, "~S").await;
    assert_eq!(refused.error(), (400, "RoleAssignmentRequestPolicyValidationFailed".to_owned()));
    assert_eq!(refused.message(), "The following policy rules failed: [\"ExpirationRule\"]");
    month(1, "~G1").await.with(201);
}

#[tokio::test]
async fn arm_109_who_is_told_is_kept_as_it_was_said() {
    let app = App::start().await;
    let id = "Notification_Requestor_Admin_Eligibility";
    let told = |recipients: Value| json!([{"id": id, "notificationRecipients": recipients}]);
    let mut now = policy(&app, "~S", CONTRIBUTOR).await;
    assert_eq!(rule(&now, id)["notificationRecipients"], json!([]));
    for recipients in [json!(["a@demo.test", "B@demo.test"]), json!(["c@demo.test"]), json!([])] {
        now = patch(&app, "alice", &now, told(recipients.clone())).await.with(200);
        assert_eq!(rule(&now, id)["notificationRecipients"], recipients);
        assert_eq!(policy(&app, "~S", CONTRIBUTOR).await, now);
    }
    // Null is nobody, like an empty list; what is absent stays.
    now = patch(&app, "alice", &now, told(json!(["c@demo.test"]))).await.with(200);
    now = patch(&app, "alice", &now, told(Value::Null)).await.with(200);
    assert_eq!(rule(&now, id)["notificationRecipients"], json!([]));
    now = patch(&app, "alice", &now, told(json!(["c@demo.test"]))).await.with(200);
    let rules = json!([{"id": id, "isDefaultRecipientsEnabled": false, "notificationLevel": "None"}]);
    now = patch(&app, "alice", &now, rules).await.with(200);
    let kept = rule(&now, id);
    assert_eq!(
        *kept,
        json!({
            "id": id,
            "ruleType": "RoleManagementPolicyNotificationRule",
            "target": kept["target"],
            "notificationType": "Email",
            "recipientType": "Requestor",
            "notificationLevel": "None",
            "isDefaultRecipientsEnabled": false,
            "notificationRecipients": ["c@demo.test"],
        })
    );
    // What was read can be written back as it is.
    let again = patch(&app, "alice", &now, now["properties"]["rules"].clone()).await.with(200);
    assert_eq!(again["properties"]["rules"], now["properties"]["rules"]);
    for bad in [json!("a@demo.test"), json!([1]), json!({})] {
        let refused = patch(&app, "alice", &now, told(bad)).await;
        assert_eq!(refused.error(), (400, "InvalidPolicy".to_owned()));
    }
}

#[tokio::test]
async fn arm_110_the_rule_of_newer_previews_is_refused_and_never_shown() {
    let app = App::start().await;
    let before = policy(&app, "~S", CONTRIBUTOR).await;
    let settings = json!({"mode": "Enabled", "excludes": [], "excludedAssignmentTypes": ["ServicePrincipalsAsTarget"]});
    let only = json!({
        "id": "PIMOnlyMode_Admin_Assignment", "ruleType": "RoleManagementPolicyPimOnlyModeRule",
        "pimOnlyModeSettings": settings,
    });
    let good = json!({"id": "Expiration_EndUser_Assignment", "maximumDuration": "PT2H"});
    for version in ["2020-10-01", "2020-10-01-preview", "2022-04-01", "2024-02-01-preview", "2024-09-01-preview"] {
        let target = format!("{}?api-version={version}", before["id"].as_str().unwrap());
        let body = json!({"properties": {"rules": [good, only]}}).to_string();
        let refused = app.send("alice", Method::PATCH, &target, body).await;
        assert_eq!(refused.error(), (400, "InvalidPolicy".to_owned()), "{version}");
        assert_eq!(refused.message(), "The policy is invalid.");
        let shown = app.get(&target).await;
        assert!(!shown.text.contains("PIMOnlyMode"), "{version}");
        assert_eq!(shown.with(200), before, "{version}");
    }
}

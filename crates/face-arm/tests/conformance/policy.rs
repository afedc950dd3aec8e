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
async fn arm_101_arm_108_each_role_at_each_scope_has_a_policy_of_its_own() {
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
async fn arm_103_arm_105_arm_109_a_patch_changes_what_it_says() {
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
async fn arm_106_arm_107_arm_110_a_patch_with_one_bad_rule_changes_nothing() {
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

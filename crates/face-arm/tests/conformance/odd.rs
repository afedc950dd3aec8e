//! Odd paths and odd bodies: all of them are answered, none breaks anything, and nothing odd is kept (`ARM 21`).

use http::Method;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use crate::{
    app::{App, Reply, group, path, who},
    story::{ASSIGNED, CONTRIBUTOR, ELIGIBLE, RBAC, READER, V, at, list, make_eligible, name, order, request, with},
};

/// What every answer is, whatever was asked.
#[track_caller]
fn check(method: &Method, target: &str, body: &str, reply: &Reply) {
    let shown = || format!("{target}\n{}\n{}", body.chars().take(2_000).collect::<String>(), reply.text);
    assert!(reply.status.as_u16() < 500, "{}", shown());
    if reply.status.as_u16() >= 400 && method != Method::HEAD {
        assert_eq!(reply.error().0, reply.status.as_u16(), "{}", shown());
    } else if !reply.text.is_empty() {
        assert_eq!(reply.header("content-type"), "application/json; charset=utf-8", "{}", shown());
    }
}

#[tokio::test]
async fn odd_paths_are_answered_by_what_they_name() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    let good = app.get(&request("~S", ELIGIBLE, 1)).await.with(200);
    let (s, n) = (path("~S"), name(1));
    let rest = format!("roleEligibilityScheduleRequests/{n}");
    for same in [
        format!("/{s}/providers/Microsoft.Authorization/{rest}?{V}"),
        format!("{s}//providers//Microsoft.Authorization///{rest}/?{V}"),
        format!("{}/PROVIDERS/MICROSOFT.AUTHORIZATION/{}?{V}", s.to_uppercase(), rest.to_uppercase()),
        format!("/providers/Microsoft.Subscription{s}/providers/Microsoft.Authorization/{rest}?{V}"),
        format!("//PROVIDERS/microsoft.subscription{s}/providers/Microsoft.Authorization/{rest}//?{V}"),
        // An empty scope, as clients leave it out.
        format!("//providers/Microsoft.Authorization/{rest}?{V}"),
        format!("/providers/Microsoft.Authorization/{rest}/?$select=x&{V}&{V}&tenantId=y"),
        format!("{s}/providers/Microsoft.Authorization/{rest}?API-VERSION=2020-10-01&disambiguation_dummy"),
        // What need not be encoded may be.
        format!("{s}/%70roviders/Microsoft%2EAuthorization/{rest}?api%2Dversion=2020-10-01"),
        format!("{s}/providers/Microsoft.Authorization/roleEligibilityRequests/{n}?{V}"),
    ] {
        assert_eq!(app.get(&same).await.with(200), good, "{same}");
    }
    let p = format!("{s}/providers/Microsoft.Authorization");
    for (target, status, code) in [
        (format!("{s}%2Fproviders/Microsoft.Authorization/{rest}?{V}"), 400, "InvalidRequestUri"),
        (format!("{p}%2F{rest}?{V}"), 404, "InvalidResourceNamespace"),
        (format!("{p}/roleEligibilityScheduleRequests%2F{n}?{V}"), 400, "InvalidResourceType"),
        (format!("{p}/roleEligibilityScheduleRequests/{n}%2Fcancel?{V}"), 400, "InvalidRoleAssignmentRequestName"),
        (format!("{p}/roleEligibilityScheduleRequests/%00?{V}"), 400, "InvalidRequestUri"),
        (format!("{p}/roleEligibilityScheduleRequests/%?{V}"), 400, "InvalidRequestUri"),
        (format!("{p}/roleEligibilityScheduleRequests/%ff?{V}"), 400, "InvalidRequestUri"),
        (format!("{p}/roleEligibilityScheduleRequests/../roleDefinitions?{V}"), 400, "InvalidRequestUri"),
        (format!("{p}/roleEligibilityScheduleRequests/%2e%2E?{V}"), 400, "InvalidRequestUri"),
        (format!("{p}/roleEligibilityScheduleRequests/{n}/cancel/more?{V}"), 404, "InvalidRequestUri"),
        (format!("{p}/roleEligibilityScheduleRequests/{n}x?{V}"), 400, "InvalidRoleAssignmentRequestName"),
        (format!("{p}/roleEligibilitySchedules/{n}x?{V}"), 404, "RoleEligibilityScheduleNotFound"),
        (format!("{p}/roleEligibilityScheduleInstances/{n}?{V}"), 404, "RoleEligibilityScheduleInstanceNotFound"),
        (format!("{p}/roleAssignmentSchedules/{n}?{V}"), 404, "RoleAssignmentScheduleNotFound"),
        (format!("{p}/roleAssignmentScheduleInstances/{n}?{V}"), 404, "RoleAssignmentScheduleInstanceNotFound"),
        (format!("{p}/roleAssignmentScheduleRequests/{n}?{V}"), 404, "RoleAssignmentScheduleRequestNotFound"),
        (format!("{s}/resourceGroups/a%2Fb/providers/Microsoft.Authorization/{rest}?{V}"), 404, "InvalidRequestUri"),
        (
            format!("{s}/resourceGroups/{}/providers/Microsoft.Authorization/{rest}?{V}", "g".repeat(3_000)),
            404,
            "InvalidRequestUri",
        ),
        (format!("/subscriptions/{n}/providers/Microsoft.Authorization/{rest}?{V}"), 404, "SubscriptionNotFound"),
        (format!("/subscriptions/x/providers/Microsoft.Authorization/{rest}?{V}"), 400, "InvalidSubscriptionId"),
        (format!("{p}/{}?{V}", "r".repeat(5_000)), 400, "InvalidResourceType"),
    ] {
        let reply = app.get(&target).await;
        assert_eq!(reply.error(), (status, code.to_owned()), "{target}");
        assert!(reply.text.len() < 2_000, "{target}");
    }
    for target in [
        "//providers?api-version=2022-04-01",
        "/subscriptions//?api-version=2022-12-01",
        "~S/resourceGroups/%2F/providers/Microsoft.Authorization/permissions?api-version=2022-04-01",
        "~S/resourceGroups/a%2Fb?api-version=2022-04-01",
        "/subscriptions/%00?api-version=2022-12-01",
        "/subscriptions/%ff?api-version=2022-12-01",
        "~S/providers/Microsoft.Authorization/roleAssignments/%F0%9F%92%A9?api-version=2022-04-01",
        "~S/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$skipToken=zzz",
        "~S/providers/Microsoft.Authorization/roleDefinitions?api-version=2022-04-01&$skipToken=o99999999999999999999",
        "~S/providers/Microsoft.Authorization/roleDefinitions?api-version=2022-04-01&$filter=((((",
        "~S/providers/Microsoft.Authorization/roleDefinitions?api-version=2022-04-01&$filter=roleName eq '%00'",
        "/providers/Microsoft.Management/managementGroups/%25?api-version=2022-04-01",
        "/metadata/nope",
        "/providers/Microsoft.Management?api-version=2021-04-01",
        "/providers/Microsoft.Subscription/subscriptions?api-version=2021-04-01",
    ] {
        check(&Method::GET, target, "", &app.get(target).await);
    }
}

/// Values that no client should send.
fn odd() -> impl Strategy<Value = Value> {
    let texts = prop::sample::select(vec![
        "",
        " ",
        "\0",
        "a\0b",
        "\u{7f}",
        "\u{202e}x",
        "'",
        "''; DROP TABLE line; --",
        "%s%n",
        "../..",
        "null",
        "true",
        "0",
        "-1",
        "1e999",
        "PT0S",
        "PT5M",
        "-P1D",
        "P99999999Y",
        "PT1H",
        "P1D",
        "P",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59Z",
        "2026-05-28T20:26:40Z",
        "2026-02-30T00:00:00Z",
        "2026-05-28",
        "NoExpiration",
        "AfterDuration",
        "AfterDateTime",
        "SelfActivate",
        "AdminAssign",
        "AdminRemove",
        "AdminExtend",
        "AdminUpdate",
        "AdminRenew",
        "SelfExtend",
        "SelfRenew",
        "SelfDeactivate",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        CONTRIBUTOR,
        READER,
        "/",
        "/subscriptions",
        "/subscriptions/x",
        "2.0",
        "1.0",
        "User",
        "Group",
        "c1",
        "c99",
        "c100",
        "Email",
        "All",
        "Approve",
        "Deny",
        "ａｌｉｃｅ",
        "💩",
        "e\u{301}",
    ]);
    let leaf = prop_oneof![
        8 => texts.prop_map(Value::from),
        1 => Just(json!(group("devs"))),
        1 => Just(json!(path("~S2"))),
        1 => ".{0,40}".prop_map(Value::from),
        1 => (0..3_usize).prop_map(|at| json!("x".repeat([300, 5_000, 70_000][at]))),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(|number| json!(number)),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".{0,12}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Bodies that are taken, and where they are sent.
fn good() -> Vec<(Method, String, Value)> {
    let bob = || who("bob").to_string();
    let policy = json!({"properties": {"rules": [
        {"id": "Expiration_EndUser_Assignment", "ruleType": "RoleManagementPolicyExpirationRule",
         "isExpirationRequired": true, "maximumDuration": "PT8H", "target": {"caller": "EndUser", "operations": ["All"]}},
        {"id": "Enablement_EndUser_Assignment", "enabledRules": ["Justification"]},
        {"id": "AuthenticationContext_EndUser_Assignment", "isEnabled": false, "claimValue": ""},
        {"id": "Notification_Admin_EndUser_Assignment", "notificationRecipients": ["a@x.test"], "notificationLevel": "All"},
        {"id": "Approval_EndUser_Assignment", "setting": {"isApprovalRequired": false, "approvalMode": "SingleStage",
         "approvalStages": [{"approvalStageTimeOutInDays": 1, "primaryApprovers": [{"id": who("carol"), "userType": "User",
         "description": "x", "isBackup": false}], "escalationApprovers": null, "escalationTimeInMinutes": 0}]}},
    ]}});
    let full = with(
        order("AdminAssign", CONTRIBUTOR, bob(), Some("P1D")),
        json!({
            "ticketInfo": {"ticketNumber": "1", "ticketSystem": "s"}, "condition": "true", "conditionVersion": "2.0",
            "scope": path("~S"), "principalType": "User", "linkedRoleEligibilityScheduleId": name(3),
            "targetRoleAssignmentScheduleId": name(4), "targetRoleEligibilityScheduleId": name(4),
        }),
    );
    let role = json!({"properties": {
        "roleName": "Odd", "description": "d", "type": "CustomRole", "assignableScopes": [path("~S")],
        "permissions": [{"actions": ["*/read"], "notActions": [], "dataActions": [], "condition": "x", "conditionVersion": "2.0"}],
    }});
    let assignment = json!({"properties": {
        "roleDefinitionId": READER, "principalId": who("dave"), "principalType": "User", "description": "d",
        "condition": "true", "conditionVersion": "2.0", "delegatedManagedIdentityResourceId": "x",
    }});
    let place =
        json!({"location": "here", "tags": {"a": "b"}, "properties": {"displayName": "n", "managementGroupId": "x"}});
    let decision = json!({"properties": {"reviewResult": "Approve", "justification": "fine"}});
    let a = "api-version=2021-01-01-preview";
    vec![
        (Method::PUT, at("~S", &format!("{ELIGIBLE}/NAME?{V}")), full.clone()),
        (Method::PUT, at("~G1", &format!("{ASSIGNED}/NAME?{V}")), full.clone()),
        (Method::POST, at("~G1", &format!("{ASSIGNED}/NAME/validate?{V}")), full),
        (
            Method::PUT,
            at("~G1", &format!("{ASSIGNED}/NAME?{V}")),
            order("SelfActivate", READER, who("alice"), Some("PT1H")),
        ),
        (Method::POST, at("~S", &format!("{ELIGIBLE}/NAME/cancel?{V}")), json!({})),
        (Method::PATCH, "POLICY".to_owned(), policy),
        (Method::PUT, at("~S", &format!("roleDefinitions/NAME?{RBAC}")), role),
        (Method::PUT, at("~G1", &format!("roleAssignments/NAME?{RBAC}")), assignment),
        (Method::PUT, format!("{}/resourceGroups/odd?api-version=2021-04-01", path("~S")), place.clone()),
        (Method::PUT, format!("{}/providers/Microsoft.X/y/z?api-version=2021-04-01", path("~G1")), place.clone()),
        (Method::PUT, format!("{}?api-version=2022-12-01", path("~S")), place),
        (Method::PATCH, at("/", &format!("roleAssignmentApprovals/NAME/stages/NAME?{a}")), decision),
    ]
}

/// Every place in a value that can hold another one.
fn places(of: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match of {
        Value::Object(members) => {
            for (name, value) in members {
                places(value, &format!("{here}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                places(value, &format!("{here}/{at}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A good body with odd values in places of it.
fn spoilt() -> impl Strategy<Value = (Method, String, Value, u128)> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), odd()), 1..4);
    (prop::sample::select(good()), changes, any::<u128>()).prop_map(|((method, target, mut body), changes, number)| {
        for (index, value) in changes {
            let mut found = Vec::new();
            places(&body, "", &mut found);
            if let Some(place) = body.pointer_mut(index.get::<String>(&found)) {
                *place = value;
            }
        }
        (method, target, body, number)
    })
}

/// A path of odd pieces and known ones, and a method.
fn paths() -> impl Strategy<Value = (Method, String)> {
    let pieces = vec![
        "subscriptions",
        "SUBSCRIPTIONS",
        "resourceGroups",
        "resourcegroups",
        "payroll",
        "providers",
        "PROVIDERS",
        "Microsoft.Authorization",
        "microsoft.authorization",
        "Microsoft.Management",
        "managementGroups",
        "contoso",
        "Microsoft.Subscription",
        "Microsoft.Resources",
        "tenants",
        "metadata",
        "endpoints",
        "roleDefinitions",
        "roleAssignments",
        "roleEligibilityScheduleRequests",
        "roleAssignmentScheduleRequests",
        "roleEligibilitySchedules",
        "roleAssignmentScheduleInstances",
        "roleManagementPolicies",
        "roleManagementPolicyAssignments",
        "roleAssignmentApprovals",
        "eligibleChildResources",
        "permissions",
        "elevateAccess",
        "denyAssignments",
        "providerOperations",
        "cancel",
        "validate",
        "stages",
        "locks",
        "register",
        "getEntities",
        "locations",
        "resources",
        CONTRIBUTOR,
        "x_y",
        "",
        "",
        ".",
        "..",
        "%2e",
        "%2F",
        "a%2Fb",
        "%00",
        "%",
        "%zz",
        "%ff",
        "%C3%A9",
        "%F0%9F%92%A9",
        "a'b",
        "$x",
        "~",
        "@",
        ":",
        ";a=b",
        "(1)",
        "{x}".trim_matches(['{', '}']),
        "-",
        "b3f74ec9-c7a7-5286-86d5-986024d95886",
        "Microsoft.Storage",
        "storageAccounts",
        "salaries",
    ];
    let queries = prop::sample::select(vec![
        "",
        "?",
        "?api-version=",
        "?api-version=2020-10-01",
        "?api-version=2022-04-01",
        "?api-version=2021-04-01",
        "?api-version=2021-01-01-preview",
        "?api-version=2020-10-01&$filter=asTarget()",
        "?api-version=2020-10-01&$filter='",
        "?api-version=2022-04-01&$filter=principalId%20eq%20'%00'",
        "?api-version=2022-04-01&$skipToken=%00%ff",
        "?api-version=2020-10-01&$skipToken=o1",
        "?api-version=2022-12-01&api-version=1",
        "?%00=%00&api-version=2022-04-01",
        "?api-version=2020-10-01&$filter=assignedTo('x') or atScope()",
    ]);
    let methods = prop::sample::select(vec![
        Method::GET,
        Method::GET,
        Method::GET,
        Method::HEAD,
        Method::PUT,
        Method::PATCH,
        Method::POST,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::from_bytes(b"PURGE").unwrap(),
    ]);
    let starts = prop::sample::select(vec!["~S", "~G1", "~M", "~X", "", "/", "/providers/Microsoft.Subscription"]);
    (starts, prop::collection::vec(prop::sample::select(pieces), 0..9), queries, methods).prop_map(
        |(start, pieces, query, method)| {
            let start = path(start);
            (method, format!("{start}/{}{query}", pieces.join("/")))
        },
    )
}

/// Whatever was taken, all lists can still be read.
async fn check_lists(app: &App) {
    for (collection, version) in [
        (ELIGIBLE, V),
        (ASSIGNED, V),
        ("roleEligibilitySchedules", V),
        ("roleEligibilityScheduleInstances", V),
        ("roleAssignmentSchedules", V),
        ("roleAssignmentScheduleInstances", V),
        ("roleManagementPolicies", V),
        ("roleAssignments", RBAC),
        ("roleDefinitions", RBAC),
    ] {
        let mut target = at("~S", &format!("{collection}?{version}"));
        for _ in 0..100 {
            let page = app.get(&target).await.with(200);
            let Some(next) = page["nextLink"].as_str() else { break };
            target = next.strip_prefix(crate::app::URL).unwrap().to_owned();
        }
    }
}

fn throw(runtime: &tokio::runtime::Runtime, app: &App, cases: u32) {
    let policy = runtime.block_on(async {
        let filter = format!("roleDefinitionId eq '{READER}'");
        let found = list(app, "alice", "~S", "roleManagementPolicies", &filter).await;
        format!("{}?{V}", found[0]["id"].as_str().unwrap())
    });
    let config = || Config { cases, failure_persistence: None, ..Config::default() };
    let mut count = 0;
    let thrown = std::cell::RefCell::new(&mut count);
    TestRunner::new(config())
        .run(&spoilt(), |(method, target, body, number)| {
            let target = target.replace("NAME", &name(number)).replace("POLICY", &policy);
            let body = body.to_string();
            let reply = runtime.block_on(app.send("alice", method.clone(), &target, body.clone()));
            check(&method, &target, &body, &reply);
            **thrown.borrow_mut() += 1;
            if **thrown.borrow() % 100 == 0 {
                runtime.block_on(check_lists(app));
            }
            Ok(())
        })
        .unwrap();
    TestRunner::new(config())
        .run(&paths(), |(method, target)| {
            // What removes places or gives rights away to strangers is not for this crowd.
            let reply = runtime.block_on(app.send("bob", method.clone(), &target, "{}"));
            check(&method, &target, "", &reply);
            Ok(())
        })
        .unwrap();
    runtime.block_on(check_lists(app));
}

#[test]
fn whatever_is_thrown_at_the_face_is_answered_on_sqlite() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = runtime.block_on(App::start());
    throw(&runtime, &app, 400);
}

#[test]
fn whatever_is_thrown_at_the_face_is_answered_on_postgresql() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(app) = runtime.block_on(App::start_on_postgresql()) else { return };
    throw(&runtime, &app, 200);
}

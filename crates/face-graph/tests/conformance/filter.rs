//! GRAPH-018: every form of filter that clients send answers exactly the rows that fit. Audits have theirs in `audit.rs`.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    app::{App, group, who},
    approval::change_rule,
    schedule::{UA, activate, created, eligible, lasting, order},
};

const ROLES: &str = "/v1.0/roleManagement/directory";
const GROUPS: &str = "/v1.0/identityGovernance/privilegedAccess/group";
const HD: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";

/// All rows of a list, page after page.
async fn all(app: &App, who: &str, path: &str) -> Vec<Value> {
    let (mut path, mut rows) = (path.to_owned(), Vec::new());
    loop {
        let page = app.get(who, &path).await.ok();
        rows.extend(page["value"].as_array().unwrap().iter().cloned());
        let Some(next) = page.get("@odata.nextLink").and_then(Value::as_str) else { return rows };
        path = next.strip_prefix("https://here.example:8443").unwrap().to_owned();
    }
}

fn ids(rows: impl IntoIterator<Item = Value>) -> Vec<String> {
    let mut ids: Vec<String> = rows.into_iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    ids.sort_unstable();
    ids
}

/// What a filter keeps is what `keeps` keeps of all rows: some, and not all of them.
async fn check(app: &App, who: &str, set: &str, base: &str, filter: &str, keeps: impl Fn(&Value) -> bool) {
    let joined = |filter: &str| match base {
        "" => format!("{set}?$filter={filter}"),
        base => format!("{set}?$filter={base} and {filter}"),
    };
    let every = match base {
        "" => all(app, who, set).await,
        base => all(app, who, &format!("{set}?$filter={base}")).await,
    };
    let (number, expected) = (every.len(), ids(every.into_iter().filter(|row| keeps(row))));
    assert!(!expected.is_empty() && expected.len() < number, "{set} {filter}: {} of {number}", expected.len());
    assert_eq!(ids(all(app, who, &joined(filter)).await), expected, "{set} {filter}");
}

fn later(app: &App, start: SignedDuration) -> Value {
    let start = app.now().checked_add(start).unwrap();
    json!({"scheduleInfo": {"startDateTime": start, "expiration": {"type": "afterDuration", "duration": "PT2H"}}})
}

fn of_role(mut body: Value, role: &str) -> Value {
    body["roleDefinitionId"] = json!(role);
    body
}

/// Some of everything: two roles, two scopes, two people and more, now and later.
async fn world() -> App {
    let app = App::start().await;
    let (eligible_at, assign_at) =
        (format!("{ROLES}/roleEligibilityScheduleRequests"), format!("{ROLES}/roleAssignmentScheduleRequests"));
    eligible(&app, "alice", lasting("P30D")).await;
    app.clock.set(app.now() + SignedDuration::from_mins(1));
    let facts = ephor_demo::Facts::new(String::new(), String::new(), String::new());
    let mut at_unit = order("adminAssign", "alice", lasting("P30D"));
    at_unit["directoryScopeId"] = json!(format!("/administrativeUnits/{}", facts.graph.administrative_units["au1"]));
    created(app.post("pra", &eligible_at, at_unit).await);
    created(app.post("pra", &eligible_at, of_role(order("adminAssign", "bob", lasting("P30D")), HD)).await);
    created(app.post("pra", &eligible_at, order("adminAssign", "bob", lasting("P30D"))).await);
    created(
        app.post("pra", &eligible_at, order("adminAssign", "dave", later(&app, SignedDuration::from_hours(2)))).await,
    );
    created(activate(&app, "alice", lasting("PT1H")).await);
    created(app.post("pra", &assign_at, of_role(order("adminAssign", "carol", lasting("P30D")), HD)).await);
    created(
        app.post("pra", &assign_at, order("adminAssign", "dave", later(&app, SignedDuration::from_hours(3)))).await,
    );
    created(app.post("bob", &assign_at, of_role(order("selfActivate", "bob", lasting("PT1H")), HD)).await);
    // bob's activation of the other role waits.
    let rule = json!({
        "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyApprovalRule",
        "id": "Approval_EndUser_Assignment", "setting": {"isApprovalRequired": true},
    });
    change_rule(&app, rule).await;
    let waits = created(activate(&app, "bob", lasting("PT1H")).await);
    assert_eq!(waits["status"], "PendingApproval");

    let of_group = |action: &str, of: &str, key: &str, access: &str, more: Value| {
        let mut body = json!({
            "action": action, "principalId": who(of), "groupId": group(key), "accessId": access, "justification": "x",
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let (eligible_at, assign_at) =
        (format!("{GROUPS}/eligibilityScheduleRequests"), format!("{GROUPS}/assignmentScheduleRequests"));
    for (of, key, access) in
        [("alice", "G", "member"), ("alice", "G", "owner"), ("bob", "G", "member"), ("alice", "devs", "owner")]
    {
        created(app.post("ga", &eligible_at, of_group("adminAssign", of, key, access, lasting("P30D"))).await);
    }
    let soon = later(&app, SignedDuration::from_hours(2));
    created(app.post("ga", &eligible_at, of_group("adminAssign", "carol", "G", "member", soon.clone())).await);
    for access in ["member", "owner"] {
        created(app.post("alice", &assign_at, of_group("selfActivate", "alice", "G", access, lasting("PT1H"))).await);
    }
    created(app.post("ga", &assign_at, of_group("adminAssign", "dave", "G", "member", soon)).await);
    app
}

fn is(row: &Value, member: &str, value: &str) -> bool {
    row[member].as_str().is_some_and(|own| own.eq_ignore_ascii_case(value))
}

fn from(row: &Value, member: &str, at: Timestamp) -> bool {
    row[member].as_str().is_some_and(|own| own.parse::<Timestamp>().unwrap() >= at)
}

#[tokio::test]
async fn graph_018_schedules_of_roles() {
    let app = world().await;
    let (alice, bob) = (who("alice").to_string(), who("bob").to_string());
    let then: Timestamp = "2026-03-02T10:01:00Z".parse().unwrap();
    for kind in ["Eligibility", "Assignment"] {
        for sort in ["ScheduleRequests", "Schedules", "ScheduleInstances"] {
            let set = format!("{ROLES}/role{kind}{sort}");
            let check = async |filter: &str, keeps: &dyn Fn(&Value) -> bool| {
                check(&app, "gr", &set, "", filter, keeps).await;
            };
            check(&format!("principalId eq '{alice}'"), &|row| is(row, "principalId", &alice)).await;
            check(&format!("principal/id eq '{bob}'"), &|row| is(row, "principalId", &bob)).await;
            check(&format!("roleDefinitionId eq '{UA}'"), &|row| is(row, "roleDefinitionId", UA)).await;
            check(&format!("roleDefinitionId eq '{HD}' and directoryScopeId eq '/'"), &|row| {
                is(row, "roleDefinitionId", HD)
            })
            .await;
            let triple = format!("principalId eq '{alice}' and roleDefinitionId eq '{UA}' and directoryScopeId eq '/'");
            let is_it = |row: &Value| {
                is(row, "principalId", &alice) && is(row, "roleDefinitionId", UA) && is(row, "directoryScopeId", "/")
            };
            check(&triple, &is_it).await;
            check("tolower(roleDefinition/displayName) eq 'helpdesk administrator'", &|row| {
                is(row, "roleDefinitionId", HD)
            })
            .await;
            check("startswith(principal/displayName,'bob')", &|row| is(row, "principalId", &bob)).await;
            let first = all(&app, "gr", &set).await.remove(0)["id"].as_str().unwrap().to_owned();
            check(&format!("id eq '{first}'"), &|row| is(row, "id", &first)).await;
            if kind == "Eligibility" {
                check("directoryScopeId eq '/'", &|row| is(row, "directoryScopeId", "/")).await;
            }
            if sort != "ScheduleInstances" {
                check("status eq 'provisioned'", &|row| is(row, "status", "Provisioned")).await;
                check("status ne 'Provisioned'", &|row| !is(row, "status", "Provisioned")).await;
            }
            if kind == "Eligibility" && sort != "ScheduleInstances" {
                // The first was ordered a minute before.
                check("createdDateTime ge 2026-03-02T11:01:00%2B01:00", &|row| from(row, "createdDateTime", then))
                    .await;
            }
            if kind == "Assignment" && sort != "ScheduleRequests" {
                check("assignmentType eq 'Activated'", &|row| is(row, "assignmentType", "Activated")).await;
            }
            if sort == "ScheduleInstances" {
                let member = format!("role{kind}ScheduleId");
                let rows = all(&app, "gr", &set).await;
                let schedule = rows[0][&member].as_str().unwrap().to_owned();
                check(&format!("{member} eq '{schedule}'"), &|row| is(row, &member, &schedule)).await;
            }
        }
    }
    let own = format!("{ROLES}/roleAssignmentScheduleRequests/filterByCurrentUser(on='principal')");
    let check = async |filter: &str, keeps: &dyn Fn(&Value) -> bool| check(&app, "bob", &own, "", filter, keeps).await;
    check("status eq 'PendingApproval'", &|row| is(row, "status", "PendingApproval")).await;
    check(&format!("roleDefinitionId eq '{HD}'"), &|row| is(row, "roleDefinitionId", HD)).await;
    let first = all(&app, "bob", &own).await.remove(0)["id"].as_str().unwrap().to_owned();
    check(&format!("id eq '{first}'"), &|row| is(row, "id", &first)).await;
    let mine = all(&app, "bob", &format!("{own}?$filter=principalId eq '{bob}'")).await;
    assert_eq!((mine.len(), all(&app, "bob", &format!("{own}?$filter=principalId eq '{alice}'")).await.len()), (2, 0));
    let own = format!("{ROLES}/roleEligibilitySchedules/filterByCurrentUser(on='principal')");
    let here = all(&app, "alice", &format!("{own}?$filter=directoryScopeId eq '/'")).await;
    assert_eq!((here.len(), all(&app, "alice", &own).await.len()), (1, 2));
}

#[tokio::test]
async fn graph_018_schedules_of_groups() {
    let app = world().await;
    let (alice, g) = (who("alice").to_string(), group("G"));
    for kind in ["eligibility", "assignment"] {
        for sort in ["ScheduleRequests", "Schedules", "ScheduleInstances"] {
            let set = format!("{GROUPS}/{kind}{sort}");
            let of_group = format!("groupId eq '{g}'");
            let check = async |filter: &str, keeps: &dyn Fn(&Value) -> bool| {
                check(&app, "ga", &set, &of_group, filter, keeps).await;
            };
            check("accessId eq 'member'", &|row| is(row, "accessId", "member")).await;
            check(&format!("principalId eq '{alice}'"), &|row| is(row, "principalId", &alice)).await;
            check("startswith(principal/displayName,'Alice')", &|row| is(row, "principalId", &alice)).await;
            if sort != "ScheduleInstances" {
                check("status eq 'Provisioned'", &|row| is(row, "status", "Provisioned")).await;
            }
            if sort == "ScheduleRequests" {
                let rows = all(&app, "ga", &format!("{set}?$filter={of_group}")).await;
                let target = rows[0]["targetScheduleId"].as_str().unwrap().to_owned();
                check(&format!("targetScheduleId eq '{target}'"), &|row| is(row, "targetScheduleId", &target)).await;
            }
            let of_alice = all(&app, "ga", &format!("{set}?$filter=principalId eq '{alice}'")).await;
            assert!(!of_alice.is_empty() && of_alice.iter().all(|row| is(row, "principalId", &alice)), "{set}");
            if kind == "eligibility" {
                let groups: std::collections::BTreeSet<&str> =
                    of_alice.iter().map(|row| row["groupId"].as_str().unwrap()).collect();
                assert_eq!(groups, [&*g, &*group("devs")].into_iter().collect(), "{set}");
            }
        }
    }
}

#[tokio::test]
async fn graph_018_roles_policies_and_alerts() {
    let app = world().await;
    let set = format!("{ROLES}/roleDefinitions");
    let check_v1 =
        async |set: &str, filter: &str, keeps: &dyn Fn(&Value) -> bool| check(&app, "gr", set, "", filter, keeps).await;
    let ua = "User Administrator";
    check_v1(&set, "displayName eq 'User Administrator'", &|row| row["displayName"] == ua).await;
    check_v1(&set, "displayName in ('User Administrator','Helpdesk Administrator')", &|row| {
        row["displayName"] == ua || row["displayName"] == "Helpdesk Administrator"
    })
    .await;
    check_v1(&set, "startswith(displayName,'Global')", &|row| {
        row["displayName"].as_str().unwrap().starts_with("Global")
    })
    .await;
    check_v1(&set, "isBuiltIn eq false", &|row| row["isBuiltIn"] == false).await;
    check_v1(&set, &format!("templateId eq '{UA}'"), &|row| is(row, "templateId", UA)).await;
    let beta = "/beta/roleManagement/directory/roleDefinitions";
    check_v1(beta, "isPrivileged eq true", &|row| row["isPrivileged"] == true).await;

    let set = format!("{ROLES}/roleAssignments");
    let (pra, ga) = (who("pra").to_string(), who("ga").to_string());
    check_v1(&set, &format!("principalId eq '{pra}'"), &|row| is(row, "principalId", &pra)).await;
    check_v1(&set, &format!("roleDefinitionId eq '{HD}'"), &|row| is(row, "roleDefinitionId", HD)).await;
    check_v1(&set, &format!("principalId in ('{pra}','{ga}')"), &|row| {
        is(row, "principalId", &pra) || is(row, "principalId", &ga)
    })
    .await;
    let at_root = all(&app, "gr", &format!("{set}?$filter=directoryScopeId eq '/'")).await;
    assert_eq!(at_root.len(), all(&app, "gr", &set).await.len());

    let scope = "scopeId eq '/' and scopeType eq 'DirectoryRole'";
    let set = "/v1.0/policies/roleManagementPolicyAssignments";
    check(&app, "gr", set, scope, &format!("roleDefinitionId eq '{UA}'"), |row| is(row, "roleDefinitionId", UA)).await;
    let policy = all(&app, "gr", &format!("{set}?$filter={scope} and roleDefinitionId eq '{UA}'")).await;
    let policy = policy[0]["policyId"].as_str().unwrap().to_owned();
    check(&app, "gr", set, scope, &format!("policyId eq '{policy}'"), |row| is(row, "policyId", &policy)).await;
    let set = "/v1.0/policies/roleManagementPolicies";
    check(&app, "gr", set, scope, &format!("id eq '{policy}'"), |row| is(row, "id", &policy)).await;
    let rules = format!("/v1.0/policies/roleManagementPolicies/{policy}/rules");
    let rule = "Expiration_EndUser_Assignment";
    check_v1(&rules, &format!("id eq '{rule}'"), &|row| is(row, "id", rule)).await;

    app.engine.scan_alerts(None).await.unwrap();
    let set = "/beta/identityGovernance/roleManagementAlerts/alerts";
    check(&app, "gr", set, scope, "isActive eq true", |row| row["isActive"] == true).await;
    for set in ["alertDefinitions", "alertConfigurations"] {
        let set = format!("/beta/identityGovernance/roleManagementAlerts/{set}");
        let first =
            all(&app, "gr", &format!("{set}?$filter={scope}")).await.remove(0)["id"].as_str().unwrap().to_owned();
        check(&app, "gr", &set, scope, &format!("id eq '{first}'"), |row| is(row, "id", &first)).await;
    }
}

#[tokio::test]
async fn graph_018_directory_objects() {
    let app = world().await;
    let team = json!({
        "displayName": "Team", "mailNickname": "team", "mailEnabled": true, "securityEnabled": false,
        "groupTypes": ["Unified"],
    });
    let made = app.post("ga", "/v1.0/groups", team).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text());
    let check = async |set: &str, filter: &str, keeps: &dyn Fn(&Value) -> bool| {
        check(&app, "ga", set, "", filter, keeps).await;
    };
    let (alice, bob) = (who("alice").to_string(), who("bob").to_string());
    let set = "/v1.0/users";
    check(set, &format!("id in ('{alice}','{bob}')"), &|row| is(row, "id", &alice) || is(row, "id", &bob)).await;
    check(set, "displayName eq 'alice archer'", &|row| is(row, "displayName", "Alice Archer")).await;
    check(set, "displayName eq 'Carol O''Brien'", &|row| is(row, "displayName", "Carol O'Brien")).await;
    check(set, "startswith(displayName,'Ali')", &|row| row["displayName"].as_str().unwrap().starts_with("Ali")).await;
    check(set, "userPrincipalName eq 'Bob@demo.test'", &|row| is(row, "userPrincipalName", "bob@demo.test")).await;
    check(set, "mail eq 'bob@demo.test'", &|row| is(row, "mail", "bob@demo.test")).await;
    let set = "/v1.0/groups";
    check(set, &format!("id in ('{}')", group("G")), &|row| is(row, "id", &group("G"))).await;
    check(set, "displayName eq 'Project Falcon'", &|row| is(row, "displayName", "Project Falcon")).await;
    check(set, "startswith(displayName,'Role')", &|row| row["displayName"].as_str().unwrap().starts_with("Role")).await;
    check(set, "isAssignableToRole eq true", &|row| row["isAssignableToRole"] == true).await;
    check(set, "securityEnabled eq true", &|row| row["securityEnabled"] == true).await;
    let is_unified = |row: &Value| row["groupTypes"].as_array().unwrap().iter().any(|kind| kind == "Unified");
    check(set, "groupTypes/any(c:c eq 'Unified')", &is_unified).await;
    check(set, "NOT groupTypes/any(c:c eq 'Unified')", &|row| !is_unified(row)).await;
    let set = "/v1.0/servicePrincipals";
    let first = all(&app, "ga", set).await.remove(0);
    let (app_id, name) =
        (first["appId"].as_str().unwrap().to_owned(), first["displayName"].as_str().unwrap().to_owned());
    check(set, &format!("appId eq '{app_id}'"), &|row| is(row, "appId", &app_id)).await;
    check(set, &format!("displayName eq '{name}'"), &|row| is(row, "displayName", &name)).await;
    let id = first["id"].as_str().unwrap().to_owned();
    check(set, &format!("id in ('{}')", id.to_uppercase()), &|row| is(row, "id", &id)).await;
}

//! Lists of requests, schedules and instances: whose rows, which filters, in which spelling.

use http::Method;
use serde_json::{Value, json};

use crate::{
    app::{App, group, path, who},
    story::{CONTRIBUTOR, READER, V, active, at, eligible, list, order},
};

const ELIGIBILITIES: &str = "roleEligibilitySchedules";

/// The six collections that are filtered.
const COLLECTIONS: [&str; 6] = [
    "roleEligibilityScheduleRequests",
    "roleEligibilitySchedules",
    "roleEligibilityScheduleInstances",
    "roleAssignmentScheduleRequests",
    "roleAssignmentSchedules",
    "roleAssignmentScheduleInstances",
];

/// Eligible: bob at S for Contributor, devs (bob) at G1 for Reader, carol at G2, dave at X.
async fn fixture() -> App {
    let app = App::start().await;
    for (name, scope, role, principal) in [
        (1, "~S", CONTRIBUTOR, who("bob").to_string()),
        (2, "~G1", READER, group("devs")),
        (3, "~G2", READER, who("carol").to_string()),
        (4, "~X", READER, who("dave").to_string()),
    ] {
        eligible(&app, name, scope, order("AdminAssign", role, principal, Some("P30D"))).await.with(201);
    }
    app
}

/// Scope, principal and way of each row, in order.
fn rows(found: &[Value]) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut rows: Vec<_> = found
        .iter()
        .map(|row| &row["properties"])
        .map(|row| (text(&row["scope"]), text(&row["principalId"]), text(&row["memberType"])))
        .collect();
    rows.sort();
    rows
}

fn expected(rows: &[(&str, String, &str)]) -> Vec<(String, String, String)> {
    let mut rows: Vec<_> =
        rows.iter().map(|(scope, principal, way)| (path(scope), principal.clone(), (*way).to_owned())).collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn arm_090_whoever_reads_nothing_there_sees_only_his_own() {
    let app = fixture().await;
    for collection in COLLECTIONS {
        for (scope, filter) in [
            ("~S", String::new()),
            ("~G1", "&$filter=atScope()".to_owned()),
            ("/", String::new()),
            ("~S", format!("&$filter=principalId eq '{}'", who("bob"))),
            ("~S", format!("&$filter=assignedTo('{}')", who("bob"))),
        ] {
            // Requests are not asked for by who holds them.
            if filter.contains("assignedTo") && collection.ends_with("Requests") {
                continue;
            }
            let refused = app.asked("bob", &at(scope, &format!("{collection}?{V}{filter}"))).await;
            assert_eq!(refused.error(), (400, "InsufficientPermissions".to_owned()), "{collection} {filter}");
            assert_eq!(
                refused.message(),
                format!(
                    "The requestor {} does not have permissions for this request. Please use $filter=asTarget() to \
                     filter on the requestor's assignments.",
                    who("bob")
                )
            );
        }
        let own = list(&app, "bob", "~S", collection, "asTarget()").await;
        let mine: &[_] = match collection.starts_with("roleEligibility") {
            true => &[path("~S"), path("~G1")],
            false => &[],
        };
        let mut scopes: Vec<String> =
            own.iter().map(|row| row["properties"]["scope"].as_str().unwrap().to_owned()).collect();
        scopes.sort();
        assert_eq!(scopes, mine, "{collection}");
    }
    // What one has by his own roles he reads whole: alice at S, nothing at the root.
    assert_eq!(list(&app, "alice", "~S", ELIGIBILITIES, "").await.len(), 4);
    assert_eq!(app.get(&at("/", &format!("{ELIGIBILITIES}?{V}"))).await.error().1, "InsufficientPermissions");
}

#[tokio::test]
async fn arm_091_the_root_lists_what_the_caller_has_everywhere() {
    let app = fixture().await;
    let bob = who("bob").to_string();
    let own = list(&app, "bob", "/", ELIGIBILITIES, "asTarget()").await;
    assert_eq!(rows(&own), expected(&[("~S", bob.clone(), "Direct"), ("~G1", group("devs"), "Group")]));
    let through = own.iter().find(|row| row["properties"]["memberType"] == "Group").unwrap();
    let expanded = &through["properties"]["expandedProperties"]["principal"];
    assert_eq!(*expanded, json!({"id": group("devs"), "displayName": "Developers", "email": null, "type": "Group"}));
    assert_eq!(
        rows(&list(&app, "carol", "/", ELIGIBILITIES, "asTarget()").await),
        expected(&[("~G2", who("carol").to_string(), "Direct")])
    );
    assert!(list(&app, "ga", "/", ELIGIBILITIES, "asTarget()").await.is_empty());
    // The same in force: activations, and what was given directly, in every subscription.
    active(&app, "bob", 5, "~X", order("SelfActivate", READER, &bob, Some("PT1H"))).await.with(201);
    let instances = list(&app, "bob", "/", "roleAssignmentScheduleInstances", "asTarget()").await;
    assert_eq!(rows(&instances), expected(&[("~X", bob.clone(), "Direct")]));
    let owner = list(&app, "alice", "/", "roleAssignmentScheduleInstances", "asTarget()").await;
    assert_eq!(rows(&owner), expected(&[("~S", who("alice").to_string(), "Direct")]));
}

#[tokio::test]
async fn arm_092_filters_narrow_as_they_say() {
    let app = fixture().await;
    let (bob, devs) = (who("bob").to_string(), group("devs"));
    let held = async |who: &str, scope: &str, filter: &str, of: &[(&str, String, &str)]| {
        let found = list(&app, who, scope, ELIGIBILITIES, filter).await;
        assert_eq!(rows(&found), expected(of), "{scope} {filter}");
    };
    let direct = |scope: &'static str, id: &str| (scope, id.to_owned(), "Direct");
    let (carol, dave) = (who("carol").to_string(), who("dave").to_string());
    held("alice", "~S", "", &[direct("~S", &bob), direct("~G1", &devs), direct("~G2", &carol), direct("~X", &dave)])
        .await;
    held("alice", "~G1", "", &[("~S", bob.clone(), "Inherited"), direct("~G1", &devs), direct("~X", &dave)]).await;
    held("alice", "~G1", "atScope()", &[("~S", bob.clone(), "Inherited"), direct("~G1", &devs)]).await;
    held(
        "alice",
        "~X",
        "atScope()",
        &[("~S", bob.clone(), "Inherited"), ("~G1", devs.clone(), "Inherited"), direct("~X", &dave)],
    )
    .await;
    let exact = format!("principalId eq '{bob}'");
    held("alice", "~S", &exact, &[direct("~S", &bob)]).await;
    held("alice", "~S", &format!("({exact})"), &[direct("~S", &bob)]).await;
    held("alice", "~S", &format!("principalId eq '{}'", bob.to_uppercase()), &[direct("~S", &bob)]).await;
    held("alice", "~G1", &format!("{exact} and atScope()"), &[("~S", bob.clone(), "Inherited")]).await;
    held("alice", "~G2", &format!("principalId eq '{dave}' and atScope()"), &[]).await;
    held("alice", "~S", &format!("principalId eq '{dave}' and atScope()"), &[]).await;
    let assigned = format!("assignedto('{bob}')");
    held("alice", "~S", &assigned, &[direct("~S", &bob), ("~G1", devs.clone(), "Group")]).await;
    held("alice", "~G2", &format!("atScope() and {assigned}"), &[("~S", bob.clone(), "Inherited")]).await;
    let role = format!("/providers/Microsoft.Authorization/roleDefinitions/{READER}");
    held(
        "alice",
        "~S",
        &format!("roleDefinitionId eq '{role}'"),
        &[direct("~G1", &devs), direct("~G2", &carol), direct("~X", &dave)],
    )
    .await;
    held("alice", "~S", &format!("{exact} and roleDefinitionId eq '{READER}'"), &[]).await;
    held("bob", "~G1", "asTarget() and atScope()", &[("~S", bob.clone(), "Inherited"), ("~G1", devs.clone(), "Group")])
        .await;
    held("bob", "~G2", "asTarget()", &[("~S", bob.clone(), "Inherited")]).await;
    held("bob", "~S", &format!("asTarget() and {exact}"), &[direct("~S", &bob)]).await;
    held("bob", "~S", &format!("asTarget() and principalId eq '{carol}'"), &[]).await;
}

#[tokio::test]
async fn arm_093_requests_are_listed_for_those_who_made_them_and_who_decide() {
    let app = fixture().await;
    let requests = "roleAssignmentScheduleRequests";
    let filter = format!("roleDefinitionId eq '{CONTRIBUTOR}'");
    let policy = list(&app, "alice", "~S", "roleManagementPolicies", &filter).await.remove(0);
    let stage = json!({"primaryApprovers": [{"id": who("carol"), "userType": "User"}]});
    let rule = json!({"id": "Approval_EndUser_Assignment", "setting": {"isApprovalRequired": true, "approvalStages": [stage]}});
    let patch = json!({"properties": {"rules": [rule]}}).to_string();
    app.send("alice", Method::PATCH, &format!("{}?{V}", policy["id"].as_str().unwrap()), patch).await.with(200);
    let bob = who("bob").to_string();
    active(&app, "bob", 0x51, "~S", order("SelfActivate", CONTRIBUTOR, &bob, Some("PT1H"))).await.with(201);
    active(&app, "bob", 0x52, "~G1", order("SelfActivate", READER, &bob, Some("PT1H"))).await.with(201);
    let name = |id: u128| uuid::Uuid::from_u128(id).to_string();
    let found = async |who: &str, scope: &str, collection: &str, filter: &str| -> Vec<String> {
        let rows = list(&app, who, scope, collection, filter).await;
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    // The newest first.
    assert_eq!(found("bob", "/", requests, "asRequestor()").await, [name(0x52), name(0x51)]);
    assert_eq!(found("bob", "~G1", requests, "asRequestor() and atScope()").await, [name(0x52), name(0x51)]);
    assert_eq!(found("bob", "~G2", requests, "asRequestor()").await, [name(0x51)], "of S, which is above");
    assert_eq!(found("carol", "/", requests, "asApprover()").await, [name(0x51)], "what was given needs nobody");
    assert_eq!(found("carol", "~G2", requests, "asApprover()").await, [name(0x51)]);
    for other in ["bob", "dave", "ga"] {
        assert!(found(other, "/", requests, "asApprover()").await.is_empty(), "{other}");
    }
    let made = found("alice", "/", "roleEligibilityScheduleRequests", "asRequestor()").await;
    assert_eq!(made, [name(4), name(3), name(2), name(1)]);
    assert!(found("bob", "/", "roleEligibilityScheduleRequests", "asRequestor()").await.is_empty());
    assert_eq!(found("bob", "/", "roleEligibilityScheduleRequests", "asTarget()").await, [name(2), name(1)]);
    for (collection, filter) in
        [("roleAssignmentSchedules", "asRequestor()"), ("roleEligibilityScheduleInstances", "asApprover()")]
    {
        let refused = app.asked("bob", &at("~S", &format!("{collection}?{V}&$filter={filter}"))).await;
        assert_eq!(refused.error(), (400, "UnsupportedFilter".to_owned()), "{collection}");
    }
}

#[tokio::test]
async fn arm_094_a_row_from_above_keeps_its_scope() {
    let app = fixture().await;
    for collection in ["roleEligibilitySchedules", "roleEligibilityScheduleInstances"] {
        let at_s = list(&app, "alice", "~S", collection, "atScope()").await.remove(0);
        assert_eq!(at_s["properties"]["memberType"], "Direct");
        let below = list(&app, "alice", "~G1", collection, "").await;
        let same = below.iter().find(|row| row["name"] == at_s["name"]).unwrap();
        let mut expected = at_s.clone();
        expected["properties"]["memberType"] = json!("Inherited");
        assert_eq!(*same, expected, "id, scope and names are those of S");
        assert_eq!(same["properties"]["expandedProperties"]["scope"]["id"], path("~S"));
    }
    // What was given directly likewise.
    let rows = list(&app, "alice", "~G1", "roleAssignmentSchedules", "").await;
    let ways: Vec<&Value> = rows.iter().map(|row| &row["properties"]["memberType"]).collect();
    assert_eq!(ways, ["Inherited", "Inherited"], "alice and the application own S");
}

#[tokio::test]
async fn arm_095_what_is_no_filter_is_refused_and_no_empty_list() {
    let app = fixture().await;
    for collection in COLLECTIONS {
        for filter in [
            "asNobody()",
            "asTarget",
            "asTarget() or atScope()",
            "status eq 'Granted'",
            "principalId eq bob",
            "principalId eq 'bob'",
            "principalId ne 'x'",
            "asTarget('x')",
            "atScope() and",
            "assignedTo()",
            "(atScope()",
        ] {
            let refused = app.get(&at("~S", &format!("{collection}?{V}&$filter={filter}"))).await;
            assert_eq!(refused.error(), (400, "UnsupportedFilter".to_owned()), "{collection} {filter}");
            assert!(refused.message().contains(filter), "{}", refused.message());
        }
        assert_eq!(app.get(&at("~S", &format!("{collection}?{V}&$filter="))).await.status, 200, "none");
    }
}

#[tokio::test]
async fn arm_096_a_filter_is_the_same_in_every_spelling() {
    let app = fixture().await;
    let bob = who("bob").to_string();
    let target = at("~S", ELIGIBILITIES);
    let plain = app.get(&format!("{target}?{V}&$filter=atScope() and principalId eq '{bob}'")).await.with(200);
    assert_eq!(plain["value"].as_array().unwrap().len(), 1);
    for query in [
        format!("{V}&$filter=atScope()%20and%20principalId%20eq%20%27{bob}%27"),
        format!("{V}&$filter=atScope()+and+principalId+eq+'{bob}'"),
        format!("{V}&%24filter=atScope%28%29%20and%20principalId%20eq%20%27{bob}%27"),
        format!("$FILTER=atscope()+AND+PRINCIPALID+EQ+'{}'&Api-Version=2020-10-01", bob.to_uppercase()),
        format!("$filter=(atScope()) and ((principalId eq '{bob}'))&{V}"),
        format!("{V}&$filter=principalId eq '{bob}' and atScope()&{V}&$top=1&$select=id"),
        format!("{V}&$filter=atScope(%20)%2Band%2BprincipalId%2Beq%2B'{bob}'"),
    ] {
        assert_eq!(app.get(&format!("{target}?{query}")).await.with(200), plain, "{query}");
    }
    let own = app.asked("bob", &format!("{target}?{V}&$filter=asTarget()")).await.with(200);
    for filter in ["astarget()", "%28asTarget%28%29%29", "ASTARGET(+)"] {
        assert_eq!(app.asked("bob", &format!("{target}?{V}&%24filter={filter}")).await.with(200), own, "{filter}");
    }
}

/// Pages of a list as clients follow them: the link is taken apart, put together again, and the version added once more.
async fn pages(app: &App, who: &str, first: &str) -> Vec<Vec<String>> {
    let (mut pages, mut next) = (Vec::new(), first.to_owned());
    loop {
        let body = app.asked(who, &next).await.with(200);
        let rows = body["value"].as_array().unwrap();
        pages.push(rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect());
        let Some(link) = body.get("nextLink") else { return pages };
        let link: url::Url = link.as_str().unwrap().parse().unwrap();
        let mut again = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in link.query_pairs() {
            again.append_pair(&name, &value);
        }
        let version = first.split(['?', '&']).find(|part| part.starts_with("api-version=")).unwrap();
        next = format!("{}?{}&{version}", link.path(), again.finish());
    }
}

#[tokio::test]
async fn every_list_goes_on_where_its_page_ended_and_shows_each_row_once() {
    let app = App::paging(2).await;
    for (name, scope, role, principal) in [
        (1, "~S", CONTRIBUTOR, who("bob").to_string()),
        (2, "~G1", READER, group("devs")),
        (3, "~G2", READER, who("carol").to_string()),
        (4, "~X", READER, who("dave").to_string()),
        (5, "~S", READER, who("dave").to_string()),
    ] {
        eligible(&app, name, scope, order("AdminAssign", role, principal, Some("P30D"))).await.with(201);
    }
    let filter = format!("roleDefinitionId eq '{READER}'");
    let policy = list(&app, "alice", "~S", "roleManagementPolicies", &filter).await.remove(0);
    let stage = json!({"primaryApprovers": [{"id": who("carol"), "userType": "User"}]});
    let rule = json!({"id": "Approval_EndUser_Assignment", "setting": {"isApprovalRequired": true, "approvalStages": [stage]}});
    let patch = json!({"properties": {"rules": [rule]}}).to_string();
    app.send("alice", Method::PATCH, &format!("{}?{V}", policy["id"].as_str().unwrap()), patch).await.with(200);
    for (name, scope) in [(0x11, "~S"), (0x12, "~G1"), (0x13, "~G2")] {
        active(&app, "dave", name, scope, order("SelfActivate", READER, who("dave"), Some("PT1H"))).await.with(201);
    }
    for (name, scope) in [(0x21, "~S"), (0x22, "~G1"), (0x23, "~G2")] {
        active(&app, "bob", name, scope, order("SelfActivate", CONTRIBUTOR, who("bob"), Some("PT1H"))).await.with(201);
    }
    let sizes = async |who: &str, scope: &str, rest: &str| -> Vec<usize> {
        let found = pages(&app, who, &at(scope, rest)).await;
        let all: std::collections::BTreeSet<&String> = found.iter().flatten().collect();
        assert_eq!(all.len(), found.iter().map(Vec::len).sum::<usize>(), "each once: {found:?}");
        found.iter().map(Vec::len).collect()
    };
    let approvals = "roleAssignmentApprovals?api-version=2021-01-01-preview";
    for (who, scope, rest, expected) in [
        ("alice", "~S", format!("roleEligibilitySchedules?{V}"), vec![2, 2, 1]),
        ("alice", "~G1", format!("roleEligibilityScheduleInstances?{V}"), vec![2, 2]),
        ("alice", "~G1", format!("roleEligibilityScheduleInstances?{V}&$filter=atScope()"), vec![2, 1]),
        (
            "alice",
            "~S",
            format!("roleEligibilitySchedules?{V}&$filter=principalId eq '{}'", self::who("dave")),
            vec![2],
        ),
        ("bob", "/", format!("roleEligibilitySchedules?{V}&$filter=asTarget()"), vec![2]),
        ("alice", "~S", format!("roleEligibilityScheduleRequests?{V}"), vec![2, 2, 1]),
        ("alice", "/", format!("roleEligibilityScheduleRequests?{V}&$filter=asRequestor()"), vec![2, 2, 1]),
        ("alice", "~S", format!("roleAssignmentScheduleRequests?{V}"), vec![2, 2, 2]),
        ("carol", "/", format!("roleAssignmentScheduleRequests?{V}&$filter=asApprover()"), vec![2, 1]),
        ("dave", "/", format!("roleAssignmentScheduleRequests?{V}&$filter=asTarget()"), vec![2, 1]),
        ("carol", "/", format!("{approvals}&$filter=asApprover()"), vec![2, 1]),
        ("alice", "~S", approvals.to_owned(), vec![2, 1]),
        ("dave", "~S", format!("{approvals}&$filter=asTarget()"), vec![2, 1]),
        // Two owners of S given directly, three activations.
        ("alice", "~S", "roleAssignments?api-version=2022-04-01".to_owned(), vec![2, 2, 1]),
        ("alice", "~S", format!("roleAssignmentSchedules?{V}"), vec![2, 2, 1]),
        ("bob", "/", format!("roleAssignmentScheduleInstances?{V}&$filter=asTarget()"), vec![2, 1]),
    ] {
        assert_eq!(sizes(who, scope, &rest).await, expected, "{who} {scope} {rest}");
    }
    for collection in COLLECTIONS {
        for token in ["x", "o2", "MCA", "r1"] {
            let refused = app.get(&at("~S", &format!("{collection}?{V}&$skipToken={token}"))).await;
            assert_eq!(refused.error(), (400, "InvalidSkipToken".to_owned()), "{collection} {token}");
        }
    }
}

//! Role assignments.

use http::Method;
use serde_json::{Value, json};

use crate::app::{App, Reply, group, path, who};

const V: &str = "api-version=2022-04-01";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const NAME: &str = "5A5A7E2A-0000-4000-8000-000000000001";
const OTHER: &str = "5a5a7e2a-0000-4000-8000-000000000002";

fn at(scope: &str, rest: &str) -> String {
    format!("{}/providers/Microsoft.Authorization/roleAssignments{rest}", path(scope).trim_end_matches('/'))
}

fn body(role: &str, principal: impl std::fmt::Display) -> Value {
    json!({"properties": {"roleDefinitionId": role, "principalId": principal.to_string()}})
}

async fn give(app: &App, scope: &str, name: u128, role: &str, principal: impl std::fmt::Display) -> Reply {
    let name = uuid::Uuid::from_u128(name);
    app.put("alice", &at(scope, &format!("/{name}?{V}")), body(role, principal)).await
}

#[tokio::test]
async fn arm_026_033_an_assignment_is_made_and_read_back() {
    let app = App::start().await;
    let definition = app
        .get(&format!("~G1/providers/Microsoft.Authorization/roleDefinitions?{V}&$filter=roleName eq 'Reader'"))
        .await
        .each("/id")
        .remove(0);
    let forms = [
        READER.to_owned(),
        format!("/providers/Microsoft.Authorization/roleDefinitions/{READER}"),
        format!("{}/providers/Microsoft.Authorization/roleDefinitions/{READER}", path("~G1").trim_start_matches('/')),
    ];
    for form in forms {
        let target = at("~G1", &format!("/{NAME}?{V}"));
        let made = app.put("alice", &target, body(&form, who("bob"))).await.with(201);
        let on = made["properties"]["createdOn"].clone();
        let expected = json!({
            "properties": {
                "roleDefinitionId": definition,
                "principalId": who("bob"),
                "principalType": "User",
                "scope": path("~G1"),
                "condition": null,
                "conditionVersion": null,
                "createdOn": on,
                "updatedOn": on,
                "createdBy": who("alice"),
                "updatedBy": who("alice"),
                "delegatedManagedIdentityResourceId": null,
                "description": null,
            },
            "id": at("~G1", &format!("/{}", NAME.to_lowercase())),
            "type": "Microsoft.Authorization/roleAssignments",
            "name": NAME.to_lowercase(),
        });
        assert_eq!(made, expected, "{form}");
        assert_eq!(app.get(&target).await.with(200), expected);
        app.send("alice", Method::DELETE, &target, "").await.with(200);
    }
}

#[tokio::test]
async fn arm_027_a_line_is_held_once_and_a_name_means_one_line() {
    let app = App::start().await;
    let target = at("~S", &format!("/{NAME}?{V}"));
    app.put("alice", &target, body(READER, who("bob"))).await.with(201);
    let again = app.put("alice", &at("~S", &format!("/{OTHER}?{V}")), body(READER, who("bob"))).await;
    assert_eq!(again.error(), (409, "RoleAssignmentExists".to_owned()));
    assert_eq!(again.message(), "The role assignment already exists.");
    let same = app.put("alice", &target.to_lowercase(), body(READER, who("bob"))).await;
    assert_eq!(same.status, 200);
    let older = at("~S", &format!("/{NAME}?api-version=2018-09-01-preview"));
    assert_eq!(app.put("alice", &older, body(READER, who("bob"))).await.status, 201);
    for changed in [body(READER, who("carol")), body(CONTRIBUTOR, who("bob"))] {
        let reply = app.put("alice", &target, changed).await;
        assert_eq!(reply.error(), (400, "RoleAssignmentUpdateNotPermitted".to_owned()));
        let said = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.";
        assert_eq!(reply.message(), said);
    }
    let elsewhere = app.put("alice", &at("~G1", &format!("/{NAME}?{V}")), body(READER, who("bob"))).await;
    assert_eq!(elsewhere.error().1, "RoleAssignmentUpdateNotPermitted");
    // At another scope the same role is another line.
    app.put("alice", &at("~G1", &format!("/{OTHER}?{V}")), body(READER, who("bob"))).await.with(201);
}

#[tokio::test]
async fn arm_028_what_is_named_must_be_there() {
    let app = App::start().await;
    let put = async |body: Value| app.put("alice", &at("~S", &format!("/{NAME}?{V}")), body).await;
    let unknown = put(body(READER, NAME)).await;
    assert_eq!(unknown.error(), (400, "PrincipalNotFound".to_owned()));
    assert!(unknown.message().contains("principalType"), "{}", unknown.message());
    assert_eq!(put(body(OTHER, who("bob"))).await.error(), (400, "RoleDefinitionDoesNotExist".to_owned()));
    assert_eq!(put(body("x", who("bob"))).await.error(), (400, "InvalidRoleDefinitionId".to_owned()));
    assert_eq!(put(body(READER, "x")).await.error(), (400, "InvalidPrincipalId".to_owned()));
    let typed = |kind: &str| {
        let mut body = body(READER, who("bob"));
        body["properties"]["principalType"] = json!(kind);
        body
    };
    assert_eq!(put(typed("Group")).await.error(), (400, "UnmatchedPrincipalType".to_owned()));
    assert_eq!(put(typed("Device")).await.error(), (400, "PrincipalTypeNotSupported".to_owned()));
    assert_eq!(put(typed("user")).await.status, 201);
    let bad = app.put("alice", &at("~S", &format!("/nope?{V}")), body(READER, who("bob"))).await;
    assert_eq!(bad.error(), (400, "InvalidRoleAssignmentId".to_owned()));
}

#[tokio::test]
async fn arm_029_an_assignment_goes_once() {
    let app = App::start().await;
    let target = at("~X", &format!("/{NAME}?{V}"));
    let made = app.put("alice", &target, body(READER, who("app1"))).await.with(201);
    assert_eq!(made["properties"]["principalType"], "ServicePrincipal");
    assert_eq!(app.send("alice", Method::DELETE, &target, "").await.with(200), made);
    let gone = app.send("alice", Method::DELETE, &target, "").await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    let missing = app.get(&target).await;
    assert_eq!(missing.error(), (404, "RoleAssignmentNotFound".to_owned()));
    assert_eq!(missing.message(), format!("The role assignment '{}' is not found.", NAME.to_lowercase()));
}

#[tokio::test]
async fn arm_030_lists_hold_what_is_above_at_and_below() {
    let app = App::start().await;
    app.send("ga", Method::POST, "/providers/Microsoft.Authorization/elevateAccess?api-version=2015-07-01", "").await;
    let above = app.put("ga", &at("~M", &format!("/{NAME}?{V}")), body(READER, who("dave"))).await;
    assert_eq!(above.status, 201);
    give(&app, "~G1", 1, READER, who("bob")).await.with(201);
    give(&app, "~X", 2, READER, who("bob")).await.with(201);
    give(&app, "~G1", 3, CONTRIBUTOR, group("devs")).await.with(201);
    give(&app, "~G2", 4, READER, who("bob")).await.with(201);
    let n = |name: u128| uuid::Uuid::from_u128(name).to_string();
    let held = async |scope: &str, filter: &str, of: &[&str]| {
        let mut rows = app.get(&at(scope, &format!("?{V}&$filter={filter}"))).await.each("/properties/scope");
        rows.sort();
        let mut of: Vec<String> = of.iter().map(|scope| path(scope)).collect();
        of.sort();
        assert_eq!(rows, of, "{scope} {filter}");
    };
    // alice and the application at S, the administrator at the root, dave at M.
    let inherited = ["/", "~M", "~S", "~S"];
    held("~G1", "", &[&inherited[..], &["~G1", "~G1", "~X"]].concat()).await;
    held("~G1", "atScope()", &[&inherited[..], &["~G1", "~G1"]].concat()).await;
    let principal = format!("principalId eq '{}'", who("bob"));
    held("~G1", &principal, &["~G1", "~X"]).await;
    held("~S", &principal, &["~G1", "~G2", "~X"]).await;
    held("~S", &principal.to_uppercase().replace("PRINCIPALID EQ", "principalid EQ"), &["~G1", "~G2", "~X"]).await;
    let assigned = format!("assignedTo('{}')", who("bob"));
    held("~G1", &assigned, &["~G1", "~G1", "~X"]).await;
    held("~G1", &format!("(atScope()) and {assigned}"), &["~G1", "~G1"]).await;
    let whole = app.asked("ga", &at("/", &format!("?{V}"))).await.each("/name");
    assert!([NAME.to_lowercase(), n(1), n(2), n(3), n(4)].iter().all(|name| whole.contains(name)), "{whole:?}");
    let below_group = app.asked("ga", &at("~M", &format!("?{V}&$filter={principal}"))).await.each("/name");
    assert_eq!(below_group.len(), 3);
    let by_span = app.asked("ga", &at("~M", &format!("?{V}"))).await.each("/name");
    assert_eq!(by_span.len(), whole.len());
}

#[tokio::test]
async fn arm_031_filters_that_are_none_are_refused_with_those_that_are() {
    let app = App::start().await;
    for filter in
        ["nope()", "principalId eq bob", "scope eq 'x'", "atScope() or assignedTo('x')", "assignedTo('x')", "atScope("]
    {
        let reply = app.get(&at("~S", &format!("?{V}&$filter={filter}"))).await;
        assert_eq!(reply.error().0, 400, "{filter}");
        let expected = format!(
            "The filter '{filter}' is not supported. Supported filters are either 'atScope()' or 'principalId eq \
             '{{value}}' or assignedTo('{{value}}')'."
        );
        assert_eq!(reply.message(), expected);
    }
}

#[tokio::test]
async fn arm_032_nobody_gives_roles_without_a_role_that_lets_him() {
    let app = App::start().await;
    let reply = app.put("bob", &at("~G1", &format!("/{NAME}?{V}")), body(READER, who("bob"))).await;
    assert_eq!(reply.error(), (403, "AuthorizationFailed".to_owned()));
    let expected = format!(
        "The client 'bob@demo.test' with object id '{}' does not have authorization to perform action \
         'Microsoft.Authorization/roleAssignments/write' over scope '{}' or the scope is invalid. If access was recently \
         granted, please refresh your credentials.",
        who("bob"),
        path("~G1")
    );
    assert_eq!(reply.message(), expected);
    // A Reader reads and gives nothing; whoever administers access gives.
    give(&app, "~S", 1, READER, who("bob")).await.with(201);
    assert_eq!(app.asked("bob", &at("~G1", &format!("?{V}"))).await.status, 200);
    assert_eq!(app.put("bob", &at("~G1", &format!("/{NAME}?{V}")), body(READER, who("dave"))).await.status, 403);
    give(&app, "~G1", 2, "f58310d9-a9f6-439a-9e8d-f62e7b41a168", who("bob")).await.with(201);
    assert_eq!(app.put("bob", &at("~X", &format!("/{NAME}?{V}")), body(READER, who("dave"))).await.status, 201);
    assert_eq!(app.put("bob", &at("~G2", &format!("/{OTHER}?{V}")), body(READER, who("dave"))).await.status, 403);
    assert_eq!(app.asked("carol", &at("~G1", &format!("?{V}"))).await.error(), (403, "AuthorizationFailed".to_owned()));
    assert_eq!(app.send("carol", Method::DELETE, &at("~X", &format!("/{NAME}?{V}")), "").await.status, 403);
}

#[tokio::test]
async fn arm_034_conditions_are_kept_and_bound_what_a_role_gives() {
    let app = App::start().await;
    let mut wanted = body("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", who("bob"));
    wanted["properties"]["condition"] = json!("@Resource[x] StringEquals 'y'");
    let target = at("~S", &format!("/{NAME}?{V}"));
    assert_eq!(app.put("alice", &target, wanted.clone()).await.error(), (400, "InvalidRequestContent".to_owned()));
    wanted["properties"]["conditionVersion"] = json!("2.0");
    wanted["properties"]["description"] = json!("");
    let made = app.put("alice", &target, wanted).await.with(201);
    assert_eq!(made["properties"]["condition"], "@Resource[x] StringEquals 'y'");
    assert_eq!(
        (&made["properties"]["conditionVersion"], &made["properties"]["description"]),
        (&json!("2.0"), &json!(""))
    );
    assert_eq!(app.asked("bob", &at("~S", &format!("?{V}"))).await.status, 200, "reading is not bounded");
    let refused = app.put("bob", &at("~S", &format!("/{OTHER}?{V}")), body(READER, who("dave"))).await;
    assert_eq!(refused.error(), (403, "AuthorizationFailed".to_owned()));
    assert!(refused.message().ends_with("A condition of the role assignment was not met."), "{}", refused.message());
}

#[tokio::test]
async fn arm_013_pages_hold_each_row_once() {
    let app = App::start().await;
    for number in 0..250_u128 {
        let scope = format!("~G1/providers/Microsoft.X/things/t{}", number % 9);
        give(&app, &scope, 1000 + number, if number % 2 == 0 { READER } else { CONTRIBUTOR }, somebody(number)).await;
    }
    let mut seen: Vec<String> = Vec::new();
    let mut target = at("~G1", &format!("?{V}"));
    let mut pages = 0;
    loop {
        let reply = app.get(&target).await;
        seen.extend(reply.each("/id"));
        pages += 1;
        let Some(next) = reply.json()["nextLink"].as_str().map(str::to_owned) else { break };
        assert!(next.starts_with(crate::app::URL) && next.contains("api-version=2022-04-01"), "{next}");
        let link = next.strip_prefix(crate::app::URL).unwrap();
        // Clients read the query again and add their own version to it.
        let (at, query) = link.split_once('?').unwrap();
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        target = format!("{at}?{query}&{V}");
    }
    let total = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), total);
    assert!(total > 100 && pages == total.div_ceil(100), "{total} rows on {pages} pages");
    let bad = app.get(&at("~G1", &format!("?{V}&$skipToken=o5"))).await;
    assert_eq!(bad.error(), (400, "InvalidSkipToken".to_owned()));
}

/// Different people for different numbers.
fn somebody(number: u128) -> String {
    let people =
        ["jen", "pat", "sam", "ada", "eve", "pra", "ga", "gr", "alice", "alice2", "bob", "carol", "dave", "app"];
    who(people[usize::try_from(number / 18).unwrap() % people.len()]).to_string()
}

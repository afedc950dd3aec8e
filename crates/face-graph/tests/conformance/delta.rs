//! GRAPH-148: delta queries; groups and people that are made, changed and deleted.

use ephor_engine::port::Clock as _;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    app::{App, Reply, each, group, who},
    schedule::{UA, activate, created, eligible, lasting, pass},
};

async fn delete(app: &App, who: &str, path: &str) -> Reply {
    let token = app.token(who).await;
    app.call(Method::DELETE, &token, path, &[], "").await
}

/// The path of a link.
fn path_of(link: &Value) -> String {
    link.as_str().unwrap().strip_prefix("https://here.example:8443").unwrap().to_owned()
}

/// All rows from `path` on, and where the next round begins.
async fn round(app: &App, path: &str) -> (Vec<Value>, String) {
    let (mut path, mut rows) = (path.to_owned(), Vec::new());
    loop {
        let page = app.get("ga", &path).await.ok();
        rows.extend(page["value"].as_array().unwrap().iter().cloned());
        if let Some(next) = page.get("@odata.nextLink") {
            path = path_of(next);
            continue;
        }
        return (rows, path_of(&page["@odata.deltaLink"]));
    }
}

fn of<'v>(rows: &'v [Value], id: &str) -> &'v Value {
    rows.iter().find(|row| row["id"] == id).unwrap_or_else(|| panic!("no {id}: {rows:?}"))
}

async fn made(app: &App, name: &str) -> String {
    let body = json!({
        "displayName": name, "mailNickname": name, "mailEnabled": false, "securityEnabled": true,
        "description": "made by a test",
    });
    let reply = app.post("ga", "/v1.0/groups", body).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text());
    reply.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn graph_148_first_all_then_what_changed_and_what_went() {
    let app = App::start().await;
    let (kept, gone) = (made(&app, "kept").await, made(&app, "gone").await);
    let (first, next) = round(&app, "/v1.0/groups/delta").await;
    let all = app.get("ga", "/v1.0/groups?$top=999").await.ok();
    assert_eq!(first.len(), all["value"].as_array().unwrap().len());
    let devs = of(&first, &group("devs"));
    let members = devs["members@delta"].as_array().unwrap().clone();
    assert_eq!(members, [json!({"@odata.type": "#microsoft.graph.user", "id": who("bob")})]);

    let (nothing, next) = round(&app, &next).await;
    assert_eq!(nothing, [] as [Value; 0]);
    let change = json!({"displayName": "Kept on", "description": null});
    assert_eq!(app.patch("ga", &format!("/v1.0/groups/{kept}"), change).await.status, StatusCode::NO_CONTENT);
    let bind = json!({"members@odata.bind": [format!("https://x/v1.0/directoryObjects/{}", who("carol"))]});
    assert_eq!(app.patch("ga", &format!("/v1.0/groups/{kept}"), bind).await.status, StatusCode::NO_CONTENT);
    let member = format!("/v1.0/groups/{}/members/{}/$ref", group("devs"), who("bob"));
    assert_eq!(delete(&app, "ga", &member).await.status, StatusCode::NO_CONTENT);
    assert_eq!(delete(&app, "ga", &format!("/v1.0/groups/{gone}")).await.status, StatusCode::NO_CONTENT);
    let (rows, next) = round(&app, &next).await;
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert_eq!(*of(&rows, &gone), json!({"id": gone, "@removed": {"reason": "deleted"}}));
    let row = of(&rows, &kept);
    assert_eq!((row["displayName"].as_str(), row["description"].clone()), (Some("Kept on"), json!(null)));
    assert_eq!(row["members@delta"], json!([{"@odata.type": "#microsoft.graph.user", "id": who("carol")}]));
    let left = json!([{"@odata.type": "#microsoft.graph.user", "id": who("bob"), "@removed": {"reason": "deleted"}}]);
    assert_eq!(of(&rows, &group("devs"))["members@delta"], left);
    let (rows, _) = round(&app, &next).await;
    assert_eq!(rows, [] as [Value; 0]);

    let (_, next) = round(&app, "/v1.0/users/delta?$select=displayName").await;
    let change = json!({"displayName": "Carol Olsen"});
    assert_eq!(app.patch("ga", &format!("/v1.0/users/{}", who("carol")), change).await.status, StatusCode::NO_CONTENT);
    let (rows, _) = round(&app, &next).await;
    assert_eq!(rows, [json!({"displayName": "Carol Olsen", "id": who("carol")})]);
    let (rows, next) = round(&app, "/v1.0/directoryRoles/delta?$deltatoken=latest").await;
    assert_eq!(rows, [] as [Value; 0]);
    let role = "fe930be7-5e62-47db-91af-98c3a49a38b1";
    let given = json!({"principalId": who("alice"), "roleDefinitionId": role, "directoryScopeId": "/"});
    app.post("pra", "/v1.0/roleManagement/directory/roleAssignments", given).await;
    let (rows, next) = round(&app, &next).await;
    let alice = json!([{"@odata.type": "#microsoft.graph.user", "id": who("alice")}]);
    assert_eq!(of(&rows, role)["members@delta"], alice);

    for token in ["x".to_owned(), next.split('=').next_back().unwrap().to_owned()] {
        let (status, code, _) = app.get("ga", &format!("/v1.0/users/delta?$deltatoken={token}")).await.error();
        assert_eq!((status, code.as_str()), (410, "SyncStateNotFound"), "{token}");
    }
    app.clock.set(app.clock.now() + SignedDuration::from_hours(24 * 31));
    assert_eq!(app.get("ga", &next).await.status, StatusCode::GONE, "too old");
    let filtered = format!("/v1.0/users/delta?$select=id&$filter=id eq '{}'", who("bob"));
    assert_eq!(round(&app, &filtered).await.0, [json!({"id": who("bob")})]);
    assert_eq!(app.get("ga", "/v1.0/users/delta?$orderby=id").await.status, StatusCode::BAD_REQUEST);
    let pim = "/v1.0/roleManagement/directory/roleAssignmentSchedules/delta";
    assert_eq!(app.get("ga", pim).await.error().2, "Resource not found for the segment 'delta'.");
}

#[tokio::test]
async fn groups_are_made_changed_and_deleted_by_those_who_may() {
    let app = App::start().await;
    let body = |name: &str, assignable: bool| {
        json!({
            "displayName": name, "mailNickname": name, "mailEnabled": false, "securityEnabled": true,
            "isAssignableToRole": assignable,
            "owners@odata.bind": [format!("https://x/v1.0/users/{}", who("dave"))],
        })
    };
    for (key, assignable, status) in
        [("alice", false, 403), ("pra", false, 403), ("pra", true, 201), ("ga", false, 201), ("ga", true, 201)]
    {
        let reply = app.post(key, "/v1.0/groups", body(&format!("g-{key}-{assignable}"), assignable)).await;
        assert_eq!(reply.status.as_u16(), status, "{key} {assignable}: {}", reply.text());
    }
    let made = app.post("ga", "/v1.0/groups", body("team", false)).await.json();
    let id = made["id"].as_str().unwrap();
    assert_eq!((made["isAssignableToRole"].clone(), made["groupTypes"].clone()), (json!(false), json!([])));
    let owners = app.get("gr", &format!("/v1.0/groups/{id}/owners")).await.ok();
    assert_eq!(each(&owners, "id"), [who("dave").to_string()]);
    let path = format!("/v1.0/groups/{id}");
    assert_eq!(app.patch("alice", &path, json!({"displayName": "x"})).await.status, StatusCode::FORBIDDEN);
    assert_eq!(app.patch("dave", &path, json!({"displayName": "Dave's team"})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.get("gr", &path).await.ok()["displayName"], "Dave's team");
    for bad in [
        json!({"isAssignableToRole": true}),
        json!({"displayName": null}),
        json!({"displayName": ""}),
        json!({"mailNickname": "a b"}),
        json!({"groupTypes": ["Unified"]}),
        json!({"members@odata.bind": ["x"]}),
        json!({"members@odata.bind": [format!("https://x/v1.0/groups/{id}")]}),
    ] {
        let (status, code, _) = app.patch("ga", &path, bad.clone()).await.error();
        assert_eq!((status, code.as_str()), (400, "Request_BadRequest"), "{bad}");
    }
    let unified = json!({
        "displayName": "Crew", "mailNickname": "crew", "mailEnabled": true, "securityEnabled": false,
        "groupTypes": ["Unified"],
    });
    let unified = app.post("ga", "/v1.0/groups", unified).await.json();
    assert_eq!((unified["groupTypes"].clone(), unified["mailEnabled"].clone()), (json!(["Unified"]), json!(true)));
    // A group that other rules keep is not deleted, and one that is deleted is gone with its policies.
    assert_eq!(delete(&app, "ga", &format!("/v1.0/groups/{}", group("SYN"))).await.error().1, "NotSupported");
    assert_eq!(delete(&app, "alice", &path).await.status, StatusCode::FORBIDDEN);
    assert_eq!(delete(&app, "dave", &path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.get("gr", &path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(delete(&app, "dave", &path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn people_are_made_changed_and_deleted_by_those_who_may() {
    let app = App::start().await;
    let body = json!({
        "accountEnabled": true, "displayName": "New Comer", "mailNickname": "newcomer",
        "userPrincipalName": "newcomer@demo.test", "department": "Sales",
    });
    assert_eq!(app.post("alice", "/v1.0/users", body.clone()).await.status, StatusCode::FORBIDDEN);
    let made = app.post("ga", "/v1.0/users", body.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.header("location"), Some(&*format!("https://here.example:8443/v1.0/users/{id}")));
    assert_eq!(app.post("ga", "/v1.0/users", body).await.error().1, "Request_BadRequest", "the name is taken");
    let path = "/v1.0/users/newcomer@demo.test";
    let change = json!({"department": null, "jobTitle": "Seller", "accountEnabled": false});
    assert_eq!(app.patch("ga", path, change).await.status, StatusCode::NO_CONTENT);
    let found = app.get("gr", &format!("{path}?$select=department,jobTitle,accountEnabled")).await.ok();
    assert_eq!(
        [&found["department"], &found["jobTitle"], &found["accountEnabled"]],
        [&json!(null), &json!("Seller"), &json!(false)]
    );
    for (name, value) in [("displayName", json!(null)), ("userPrincipalName", json!("x")), ("jobTitle", json!(7))] {
        assert_eq!(app.patch("ga", path, json!({name: value})).await.status, StatusCode::BAD_REQUEST, "{name}");
    }
    // Whoever administers people does not touch those who administer.
    let role = "fe930be7-5e62-47db-91af-98c3a49a38b1";
    let given = json!({"principalId": who("alice"), "roleDefinitionId": role, "directoryScopeId": "/"});
    app.post("pra", "/v1.0/roleManagement/directory/roleAssignments", given).await;
    let pra = format!("/v1.0/users/{}", who("pra"));
    assert_eq!(app.patch("alice", &pra, json!({"displayName": "x"})).await.status, StatusCode::FORBIDDEN);
    assert_eq!(delete(&app, "alice", &pra).await.status, StatusCode::FORBIDDEN);
    assert_eq!(delete(&app, "alice", &format!("/v1.0/users/{id}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.get("gr", path).await.status, StatusCode::NOT_FOUND);
    // A password is given by a person, not by an application.
    let with_password = json!({
        "accountEnabled": true, "displayName": "P", "mailNickname": "pw", "userPrincipalName": "pw@demo.test",
        "passwordProfile": {"password": "correct horse battery staple"},
    });
    assert_eq!(app.post("app", "/v1.0/users", with_password.clone()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(app.post("ga", "/v1.0/users", with_password).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn graph_148_memberships_that_come_and_go_by_activation_are_told() {
    let app = App::start().await;
    let root = "/v1.0/identityGovernance/privilegedAccess/group";
    let order = |action: &str, access: &str, more: Value| {
        let mut body = json!({
            "action": action, "principalId": who("alice"), "groupId": group("G"), "accessId": access, "justification": "x",
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let (eligibilities, assignments) =
        (format!("{root}/eligibilityScheduleRequests"), format!("{root}/assignmentScheduleRequests"));
    let (_, next) = round(&app, "/v1.0/groups/delta?$deltatoken=latest").await;
    for access in ["member", "owner"] {
        created(app.post("ga", &eligibilities, order("adminAssign", access, lasting("P30D"))).await);
    }
    let (rows, next) = round(&app, &next).await;
    assert_eq!(rows, [] as [Value; 0], "to be eligible is no membership");
    created(app.post("alice", &assignments, order("selfActivate", "owner", lasting("PT1H"))).await);
    created(app.post("alice", &assignments, order("selfActivate", "member", lasting("PT1H"))).await);
    let alice = || json!({"@odata.type": "#microsoft.graph.user", "id": who("alice")});
    let (rows, next) = round(&app, &next).await;
    assert_eq!((rows.len(), of(&rows, &group("G"))["members@delta"].clone()), (1, json!([alice()])));
    let (rows, next) = round(&app, &next).await;
    assert_eq!(rows, [] as [Value; 0]);
    pass(&app, 60).await;
    let mut left = alice();
    left["@removed"] = json!({"reason": "deleted"});
    let (rows, next) = round(&app, &next).await;
    assert_eq!((rows.len(), of(&rows, &group("G"))["members@delta"].clone()), (1, json!([left])));
    // Within one round she came and went: what counts is how it is.
    created(app.post("alice", &assignments, order("selfActivate", "member", lasting("PT1H"))).await);
    pass(&app, 6).await;
    created(app.post("alice", &assignments, order("selfDeactivate", "member", json!({}))).await);
    let (rows, _) = round(&app, &next).await;
    assert_eq!(of(&rows, &group("G"))["members@delta"], json!([left]));

    // Roles likewise.
    let (_, next) = round(&app, "/v1.0/directoryRoles/delta").await;
    eligible(&app, "alice", lasting("P30D")).await;
    created(activate(&app, "alice", lasting("PT1H")).await);
    let (rows, next) = round(&app, &next).await;
    assert_eq!((rows.len(), of(&rows, UA)["members@delta"].clone()), (1, json!([alice()])));
    pass(&app, 60).await;
    let (rows, _) = round(&app, &next).await;
    assert_eq!(of(&rows, UA)["members@delta"], json!([left]));
}

#[tokio::test]
async fn graph_148_objects_of_all_types_are_followed_together() {
    let app = App::start().await;
    let (all, _) = round(&app, "/v1.0/directoryObjects/delta").await;
    let count =
        async |set: &str| app.get("ga", &format!("/v1.0/{set}?$top=999")).await.ok()["value"].as_array().unwrap().len();
    let (users, groups, services) = (count("users").await, count("groups").await, count("servicePrincipals").await);
    assert_eq!(all.len(), users + groups + services);
    let lost = made(&app, "lost").await;
    let isof = "isof('microsoft.graph.user') or isof('microsoft.graph.group')";
    let (some, next) = round(&app, &format!("/v1.0/directoryObjects/delta?$filter={isof}")).await;
    assert_eq!(some.len(), users + groups + 1);
    let kept = made(&app, "kept").await;
    let robot = app.post("ga", "/v1.0/applications", json!({"displayName": "robot"})).await;
    assert_eq!(robot.status, StatusCode::CREATED, "{}", robot.text());
    assert_eq!(delete(&app, "ga", &format!("/v1.0/groups/{lost}")).await.status, StatusCode::NO_CONTENT);
    let (rows, _) = round(&app, &next).await;
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(of(&rows, &kept)["@odata.type"], "#microsoft.graph.group");
    let gone = json!({"@odata.type": "#microsoft.graph.group", "id": lost, "@removed": {"reason": "deleted"}});
    assert_eq!(*of(&rows, &lost), gone);
    let unknown = app.get("ga", "/v1.0/directoryObjects/delta?$filter=isof('microsoft.graph.planet')").await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
}

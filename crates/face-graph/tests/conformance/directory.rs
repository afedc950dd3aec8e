//! GRAPH-144 to GRAPH-147: people, groups, service principals and who is in what.

use http::{Method, StatusCode};
use serde_json::json;

use crate::app::{App, each, group, who};

#[tokio::test]
async fn graph_144_me_and_objects_of_all_types() {
    let app = App::start().await;
    let me = app.get("alice", "/v1.0/me").await.ok();
    let alice = who("alice").to_string();
    assert_eq!(
        me,
        json!({
            "@odata.context": "https://here.example:8443/v1.0/$metadata#users/$entity",
            "id": alice,
            "businessPhones": [],
            "displayName": "Alice Archer",
            "givenName": "Alice",
            "jobTitle": null,
            "mail": "alice@demo.test",
            "mobilePhone": null,
            "officeLocation": null,
            "preferredLanguage": null,
            "surname": "Archer",
            "userPrincipalName": "alice@demo.test",
        })
    );
    assert_eq!(app.get("alice", &format!("/v1.0/users/{alice}")).await.ok(), me);
    assert_eq!(app.get("alice", "/v1.0/users/Alice@demo.test").await.ok(), me);
    assert_eq!(app.get("alice", "/v1.0/users(userPrincipalName='alice@demo.test')").await.ok(), me);
    let refused = app.get("app", "/v1.0/me").await.error();
    let words = "/me request is only valid with delegated authentication flow.";
    assert_eq!(refused, (400, "BadRequest".to_owned(), words.to_owned()));

    let unknown = "00000000-0000-4000-8000-000000000000";
    let ids = [group("RG"), unknown.to_owned(), who("app").to_string(), alice.clone(), "no id".to_owned()];
    let found = app.post("ga", "/v1.0/directoryObjects/getByIds", json!({"ids": ids})).await.ok();
    assert_eq!(found["@odata.context"], "https://here.example:8443/v1.0/$metadata#directoryObjects");
    assert_eq!(each(&found, "id"), [group("RG"), who("app").to_string(), alice.clone()]);
    let types = ["#microsoft.graph.group", "#microsoft.graph.servicePrincipal", "#microsoft.graph.user"];
    assert_eq!(each(&found, "@odata.type"), types);
    let found = app.post("ga", "/v1.0/directoryObjects/getByIds", json!({"ids": ids, "types": ["user"]})).await.ok();
    assert_eq!(each(&found, "id"), [alice.as_str()]);
    let many: Vec<String> = (0..1001).map(|number| format!("{number}")).collect();
    let refused = app.post("ga", "/v1.0/directoryObjects/getByIds", json!({"ids": many})).await.error();
    assert_eq!((refused.0, refused.1.as_str()), (400, "Request_BadRequest"));

    let object = app.get("ga", &format!("/v1.0/directoryObjects/{}", group("G"))).await.ok();
    assert_eq!(object["@odata.type"], "#microsoft.graph.group");
    assert_eq!(object["@odata.context"], "https://here.example:8443/v1.0/$metadata#directoryObjects/$entity");
    for path in [format!("users/{unknown}"), "groups/x".to_owned(), format!("directoryObjects/{unknown}")] {
        let (status, code, message) = app.get("ga", &format!("/v1.0/{path}")).await.error();
        assert_eq!((status, code.as_str()), (404, "Request_ResourceNotFound"), "{path}");
        let id = path.split('/').nth(1).unwrap();
        let words = "does not exist or one of its queried reference-property objects are not present.";
        assert_eq!(message, format!("Resource '{id}' {words}"));
    }
}

#[tokio::test]
async fn graph_145_memberships_are_asked_for() {
    let app = App::start().await;
    let (devs, rg) = (group("devs"), group("RG"));
    let asked = json!({"groupIds": [rg, devs.to_uppercase(), "x"]});
    let found = app.post("bob", "/v1.0/me/checkMemberGroups", asked.clone()).await.ok();
    assert_eq!(found["@odata.context"], "https://here.example:8443/v1.0/$metadata#Collection(Edm.String)");
    assert_eq!(found["value"], json!([devs]));
    let path = format!("/beta/directoryObjects/{}/checkMemberGroups", who("alice2"));
    assert_eq!(app.post("ga", &path, asked).await.ok()["value"], json!([rg]));
    let found = app.post("bob", "/v1.0/me/getMemberGroups", json!({"securityEnabledOnly": true})).await.ok();
    assert_eq!(found["value"], json!([devs]));
    let many: Vec<String> = (0..21).map(|number| format!("{number}")).collect();
    let (status, code, _) = app.post("bob", "/v1.0/me/checkMemberGroups", json!({"groupIds": many})).await.error();
    assert_eq!((status, code.as_str()), (400, "Request_BadRequest"));

    // Groups alone for the one, roles as well for the other.
    let ua = "62e90394-69f5-4237-9190-012177145e10";
    let found = app.post("ga", "/v1.0/me/getMemberObjects", json!({"securityEnabledOnly": false})).await.ok();
    assert_eq!(found["value"], json!([ua]));
    assert_eq!(app.post("ga", "/v1.0/me/getMemberGroups", json!({})).await.ok()["value"], json!([]));
    let found = app.post("ga", "/v1.0/me/checkMemberObjects", json!({"ids": [ua, devs]})).await.ok();
    assert_eq!(found["value"], json!([ua]));

    let found = app.get("bob", "/v1.0/me/memberOf").await.ok();
    assert_eq!(found["@odata.context"], "https://here.example:8443/v1.0/$metadata#directoryObjects");
    assert_eq!(each(&found, "@odata.type"), ["#microsoft.graph.group"]);
    let found = app.get("ga", "/v1.0/me/transitiveMemberOf/microsoft.graph.directoryRole").await.ok();
    assert_eq!(found["@odata.context"], "https://here.example:8443/v1.0/$metadata#directoryRoles");
    assert_eq!(each(&found, "roleTemplateId"), [ua]);
    assert_eq!(found["value"][0].get("@odata.type"), None);
    let found = app.get("ga", "/v1.0/me/memberOf/microsoft.graph.group").await.ok();
    assert_eq!(found["value"], json!([]));
}

#[tokio::test]
async fn members_and_owners_of_groups() {
    let app = App::start().await;
    let found = app.get("ga", &format!("/v1.0/groups/{}/members?$select=id,displayName", group("devs"))).await.ok();
    let mut names = each(&found, "displayName");
    names.sort_unstable();
    assert_eq!(names, ["Bob Brown"]);
    let suffix = "$metadata#directoryObjects(id,displayName)";
    assert_eq!(found["@odata.context"], format!("https://here.example:8443/v1.0/{suffix}"));
    let found = app.get("ga", &format!("/v1.0/groups/{}/owners/microsoft.graph.user", group("G"))).await.ok();
    assert_eq!(each(&found, "displayName"), ["Dave Dunn"]);
    let count = app.get_eventual("ga", &format!("/v1.0/groups/{}/members/$count", group("devs"))).await;
    assert_eq!((count.header("content-type"), count.text().as_str()), (Some("text/plain"), "1"));
    let found = app.get("ga", &format!("/v1.0/groups/{}?$expand=owners($select=id)", group("G"))).await.ok();
    let dave = json!({"@odata.type": "#microsoft.graph.user", "id": who("dave")});
    assert_eq!(found["owners"], json!([dave]));
    assert_eq!(found["@odata.context"], "https://here.example:8443/v1.0/$metadata#groups(owners(id))/$entity");
}

#[tokio::test]
async fn groups_say_what_they_are() {
    let app = App::start().await;
    let select = "$select=id,isAssignableToRole,groupTypes,membershipRule,onPremisesSyncEnabled,securityEnabled";
    let facts = async |key: &str| {
        let found = app.get("ga", &format!("/v1.0/groups/{}?{select}", group(key))).await.ok();
        let kinds = found["groupTypes"].as_array().unwrap().len();
        (found["isAssignableToRole"].clone(), kinds, found["onPremisesSyncEnabled"].clone())
    };
    assert_eq!(facts("G").await, (json!(false), 0, json!(null)));
    assert_eq!(facts("RG").await, (json!(true), 0, json!(null)));
    assert_eq!(facts("DYN").await, (json!(false), 1, json!(null)));
    assert_eq!(facts("SYN").await, (json!(false), 0, json!(true)));
    let found = app.get("ga", "/v1.0/groups?$filter=isAssignableToRole eq true").await.ok();
    assert_eq!(each(&found, "id"), [group("RG")]);
    let found = app.get("ga", "/v1.0/groups?$filter=groupTypes/any(c:c eq 'DynamicMembership')").await.ok();
    assert_eq!(each(&found, "id"), [group("DYN")]);
}

#[tokio::test]
async fn a_manager_is_found_and_expanded() {
    let app = App::start().await;
    let found = app.get("ga", "/v1.0/users/alice@demo.test/manager").await.ok();
    assert_eq!(
        (found["@odata.type"].as_str(), found["displayName"].as_str()),
        (Some("#microsoft.graph.user"), Some("Bob Brown"))
    );
    assert_eq!(app.get("ga", "/v1.0/users/bob@demo.test/manager").await.status, StatusCode::NOT_FOUND);
    let path = "/v1.0/users?$filter=startswith(displayName,'alic')&$select=displayName&$expand=manager($select=id)";
    let found = app.get("ga", path).await.ok();
    assert_eq!(each(&found, "displayName"), ["Alice Archer", "Alicia Aldous"]);
    assert_eq!(found["value"][0]["manager"]["id"], who("bob").to_string());
    assert_eq!(found["value"][1]["manager"], json!(null));
}

#[tokio::test]
async fn graph_147_roles_by_template_and_principals_by_application() {
    let app = App::start().await;
    let ga = "62e90394-69f5-4237-9190-012177145e10";
    let found = app.get("ga", &format!("/v1.0/directoryRoles(roleTemplateId='{ga}')")).await.ok();
    assert_eq!(
        (found["displayName"].as_str(), found["roleTemplateId"].as_str()),
        (Some("Global Administrator"), Some(ga))
    );
    let found = app.get("ga", &format!("/v1.0/directoryRoles/{ga}/members?$select=id")).await.ok();
    let mut holders = each(&found, "id");
    holders.sort_unstable();
    let mut expected = [who("ada").to_string(), who("ga").to_string()];
    expected.sort_unstable();
    assert_eq!(holders, expected);
    let found = app.get("ga", "/v1.0/directoryRoles").await.ok();
    assert_eq!(found["value"].as_array().unwrap().len(), 3, "only roles that somebody holds");

    let services = app.get("ga", "/v1.0/servicePrincipals?$orderby=displayName").await.ok();
    assert_eq!(each(&services, "displayName"), ["Automation", "Second automation"]);
    let app_id = each(&services, "appId")[0].to_owned();
    let one = app.get("ga", &format!("/v1.0/servicePrincipals(appId='{app_id}')")).await.ok();
    assert_eq!(one["id"], who("app").to_string());
    let found = app.get("ga", &format!("/v1.0/servicePrincipals?$filter=appId eq '{app_id}'")).await.ok();
    assert_eq!(each(&found, "id"), [who("app").to_string()]);
}

#[tokio::test]
async fn the_organization_is_the_tenant() {
    let app = App::start().await;
    let found = app.get("alice", "/v1.0/organization").await.ok();
    let tenant = ephor_demo::cast::tenant().to_string();
    assert_eq!(each(&found, "id"), [tenant.as_str()]);
    let domains = &found["value"][0]["verifiedDomains"];
    assert_eq!((domains[0]["name"].as_str(), domains[0]["isDefault"].as_bool()), (Some("demo.test"), Some(true)));
    assert_eq!((domains[1]["name"].as_str(), domains[1]["isDefault"].as_bool()), (Some("other.test"), Some(false)));
    assert_eq!(app.get("alice", &format!("/v1.0/organization/{tenant}")).await.ok()["displayName"], "Demo");
}

#[tokio::test]
async fn a_token_opens_what_its_scopes_name() {
    let app = App::start().await;
    let asked = async |who: &str, scopes: &[&str], path: &str| {
        let token = app.token_with(who, Some(scopes)).await;
        app.call(Method::GET, &token, path, &[], "").await
    };
    let denied = "Insufficient privileges to complete the operation.";
    let alice = who("alice");
    for (scopes, path, opens) in [
        (&["User.Read"][..], "/v1.0/me".to_owned(), true),
        (&["User.Read"], "/v1.0/me/memberOf".to_owned(), true),
        (&["User.Read"], format!("/v1.0/users/{alice}"), true),
        (&["User.Read"], "/v1.0/users".to_owned(), false),
        (&["User.Read"], format!("/v1.0/users/{}", who("bob")), false),
        (&["User.Read.All"], "/v1.0/users".to_owned(), true),
        (&["User.Read.All"], "/v1.0/groups".to_owned(), false),
        (&["GroupMember.Read.All"], format!("/v1.0/groups/{}/members", group("G")), true),
        (&["Application.Read.All"], "/v1.0/servicePrincipals".to_owned(), true),
        (&["Directory.Read.All"], "/v1.0/directoryRoles".to_owned(), true),
        (&["Pam.Use", "user_impersonation"], "/v1.0/me".to_owned(), false),
    ] {
        let reply = asked("alice", scopes, &path).await;
        if opens {
            assert_eq!(reply.status, StatusCode::OK, "{scopes:?} {path}");
        } else {
            let expected = (403, "Authorization_RequestDenied".to_owned(), denied.to_owned());
            assert_eq!(reply.error(), expected, "{scopes:?} {path}");
        }
    }
    let reply = asked("app", &["Directory.Read.All"], "/v1.0/users").await;
    assert_eq!(reply.status, StatusCode::OK);
}

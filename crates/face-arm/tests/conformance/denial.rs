//! Deny assignments: what they take, who sees them, who lays them down.

use ephor_domain::{Refusal, resource::Permission};
use ephor_engine::{
    Denied,
    resource::{DeleteDenial, PutDenial},
};
use serde_json::json;
use uuid::{Uuid, uuid};

use crate::{
    app::{App, group, path, who},
    story::{READER, at},
};

const V: &str = "api-version=2022-04-01";
const ID: Uuid = uuid!("5a5a7e2a-0000-4000-8000-00000000000d");

fn freeze(scope: &str, principals: &[String]) -> PutDenial {
    let action = "Microsoft.Authorization/roleAssignments/*".to_owned();
    PutDenial {
        id: ID,
        name: "Freeze".to_owned(),
        scope: path(scope).parse().unwrap(),
        not_below: false,
        permissions: vec![Permission { actions: vec![action], ..Permission::default() }],
        principals: principals.iter().map(|id| id.parse().unwrap()).collect(),
        excluded: [who("carol").uuid()].into(),
    }
}

#[tokio::test]
async fn what_is_denied_no_role_gives_until_it_is_lifted() {
    let app = App::start().await;
    let give = at("~S", &format!("roleAssignments/{}?{V}", Uuid::from_u128(1)));
    let body = json!({"properties": {"roleDefinitionId": READER, "principalId": who("bob")}});
    app.put("alice", &give, body).await.with(201);
    let list = at("~G1", &format!("roleAssignments?{V}"));
    app.asked("bob", &list).await.with(200);
    // Whoever owns the scope can neither lay one down nor lift it.
    let alice = app.actor("alice").await;
    let refused = app.engine.administer(&alice, freeze("~S", &[group("devs")])).await;
    assert!(matches!(refused, Err(Denied::Refused(Refusal::NotAdministrator))), "{refused:?}");
    let ga = app.actor("ga").await;
    app.engine.administer(&ga, freeze("~S", &[group("devs")])).await.unwrap();
    let refused = app.asked("bob", &list).await;
    assert_eq!(refused.error(), (403, "DenyAssignmentAuthorizationFailed".to_owned()));
    app.asked("bob", &at("~S", &format!("permissions?{V}"))).await.with(200);
    app.get(&list).await.with(200);
    let shown = app.get(&at("~G1", &format!("denyAssignments?{V}"))).await.with(200);
    assert_eq!(
        shown["value"],
        json!([{
            "properties": {
                "denyAssignmentName": "Freeze",
                "description": null,
                "permissions": [{
                    "actions": ["Microsoft.Authorization/roleAssignments/*"], "notActions": [], "dataActions": [],
                    "notDataActions": [],
                }],
                "scope": path("~S"),
                "doNotApplyToChildScopes": false,
                "principals": [{"id": group("devs"), "type": "Group"}],
                "excludePrincipals": [{"id": who("carol"), "type": "User"}],
                "isSystemProtected": false,
            },
            "id": at("~S", &format!("denyAssignments/{ID}")),
            "type": "Microsoft.Authorization/denyAssignments",
            "name": ID,
        }])
    );
    for (filter, count) in [
        (format!("principalId eq '{}'", group("devs")), 1),
        (format!("principalId eq '{}'", who("bob")), 0),
        ("denyAssignmentName eq 'freeze'".to_owned(), 1),
        ("denyAssignmentName eq 'thaw'".to_owned(), 0),
        ("atScope()".to_owned(), 1),
    ] {
        let found = app.get(&at("~S", &format!("denyAssignments?{V}&$filter={filter}"))).await.each("/name");
        assert_eq!(found.len(), count, "{filter}");
    }
    let refused = app.engine.administer(&alice, DeleteDenial { id: ID }).await;
    assert!(matches!(refused, Err(Denied::Refused(Refusal::NotAdministrator))), "{refused:?}");
    assert!(app.engine.administer(&ga, DeleteDenial { id: ID }).await.unwrap().is_some());
    assert!(app.engine.administer(&ga, DeleteDenial { id: ID }).await.unwrap().is_none());
    app.asked("bob", &list).await.with(200);
}

//! Whoever holds a directory role, or says who holds one, is out of reach of lesser administrators.

use ephor_domain::{
    Refusal,
    administration::AdministratorRole,
    authentication::Methods,
    principal::{Actor, Delegation, Proof},
};
use ephor_engine::{
    Denied,
    admin::{administrator::Appoint, credential::SetPassword},
};
use http::{Method, StatusCode};
use serde_json::json;

use crate::app::{App, group, who};

fn actor(key: &str) -> Actor {
    let person = ephor_demo::cast::everybody().into_iter().find(|person| person.key == key).unwrap();
    Actor {
        principal: person.id(),
        person: person.person(),
        address: None,
        proof: Proof::Person,
        methods: Methods::default(),
        delegation: Delegation::Whole,
    }
}

#[tokio::test]
async fn a_lesser_administrator_sets_no_password_of_theirs() {
    let app = App::start().await;
    let (ada, eve) = (actor("ada"), actor("eve"));
    let appointed = Appoint { principal: eve.principal, role: AdministratorRole::Pam };
    app.engine.administer(&ada, appointed).await.unwrap();
    let set = async |key: &str| {
        let order = SetPassword { principal: who(key), hash: "$argon2id$".to_owned() };
        match app.engine.administer(&eve, order).await {
            Ok(()) => true,
            Err(Denied::Refused(Refusal::NotAdministrator)) => false,
            Err(other) => panic!("{key}: {other}"),
        }
    };
    assert!(set("carol").await, "she has nothing");
    assert!(!set("pra").await, "gives all roles");
    assert!(!set("ga").await);
    assert!(set("alice2").await, "is in a group without a role");
    let token = app.token("pra").await;
    let role = json!({"principalId": group("RG"), "directoryScopeId": "/",
        "roleDefinitionId": "e8611ab8-c189-46e8-94e1-60213ab1f814"});
    let path = "/v1.0/roleManagement/directory/roleAssignments";
    let made = app.call(Method::POST, &token, path, &[], role.to_string()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    assert!(!set("alice2").await, "holds it through the group");
    let owner = json!({"@odata.id": format!("/directoryObjects/{}", who("carol"))});
    let path = format!("/v1.0/groups/{}/owners/$ref", group("RG"));
    let made = app.call(Method::POST, &token, &path, &[], owner.to_string()).await;
    assert_eq!(made.status, StatusCode::NO_CONTENT, "{}", made.text());
    assert!(!set("carol").await, "says who holds it");
}

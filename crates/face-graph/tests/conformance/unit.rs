//! Administrative units.

use http::StatusCode;
use serde_json::json;

use crate::app::{App, each, who};

fn au1() -> String {
    let facts = ephor_demo::Facts::new(String::new(), String::new(), String::new());
    facts.graph.administrative_units["au1"].to_string()
}

#[tokio::test]
async fn units_are_read_and_their_members_are_in_them() {
    let app = App::start().await;
    for root in ["/v1.0/directory", "/beta/directory", "/beta"] {
        let list = app.get("gr", &format!("{root}/administrativeUnits")).await.ok();
        assert_eq!(each(&list, "id"), [au1()], "{root}");
    }
    assert_eq!(app.get("gr", "/v1.0/administrativeUnits").await.status, StatusCode::BAD_REQUEST);
    let one =
        app.get("gr", &format!("/v1.0/directory/administrativeUnits/{}?$select=id,displayName", au1())).await.ok();
    assert_eq!((one["displayName"].as_str(), one["id"].clone()), (Some("Western branch"), json!(au1())));
    let members = app.get("gr", &format!("/v1.0/directory/administrativeUnits/{}/members", au1())).await.ok();
    assert_eq!(each(&members, "id"), [who("gr").to_string()]);
    let (status, code, _) =
        app.get("gr", &format!("/v1.0/directory/administrativeUnits/{}", who("alice"))).await.error();
    assert_eq!((status, code.as_str()), (404, "Request_ResourceNotFound"));
    let of = app.get("gr", "/v1.0/me/memberOf").await.ok();
    assert_eq!(each(&of, "@odata.type"), ["#microsoft.graph.directoryRole", "#microsoft.graph.administrativeUnit"]);
}

#[tokio::test]
async fn an_unknown_unit_is_no_scope() {
    let app = App::start().await;
    let given = |unit: &str| {
        let scope = format!("/administrativeUnits/{unit}");
        let role = "fe930be7-5e62-47db-91af-98c3a49a38b1";
        json!({"principalId": who("alice"), "roleDefinitionId": role, "directoryScopeId": scope})
    };
    let path = "/v1.0/roleManagement/directory/roleAssignments";
    let unknown = app.post("pra", path, given("00000000-0000-4000-8000-000000000000")).await;
    assert_eq!(unknown.error().1, "InvalidScope");
}

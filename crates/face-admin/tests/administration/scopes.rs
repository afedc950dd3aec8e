//! The tree of resource scopes, and who may do what in it.

use serde_json::{Value, json};

use crate::app::on_both;

const S: &str = "/subscriptions/5f5a7e2a-0000-4000-8000-00000000000a";
const M: &str = "/providers/Microsoft.Management/managementGroups/m";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

#[tokio::test]
async fn the_tree_is_laid_out_changed_and_listed() {
    on_both(async |app| {
        let ada = app.caller("ada");
        ada.send("PUT", "scopes", json!({"scope": M, "displayName": "All"})).await.ok(200);
        let made = ada
            .send(
                "PUT",
                "scopes",
                json!({"scope": S.to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions"), "parent": M}),
            )
            .await;
        let made = made.ok(200);
        assert_eq!((&made["scope"], &made["parent"]), (&json!(S), &json!(M)));
        let group = format!("{S}/resourceGroups/g");
        ada.send("PUT", "scopes", json!({"scope": group, "location": "here"})).await.ok(200);
        let listed = ada.get("scopes?kind=subscription&limit=1").await.ok(200);
        assert_eq!(listed["items"][0]["scope"], S);
        assert_eq!(ada.get("scopes?kind=planet").await.json()["field"], "kind");
        let orphan = json!({"scope": "/subscriptions/5f5a7e2a-0000-4000-8000-00000000000b/resourceGroups/g"});
        assert_eq!(ada.send("PUT", "scopes", orphan).await.problem(), (404, "no_scope".to_owned()));
        assert_eq!(ada.send("PUT", "scopes", json!({"scope": "nowhere"})).await.json()["field"], "scope");
        let gone = |scope: &str| format!("scopes?scope={}", scope.replace('/', "%2F"));
        assert_eq!(ada.send("DELETE", &gone(S), Value::Null).await.problem(), (409, "scope_in_use".to_owned()));
        assert_eq!(ada.send("DELETE", &gone(&group), Value::Null).await.status, 204);
        assert_eq!(ada.send("DELETE", &gone(&group), Value::Null).await.problem().0, 404);
    })
    .await;
}

#[tokio::test]
async fn a_check_answers_for_roles_in_force_at_the_scope_or_above() {
    on_both(async |app| {
        let ada = app.caller("ada");
        ada.send("PUT", "scopes", json!({"scope": M})).await.ok(200);
        ada.send("PUT", "scopes", json!({"scope": S, "parent": M})).await.ok(200);
        let (jen, ada_id) = (app.typed("jen"), app.typed("ada"));
        app.write(move |tx| {
            Box::pin(async move {
                let at = "2026-01-01T00:00:00Z".parse().unwrap();
                let assignment = ephor_domain::resource::Assignment {
                    name: uuid::Uuid::from_u128(1),
                    scope: M.parse().unwrap(),
                    definition: READER.parse().unwrap(),
                    principal: jen,
                    kind: ephor_domain::principal::PrincipalKind::User,
                    content: ephor_domain::resource::AssignmentContent::default(),
                    created: at,
                    updated: at,
                    created_by: None,
                    updated_by: None,
                };
                tx.insert_role_assignment(&assignment).await
            })
        })
        .await;
        let ask = async |caller: &str, principal: Option<ephor_domain::id::PrincipalId>, action: &str| {
            let body = json!({"principalId": principal, "scope": S, "action": action});
            app.caller(caller).post("access-checks", body).await
        };
        let read = "Microsoft.Compute/virtualMachines/read";
        let yes = json!({"allowed": true, "verdict": "allowed"});
        let no = json!({"allowed": false, "verdict": "notAllowed"});
        assert_eq!(ask("ada", Some(jen), read).await.ok(200), yes);
        assert_eq!(ask("ada", Some(jen), "Microsoft.Compute/virtualMachines/write").await.ok(200), no);
        assert_eq!(ask("jen", None, read).await.ok(200), yes);
        // Whoever reads role assignments there asks about others too; nobody else does.
        assert_eq!(ask("jen", Some(ada_id), read).await.ok(200), no);
        assert_eq!(ask("eve", Some(jen), read).await.problem().0, 403);
        assert_eq!(ask("eve", None, read).await.ok(200), no);
        assert_eq!(ask("jen", None, "*").await.json()["field"], "action");
    })
    .await;
}

#[tokio::test]
async fn a_deny_assignment_holds_until_it_is_lifted() {
    on_both(async |app| {
        let ada = app.caller("ada");
        ada.send("PUT", "scopes", json!({"scope": M})).await.ok(200);
        ada.send("PUT", "scopes", json!({"scope": S, "parent": M})).await.ok(200);
        let jen = app.typed("jen");
        app.write(move |tx| {
            Box::pin(async move {
                let at = "2026-01-01T00:00:00Z".parse().unwrap();
                let assignment = ephor_domain::resource::Assignment {
                    name: uuid::Uuid::from_u128(1),
                    scope: M.parse().unwrap(),
                    definition: READER.parse().unwrap(),
                    principal: jen,
                    kind: ephor_domain::principal::PrincipalKind::User,
                    content: ephor_domain::resource::AssignmentContent::default(),
                    created: at,
                    updated: at,
                    created_by: None,
                    updated_by: None,
                };
                tx.insert_role_assignment(&assignment).await
            })
        })
        .await;
        let verdict = async |scope: &str| {
            let body = json!({"scope": scope, "action": "Microsoft.Compute/virtualMachines/read"});
            app.caller("jen").post("access-checks", body).await.ok(200)["verdict"].clone()
        };
        assert_eq!(verdict(S).await, "allowed");
        let id = "5a5a7e2a-0000-4000-8000-00000000000d";
        let target = format!("deny-assignments/{id}");
        let body = |scope: &str, not_below: bool| {
            json!({
                "displayName": "Freeze", "scope": scope, "notBelow": not_below,
                "permissions": [{"actions": ["Microsoft.Compute/*"], "notActions": ["*/write"]}],
                "principalIds": [jen], "excludedPrincipalIds": [],
            })
        };
        let made = ada.send("PUT", &target, body(M, false)).await.ok(200);
        assert_eq!(
            made,
            json!({
                "id": id, "displayName": "Freeze", "scope": M, "notBelow": false,
                "permissions": [{
                    "actions": ["Microsoft.Compute/*"], "notActions": ["*/write"], "dataActions": [], "notDataActions": [],
                }],
                "principalIds": [jen], "excludedPrincipalIds": [],
            })
        );
        assert_eq!((verdict(M).await, verdict(S).await), (json!("denied"), json!("denied")));
        // At the management group alone: what is below is as it was.
        ada.send("PUT", &target, body(M, true)).await.ok(200);
        assert_eq!((verdict(M).await, verdict(S).await), (json!("denied"), json!("allowed")));
        let of = |scope: &str| format!("deny-assignments?scope={}", scope.replace('/', "%2F"));
        let listed = ada.get(&of(M)).await.ok(200);
        assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["notBelow"]), (&json!(id), &json!(true)));
        assert_eq!(ada.get(&of(S)).await.ok(200)["items"], json!([]));
        let gone = format!("scopes?scope={}", S.replace('/', "%2F"));
        assert_eq!(ada.send("DELETE", &gone, Value::Null).await.status, 204);
        for (change, status) in [
            (json!({"principalIds": []}), 400),
            (json!({"permissions": []}), 400),
            (json!({"displayName": ""}), 400),
            (json!({"principalIds": ["5a5a7e2a-0000-4000-8000-0000000000ff"]}), 400),
            (json!({"scope": S}), 404),
            (json!({"scope": "nowhere"}), 400),
        ] {
            let mut bad = body(M, false);
            bad.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            assert_eq!(ada.send("PUT", &target, bad).await.problem().0, status, "{change}");
        }
        assert_eq!(app.caller("jen").send("DELETE", &target, Value::Null).await.problem().0, 403);
        assert_eq!(verdict(M).await, "denied");
        assert_eq!(ada.send("DELETE", &target, Value::Null).await.status, 204);
        assert_eq!(ada.send("DELETE", &target, Value::Null).await.problem().0, 404);
        assert_eq!(verdict(M).await, "allowed");
    })
    .await;
}

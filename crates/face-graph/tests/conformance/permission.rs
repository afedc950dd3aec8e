//! GRAPH-152, GRAPH-153: what each scope and app role opens, row by row of the published table.

use ephor_domain::application::{Permission, PermissionKind};
use http::{Method, StatusCode};
use serde_json::Value;

use crate::app::{App, Reply, each, group, who};

const UA: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";

/// How a call without a fitting scope is refused; nothing where it was let in.
fn refused(reply: &Reply) -> Option<String> {
    if reply.status != StatusCode::FORBIDDEN {
        return None;
    }
    let (_, code, message) = reply.error();
    match code.as_str() {
        "Authorization_RequestDenied" => Some(code),
        "UnknownError" => {
            let inner: Value = serde_json::from_str(&message).ok()?;
            inner["errorCode"].as_str().map(str::to_owned)
        }
        "" => Some("no code".to_owned()),
        _ => None,
    }
}

/// Real ids for the keys of a path.
fn filled(path: &str, policy: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in path.trim_start_matches('/').split('/') {
        let before = parts.last().map(|part| part.to_lowercase()).unwrap_or_default();
        let value = match (part.contains('{'), before.as_str()) {
            (false, _) => part.to_owned(),
            (true, "rolemanagementpolicies") => policy.to_owned(),
            (true, "rolemanagementpolicyassignments") => format!("{policy}_{UA}"),
            (true, "rules" | "effectiverules") => "Expiration_EndUser_Assignment".to_owned(),
            (true, "groups") => group("G"),
            (true, "users" | "directoryobjects") => who("alice").to_string(),
            (true, "serviceprincipals") => who("app").to_string(),
            (true, _) if part.starts_with('{') => UA.to_owned(),
            (true, _) => part.replace("{value}", "'principal'").replace("{id}", UA),
        };
        parts.push(value);
    }
    parts.join("/")
}

#[tokio::test]
async fn graph_152_each_listed_value_alone_opens_its_operation() {
    let Ok(folder) = std::env::var("EPHOR_SPEC_DIR") else {
        eprintln!("EPHOR_SPEC_DIR is not set: the table of permissions is not there");
        return;
    };
    let text = std::fs::read_to_string(format!("{folder}/graph/permissions.json")).unwrap();
    let table: Value = serde_json::from_str(&text).unwrap();
    let app = App::start().await;
    let filter = format!("$filter=scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '{UA}'");
    let found = app.get("gr", &format!("/v1.0/policies/roleManagementPolicyAssignments?{filter}")).await.ok();
    let role_policy = each(&found, "policyId")[0].to_owned();
    let filter = format!("$filter=scopeId eq '{}' and scopeType eq 'Group'", group("G"));
    let found = app.get("ga", &format!("/v1.0/policies/roleManagementPolicies?{filter}")).await.ok();
    let group_policy = each(&found, "id")[0].to_owned();
    let stranger = app.token_with("ga", Some(&["Pam.Use"])).await;
    let (mut asked, mut opened) = (0, 0);
    for row in table["rows"].as_array().unwrap() {
        let (method, path) = (row["method"].as_str().unwrap(), row["path"].as_str().unwrap());
        let is_of_groups = row["delegated"].to_string().contains("AzureADGroup");
        let path = filled(path, if is_of_groups { &group_policy } else { &role_policy });
        let method: Method = method.parse().unwrap();
        let is_beta = path.contains("roleManagementAlerts") || path.to_lowercase().contains("approvals");
        let path = format!("/{}/{path}", if is_beta { "beta" } else { "v1.0" });
        let json = [("content-type", "application/json")];
        let reply = app.call(method.clone(), &stranger, &path, &json, "{}").await;
        // Not served, or not in this edition.
        if reply.status == StatusCode::NOT_IMPLEMENTED || reply.status == StatusCode::METHOD_NOT_ALLOWED {
            continue;
        }
        if reply.status == StatusCode::BAD_REQUEST && reply.text().contains("Resource not found for the segment") {
            continue;
        }
        asked += 1;
        assert!(refused(&reply).is_some(), "{method} {path} opens without a scope: {}", reply.text());
        for (sort, kind, key) in
            [("delegated", PermissionKind::Scope, "ga"), ("application", PermissionKind::AppRole, "app")]
        {
            for level in ["least", "higher"] {
                for name in row[sort][level].as_array().into_iter().flatten() {
                    let name = name.as_str().unwrap();
                    // `.Remove.` opens removals alone, which are told by the body.
                    if name.contains(".Remove.") || Permission::find(kind, name).is_none() {
                        continue;
                    }
                    let token = app.token_with(key, Some(&[name])).await;
                    let reply = app.call(method.clone(), &token, &path, &json, "{}").await;
                    assert_eq!(refused(&reply), None, "{method} {path} with {sort} {name}: {}", reply.text());
                    opened += 1;
                }
            }
        }
    }
    assert!(asked > 30 && opened > 90, "{asked} {opened}");
}

#[tokio::test]
async fn graph_152_groups_of_roles_ask_for_the_scope_of_roles_whoever_let_the_program_do_less() {
    let app = App::start().await;
    let json = [("content-type", "application/json")];
    let carol =
        serde_json::json!({"@odata.id": format!("https://x/v1.0/directoryObjects/{}", who("carol"))}).to_string();
    let put = |group_id: &str, of: &str| format!("/v1.0/groups/{group_id}/{of}/$ref");
    let new = serde_json::json!({"displayName": "new", "mailNickname": "new", "securityEnabled": true,
        "mailEnabled": false, "isAssignableToRole": true});
    for scope in ["GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"] {
        let token = app.token_with("ga", Some(&[scope])).await;
        let change = serde_json::json!({"members@odata.bind": [format!("https://x/v1.0/users/{}", who("carol"))]});
        let tier = format!("/v1.0/groups/{}", group("RG"));
        for (method, path, body) in [
            (Method::POST, put(&group("RG"), "members"), carol.clone()),
            (Method::POST, put(&group("RG"), "owners"), carol.clone()),
            (Method::DELETE, format!("{tier}/members/{}/$ref", who("alice2")), String::new()),
            (Method::PATCH, tier.clone(), change.to_string()),
            (Method::PATCH, tier.clone(), serde_json::json!({"displayName": "other"}).to_string()),
            (Method::DELETE, tier.clone(), String::new()),
            (Method::POST, "/v1.0/groups".to_owned(), new.to_string()),
        ] {
            let reply = app.call(method.clone(), &token, &path, &json, body).await;
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{scope} {method} {path}: {}", reply.text());
        }
    }
    let groups = app.token_with("ga", Some(&["GroupMember.ReadWrite.All"])).await;
    let reply = app.call(Method::POST, &groups, &put(&group("G"), "members"), &json, carol.clone()).await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.text());
    let roles = app.token_with("ga", Some(&["RoleManagement.ReadWrite.Directory"])).await;
    let reply = app.call(Method::POST, &roles, &put(&group("RG"), "members"), &json, carol).await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.text());
    let reply = app.call(Method::POST, &roles, "/v1.0/groups", &json, new.to_string()).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text());
}

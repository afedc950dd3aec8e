//! Which namespaces are served, with their types and versions: clients look here for versions (`ARM 20`).

use ephor_domain::scope::ArmScope;
use serde_json::{Value, json};

use crate::{
    answer::Reply,
    collection::Collection,
    error::Answer,
    route::{NAMESPACES, unknown_namespace},
    version,
};

fn types(namespace: &str) -> Vec<Value> {
    let kind = |name: &str, versions: &[&str]| json!({"resourceType": name, "locations": [], "apiVersions": versions, "capabilities": "None"});
    match namespace {
        "Microsoft.Authorization" => Collection::ALL.iter().map(|one| kind(one.name(), one.versions())).collect(),
        "Microsoft.Management" => vec![kind("managementGroups", version::MANAGEMENT_GROUPS)],
        "Microsoft.Resources" => vec![
            kind("tenants", version::TENANTS),
            kind("subscriptions", version::SUBSCRIPTIONS),
            kind("subscriptions/resourceGroups", version::ANY),
            kind("resourceGroups", version::ANY),
            kind("resources", version::ANY),
        ],
        _ => vec![kind("subscriptions", version::SUBSCRIPTIONS)],
    }
}

fn item(subscription: Option<&ArmScope>, namespace: &str) -> Value {
    let above = subscription.map_or("", ArmScope::as_str);
    json!({
        "id": format!("{above}/providers/{namespace}"),
        "namespace": namespace,
        "registrationPolicy": "RegistrationFree",
        "registrationState": "Registered",
        "resourceTypes": types(namespace),
    })
}

/// All of them.
pub(super) fn list(subscription: Option<&ArmScope>) -> Reply {
    let all: Vec<Value> = NAMESPACES.iter().map(|namespace| item(subscription, namespace)).collect();
    Reply::ok(json!({"value": all}))
}

/// One; every one is registered from the start.
pub(super) fn one(subscription: Option<&ArmScope>, name: &str) -> Answer<Reply> {
    let found = NAMESPACES.iter().find(|known| known.eq_ignore_ascii_case(name));
    Ok(Reply::ok(item(subscription, found.ok_or_else(|| unknown_namespace(name))?)))
}

//! Names beside ids: `expandedProperties` and its kin (`ARM 8.1`).

use ephor_domain::{
    principal::PrincipalKind,
    scope::{ArmScope, ArmScopeKind},
};
use ephor_engine::resource::Described;
use serde_json::{Value, json};
use uuid::Uuid;

use super::role_assignment::kind;
use crate::{call::Call, role_id};

/// A scope with its name and kind.
pub(super) fn scope(call: &Call, known: &Described, scope: &ArmScope) -> Value {
    let name = match (known.places.get(scope), scope.kind()) {
        (Some(place), _) => place.name.clone(),
        (None, ArmScopeKind::Root) => call.settings().tenant_name.clone(),
        (
            None,
            ArmScopeKind::ManagementGroup
            | ArmScopeKind::Subscription
            | ArmScopeKind::ResourceGroup
            | ArmScopeKind::Resource(_),
        ) => scope.name().to_owned(),
    };
    json!({"id": scope.as_str(), "displayName": name, "type": scope_kind(scope)})
}

/// The word for a kind of scope (`ARM 3`).
pub(super) fn scope_kind(scope: &ArmScope) -> &str {
    match scope.kind() {
        ArmScopeKind::Root => "tenant",
        ArmScopeKind::ManagementGroup => "managementgroup",
        ArmScopeKind::Subscription => "subscription",
        ArmScopeKind::ResourceGroup => "resourcegroup",
        ArmScopeKind::Resource(kind) => kind,
    }
}

/// A role with its name and kind, as a scope shows its id.
pub(super) fn role(known: &Described, scope: &ArmScope, id: Uuid) -> Value {
    let role = known.roles.get(&id);
    let sort = if role.is_none_or(|role| role.built_in) { "BuiltInRole" } else { "CustomRole" };
    let name = role.map_or_else(|| id.to_string(), |role| role.name.clone());
    json!({"id": role_id::render(scope, id), "displayName": name, "type": sort})
}

/// A principal with its name; groups and applications have no mail address.
pub(super) fn principal(known: &Described, id: Uuid) -> Value {
    let Some(entry) = known.principals.get(&id) else {
        return json!({"id": id, "displayName": id, "email": null, "type": "User"});
    };
    let account = &entry.principal;
    let email = match account.kind {
        PrincipalKind::User => account.upn.clone().or_else(|| entry.facts.mail.clone()),
        PrincipalKind::Group | PrincipalKind::Service => None,
    };
    json!({"id": id, "displayName": account.display_name, "email": email, "type": kind(account.kind)})
}

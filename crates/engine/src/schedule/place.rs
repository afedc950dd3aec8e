//! What an entitlement is in the rows: definition and scope, and back.

use ephor_domain::{
    Refusal,
    directory::{BuiltInRole, RoleDefinition},
    entitlement::{Access, EntitlementKey},
    id::{GroupId, PersonId, PrincipalId},
    policy::Kind,
    principal::{Principal, PrincipalKind},
    provider::{Provider, ScheduleRefusal, directory_roles, groups, resources},
    scope::DirectoryScope,
};
use ephor_store::{Fault, Tx};
use uuid::Uuid;

use crate::answer::Answer;

/// The role definition or group, and the canonical text of the scope or access.
pub(super) fn columns(key: &EntitlementKey) -> (Uuid, String) {
    match key {
        EntitlementKey::PamRole(role) => (role.uuid(), String::new()),
        EntitlementKey::DirectoryRole { definition, scope } => (*definition, scope.to_string().to_lowercase()),
        EntitlementKey::Group { group, access } => (group.uuid(), access.word().to_owned()),
        EntitlementKey::Resource { definition, scope } => (*definition, scope.key().to_owned()),
    }
}

/// The entitlement of a row.
///
/// # Errors
/// [`Fault::Inconsistent`] for a scope that is none.
pub(super) fn key(provider: Provider, definition: Uuid, scope: &str) -> Result<EntitlementKey, Fault> {
    let found = match provider {
        Provider::Pam => None,
        Provider::DirectoryRoles => scope.parse().ok().map(|scope| EntitlementKey::DirectoryRole { definition, scope }),
        Provider::Groups => {
            Access::from_word(scope).map(|access| EntitlementKey::Group { group: GroupId::new(definition), access })
        }
        Provider::Resources => scope.parse().ok().map(|scope| EntitlementKey::Resource { definition, scope }),
    };
    found.ok_or_else(|| Fault::Inconsistent { table: "line", column: "scope", id: definition.to_string() })
}

/// The holder of an order, and whether the entitlement is there and can be held by such a one (`GRAPH 8.4` step 4).
///
/// # Errors
/// [`Refusal::NotFound`] of `principal`, `role definition`, `group`; [`ScheduleRefusal::NoScope`];
/// [`ScheduleRefusal::NotPossible`] and [`ScheduleRefusal::NotSupported`]; faults of the store.
pub(super) async fn check(
    tx: &mut Tx,
    key: &EntitlementKey,
    kind: Kind,
    principal: PrincipalId,
    gives: bool,
) -> Answer<Principal> {
    let account = tx.principal(principal).await?;
    let group = match &account {
        Some(account) if account.kind != PrincipalKind::Group => None,
        Some(_) | None => tx.directory_groups_of(&[GroupId::new(principal.uuid())]).await?.pop(),
    };
    let holder = match account {
        Some(holder) => holder,
        // Cleaning up after somebody who was deleted (`ARM 9.7`).
        None if !gives && key.provider() == Provider::Resources => gone(principal),
        // A group that was never a member of anything has no account.
        None if group.is_some() => return Err(ScheduleRefusal::NotPossible("the group cannot hold anything").into()),
        None => return Err(Refusal::NotFound { what: "principal" }.into()),
    };
    let assignable = holder.kind == PrincipalKind::Group && group.is_some_and(|group| group.facts.role_assignable);
    match key {
        EntitlementKey::PamRole(_) => return Err(ScheduleRefusal::NotSupported.into()),
        EntitlementKey::DirectoryRole { definition, scope } => {
            let role = definition_of(tx, *definition).await?.ok_or(Refusal::NotFound { what: "role definition" })?;
            check_scope(tx, *scope).await?;
            directory_roles::check_principal(kind, holder.kind, assignable)?;
            let is_given = BuiltInRole::find(role.id).is_none_or(|role| role.assignable);
            if gives && (!is_given || !role.enabled) {
                return Err(ScheduleRefusal::NotPossible("the role cannot be given").into());
            }
        }
        EntitlementKey::Group { group, .. } => {
            let entry = tx.directory_groups_of(&[*group]).await?.pop().ok_or(Refusal::NotFound { what: "group" })?;
            groups::check_principal(entry.facts.traits(), kind, holder.kind)?;
            if holder.id.uuid() == group.uuid() {
                return Err(ScheduleRefusal::NotPossible("a group cannot be in itself").into());
            }
        }
        EntitlementKey::Resource { definition, scope } => {
            crate::resource::check_role(tx, *definition, scope, gives).await?;
            resources::check_principal(kind, holder.kind)?;
        }
    }
    Ok(holder)
}

/// Stands for an account that is not there any more.
fn gone(id: PrincipalId) -> Principal {
    Principal {
        id,
        kind: PrincipalKind::User,
        person: PersonId::new(id.uuid()),
        domain: String::new(),
        account: String::new(),
        display_name: String::new(),
        upn: None,
        enabled: false,
    }
}

async fn definition_of(tx: &mut Tx, id: Uuid) -> Result<Option<RoleDefinition>, Fault> {
    match BuiltInRole::find(id) {
        Some(role) => Ok(Some(role.into())),
        None => tx.role_definition(id).await,
    }
}

async fn check_scope(tx: &mut Tx, scope: DirectoryScope) -> Answer<()> {
    let is_there = match scope {
        DirectoryScope::Tenant => true,
        DirectoryScope::AdministrativeUnit(id) => tx.administrative_unit(id).await?.is_some(),
        DirectoryScope::Object(id) => {
            tx.principal(PrincipalId::new(id)).await?.is_some()
                || !tx.directory_groups_of(&[GroupId::new(id)]).await?.is_empty()
        }
    };
    if is_there { Ok(()) } else { Err(ScheduleRefusal::NoScope.into()) }
}

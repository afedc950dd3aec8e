//! Who sees and who changes the policy of what (`GRAPH 17.2`). The scope of the token was the face's matter.

use std::collections::HashMap;

use ephor_domain::{
    Refusal,
    administration::Right,
    directory::{
        BuiltInRole,
        reader::{GLOBAL_READER, administers_group, administers_roles, reads_roles},
    },
    entitlement::EntitlementKey,
    id::GroupId,
    principal::{Actor, Proof},
};
use ephor_store::{Tx, tx::directory::GroupEntry};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    admin::desk::Desk,
    answer::Answer,
    directory::{Memberships, memberships},
    resource,
};

/// App roles by which an application changes policies of directory roles.
const GIVEN_ROLES: [&str; 2] = ["RoleManagementPolicy.ReadWrite.Directory", "RoleManagement.ReadWrite.Directory"];
/// The same for groups.
const GIVEN_GROUPS: [&str; 1] = ["RoleManagementPolicy.ReadWrite.AzureADGroup"];

const UNKNOWN: Refusal = Refusal::NotFound { what: "policy" };
const NO_PAM: Refusal = Refusal::Invalid { field: "policy", rule: "the rules of a PAM role are the role's own" };

/// May the caller see the policies of all of `keys`? An application may.
///
/// # Errors
/// [`Refusal::NotAdministrator`]; [`Refusal::NotFound`] for a group or role that is not there.
pub(super) async fn reads(tx: &mut Tx, actor: &Actor, keys: &[EntitlementKey], now: Timestamp) -> Answer<()> {
    let is_person = actor.proof != Proof::Application;
    let own = match is_person {
        true => memberships(tx, actor.principal.uuid(), true, now).await?,
        false => Memberships::default(),
    };
    let held: Vec<Uuid> = own.roles.iter().copied().collect();
    let groups: Vec<GroupId> = keys.iter().filter_map(group_of).collect();
    let known: HashMap<GroupId, GroupEntry> =
        tx.directory_groups_of(&groups).await?.into_iter().map(|entry| (entry.group.id, entry)).collect();
    let owned = if groups.is_empty() { Vec::new() } else { tx.owned_now(actor.principal, now).await? };
    for key in keys {
        let may = match key {
            EntitlementKey::DirectoryRole { .. } => reads_roles(&held),
            EntitlementKey::Group { group, .. } => {
                // Whether a group exists may be known to whoever sees the directory.
                let entry = known.get(group).ok_or(UNKNOWN)?;
                administers_group(&held, entry.facts.role_assignable)
                    || held.contains(&GLOBAL_READER)
                    || owned.contains(group)
                    || own.groups.contains(&group.uuid())
            }
            EntitlementKey::PamRole(_) => return Err(NO_PAM.into()),
            EntitlementKey::Resource { definition, scope } => {
                // An application reads by its roles like everybody.
                resource::reads_policy(tx, actor.principal, *definition, scope, now).await?;
                true
            }
        };
        if is_person && !may {
            return Err(Refusal::NotAdministrator.into());
        }
        if let EntitlementKey::DirectoryRole { definition, .. } = key {
            exists(tx, *definition).await?;
        }
    }
    Ok(())
}

/// May the caller change the policy of `key`?
///
/// # Errors
/// As [`reads`].
pub(super) async fn changes(desk: &mut Desk<'_>, key: &EntitlementKey) -> Answer<()> {
    match key {
        EntitlementKey::DirectoryRole { definition, .. } => {
            if !administers_roles(&desk.directory_roles().await?) && !desk.is_given(&GIVEN_ROLES).await? {
                return Err(Refusal::NotAdministrator.into());
            }
            exists(desk.tx, *definition).await
        }
        EntitlementKey::Group { group, .. } => {
            let entry = desk.tx.directory_groups_of(&[*group]).await?.pop().ok_or(UNKNOWN)?;
            let owned = match desk.administrator() {
                Some(caller) => desk.tx.owned_now(caller, desk.now()).await?.contains(group),
                None => false,
            };
            let held = desk.directory_roles().await?;
            let may = owned || administers_group(&held, entry.facts.role_assignable);
            if !may && !desk.is_given(&GIVEN_GROUPS).await? {
                return Err(Refusal::NotAdministrator.into());
            }
            // Being in such a group is what a PAM role is to be asked for.
            if !desk.tx.roles_giving(*group).await?.is_empty() && !desk.has(Right::Pam) {
                return Err(Refusal::NotAdministrator.into());
            }
            Ok(())
        }
        EntitlementKey::PamRole(_) => Err(NO_PAM.into()),
        EntitlementKey::Resource { definition, scope } => resource::changes_policy(desk, *definition, scope).await,
    }
}

fn group_of(key: &EntitlementKey) -> Option<GroupId> {
    match key {
        EntitlementKey::Group { group, .. } => Some(*group),
        EntitlementKey::PamRole(_) | EntitlementKey::DirectoryRole { .. } | EntitlementKey::Resource { .. } => None,
    }
}

async fn exists(tx: &mut Tx, definition: Uuid) -> Answer<()> {
    if BuiltInRole::find(definition).is_none() && tx.role_definition(definition).await?.is_none() {
        return Err(UNKNOWN.into());
    }
    Ok(())
}

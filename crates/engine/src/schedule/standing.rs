//! What is held without a schedule: given outside of privileged access, for good (`GRAPH 9.4`, `GRAPH 12.3`).

use ephor_domain::{
    administration::AdministratorRole,
    entitlement::{Access, EntitlementKey},
    id::{GroupId, PrincipalId},
    principal::Principal,
    provider::Provider,
    scope::DirectoryScope,
};
use ephor_store::{Fault, Tx, tx::line::Lines};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    admin::{administrator::dismissed, desk::Desk},
    answer::Answer,
};

/// Since when `principal` holds `key` for good; the beginning of time where nobody knows.
pub(super) async fn of(tx: &mut Tx, principal: PrincipalId, key: &EntitlementKey) -> Result<Option<Timestamp>, Fault> {
    if let EntitlementKey::Resource { definition, scope } = key {
        let found = tx.role_assignment_on(principal, scope, *definition).await?;
        return Ok(found.map(|found| found.created));
    }
    let holds = match key {
        EntitlementKey::DirectoryRole { definition, scope: DirectoryScope::Tenant } => {
            tx.administrator_roles(principal).await?.contains(definition)
        }
        EntitlementKey::Group { group, access: Access::Member } => tx.is_standing_member(*group, principal).await?,
        EntitlementKey::Group { group, access: Access::Owner } => tx.groups_owned(principal).await?.contains(group),
        EntitlementKey::PamRole(_) | EntitlementKey::DirectoryRole { .. } | EntitlementKey::Resource { .. } => false,
    };
    Ok(holds.then_some(Timestamp::UNIX_EPOCH))
}

/// Takes it away.
///
/// # Errors
/// [`ephor_domain::Refusal::LastAdministrator`]; faults of the store.
pub(super) async fn end(desk: &mut Desk<'_>, holder: &Principal, key: &EntitlementKey) -> Answer<()> {
    match key {
        EntitlementKey::DirectoryRole { definition, scope: DirectoryScope::Tenant } => {
            if *definition == AdministratorRole::Global.template() {
                dismissed(desk, holder).await?;
            }
            desk.tx.delete_administrator(holder.id, *definition).await?;
        }
        EntitlementKey::Group { group, access: Access::Member } => {
            crate::directory::leave(desk, *group, holder).await?;
        }
        EntitlementKey::Group { group, access: Access::Owner } => {
            desk.tx.put_group_owner(*group, holder.id, false).await?;
        }
        EntitlementKey::Resource { definition, scope } => {
            if let Some(found) = desk.tx.role_assignment_on(holder.id, scope, *definition).await? {
                desk.tx.delete_role_assignment(found.name).await?;
            }
        }
        EntitlementKey::PamRole(_) | EntitlementKey::DirectoryRole { .. } => {}
    }
    Ok(())
}

/// Somebody who holds something for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) principal: PrincipalId,
    pub(super) key: EntitlementKey,
}

/// Members of one group that are looked at.
const MOST: u32 = 10_000;

/// Who holds what for good. Of groups only those that are under privileged access (`GRAPH 12.3`), and only where one
/// group or one principal is named.
pub(super) async fn all(tx: &mut Tx, provider: Provider, which: &Lines) -> Result<Vec<Standing>, Fault> {
    match provider {
        Provider::DirectoryRoles => {
            let key = |definition| EntitlementKey::DirectoryRole { definition, scope: DirectoryScope::Tenant };
            if let Lines::Of(principal) = which {
                let roles = tx.administrator_roles(*principal).await?;
                return Ok(roles.into_iter().map(|role| Standing { principal: *principal, key: key(role) }).collect());
            }
            let template = match which {
                Lines::Definition(definition) => Some(*definition),
                Lines::Scope(scope) if scope != "/" => return Ok(Vec::new()),
                Lines::All | Lines::Of(_) | Lines::Scope(_) => None,
            };
            let rows = tx.administrators(template).await?;
            Ok(rows.into_iter().map(|(row, _)| Standing { principal: row.principal, key: key(row.template) }).collect())
        }
        Provider::Groups => of_groups(tx, which).await,
        Provider::Pam | Provider::Resources => Ok(Vec::new()),
    }
}

async fn of_groups(tx: &mut Tx, which: &Lines) -> Result<Vec<Standing>, Fault> {
    let found: Vec<(PrincipalId, GroupId, Access)> = match which {
        Lines::Definition(group) => {
            let group = GroupId::new(*group);
            let members = tx.members_for_good(group, None, MOST).await?;
            let owners = tx.group_owners(group, None, MOST).await?;
            let members = members.into_iter().map(|id| (id, group, Access::Member));
            members.chain(owners.into_iter().map(|id| (id, group, Access::Owner))).collect()
        }
        Lines::Of(principal) => {
            let member = tx.member_for_good_of(*principal).await?;
            let owned = tx.groups_owned(*principal).await?;
            let member = member.into_iter().map(|group| (*principal, group, Access::Member));
            member.chain(owned.into_iter().map(|group| (*principal, group, Access::Owner))).collect()
        }
        Lines::All | Lines::Scope(_) => Vec::new(),
    };
    let mut standing = Vec::with_capacity(found.len());
    let mut known: Vec<(Uuid, bool)> = Vec::new();
    for (principal, group, access) in found {
        let onboarded = match known.iter().find(|(id, _)| *id == group.uuid()) {
            Some((_, onboarded)) => *onboarded,
            None => {
                let onboarded = tx.is_scheduled(Provider::Groups, group.uuid()).await?;
                known.push((group.uuid(), onboarded));
                onboarded
            }
        };
        if onboarded {
            standing.push(Standing { principal, key: EntitlementKey::Group { group, access } });
        }
    }
    Ok(standing)
}

//! Standing assignments of directory roles, made and ended outside of any schedule (`GRAPH 7` D7, D9, `GRAPH 9.4`).

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::{AdministratorRole, Right},
    directory::BuiltInRole,
    entitlement::EntitlementKey,
    id::{GroupId, PrincipalId},
    principal::{Principal, PrincipalKind},
    scope::DirectoryScope,
};
use ephor_store::tx::{administrator::Administrator as Standing, lock::Lock};
use uuid::Uuid;

use super::{
    RoleAssignment,
    change_role::{GIVEN, require},
};
use crate::{
    admin::{
        administrator::{appointed, dismissed},
        desk::{Command, Desk, Subject},
    },
    answer::Answer,
    schedule,
};

/// Gives a principal a role for the whole tenant and for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssignRole {
    /// Who.
    pub principal: PrincipalId,
    /// Which role.
    pub definition: Uuid,
}

fn locks(principal: PrincipalId, definition: Uuid) -> Vec<Lock> {
    vec![Lock::Exclusive(definition), Lock::Exclusive(principal.uuid())]
}

impl Command for AssignRole {
    type Output = RoleAssignment;

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject::user(self.principal)
    }

    fn locks(&self) -> Vec<Lock> {
        locks(self.principal, self.definition)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<RoleAssignment> {
        require(desk, &GIVEN).await?;
        desk.require_presence_of_people()?;
        let holder = desk.tx.principal(self.principal).await?;
        let holder = holder.ok_or(Refusal::Invalid { field: "principalId", rule: "there is no such principal" })?;
        check_role(desk, self.definition).await?;
        if holder.kind == PrincipalKind::Group {
            let groups = desk.tx.directory_groups_of(&[GroupId::new(holder.id.uuid())]).await?;
            if !groups.iter().any(|entry| entry.facts.role_assignable) {
                return Err(Refusal::Invalid { field: "principalId", rule: "the group cannot be given roles" }.into());
            }
        }
        let standing = Standing {
            principal: holder.id,
            template: self.definition,
            created: desk.now(),
            created_by: desk.administrator(),
        };
        if desk.tx.administrator_roles(holder.id).await?.contains(&self.definition) {
            return Err(Refusal::Conflict { what: "the assignment" }.into());
        }
        desk.tx.insert_administrator(&standing).await?;
        all_appointed(desk, &holder).await?;
        let subject = Subject::user(holder.id);
        let word = spelled(self.definition);
        desk.changed(events::ASSIGNMENT_ASSIGNED, subject, |record| {
            record.detail("role", word.clone()).detail("definition", self.definition)
        });
        if desk.person() == Some(holder.person) {
            desk.changed(events::SELF_ASSIGNED, subject, |record| record.detail("as", word));
        }
        tell(desk, "administrator.appointed", &holder, self.definition);
        Ok(RoleAssignment { principal: holder.id, definition: self.definition, scope: DirectoryScope::Tenant })
    }
}

/// Whoever has the role by this: the holder; of a group, who is in it and who says who is.
pub(crate) async fn all_appointed(desk: &mut Desk<'_>, holder: &Principal) -> Answer<()> {
    const AT_ONCE: u32 = 500;
    const MOST_OWNERS: u32 = 1000;
    appointed(desk, holder).await?;
    if holder.kind != PrincipalKind::Group {
        return Ok(());
    }
    let (group, now) = (GroupId::new(holder.id.uuid()), desk.now());
    let mut people = Vec::new();
    loop {
        let more = desk.tx.members_now(group, people.last().copied(), now, AT_ONCE).await?;
        if more.is_empty() {
            break;
        }
        people.extend(more);
    }
    people.extend(desk.tx.owners_now(group, None, now, MOST_OWNERS).await?);
    for id in people {
        if let Some(account) = desk.tx.principal(id).await? {
            appointed(desk, &account).await?;
        }
    }
    Ok(())
}

/// May the role be assigned at all?
async fn check_role(desk: &mut Desk<'_>, definition: Uuid) -> Answer<()> {
    let unknown = Refusal::Invalid { field: "roleDefinitionId", rule: "there is no such role" };
    match BuiltInRole::find(definition) {
        Some(role) if role.assignable => Ok(()),
        Some(_) => Err(Refusal::Invalid { field: "roleDefinitionId", rule: "the role cannot be assigned" }.into()),
        None if desk.tx.role_definition(definition).await?.is_some() => Ok(()),
        None => Err(unknown.into()),
    }
}

/// Takes a role away, in whatever way it is held: an assignment of limited time or an activation ends with it
/// (`GRAPH 9.4`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnassignRole {
    /// From whom.
    pub principal: PrincipalId,
    /// Which role.
    pub definition: Uuid,
    /// Where.
    pub scope: DirectoryScope,
}

impl Command for UnassignRole {
    type Output = ();

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject::user(self.principal)
    }

    fn locks(&self) -> Vec<Lock> {
        locks(self.principal, self.definition)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        require(desk, &GIVEN).await?;
        let unknown = Refusal::NotFound { what: "assignment" };
        let holder = desk.tx.principal(self.principal).await?.ok_or_else(|| unknown.clone())?;
        let key = EntitlementKey::DirectoryRole { definition: self.definition, scope: self.scope };
        let by_schedule = schedule::end_now(desk, holder.id, &key).await?;
        let tenant = self.scope == DirectoryScope::Tenant;
        let stands = tenant && desk.tx.administrator_roles(holder.id).await?.contains(&self.definition);
        if stands {
            if self.definition == AdministratorRole::Global.template() {
                dismissed(desk, &holder).await?;
            }
            desk.tx.delete_administrator(holder.id, self.definition).await?;
        } else if !by_schedule {
            return Err(unknown.into());
        }
        let word = spelled(self.definition);
        desk.changed(events::ASSIGNMENT_REMOVED, Subject::user(holder.id), |record| {
            record.detail("role", word).detail("definition", self.definition)
        });
        tell(desk, "administrator.dismissed", &holder, self.definition);
        Ok(())
    }
}

/// How records name a role.
fn spelled(definition: Uuid) -> String {
    AdministratorRole::from_template(definition).map_or_else(|| definition.to_string(), |role| role.word().to_owned())
}

/// The others are told of each change among those who hold privileged roles (seams §14).
pub(crate) fn tell(desk: &mut Desk<'_>, event: &'static str, holder: &Principal, definition: Uuid) {
    let Some(role) = BuiltInRole::find(definition).filter(|role| role.privileged) else { return };
    let facts = [("role", role.name.to_owned()), ("principal", holder.id.to_string())];
    desk.alarm(event, holder.id.uuid(), facts);
}

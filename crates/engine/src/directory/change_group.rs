//! Members and owners that a group has for good, by reference (`GRAPH 15.1` R10, R11).

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    directory::reader::administers_group,
    entitlement::Access,
    id::{GroupId, PrincipalId},
    principal::{Principal, PrincipalKind},
    provider::ScheduleRefusal,
};
use ephor_store::tx::{directory::GroupEntry, lock::Lock};

use crate::{
    admin::{
        administrator::appointed,
        desk::{Command, Desk, Subject},
    },
    answer::Answer,
    schedule::left::Left,
};

/// Scopes by which a program, and app roles by which an application, says who is in groups.
pub(super) const GIVEN: [&str; 3] = ["Group.ReadWrite.All", "GroupMember.ReadWrite.All", "Directory.ReadWrite.All"];
/// The same for groups that can be given roles.
pub(super) const GIVEN_ROLES: [&str; 1] = ["RoleManagement.ReadWrite.Directory"];

/// Puts somebody into a group, as member or owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PutMember {
    /// The group.
    pub group: GroupId,
    /// Who.
    pub principal: PrincipalId,
    /// As what.
    pub access: Access,
}

/// Takes somebody out of a group again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoveMember {
    /// The group.
    pub group: GroupId,
    /// Who.
    pub principal: PrincipalId,
    /// As what.
    pub access: Access,
}

/// The group, if the caller may say who is in it and it is here that it is said.
pub(super) async fn changeable(desk: &mut Desk<'_>, group: GroupId) -> Answer<GroupEntry> {
    let unknown = Refusal::NotFound { what: "group" };
    let entry = desk.tx.directory_groups_of(&[group]).await?.pop().ok_or(unknown)?;
    let assignable = entry.facts.role_assignable;
    let given = by_scope(desk, assignable)?;
    let owned = match desk.administrator() {
        Some(caller) => desk.tx.owned_now(caller, desk.now()).await?.contains(&group),
        None => false,
    };
    let held = desk.directory_roles().await?;
    if !owned && !administers_group(&held, assignable) && !desk.is_given(given).await? {
        return Err(Refusal::NotAdministrator.into());
    }
    // Whoever is in such a group has what a role is to be asked for: that is for those who administer the roles.
    if !desk.tx.roles_giving(group).await?.is_empty() && !desk.has(Right::Pam) {
        return Err(Refusal::NotAdministrator.into());
    }
    let is_here = desk.tx.target(entry.group.target).await?.is_some_and(|target| target.built_in);
    let traits = entry.facts.traits();
    if traits.dynamic || traits.synchronised || !is_here {
        return Err(Refusal::Schedule(ScheduleRefusal::NotSupported).into());
    }
    Ok(entry)
}

/// What a program needs for a group, as scope or as app role: another thing where roles come with it (`GRAPH 17.1`).
///
/// # Errors
/// [`Refusal::NotAdministrator`] for a program that acts for a person who let it do less, whatever he may do himself.
pub(super) fn by_scope(desk: &Desk<'_>, role_assignable: bool) -> Answer<&'static [&'static str]> {
    let names = if role_assignable { &GIVEN_ROLES[..] } else { &GIVEN[..] };
    if desk.actor().is_some_and(|actor| !actor.delegation.allows(names)) {
        return Err(Refusal::NotAdministrator.into());
    }
    Ok(names)
}

fn locks(group: GroupId, principal: PrincipalId) -> Vec<Lock> {
    vec![Lock::Exclusive(group.uuid()), Lock::Shared(principal.uuid())]
}

impl Command for PutMember {
    type Output = ();

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject { user: Some(self.principal), ..Subject::group(self.group) }
    }

    fn locks(&self) -> Vec<Lock> {
        locks(self.group, self.principal)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let entry = changeable(desk, self.group).await?;
        if entry.facts.role_assignable {
            desk.require_presence_of_people()?;
        }
        let unknown = Refusal::NotFound { what: "principal" };
        let account = desk.tx.principal(self.principal).await?.ok_or(unknown)?;
        if account.kind == PrincipalKind::Group {
            let rule = match self.access {
                Access::Owner => Some("a group cannot own a group"),
                Access::Member if entry.facts.role_assignable => Some("a role-assignable group holds no groups"),
                Access::Member if account.id.uuid() == self.group.uuid() => Some("a group cannot be in itself"),
                Access::Member => None,
            };
            if let Some(rule) = rule {
                return Err(Refusal::Invalid { field: "@odata.id", rule }.into());
            }
        }
        if stands(desk, self.group, self.principal, self.access).await? {
            let what = match self.access {
                Access::Member => "members",
                Access::Owner => "owners",
            };
            return Err(Refusal::Conflict { what }.into());
        }
        match self.access {
            Access::Member => {
                let (by, now) = (desk.person(), desk.now());
                desk.tx.add_standing_member(self.group, self.principal, by, now).await?;
            }
            Access::Owner => desk.tx.put_group_owner(self.group, self.principal, true).await?,
        }
        if entry.facts.role_assignable {
            appointed(desk, &account).await?;
        }
        let subject = Subject { user: Some(self.principal), ..Subject::group(self.group) };
        let word = self.access.word();
        desk.changed(events::GROUP_MEMBER_ADDED, subject, |record| record.detail("as", word));
        Ok(())
    }
}

impl Command for RemoveMember {
    type Output = ();

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject { user: Some(self.principal), ..Subject::group(self.group) }
    }

    fn locks(&self) -> Vec<Lock> {
        locks(self.group, self.principal)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        changeable(desk, self.group).await?;
        if !stands(desk, self.group, self.principal, self.access).await? {
            let now = desk.now();
            if self.access == Access::Member && desk.tx.is_member(self.group, self.principal, now).await? {
                let rule = "the membership is owed to a grant, which ends it";
                return Err(Refusal::Invalid { field: "members", rule }.into());
            }
            return Err(Refusal::NotFound { what: "member" }.into());
        }
        match self.access {
            Access::Member => {
                let unknown = Refusal::NotFound { what: "principal" };
                let account = desk.tx.principal(self.principal).await?.ok_or(unknown)?;
                leave(desk, self.group, &account).await?;
            }
            Access::Owner => desk.tx.put_group_owner(self.group, self.principal, false).await?,
        }
        let subject = Subject { user: Some(self.principal), ..Subject::group(self.group) };
        let word = self.access.word();
        desk.changed(events::GROUP_MEMBER_REMOVED, subject, |record| record.detail("as", word));
        Ok(())
    }
}

/// Takes somebody out of a group for good, with what rested on that.
pub(crate) async fn leave(desk: &mut Desk<'_>, group: GroupId, who: &Principal) -> Answer<()> {
    desk.tx.drop_standing_member(group, who.id).await?;
    let may_be_group = who.kind == PrincipalKind::Group;
    desk.ledger().left(Left { group, principal: who.id, may_be_group });
    desk.flush().await?;
    Ok(())
}

/// Is it so already, for good?
async fn stands(desk: &mut Desk<'_>, group: GroupId, principal: PrincipalId, access: Access) -> Answer<bool> {
    Ok(match access {
        Access::Member => desk.tx.is_standing_member(group, principal).await?,
        Access::Owner => desk.tx.groups_owned(principal).await?.contains(&group),
    })
}

//! Groups of the directory are made, changed and deleted (`GRAPH 15.1` R8). Their members are held here, so that a group can
//! be activated at once.

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    directory::{GroupFacts, reader::administers_group},
    entitlement::{Access, EntitlementKey},
    id::{GroupId, PersonId, PrincipalId},
    pam::group::Group,
    principal::{Principal, PrincipalKind},
    provider::Provider,
    text::Name,
};
use ephor_store::tx::{directory::GroupEntry, line::Lines, lock::Lock};

use super::{
    change_group::{PutMember, by_scope, changeable},
    memberships,
};
use crate::{
    admin::{
        desk::{Command, Desk, Subject},
        user::priv_domain,
    },
    answer::Answer,
    pam::end::Why,
    schedule::{close::eligibilities, left::Left},
};

/// Most characters of a description.
const LONGEST: usize = 1024;
/// Most members or owners that are named with a group.
const MOST: usize = 20;

fn name(text: &str) -> Result<String, Refusal> {
    let unfit = |_| Refusal::Invalid { field: "displayName", rule: "1 to 256 characters on one line" };
    Ok(Name::parse(text).map_err(unfit)?.as_str().to_owned())
}

fn nickname(text: &str) -> Result<String, Refusal> {
    let fits = |c: char| c.is_ascii_graphic() && !"@()\\[]\";:<>,".contains(c);
    if text.is_empty() || text.len() > 64 || !text.chars().all(fits) {
        return Err(Refusal::Invalid {
            field: "mailNickname",
            rule: "1 to 64 letters, digits and signs of a mail name",
        });
    }
    Ok(text.to_owned())
}

fn description(text: Option<String>) -> Result<Option<String>, Refusal> {
    match text {
        Some(text) if text.chars().count() > LONGEST => {
            Err(Refusal::Invalid { field: "description", rule: "at most 1,024 characters" })
        }
        other => Ok(other.filter(|text| !text.trim().is_empty())),
    }
}

/// Makes a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateGroup {
    /// Its name.
    pub name: String,
    /// Its name in mail.
    pub nickname: String,
    /// What it is for.
    pub description: Option<String>,
    /// Roles can be given to it; for good.
    pub role_assignable: bool,
    /// Has a mail address.
    pub mail_enabled: bool,
    /// Can be given access.
    pub security_enabled: bool,
    /// Shares more than access.
    pub unified: bool,
    /// The rule that says who is in it; kept, not followed.
    pub rule: Option<String>,
    /// Who is in it.
    pub members: Vec<PrincipalId>,
    /// Who owns it.
    pub owners: Vec<PrincipalId>,
}

impl Command for CreateGroup {
    type Output = GroupEntry;

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<GroupEntry> {
        let given = by_scope(desk, self.role_assignable)?;
        let held = desk.directory_roles().await?;
        if !administers_group(&held, self.role_assignable) && !desk.is_given(given).await? {
            return Err(Refusal::NotAdministrator.into());
        }
        if self.members.len().max(self.owners.len()) > MOST {
            return Err(Refusal::Invalid { field: "members", rule: "at most 20 at once" }.into());
        }
        if self.role_assignable && (self.rule.is_some() || !self.security_enabled) {
            let rule = "a group with a rule, or without access, is given no roles";
            return Err(Refusal::Invalid { field: "isAssignableToRole", rule }.into());
        }
        if self.rule.as_ref().is_some_and(|rule| rule.chars().count() > LONGEST) {
            return Err(Refusal::Invalid { field: "membershipRule", rule: "at most 1,024 characters" }.into());
        }
        let here = desk.tx.targets().await?.into_iter().find(|target| target.built_in);
        let here = here.ok_or(Refusal::NotFound { what: "target" })?;
        let id = GroupId::new(desk.call().ids().request.uuid());
        let nickname = nickname(&self.nickname)?;
        let group = Group {
            id,
            target: here.id,
            native: id.to_string(),
            attribute: "member".to_owned(),
            source_domain: priv_domain(desk.tx).await?,
            source_account: nickname.clone(),
            source_sid: None,
            priv_account: nickname.clone(),
            display_name: name(&self.name)?,
            description: description(self.description)?,
            active: true,
            priv_only: true,
        };
        desk.tx.insert_group(&group).await?;
        let principal = Principal {
            id: PrincipalId::new(id.uuid()),
            kind: PrincipalKind::Group,
            person: PersonId::new(desk.derived_id("group", id.uuid())),
            domain: "group".to_owned(),
            account: id.to_string(),
            display_name: group.display_name.clone(),
            upn: None,
            enabled: true,
        };
        desk.tx.insert_principal(&principal).await?;
        let facts = GroupFacts {
            mail_nickname: Some(nickname),
            role_assignable: self.role_assignable,
            mail_enabled: self.mail_enabled,
            security_enabled: self.security_enabled,
            unified: self.unified,
            rule: self.rule,
            created: Some(desk.now()),
            ..GroupFacts::default()
        };
        desk.tx.put_directory_group(id, &facts).await?;
        desk.changed(events::GROUP_CREATED, Subject::group(id), |record| {
            record.detail("roleAssignable", self.role_assignable)
        });
        let named = self.members.into_iter().map(|id| (id, Access::Member));
        for (principal, access) in named.chain(self.owners.into_iter().map(|id| (id, Access::Owner))) {
            PutMember { group: id, principal, access }.run(desk).await?;
        }
        Ok(GroupEntry { group, facts })
    }
}

/// Changes a group; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeGroup {
    /// Which.
    pub id: GroupId,
    /// Its name.
    pub name: Option<String>,
    /// Its name in mail.
    pub nickname: Option<String>,
    /// What it is for; `Some(None)` takes it away.
    pub description: Option<Option<String>>,
    /// Who is put into it.
    pub members: Vec<PrincipalId>,
    /// Who is made an owner.
    pub owners: Vec<PrincipalId>,
}

impl Command for ChangeGroup {
    type Output = ();

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject::group(self.id)
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.id.uuid())]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let GroupEntry { mut group, mut facts } = changeable(desk, self.id).await?;
        if self.members.len().max(self.owners.len()) > MOST {
            return Err(Refusal::Invalid { field: "members", rule: "at most 20 at once" }.into());
        }
        let before = (group.clone(), facts.clone());
        if let Some(text) = &self.name {
            group.display_name = name(text)?;
        }
        if let Some(text) = self.description {
            group.description = description(text)?;
        }
        if let Some(text) = &self.nickname {
            facts.mail_nickname = Some(nickname(text)?);
        }
        if (&group, &facts) != (&before.0, &before.1) {
            desk.tx.update_group(&group).await?;
            desk.tx.put_directory_group(group.id, &facts).await?;
            if let Some(mut principal) = desk.tx.principal(PrincipalId::new(group.id.uuid())).await? {
                principal.display_name.clone_from(&group.display_name);
                desk.tx.update_principal(&principal).await?;
            }
            desk.changed(events::GROUP_CHANGED, Subject::group(group.id), |record| record);
        }
        let named = self.members.into_iter().map(|id| (id, Access::Member));
        for (principal, access) in named.chain(self.owners.into_iter().map(|id| (id, Access::Owner))) {
            PutMember { group: self.id, principal, access }.run(desk).await?;
        }
        Ok(())
    }
}

/// Deletes a group. What people hold of it ends; a group that holds a role, or that a PAM role gives, stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeleteGroup {
    /// Which.
    pub id: GroupId,
}

impl Command for DeleteGroup {
    type Output = ();

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject::group(self.id)
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.id.uuid())]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let GroupEntry { group, .. } = changeable(desk, self.id).await?;
        forget(desk, &group).await
    }
}

/// Deletes a group with all that hangs on it, at whichever face it is asked for. Whether the caller may is asked before.
///
/// # Errors
/// [`Refusal::InUse`] while a PAM role gives it, it holds a directory role for good, or a target has not confirmed that what
/// it gave is gone.
pub(crate) async fn forget(desk: &mut Desk<'_>, group: &Group) -> Answer<()> {
    let in_use = |by| Refusal::InUse { what: "the group", by };
    if !desk.tx.roles_giving(group.id).await?.is_empty() {
        return Err(in_use("a role that gives it").into());
    }
    let principal = PrincipalId::new(group.id.uuid());
    if !desk.tx.administrator_roles(principal).await?.is_empty() {
        return Err(in_use("an assignment of a directory role").into());
    }
    for access in [Access::Member, Access::Owner] {
        let entitlement = EntitlementKey::Group { group: group.id, access }.id();
        desk.end_open(None, Some(entitlement), Why::ADMINISTRATOR).await?;
        desk.tx.delete_policy(entitlement).await?;
    }
    desk.end_open(Some(principal), None, Why::ADMINISTRATOR).await?;
    eligibilities(desk, Provider::Groups, &Lines::Definition(group.id.uuid())).await?;
    let own = Lines::Of(principal);
    for provider in [Provider::DirectoryRoles, Provider::Groups, Provider::Resources] {
        eligibilities(desk, provider, &own).await?;
    }
    // Whoever is in it is out of those that it is in.
    let above = memberships(desk.tx, group.id.uuid(), true, desk.now()).await?.groups;
    if !desk.tx.delete_group(group.id).await? {
        return Err(in_use("grants that still run, or memberships that its target has not confirmed as removed").into());
    }
    desk.tx.delete_principal(principal).await?;
    for group in above {
        desk.ledger().left(Left { group: GroupId::new(group), principal, may_be_group: true });
    }
    let name = group.priv_account.as_str();
    desk.changed(events::GROUP_DELETED, Subject::group(group.id), |record| record.detail("privAccountName", name));
    Ok(())
}

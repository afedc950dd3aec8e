//! Candidates, approvers and privileges of a role, one by one or as whole lists.

use std::collections::BTreeSet;

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    directory::reader::administers_roles,
    id::{EligibilityId, EntitlementId, GroupId, PrincipalId},
    pam::{Role, group::Group},
    principal::Principal,
    provider::Provider,
};
use ephor_store::tx::{eligibility::Eligibility, lock::Lock};

use super::{CANDIDATES_AT_ONCE, MEMBER_LIMIT, adapt};
use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::Answer,
    directory::memberships,
    pam::end::Why,
};

/// Which list of users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Candidates,
    Approvers,
}

impl List {
    const fn field(self) -> &'static str {
        match self {
            Self::Candidates => "candidates",
            Self::Approvers => "approvers",
        }
    }

    const fn limit(self) -> usize {
        match self {
            Self::Candidates => CANDIDATES_AT_ONCE,
            Self::Approvers => MEMBER_LIMIT,
        }
    }
}

/// What a command that names these must hold, so that none of them goes away meanwhile.
pub(super) fn locks(candidates: &[PrincipalId], approvers: &[PrincipalId], privileges: &[GroupId]) -> Vec<Lock> {
    let users = candidates.iter().chain(approvers).map(|id| id.uuid());
    let ids: BTreeSet<_> = users.chain(privileges.iter().map(|id| id.uuid())).collect();
    ids.into_iter().map(Lock::Shared).collect()
}

/// The PAM users of a list, each once.
pub(super) async fn users(desk: &mut Desk<'_>, list: List, ids: Vec<PrincipalId>) -> Answer<Vec<Principal>> {
    let ids: BTreeSet<_> = ids.into_iter().collect();
    if ids.len() > list.limit() {
        return Err(Refusal::Invalid { field: list.field(), rule: "holds more entries than allowed" }.into());
    }
    let mut users = Vec::with_capacity(ids.len());
    for id in ids {
        let user = desk.tx.user(id).await?;
        users.push(
            user.ok_or(Refusal::Invalid { field: list.field(), rule: "names somebody who is no PAM user" })?.principal,
        );
    }
    Ok(users)
}

/// The groups of a list, each once.
pub(super) async fn groups(desk: &mut Desk<'_>, ids: Vec<GroupId>) -> Answer<Vec<Group>> {
    let ids: BTreeSet<_> = ids.into_iter().collect();
    if ids.len() > MEMBER_LIMIT {
        return Err(Refusal::Invalid { field: "privileges", rule: "holds more entries than allowed" }.into());
    }
    let mut groups = Vec::with_capacity(ids.len());
    for id in ids {
        let group = desk.tx.group(id).await?;
        groups.push(group.ok_or(Refusal::Invalid { field: "privileges", rule: "names a group that is not there" })?);
    }
    Ok(groups)
}

/// Whoever is in a group that can be given directory roles, or has one by another group, has what the role has: who gets
/// into it, and what becomes of it, is for those who give such roles.
///
/// # Errors
/// [`Refusal::NotAdministrator`].
pub(in crate::admin) async fn require_over_group(desk: &mut Desk<'_>, group: GroupId) -> Answer<()> {
    if desk.has(Right::Administrators) || administers_roles(&desk.directory_roles().await?) {
        return Ok(());
    }
    let entries = desk.tx.directory_groups_of(&[group]).await?;
    let now = desk.now();
    let holds = !memberships(desk.tx, group.uuid(), true, now).await?.roles.is_empty();
    if holds || entries.iter().any(|entry| entry.facts.role_assignable) {
        return Err(Refusal::NotAdministrator.into());
    }
    Ok(())
}

/// The same for all that the role gives: who asks for it, who decides, and what is asked of them.
///
/// # Errors
/// [`Refusal::NotAdministrator`].
pub(super) async fn require_over_role(desk: &mut Desk<'_>, role: EntitlementId) -> Answer<()> {
    for privilege in desk.tx.privileges(role).await? {
        require_over_group(desk, privilege.group).await?;
    }
    Ok(())
}

/// Makes `user` a candidate.
pub(super) async fn add_candidate(desk: &mut Desk<'_>, role: EntitlementId, user: &Principal) -> Answer<()> {
    require_over_role(desk, role).await?;
    let eligibility = Eligibility {
        id: EligibilityId::new(desk.derived_id("candidate", user.id.uuid())),
        principal: user.id,
        entitlement: role,
        provider: Provider::Pam,
        start: desk.now(),
        end: None,
        created: desk.now(),
        created_by: desk.administrator(),
    };
    desk.tx.insert_eligibility(&eligibility).await?;
    let subject = Subject { user: Some(user.id), ..Subject::role(role) };
    desk.changed(events::CANDIDATE_ADDED, subject, |record| record);
    note_self(desk, user, subject, "candidate");
    Ok(())
}

/// Takes `user` out of the candidates: open requests of the line end (T14, T15).
pub(super) async fn remove_candidate(desk: &mut Desk<'_>, role: EntitlementId, user: PrincipalId) -> Answer<()> {
    if !desk.tx.delete_eligibility(user, role).await? {
        return Err(Refusal::NotFound { what: "candidate" }.into());
    }
    desk.changed(events::CANDIDATE_REMOVED, Subject { user: Some(user), ..Subject::role(role) }, |record| record);
    desk.end_open(Some(user), Some(role), Why::ELIGIBILITY).await?;
    Ok(())
}

/// Names `user` an approver, and keeps who named him and when (F13).
pub(super) async fn add_approver(desk: &mut Desk<'_>, role: EntitlementId, user: &Principal) -> Answer<()> {
    require_over_role(desk, role).await?;
    let (by, at) = (desk.person(), desk.now());
    desk.tx.insert_approver(role, user.id, by, at).await?;
    let subject = Subject { user: Some(user.id), ..Subject::role(role) };
    desk.changed(events::APPROVER_ADDED, subject, |record| record);
    note_self(desk, user, subject, "approver");
    Ok(())
}

/// Takes an approver away.
pub(super) async fn remove_approver(desk: &mut Desk<'_>, role: EntitlementId, user: PrincipalId) -> Answer<()> {
    require_over_role(desk, role).await?;
    if !desk.tx.delete_approver(role, user).await? {
        return Err(Refusal::NotFound { what: "approver" }.into());
    }
    desk.changed(events::APPROVER_REMOVED, Subject { user: Some(user), ..Subject::role(role) }, |record| record);
    Ok(())
}

/// Adds a group to what the role gives, also to those who hold it now.
pub(super) async fn add_privilege(desk: &mut Desk<'_>, role: EntitlementId, group: &Group) -> Answer<()> {
    require_over_group(desk, group.id).await?;
    desk.tx.insert_privilege(role, group.id).await?;
    let subject = Subject { group: Some(group.id), ..Subject::role(role) };
    desk.changed(events::ROLE_CHANGED, subject, |record| record.detail("change", "privilege_added"));
    adapt::widen(desk, role, group.id).await
}

/// Takes a group from what the role gives, also from those who hold it now.
pub(super) async fn remove_privilege(desk: &mut Desk<'_>, role: EntitlementId, group: GroupId) -> Answer<()> {
    if !desk.tx.delete_privilege(role, group).await? {
        return Err(Refusal::NotFound { what: "privilege" }.into());
    }
    let subject = Subject { group: Some(group), ..Subject::role(role) };
    desk.changed(events::ROLE_CHANGED, subject, |record| record.detail("change", "privilege_removed"));
    adapt::narrow(desk, role, group).await
}

/// Administrators may assign to themselves; the record says so and the others are told (seams §14).
fn note_self(desk: &mut Desk<'_>, user: &Principal, subject: Subject, what: &'static str) {
    if desk.person() == Some(user.person) {
        desk.changed(events::SELF_ASSIGNED, subject, |record| record.detail("as", what));
        desk.alarm("administrator.self-assigned", user.id.uuid(), [("as", what.to_owned())]);
    }
}

/// One member of one of the lists of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// Somebody who may ask.
    Candidate(PrincipalId),
    /// Somebody who decides.
    Approver(PrincipalId),
    /// A group that is given.
    Privilege(GroupId),
}

impl Member {
    fn subject(self, role: EntitlementId) -> Subject {
        match self {
            Self::Candidate(user) | Self::Approver(user) => Subject { user: Some(user), ..Subject::role(role) },
            Self::Privilege(group) => Subject { group: Some(group), ..Subject::role(role) },
        }
    }

    /// Alone on a candidate: taking him away ends what he holds.
    fn locks(self, role: EntitlementId) -> Vec<Lock> {
        let member = match self {
            Self::Candidate(user) => Lock::Exclusive(user.uuid()),
            Self::Approver(user) => Lock::Shared(user.uuid()),
            Self::Privilege(group) => Lock::Shared(group.uuid()),
        };
        vec![Lock::Exclusive(role.uuid()), member]
    }
}

/// Adds a member; one that is there already stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddMember {
    /// The role.
    pub role: EntitlementId,
    /// The member.
    pub member: Member,
}

impl Command for AddMember {
    type Output = ();

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        self.member.subject(self.role)
    }

    fn locks(&self) -> Vec<Lock> {
        self.member.locks(self.role)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let role = role(desk, self.role).await?;
        match self.member {
            Member::Candidate(id) => {
                let user = desk.tx.user(id).await?.ok_or(Refusal::NotFound { what: "user" })?;
                if desk.tx.is_candidate(id, role.id).await? {
                    return Ok(());
                }
                add_candidate(desk, role.id, &user.principal).await
            }
            Member::Approver(id) => {
                let user = desk.tx.user(id).await?.ok_or(Refusal::NotFound { what: "user" })?;
                let approvers = desk.tx.approvers(role.id).await?;
                if approvers.iter().any(|approver| approver.principal.id == id) {
                    return Ok(());
                }
                if approvers.len() >= MEMBER_LIMIT {
                    return Err(Refusal::Invalid { field: "approvers", rule: "holds more entries than allowed" }.into());
                }
                add_approver(desk, role.id, &user.principal).await
            }
            Member::Privilege(id) => {
                let group = desk.tx.group(id).await?.ok_or(Refusal::NotFound { what: "group" })?;
                let privileges = desk.tx.privileges(role.id).await?;
                if privileges.iter().any(|privilege| privilege.group == id) {
                    return Ok(());
                }
                if privileges.len() >= MEMBER_LIMIT {
                    return Err(
                        Refusal::Invalid { field: "privileges", rule: "holds more entries than allowed" }.into()
                    );
                }
                add_privilege(desk, role.id, &group).await
            }
        }
    }
}

/// Takes a member away: open requests that rest on it end, live grants lose the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoveMember {
    /// The role.
    pub role: EntitlementId,
    /// The member.
    pub member: Member,
}

impl Command for RemoveMember {
    type Output = ();

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        self.member.subject(self.role)
    }

    fn locks(&self) -> Vec<Lock> {
        self.member.locks(self.role)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let role = role(desk, self.role).await?;
        match self.member {
            Member::Candidate(id) => remove_candidate(desk, role.id, id).await,
            Member::Approver(id) => {
                remove_approver(desk, role.id, id).await?;
                let left = desk.tx.approvers(role.id).await?.len();
                if role.approval && left == 0 {
                    return Err(Refusal::InUse {
                        what: "the approver",
                        by: "the role needs approval and would have no approver left",
                    }
                    .into());
                }
                Ok(())
            }
            Member::Privilege(id) => remove_privilege(desk, role.id, id).await,
        }
    }
}

/// The role that an administrator named.
pub(super) async fn role(desk: &mut Desk<'_>, id: EntitlementId) -> Answer<Role> {
    Ok(desk.tx.role(id).await?.ok_or(Refusal::NotFound { what: "role" })?)
}

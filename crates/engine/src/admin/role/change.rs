//! `Set-PAMRole`: list parameters replace the whole list.

use std::collections::BTreeSet;

use ephor_audit::{Record, events};
use ephor_domain::{
    Refusal,
    administration::Right,
    id::{EntitlementId, GroupId, PrincipalId},
    pam::Role,
    text::Name,
};
use ephor_store::tx::lock::Lock;
use jiff::civil::Time;

use super::{
    RoleDetail, description,
    list::all_candidates,
    members::{self, List},
    window,
};
use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::Answer,
};

/// Changes what is given of a role. Gates that are raised do not touch requests already past them (`PAM-116`); a
/// shorter TTL caps later activations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetRole {
    /// The role.
    pub role: EntitlementId,
    /// New name.
    pub name: Option<Name>,
    /// New description; `Some(None)` takes it away.
    pub description: Option<Option<String>>,
    /// New longest stay in seconds.
    pub ttl: Option<u64>,
    /// New earliest time of day.
    pub from: Option<Option<Time>>,
    /// New latest time of day.
    pub to: Option<Option<Time>>,
    /// The window is enforced.
    pub window_enabled: Option<bool>,
    /// A proof of presence is asked for.
    pub mfa: Option<bool>,
    /// An approver must decide.
    pub approval: Option<bool>,
    /// Approvers who ask are not exempted.
    pub owner_needs_approval: Option<bool>,
    /// The whole list of candidates.
    pub candidates: Option<Vec<PrincipalId>>,
    /// The whole list of approvers.
    pub approvers: Option<Vec<PrincipalId>>,
    /// The whole list of privileges.
    pub privileges: Option<Vec<GroupId>>,
}

impl SetRole {
    /// Changes nothing yet.
    #[must_use]
    pub fn of(role: EntitlementId) -> Self {
        Self {
            role,
            name: None,
            description: None,
            ttl: None,
            from: None,
            to: None,
            window_enabled: None,
            mfa: None,
            approval: None,
            owner_needs_approval: None,
            candidates: None,
            approvers: None,
            privileges: None,
        }
    }

    fn policy(&self, old: &Role) -> Result<Role, Refusal> {
        let from = self.from.unwrap_or(old.window.map(|window| window.from()));
        let to = self.to.unwrap_or(old.window.map(|window| window.to()));
        Ok(Role {
            id: old.id,
            name: self.name.clone().unwrap_or_else(|| old.name.clone()),
            description: description(self.description.clone().unwrap_or_else(|| old.description.clone()))?,
            ttl: self.ttl.unwrap_or(old.ttl),
            window: window(from, to)?,
            window_enabled: self.window_enabled.unwrap_or(old.window_enabled),
            mfa: self.mfa.unwrap_or(old.mfa),
            approval: self.approval.unwrap_or(old.approval),
            owner_needs_approval: self.owner_needs_approval.unwrap_or(old.owner_needs_approval),
        })
    }
}

impl Command for SetRole {
    type Output = RoleDetail;

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        Subject::role(self.role)
    }

    fn locks(&self) -> Vec<Lock> {
        let mut locks = members::locks(
            self.candidates.as_deref().unwrap_or_default(),
            self.approvers.as_deref().unwrap_or_default(),
            self.privileges.as_deref().unwrap_or_default(),
        );
        locks.push(Lock::Exclusive(self.role.uuid()));
        locks
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<RoleDetail> {
        let old = members::role(desk, self.role).await?;
        let new = self.policy(&old)?;
        if let Some(approvers) = self.approvers {
            replace_approvers(desk, new.id, approvers).await?;
        }
        let approvers = desk.tx.approvers(new.id).await?.len();
        let settings = desk.tx.settings().await?;
        new.check(&settings, new.ttl != old.ttl, approvers)?;
        if new.name != old.name && desk.tx.role_named(new.name.as_str()).await?.is_some_and(|other| other.id != new.id)
        {
            return Err(Refusal::Conflict { what: "the display name of the role" }.into());
        }
        if new != old {
            members::require_over_role(desk, new.id).await?;
            desk.tx.update_role(&new).await?;
            desk.changed(events::ROLE_CHANGED, Subject::role(new.id), |record| differences(record, &old, &new));
        }
        if let Some(privileges) = self.privileges {
            replace_privileges(desk, new.id, privileges).await?;
        }
        if let Some(candidates) = self.candidates {
            replace_candidates(desk, new.id, candidates).await?;
        }
        desk.flush().await?;
        RoleDetail::load(desk.tx, new).await
    }
}

async fn replace_candidates(desk: &mut Desk<'_>, role: EntitlementId, ids: Vec<PrincipalId>) -> Answer<()> {
    let wanted = members::users(desk, List::Candidates, ids).await?;
    let present: BTreeSet<_> = all_candidates(desk.tx, role).await?.into_iter().collect();
    for gone in present.iter().filter(|id| !wanted.iter().any(|user| user.id == **id)) {
        members::remove_candidate(desk, role, *gone).await?;
    }
    for user in wanted.iter().filter(|user| !present.contains(&user.id)) {
        members::add_candidate(desk, role, user).await?;
    }
    Ok(())
}

async fn replace_approvers(desk: &mut Desk<'_>, role: EntitlementId, ids: Vec<PrincipalId>) -> Answer<()> {
    let wanted = members::users(desk, List::Approvers, ids).await?;
    let present: BTreeSet<_> =
        desk.tx.approvers(role).await?.into_iter().map(|approver| approver.principal.id).collect();
    for gone in present.iter().filter(|id| !wanted.iter().any(|user| user.id == **id)) {
        members::remove_approver(desk, role, *gone).await?;
    }
    for user in wanted.iter().filter(|user| !present.contains(&user.id)) {
        members::add_approver(desk, role, user).await?;
    }
    Ok(())
}

async fn replace_privileges(desk: &mut Desk<'_>, role: EntitlementId, ids: Vec<GroupId>) -> Answer<()> {
    let wanted = members::groups(desk, ids).await?;
    let present: BTreeSet<_> = desk.tx.privileges(role).await?.into_iter().map(|privilege| privilege.group).collect();
    for gone in present.iter().filter(|id| !wanted.iter().any(|group| group.id == **id)) {
        members::remove_privilege(desk, role, *gone).await?;
    }
    for group in wanted.iter().filter(|group| !present.contains(&group.id)) {
        members::add_privilege(desk, role, group).await?;
    }
    Ok(())
}

/// Old and new value of what differs.
fn differences(mut record: Record, old: &Role, new: &Role) -> Record {
    let clock = |time: Option<Time>| time.map(|time| time.to_string());
    let mut note = |name: &str, old: ephor_audit::detail::Detail, new: ephor_audit::detail::Detail| {
        if old != new {
            record.details.insert(format!("{name}.old"), old);
            record.details.insert(format!("{name}.new"), new);
        }
    };
    note("displayName", old.name.as_str().into(), new.name.as_str().into());
    note("description", old.description.clone().into(), new.description.clone().into());
    note("ttl", old.ttl.into(), new.ttl.into());
    let times = |role: &Role| (clock(role.window.map(|w| w.from())), clock(role.window.map(|w| w.to())));
    let ((old_from, old_to), (new_from, new_to)) = (times(old), times(new));
    note("availableFrom", old_from.into(), new_from.into());
    note("availableTo", old_to.into(), new_to.into());
    note("availabilityWindowEnabled", old.window_enabled.into(), new.window_enabled.into());
    note("mfaEnabled", old.mfa.into(), new.mfa.into());
    note("approvalEnabled", old.approval.into(), new.approval.into());
    note("disableAutoApprovalIfOwner", old.owner_needs_approval.into(), new.owner_needs_approval.into());
    record
}

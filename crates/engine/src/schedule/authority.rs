//! Who may give an order, and who sees everybody's schedules (`GRAPH 17.2`).

use std::collections::BTreeSet;

use ephor_domain::{
    Refusal,
    administration::Right,
    directory::reader::{GLOBAL_READER, administers_group, administers_roles, reads_roles},
    entitlement::EntitlementKey,
    id::{GroupId, PrincipalId},
    policy::Kind,
    principal::{Actor, Principal, PrincipalKind, Proof},
    provider::{Provider, ScheduleRefusal},
    request::Action,
};
use ephor_store::{Fault, Tx};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    admin::desk::Desk,
    answer::Answer,
    directory::{groups_of, memberships},
};

/// True for what a holder orders for himself.
pub(super) const fn is_own(action: Action) -> bool {
    matches!(action, Action::SelfActivate | Action::SelfDeactivate | Action::SelfExtend | Action::SelfRenew)
}

/// Whether the caller may give this order: seen before it is looked for what the order names, so that nobody learns from
/// a refusal who or what there is (seams §7).
///
/// # Errors
/// [`Refusal::NotAdministrator`]; [`ScheduleRefusal::NotHolder`] for an order of somebody else's own; faults of the store.
pub(super) async fn require(
    desk: &mut Desk<'_>,
    key: &EntitlementKey,
    kind: Kind,
    action: Action,
    holder: PrincipalId,
) -> Answer<()> {
    if is_own(action) {
        return if desk.administrator() == Some(holder) { Ok(()) } else { Err(ScheduleRefusal::NotHolder.into()) };
    }
    if let EntitlementKey::Resource { scope, .. } = key {
        return crate::resource::require_order(desk, scope, action).await;
    }
    if administers(desk, key, kind, action).await? { Ok(()) } else { Err(Refusal::NotAdministrator.into()) }
}

/// Whether the holder may order this for himself.
///
/// # Errors
/// [`ScheduleRefusal::NotPossible`] for an application that would activate; [`Refusal::AccountDisabled`].
pub(super) fn require_holder(action: Action, holder: &Principal) -> Answer<()> {
    if !is_own(action) {
        return Ok(());
    }
    if holder.kind != PrincipalKind::User {
        return Err(ScheduleRefusal::NotPossible("only people activate").into());
    }
    if holder.enabled { Ok(()) } else { Err(Refusal::AccountDisabled.into()) }
}

/// Whether the caller administers what is ordered.
pub(super) async fn administers(desk: &mut Desk<'_>, key: &EntitlementKey, kind: Kind, action: Action) -> Answer<bool> {
    match key {
        EntitlementKey::PamRole(_) => Ok(false),
        EntitlementKey::DirectoryRole { .. } => {
            if administers_roles(&desk.directory_roles().await?) {
                return Ok(true);
            }
            desk.is_given(roles_given_by(kind, action)).await
        }
        EntitlementKey::Group { group, .. } => {
            let assignable = desk.tx.directory_groups_of(&[*group]).await?.pop();
            let assignable = assignable.is_some_and(|entry| entry.facts.role_assignable);
            // What a PAM role gives is for those who administer PAM roles.
            if !desk.tx.roles_giving(*group).await?.is_empty() && !desk.has(Right::Pam) {
                return Ok(false);
            }
            let now = desk.now();
            let owns = match desk.administrator() {
                Some(caller) => desk.tx.owned_now(caller, now).await?.contains(group),
                None => true,
            };
            if owns || administers_group(&desk.directory_roles().await?, assignable) {
                return Ok(true);
            }
            desk.is_given(groups_given_by(kind, action)).await
        }
        // The rights of resource roles come from resource roles.
        EntitlementKey::Resource { scope, .. } => crate::resource::may_order(desk, scope, action).await,
    }
}

/// App roles by which an application orders (`GRAPH 17.1`).
const fn roles_given_by(kind: Kind, action: Action) -> &'static [&'static str] {
    let removes = matches!(action, Action::AdminRemove);
    match (kind, removes) {
        (Kind::Assignment, false) => {
            &["RoleAssignmentSchedule.ReadWrite.Directory", "RoleManagement.ReadWrite.Directory"]
        }
        (Kind::Assignment, true) => &[
            "RoleAssignmentSchedule.ReadWrite.Directory",
            "RoleManagement.ReadWrite.Directory",
            "RoleAssignmentSchedule.Remove.Directory",
        ],
        (Kind::Eligibility, false) => {
            &["RoleEligibilitySchedule.ReadWrite.Directory", "RoleManagement.ReadWrite.Directory"]
        }
        (Kind::Eligibility, true) => &[
            "RoleEligibilitySchedule.ReadWrite.Directory",
            "RoleManagement.ReadWrite.Directory",
            "RoleEligibilitySchedule.Remove.Directory",
        ],
    }
}

const fn groups_given_by(kind: Kind, action: Action) -> &'static [&'static str] {
    let removes = matches!(action, Action::AdminRemove);
    match (kind, removes) {
        (Kind::Assignment, false) => &["PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup"],
        (Kind::Assignment, true) => {
            &["PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup", "PrivilegedAssignmentSchedule.Remove.AzureADGroup"]
        }
        (Kind::Eligibility, false) => &["PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup"],
        (Kind::Eligibility, true) => &[
            "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
            "PrivilegedEligibilitySchedule.Remove.AzureADGroup",
        ],
    }
}

/// What a caller of lists is and holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Sight {
    /// The caller.
    pub(super) caller: Option<PrincipalId>,
    /// Groups the caller is in, also through others.
    pub(super) groups: BTreeSet<Uuid>,
    /// Directory roles held now.
    pub(super) roles: Vec<Uuid>,
    /// Groups the caller owns.
    pub(super) owned: Vec<GroupId>,
    /// An application that the face let in by its app role.
    pub(super) is_application: bool,
}

impl Sight {
    pub(super) async fn of(tx: &mut Tx, actor: &Actor, now: Timestamp) -> Result<Self, Fault> {
        if actor.proof == Proof::Application {
            return Ok(Self { caller: Some(actor.principal), is_application: true, ..Self::default() });
        }
        let found = memberships(tx, actor.principal.uuid(), true, now).await?;
        let owned = tx.owned_now(actor.principal, now).await?;
        Ok(Self {
            caller: Some(actor.principal),
            groups: found.groups,
            roles: found.roles.into_iter().collect(),
            owned,
            is_application: false,
        })
    }

    /// As far as the caller's own rows need it: no roles, nothing that is owned.
    pub(super) async fn of_own(tx: &mut Tx, actor: &Actor, now: Timestamp) -> Result<Self, Fault> {
        if actor.proof == Proof::Application {
            return Self::of(tx, actor, now).await;
        }
        let groups = groups_of(tx, actor.principal.uuid(), true, now).await?;
        Ok(Self { caller: Some(actor.principal), groups, ..Self::default() })
    }

    /// Every row of the provider is open to the caller.
    pub(super) fn sees_all(&self, provider: Provider) -> bool {
        match provider {
            Provider::Pam => false,
            Provider::DirectoryRoles => self.is_application || reads_roles(&self.roles),
            // Of a role-assignable group only those who administer roles, or read them, see all.
            Provider::Groups => {
                self.is_application
                    || administers_group(&self.roles, false) && administers_group(&self.roles, true)
                    || self.roles.contains(&GLOBAL_READER)
            }
            Provider::Resources => false,
        }
    }

    /// Every row about this entitlement is open to the caller.
    pub(super) fn sees(&self, key: &EntitlementKey, role_assignable: bool) -> bool {
        match key {
            EntitlementKey::Group { group, .. } => {
                self.owned.contains(group)
                    || self.groups.contains(&group.uuid())
                    || administers_group(&self.roles, role_assignable)
                    || self.sees_all(Provider::Groups)
            }
            EntitlementKey::PamRole(_) | EntitlementKey::DirectoryRole { .. } | EntitlementKey::Resource { .. } => {
                self.sees_all(key.provider())
            }
        }
    }

    /// The row of this principal is the caller's own, or that of a group the caller is in.
    pub(super) fn is_own(&self, principal: PrincipalId) -> bool {
        self.caller == Some(principal) || self.groups.contains(&principal.uuid())
    }
}

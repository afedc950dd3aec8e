//! `New-PAMRole`.

use ephor_audit::events;
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
    members::{self, List},
    window,
};
use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::Answer,
};

/// Makes a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateRole {
    /// Unique name.
    pub name: Name,
    /// Description.
    pub description: Option<String>,
    /// Longest stay in seconds; `None` takes the configured default.
    pub ttl: Option<u64>,
    /// Earliest time of day.
    pub from: Option<Time>,
    /// Latest time of day.
    pub to: Option<Time>,
    /// The window is enforced.
    pub window_enabled: bool,
    /// A proof of presence is asked for.
    pub mfa: bool,
    /// An approver must decide.
    pub approval: bool,
    /// Approvers who ask are not exempted; our default is true (`PAM 10.4`).
    pub owner_needs_approval: bool,
    /// Who may ask.
    pub candidates: Vec<PrincipalId>,
    /// Who decides.
    pub approvers: Vec<PrincipalId>,
    /// What they get.
    pub privileges: Vec<GroupId>,
}

impl CreateRole {
    /// A role of this name with every default.
    #[must_use]
    pub fn named(name: Name) -> Self {
        Self {
            name,
            description: None,
            ttl: None,
            from: None,
            to: None,
            window_enabled: false,
            mfa: false,
            approval: false,
            owner_needs_approval: true,
            candidates: Vec::new(),
            approvers: Vec::new(),
            privileges: Vec::new(),
        }
    }
}

impl Command for CreateRole {
    type Output = RoleDetail;

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    fn locks(&self) -> Vec<Lock> {
        members::locks(&self.candidates, &self.approvers, &self.privileges)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<RoleDetail> {
        let settings = desk.tx.settings().await?;
        let candidates = members::users(desk, List::Candidates, self.candidates).await?;
        let approvers = members::users(desk, List::Approvers, self.approvers).await?;
        let privileges = members::groups(desk, self.privileges).await?;
        let role = Role {
            id: EntitlementId::new(desk.call().ids().request.uuid()),
            name: self.name,
            description: description(self.description)?,
            ttl: self.ttl.unwrap_or(settings.role_default_duration),
            window: window(self.from, self.to)?,
            window_enabled: self.window_enabled,
            mfa: self.mfa,
            approval: self.approval,
            owner_needs_approval: self.owner_needs_approval,
        };
        // A default that is used counts as checked when it was set.
        role.check(&settings, self.ttl.is_some(), approvers.len())?;
        if desk.tx.role_named(role.name.as_str()).await?.is_some() {
            return Err(Refusal::Conflict { what: "the display name of the role" }.into());
        }
        desk.tx.insert_role(&role).await?;
        desk.changed(events::ROLE_CREATED, Subject::role(role.id), |record| {
            record
                .detail("displayName", role.name.as_str())
                .detail("ttl", role.ttl)
                .detail("mfaEnabled", role.mfa)
                .detail("approvalEnabled", role.approval)
                .detail("availabilityWindowEnabled", role.window_enabled)
                .detail("disableAutoApprovalIfOwner", role.owner_needs_approval)
        });
        for group in privileges {
            members::add_privilege(desk, role.id, &group).await?;
        }
        for approver in approvers {
            members::add_approver(desk, role.id, &approver).await?;
        }
        for candidate in candidates {
            members::add_candidate(desk, role.id, &candidate).await?;
        }
        RoleDetail::load(desk.tx, role).await
    }
}

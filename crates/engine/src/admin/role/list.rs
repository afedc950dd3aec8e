//! `Get-PAMRole` and the lists of a role.

use ephor_domain::{
    Refusal,
    id::{EntitlementId, PrincipalId},
    pam::{Role, group::Group},
    principal::Principal,
};
use ephor_store::{
    Fault, Tx,
    tx::{NameCursor, Page as NamePage, approver::NamedApprover},
};

use crate::{
    admin::Listing,
    admin::desk::{Files, Query, Subject},
    answer::Answer,
};

/// A role with its approvers and privileges. Candidates may be many: see [`ListCandidates`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDetail {
    /// The policy.
    pub role: Role,
    /// Who decides.
    pub approvers: Vec<NamedApprover>,
    /// What it gives.
    pub privileges: Vec<Group>,
}

impl RoleDetail {
    /// Loads what belongs to `role`.
    pub(crate) async fn load(tx: &mut Tx, role: Role) -> Answer<Self> {
        let approvers = tx.approvers(role.id).await?;
        let privileges = tx.privilege_groups(role.id).await?;
        Ok(Self { role, approvers, privileges })
    }
}

/// One role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetRole {
    /// Which.
    pub role: EntitlementId,
}

impl Query for GetRole {
    type Output = RoleDetail;

    fn subject(&self) -> Subject {
        Subject::role(self.role)
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<RoleDetail> {
        let role = role(files, self.role).await?;
        RoleDetail::load(files.tx, role).await
    }
}

/// Roles by display name.
#[derive(Debug, Clone)]
pub struct ListRoles {
    /// Only names that hold this, case-blind.
    pub search: Option<String>,
    /// Only the one of exactly this name, case-blind.
    pub name: Option<String>,
    /// Only roles that somebody holds or is about to hold.
    pub active: bool,
    /// Goes on here.
    pub after: Option<NameCursor>,
    /// Most rows.
    pub limit: u32,
}

impl Query for ListRoles {
    type Output = Listing<Role, NameCursor>;

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        if let Some(name) = &self.name {
            let role = files.tx.role_named(name).await?;
            let mut rows = Vec::new();
            if let Some(role) = role
                && (!self.active || is_active(files, role.id).await?)
            {
                rows.push(role);
            }
            return Ok(Listing { rows, next: None });
        }
        let mut rows = Vec::new();
        let mut after = self.after;
        loop {
            let page = NamePage { search: self.search.clone(), after: after.clone(), limit: self.limit };
            let roles = files.tx.roles(&page).await?;
            let is_last = roles.len() < self.limit as usize;
            for role in roles {
                let cursor = NameCursor::after(role.name.as_str(), role.id.uuid());
                if !self.active || is_active(files, role.id).await? {
                    rows.push(role);
                }
                if rows.len() >= self.limit as usize {
                    return Ok(Listing { rows, next: Some(cursor) });
                }
                after = Some(cursor);
            }
            if is_last {
                return Ok(Listing { rows, next: None });
            }
        }
    }
}

async fn is_active(files: &mut Files<'_>, role: EntitlementId) -> Answer<bool> {
    Ok(!files.tx.open_grants(None, Some(role), 1).await?.is_empty())
}

/// Candidates of a role by account id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListCandidates {
    /// The role.
    pub role: EntitlementId,
    /// Goes on here.
    pub after: Option<PrincipalId>,
    /// Most rows.
    pub limit: u32,
}

impl Query for ListCandidates {
    type Output = Listing<Principal, PrincipalId>;

    fn subject(&self) -> Subject {
        Subject::role(self.role)
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        role(files, self.role).await?;
        let rows = files.tx.candidates(self.role, self.after, self.limit).await?;
        let next = (rows.len() >= self.limit as usize).then(|| rows.last().map(|row| row.principal.id)).flatten();
        Ok(Listing { rows: rows.into_iter().map(|row| row.principal).collect(), next })
    }
}

/// Approvers of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListApprovers {
    /// The role.
    pub role: EntitlementId,
}

impl Query for ListApprovers {
    type Output = Vec<NamedApprover>;

    fn subject(&self) -> Subject {
        Subject::role(self.role)
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        role(files, self.role).await?;
        Ok(files.tx.approvers(self.role).await?)
    }
}

/// Groups a role gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPrivileges {
    /// The role.
    pub role: EntitlementId,
}

impl Query for ListPrivileges {
    type Output = Vec<Group>;

    fn subject(&self) -> Subject {
        Subject::role(self.role)
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        role(files, self.role).await?;
        Ok(files.tx.privilege_groups(self.role).await?)
    }
}

async fn role(files: &mut Files<'_>, id: EntitlementId) -> Answer<Role> {
    Ok(files.tx.role(id).await?.ok_or(Refusal::NotFound { what: "role" })?)
}

/// Everybody who is a candidate of `role`.
pub(super) async fn all_candidates(tx: &mut Tx, role: EntitlementId) -> Result<Vec<PrincipalId>, Fault> {
    const AT_ONCE: u32 = 1000;
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = tx.candidates(role, after, AT_ONCE).await?;
        let is_last = page.len() < AT_ONCE as usize;
        all.extend(page.into_iter().map(|candidate| candidate.principal.id));
        after = all.last().copied();
        if is_last {
            return Ok(all);
        }
    }
}

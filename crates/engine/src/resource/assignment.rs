//! Who holds which role where, as far as the caller may read it (`ARM 12.3`, `ARM 20`).

use std::collections::BTreeSet;

use ephor_domain::{
    Refusal,
    administration::Right,
    policy::Kind,
    resource::{Assignment, Denial, Permission, ResourceRefusal},
    scope::ArmScope,
};
use ephor_store::Fault;
use uuid::Uuid;

use super::{
    rights::{Rights, action, locate},
    tree::{At, spans},
};
use crate::{
    admin::desk::{Files, Query},
    answer::Answer,
    directory::groups_of,
    schedule::resource::{Here, MOST, RowCursor, Walk, assignment_named, in_force},
};

/// Role assignments at a scope, above it and, unless said otherwise, below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAssignmentsAt {
    /// Where.
    pub scope: ArmScope,
    /// None from below.
    pub not_below: bool,
    /// Of exactly this principal.
    pub principal: Option<Uuid>,
    /// Of this principal and the groups it is in.
    pub assigned_to: Option<Uuid>,
    /// Goes on after this row.
    pub after: Option<RowCursor>,
    /// Most rows.
    pub limit: u32,
}

/// One page of role assignments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignmentPage {
    /// First what was written directly, then what schedules give; each by scope, or by principal where that is asked for.
    pub rows: Vec<Assignment>,
    /// Where to go on, if there are more.
    pub next: Option<RowCursor>,
}

impl Query for RoleAssignmentsAt {
    type Output = AssignmentPage;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<AssignmentPage> {
        let rights = Rights::of(files.tx, files.caller, files.now).await?;
        let (_, line) = locate(files.tx, &rights, &self.scope, action::READ_ASSIGNMENTS).await?;
        rights.require(files.tx, &line, action::READ_ASSIGNMENTS).await?;
        let wanted = wanted(files, &self).await?;
        let batch = self.limit.saturating_add(1);
        let mut walk = match &wanted {
            Some(principals) => Walk::by_principal(Kind::Assignment, principals, self.after, batch),
            None => Walk::by_scope(Kind::Assignment, spans(files.tx, &line, !self.not_below).await?, self.after, batch),
        };
        let mut here = Here::new(&line, self.not_below);
        let mut rows = Vec::new();
        let (mut seen, mut last, mut next) = (0, None, None);
        while let Some((cursor, row)) = walk.next(files.tx).await? {
            if seen == MOST {
                next = last;
                break;
            }
            seen += 1;
            let at = row.scope();
            let is_there = match &at {
                Some(at) => here.is_there(files.tx, at).await?,
                None => false,
            };
            if is_there && let Some(one) = in_force(files.tx, row, files.now).await? {
                if rows.len() == self.limit as usize {
                    next = last;
                    break;
                }
                rows.push(one);
            }
            last = Some(cursor);
        }
        Ok(AssignmentPage { rows, next })
    }
}

/// The principals asked for; `None` for all.
async fn wanted(files: &mut Files<'_>, query: &RoleAssignmentsAt) -> Result<Option<BTreeSet<Uuid>>, Fault> {
    let exactly = query.principal.map(|id| BTreeSet::from([id]));
    let Some(id) = query.assigned_to else { return Ok(exactly) };
    let mut with_groups = groups_of(files.tx, id, true, files.now).await?;
    with_groups.insert(id);
    Ok(Some(match exactly {
        Some(exactly) => with_groups.intersection(&exactly).copied().collect(),
        None => with_groups,
    }))
}

/// One role assignment, addressed at its own scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAssignmentNamed {
    /// Where.
    pub scope: ArmScope,
    /// Which.
    pub name: Uuid,
}

impl Query for RoleAssignmentNamed {
    type Output = Assignment;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Assignment> {
        let rights = Rights::of(files.tx, files.caller, files.now).await?;
        let (scope, line) = locate(files.tx, &rights, &self.scope, action::READ_ASSIGNMENTS).await?;
        rights.require(files.tx, &line, action::READ_ASSIGNMENTS).await?;
        let mut found = files.tx.role_assignment(self.name).await?.filter(|found| found.scope == scope);
        if found.is_none() {
            found = assignment_named(files.tx, &scope, self.name, files.now).await?;
        }
        Ok(found.ok_or_else(|| Refusal::from(ResourceRefusal::NoAssignment(self.name.to_string())))?)
    }
}

/// What the caller's roles at a scope allow, one for each set of actions of each role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionsAt {
    /// Where.
    pub scope: ArmScope,
}

impl Query for PermissionsAt {
    type Output = Vec<Permission>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Vec<Permission>> {
        let rights = Rights::of(files.tx, files.caller, files.now).await?;
        let (_, line) = locate(files.tx, &rights, &self.scope, action::READ_ASSIGNMENTS).await?;
        let mut seen = BTreeSet::new();
        let here = rights.held.iter().filter(|(assignment, _)| line.contains(&assignment.scope));
        let roles = here.filter(|(assignment, _)| seen.insert(assignment.definition));
        Ok(roles.flat_map(|(_, role)| role.permissions.iter().cloned()).collect())
    }
}

/// Deny assignments at a scope and above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenialsAt {
    /// Where.
    pub scope: ArmScope,
}

impl Query for DenialsAt {
    type Output = At<Vec<Denial>>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let rights = Rights::of(files.tx, files.caller, files.now).await?;
        let (scope, line) = locate(files.tx, &rights, &self.scope, action::READ_DENIALS).await?;
        rights.require(files.tx, &line, action::READ_DENIALS).await?;
        let found = files.tx.denials_at(&line).await?;
        Ok(At { scope, found })
    }
}

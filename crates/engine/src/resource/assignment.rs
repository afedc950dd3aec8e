//! Who holds which role where, as far as the caller may read it (`ARM 12.3`, `ARM 20`).

use std::collections::BTreeSet;

use ephor_domain::{
    Refusal,
    administration::Right,
    resource::{Assignment, Denial, Permission, ResourceRefusal},
    scope::ArmScope,
};
use ephor_store::{
    Fault, Tx,
    tx::role_assignment::{ScopeCursor, ScopeSpan},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    rights::{Rights, action, locate},
    tree::{At, chain, spans},
};
use crate::{
    admin::desk::{Files, Query},
    answer::Answer,
    directory::groups_of,
    schedule::resource::{assignment_named, assignments_in, assignments_of},
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
    pub after: Option<ScopeCursor>,
    /// Most rows.
    pub limit: u32,
}

/// One page of role assignments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignmentPage {
    /// By scope and name.
    pub rows: Vec<Assignment>,
    /// Where to go on, if there are more.
    pub next: Option<ScopeCursor>,
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
        let most = self.limit.saturating_add(1);
        let mut rows = match wanted {
            Some(principals) => of_principals(files.tx, &line, &self, principals, files.now).await?,
            None => {
                let spans = spans(files.tx, &line, !self.not_below).await?;
                let mut rows = in_spans(files.tx, &spans, self.after.as_ref(), most).await?;
                let scheduled = assignments_in(files.tx, &spans, files.now).await?;
                rows.extend(scheduled.into_iter().filter(|row| is_behind(row, self.after.as_ref())));
                sort(&mut rows);
                rows
            }
        };
        let limit = self.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(cursor);
        Ok(AssignmentPage { rows, next })
    }
}

fn cursor(row: &Assignment) -> ScopeCursor {
    ScopeCursor { scope: row.scope.key().to_owned(), name: row.name }
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

fn sort(rows: &mut [Assignment]) {
    rows.sort_by(|one, other| (one.scope.key(), one.name).cmp(&(other.scope.key(), other.name)));
}

/// Does the row come after the place?
fn is_behind(row: &Assignment, after: Option<&ScopeCursor>) -> bool {
    after.is_none_or(|after| (row.scope.key(), row.name) > (after.scope.as_str(), after.name))
}

/// What these principals hold at the scope, above it and below it.
async fn of_principals(
    tx: &mut Tx,
    line: &[ArmScope],
    query: &RoleAssignmentsAt,
    principals: BTreeSet<Uuid>,
    now: Timestamp,
) -> Result<Vec<Assignment>, Fault> {
    let mut rows = tx.role_assignments_of(principals.iter().copied()).await?;
    rows.extend(assignments_of(tx, principals, now).await?);
    sort(&mut rows);
    let mut found = Vec::new();
    for row in rows {
        let is_there = line.contains(&row.scope)
            || !query.not_below
                && match line.first() {
                    Some(scope) => chain(tx, &row.scope).await?.contains(scope),
                    None => false,
                };
        if is_behind(&row, query.after.as_ref()) && is_there {
            found.push(row);
        }
    }
    Ok(found)
}

/// Rows of these spans behind a place, at most so many.
async fn in_spans(
    tx: &mut Tx,
    spans: &[ScopeSpan],
    after: Option<&ScopeCursor>,
    most: u32,
) -> Result<Vec<Assignment>, Fault> {
    let mut rows: Vec<Assignment> = Vec::new();
    for span in spans {
        let left = most.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        if left == 0 {
            break;
        }
        rows.extend(tx.role_assignments_in(span, after, left).await?);
    }
    Ok(rows)
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

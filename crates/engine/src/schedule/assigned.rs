//! Directory roles that are held now: by an assignment of limited time, by an activation, or for good (`GRAPH 6.2`).

use std::collections::BTreeSet;

use ephor_domain::{
    entitlement::EntitlementKey, id::PrincipalId, policy::Kind, principal::Actor, provider::Provider,
    scope::DirectoryScope,
};
use ephor_store::{
    Fault, Tx,
    tx::line::{LineRow, Lines, line_id},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    authority::Sight,
    list::{MOST, Page},
    standing,
};
use crate::directory::RoleAssignment;

const ROLES: Provider = Provider::DirectoryRoles;
/// Lines read at once.
const AT_ONCE: u32 = 1000;

/// Which role assignments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListAssignments {
    /// Narrowed by what the store has an index for.
    pub which: Lines,
    /// Goes on after this line.
    pub after: Option<Uuid>,
    /// Rows looked at.
    pub limit: u32,
}

/// A role assignment with its line.
type OnLine = (Uuid, RoleAssignment);

fn of_row(row: LineRow, now: Timestamp) -> Option<OnLine> {
    let LineRow { line, grant } = row;
    let scope = line.scope.parse().ok()?;
    let assignment = RoleAssignment { principal: line.principal, definition: line.definition, scope };
    (line.live && grant.is_some_and(|grant| grant.gives(now))).then_some((line.id, assignment))
}

fn of_standing(standing: &standing::Standing) -> Option<OnLine> {
    let EntitlementKey::DirectoryRole { definition, scope } = standing.key else { return None };
    let line = line_id(standing.principal, standing.key.id(), Kind::Assignment);
    Some((line, RoleAssignment { principal: standing.principal, definition, scope }))
}

async fn standing_on(tx: &mut Tx, which: &Lines) -> Result<Vec<OnLine>, Fault> {
    Ok(standing::all(tx, ROLES, which).await?.iter().filter_map(of_standing).collect())
}

/// What a principal holds itself, for good or for a time.
async fn of_holder(tx: &mut Tx, holder: PrincipalId, now: Timestamp) -> Result<Vec<OnLine>, Fault> {
    let which = Lines::Of(holder);
    let rows = tx.lines(ROLES, Kind::Assignment, &which, None, MOST).await?;
    let mut found: Vec<OnLine> = rows.into_iter().filter_map(|row| of_row(row, now)).collect();
    found.extend(standing_on(tx, &which).await?);
    sort(&mut found);
    Ok(found)
}

fn sort(found: &mut Vec<OnLine>) {
    found.sort_unstable_by_key(|(line, _)| *line);
    found.dedup_by_key(|(line, _)| *line);
}

fn is_among((_, row): &OnLine, which: &Lines) -> bool {
    match which {
        Lines::All => true,
        Lines::Of(principal) => row.principal == *principal,
        Lines::Definition(definition) => row.definition == *definition,
        Lines::Scope(scope) => row.scope.to_string().eq_ignore_ascii_case(scope),
    }
}

/// A page of role assignments, by line: all of them for an application and for who reads roles, else those of the caller
/// and of the groups the caller is in (`GRAPH 7`, `GRAPH 17.2`).
pub(crate) async fn page(
    tx: &mut Tx,
    actor: &Actor,
    list: &ListAssignments,
    now: Timestamp,
) -> Result<Page<RoleAssignment, Uuid>, Fault> {
    let sight = Sight::of(tx, actor, now).await?;
    let limit = usize::try_from(list.limit).unwrap_or(usize::MAX);
    let is_behind = |(line, _): &OnLine| list.after.is_none_or(|after| after < *line);
    if sight.sees_all(ROLES) {
        let rows = tx.lines(ROLES, Kind::Assignment, &list.which, list.after, list.limit).await?;
        let next = rows.last().map(|row| row.line.id).filter(|_| rows.len() >= limit);
        let mut found: Vec<OnLine> = rows.into_iter().filter_map(|row| of_row(row, now)).collect();
        // What lies beyond the last line that was read comes with the next page.
        let standing = standing_on(tx, &list.which).await?.into_iter();
        found.extend(standing.filter(|row| is_behind(row) && next.is_none_or(|next| row.0 <= next)));
        sort(&mut found);
        return Ok(Page { rows: found.into_iter().map(|(_, row)| row).collect(), next });
    }
    let mut found = Vec::new();
    for holder in std::iter::once(actor.principal).chain(sight.groups.iter().copied().map(PrincipalId::new)) {
        found.extend(of_holder(tx, holder, now).await?);
    }
    found.retain(|row| is_among(row, &list.which) && is_behind(row));
    sort(&mut found);
    let is_full = found.len() > limit;
    found.truncate(limit);
    let next = found.last().map(|(line, _)| *line).filter(|_| is_full);
    Ok(Page { rows: found.into_iter().map(|(_, row)| row).collect(), next })
}

/// What these hold, as far as the caller may see it.
pub(crate) async fn of_holders(
    tx: &mut Tx,
    actor: &Actor,
    holders: &BTreeSet<PrincipalId>,
    now: Timestamp,
) -> Result<Vec<RoleAssignment>, Fault> {
    let sight = Sight::of(tx, actor, now).await?;
    let mut found = Vec::new();
    for holder in holders {
        if sight.sees_all(ROLES) || sight.is_own(*holder) {
            found.extend(of_holder(tx, *holder, now).await?.into_iter().map(|(_, row)| row));
        }
    }
    found.sort_by_key(|row| (row.definition, row.principal, row.scope));
    Ok(found)
}

/// Does the principal hold this now, and may the caller see it?
pub(crate) async fn is_held(
    tx: &mut Tx,
    actor: &Actor,
    assignment: &RoleAssignment,
    now: Timestamp,
) -> Result<bool, Fault> {
    let sight = Sight::of(tx, actor, now).await?;
    if !sight.sees_all(ROLES) && !sight.is_own(assignment.principal) {
        return Ok(false);
    }
    let RoleAssignment { principal, definition, scope } = *assignment;
    let key = EntitlementKey::DirectoryRole { definition, scope };
    let row = tx.line(line_id(principal, key.id(), Kind::Assignment)).await?;
    Ok(row.is_some_and(|row| of_row(row, now).is_some()) || standing::of(tx, principal, &key).await?.is_some())
}

/// How many role assignments are in force for the whole tenant; no more than `most` are counted.
pub(crate) async fn count(tx: &mut Tx, most: u64, now: Timestamp) -> Result<u64, Fault> {
    let which = Lines::Scope(DirectoryScope::Tenant.to_string());
    let standing: BTreeSet<Uuid> = standing_on(tx, &which).await?.into_iter().map(|(line, _)| line).collect();
    let mut counted = u64::try_from(standing.len()).unwrap_or(u64::MAX);
    let mut after = None;
    while counted < most {
        let rows = tx.lines(ROLES, Kind::Assignment, &which, after, AT_ONCE).await?;
        let is_last = rows.len() < AT_ONCE as usize;
        after = rows.last().map(|row| row.line.id);
        let held = rows.into_iter().filter_map(|row| of_row(row, now));
        counted += u64::try_from(held.filter(|(line, _)| !standing.contains(line)).count()).unwrap_or(u64::MAX);
        if is_last {
            break;
        }
    }
    Ok(counted.min(most))
}

/// Who holds a role for the whole tenant, by id.
pub(crate) async fn holders(tx: &mut Tx, definition: Uuid, now: Timestamp) -> Result<BTreeSet<PrincipalId>, Fault> {
    let mut found: BTreeSet<PrincipalId> =
        tx.administrators(Some(definition)).await?.into_iter().map(|(row, _)| row.principal).collect();
    let (which, mut after) = (Lines::Definition(definition), None);
    loop {
        let rows = tx.lines(ROLES, Kind::Assignment, &which, after, AT_ONCE).await?;
        let is_last = rows.len() < AT_ONCE as usize;
        after = rows.last().map(|row| row.line.id);
        let held = rows.into_iter().filter_map(|row| of_row(row, now));
        found.extend(held.filter(|(_, row)| row.scope == DirectoryScope::Tenant).map(|(_, row)| row.principal));
        if is_last {
            return Ok(found);
        }
    }
}

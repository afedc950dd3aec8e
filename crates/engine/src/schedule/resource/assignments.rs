//! What schedules give now, as role assignments (`ARM 7.2`).

use ephor_domain::{
    entitlement::EntitlementKey,
    id::RequestId,
    policy::Kind,
    provider::Provider,
    resource::{Assignment, AssignmentContent},
    scope::ArmScope,
};
use ephor_store::{Fault, Tx, tx::lock::Lock};
use jiff::Timestamp;
use uuid::Uuid;

use super::{definition_of, lines_of, respell, scope_of, walk::Row};
use crate::{
    admin::desk::Desk,
    answer::Answer,
    schedule::{end_now, view::ScheduleView},
};

/// Roles in force by schedule: what these principals have now, as role assignments (`ARM 7.2`).
pub(crate) async fn assignments_of(
    tx: &mut Tx,
    principals: impl IntoIterator<Item = Uuid>,
    now: Timestamp,
) -> Result<Vec<Assignment>, Fault> {
    let mut found = Vec::new();
    for id in principals {
        for row in lines_of(tx, Kind::Assignment, id).await? {
            found.extend(assignment(tx, ScheduleView::of(row, now)?).await?);
        }
    }
    Ok(found)
}

/// A row as a role assignment; `None` for what is not in force.
pub(crate) async fn in_force(tx: &mut Tx, row: Row, now: Timestamp) -> Result<Option<Assignment>, Fault> {
    let row = match row {
        Row::Direct(one) => return Ok(Some(*one)),
        Row::Scheduled(row) => row,
    };
    let Some(mut one) = assignment(tx, ScheduleView::of(*row, now)?).await? else { return Ok(None) };
    let mut key = EntitlementKey::Resource { definition: one.definition, scope: one.scope.clone() };
    respell(tx, &mut key).await?;
    if let Some(scope) = scope_of(&key) {
        one.scope = scope;
    }
    Ok(Some(one))
}

async fn assignment(tx: &mut Tx, view: Option<ScheduleView>) -> Result<Option<Assignment>, Fault> {
    let Some(view) = view.filter(|view| view.in_force) else { return Ok(None) };
    let (Some(scope), Some(definition)) = (scope_of(&view.key), definition_of(&view.key)) else { return Ok(None) };
    let mut content = AssignmentContent::default();
    let mut author = None;
    let mut shaped_by: Vec<RequestId> = view.made_by.into_iter().collect();
    // An activation is bound by what its eligibility is bound by (`ARM 9.5`).
    if let Some(line) = view.rests_on
        && let Some(row) = tx.line(line).await?
    {
        shaped_by.push(row.line.made_by);
    }
    for request in shaped_by {
        let Some(row) = tx.order(request).await? else { continue };
        if let Some(condition) = row.order.details.binding() {
            content.condition = Some(condition.text);
            content.condition_version = condition.version;
        }
        author.get_or_insert(row.request.requester.uuid());
    }
    let kind = match tx.principal(view.principal).await? {
        Some(account) => account.kind,
        None => ephor_domain::principal::PrincipalKind::User,
    };
    let since = view.start.unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(Some(Assignment {
        name: view.instance,
        scope,
        definition,
        principal: view.principal,
        kind,
        content,
        created: since,
        updated: view.modified.unwrap_or(since),
        created_by: author,
        updated_by: author,
    }))
}

/// A role assignment that rests on a schedule, by its name at its own scope.
pub(crate) async fn assignment_named(
    tx: &mut Tx,
    scope: &ArmScope,
    name: Uuid,
    now: Timestamp,
) -> Result<Option<Assignment>, Fault> {
    for row in tx.lines_of_instance(name).await? {
        let line = &row.line;
        let is_it = line.provider == Provider::Resources && line.kind == Kind::Assignment && line.scope == scope.key();
        if is_it && let Some(found) = assignment(tx, ScheduleView::of(row, now)?).await? {
            return Ok(Some(Assignment { scope: scope.clone(), ..found }));
        }
    }
    Ok(None)
}

/// Ends the schedule behind a role assignment, at once.
pub(crate) async fn end_assignment(desk: &mut Desk<'_>, scope: &ArmScope, name: Uuid) -> Answer<Option<Assignment>> {
    let now = desk.now();
    let Some(found) = assignment_named(desk.tx, scope, name, now).await? else { return Ok(None) };
    // Nobody prolongs meanwhile what ends here.
    desk.tx.lock(&[Lock::Exclusive(found.principal.uuid())]).await?;
    let Some(found) = assignment_named(desk.tx, scope, name, now).await? else { return Ok(None) };
    let key = EntitlementKey::Resource { definition: found.definition, scope: scope.clone() };
    end_now(desk, found.principal, &key).await?;
    Ok(Some(found))
}

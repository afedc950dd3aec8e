//! Rows of schedules and of role assignments that were written directly, from the index.

use std::collections::BTreeSet;

use ephor_domain::{
    entitlement::EntitlementKey,
    grant::GrantKind,
    id::PrincipalId,
    policy::Kind,
    provider::{Provider, Status},
    resource::Assignment,
    scope::ArmScope,
};
use ephor_store::{
    Fault, Tx,
    tx::{
        line::{Lines, line_id},
        role_assignment::ScopeSpan,
    },
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{MOST, Narrow};
use crate::{resource::spans, schedule::view::ScheduleView};

/// What these principals have, everywhere.
pub(super) async fn of_principals(
    tx: &mut Tx,
    kind: Kind,
    principals: &BTreeSet<Uuid>,
    now: Timestamp,
) -> Result<Vec<ScheduleView>, Fault> {
    let mut found = Vec::new();
    for id in principals {
        let which = Lines::Of(PrincipalId::new(*id));
        for row in tx.lines(Provider::Resources, kind, &which, None, MOST).await? {
            found.extend(ScheduleView::of(row, now)?);
        }
    }
    if kind == Kind::Assignment {
        let direct = tx.role_assignments_of(principals.iter().copied()).await?;
        found.extend(direct.into_iter().map(direct_view));
    }
    Ok(found)
}

/// What is at exactly this scope.
pub(super) async fn at_exactly(
    tx: &mut Tx,
    kind: Kind,
    scope: &ArmScope,
    now: Timestamp,
) -> Result<Vec<ScheduleView>, Fault> {
    let mut found = Vec::new();
    for row in tx.lines(Provider::Resources, kind, &Lines::Scope(scope.key().to_owned()), None, MOST).await? {
        found.extend(ScheduleView::of(row, now)?);
    }
    if kind == Kind::Assignment {
        let direct = tx.role_assignments_in(&ScopeSpan::exactly(scope), None, MOST).await?;
        found.extend(direct.into_iter().map(direct_view));
    }
    Ok(found)
}

/// What is above, at and below, as far as asked.
pub(super) async fn in_spans(
    tx: &mut Tx,
    kind: Kind,
    line: &[ArmScope],
    narrow: &Narrow,
    now: Timestamp,
) -> Result<Vec<ScheduleView>, Fault> {
    let mut found = Vec::new();
    for span in spans(tx, line, !narrow.not_below).await? {
        for row in tx.lines_in(Provider::Resources, kind, &span, MOST).await? {
            found.extend(ScheduleView::of(row, now)?);
        }
        if kind == Kind::Assignment {
            let direct = tx.role_assignments_in(&span, None, MOST).await?;
            found.extend(direct.into_iter().map(direct_view));
        }
    }
    Ok(found)
}

/// A role assignment that was written directly, as a schedule without end and without request.
fn direct_view(one: Assignment) -> ScheduleView {
    let key = EntitlementKey::Resource { definition: one.definition, scope: one.scope };
    ScheduleView {
        line: line_id(one.principal, key.id(), Kind::Assignment),
        kind: Kind::Assignment,
        key,
        principal: one.principal,
        via: None,
        schedule: one.name,
        instance: one.name,
        how: GrantKind::Assigned,
        start: Some(one.created),
        end: None,
        created: Some(one.created),
        modified: Some(one.updated),
        made_by: None,
        rests_on: None,
        status: Status::Provisioned,
        in_force: true,
        grant: None,
    }
}

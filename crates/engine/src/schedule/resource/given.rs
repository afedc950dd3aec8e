//! Whether schedules give anything: what cannot go while they do, and what their holders may see.

use std::collections::BTreeSet;

use ephor_domain::{entitlement::EntitlementKey, id::PrincipalId, policy::Kind, provider::Provider, scope::ArmScope};
use ephor_store::{
    Fault, Tx,
    tx::{
        line::{Lines, line_id},
        role_assignment::ScopeSpan,
    },
};
use jiff::Timestamp;
use uuid::Uuid;

use super::lines_of;
use crate::schedule::view::ScheduleView;

/// Does a schedule give this, now or later?
pub(crate) async fn is_scheduled(
    tx: &mut Tx,
    principal: PrincipalId,
    key: &EntitlementKey,
    now: Timestamp,
) -> Result<bool, Fault> {
    match tx.line(line_id(principal, key.id(), Kind::Assignment)).await? {
        Some(row) => Ok(ScheduleView::of(row, now)?.is_some()),
        None => Ok(false),
    }
}

/// Is anybody eligible for the role, or assigned it by schedule?
pub(crate) async fn is_role_scheduled(tx: &mut Tx, definition: Uuid) -> Result<bool, Fault> {
    for kind in [Kind::Eligibility, Kind::Assignment] {
        if !tx.lines(Provider::Resources, kind, &Lines::Definition(definition), None, 1).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Does a schedule give anything in this span of scopes?
pub(crate) async fn is_span_scheduled(tx: &mut Tx, span: &ScopeSpan) -> Result<bool, Fault> {
    for kind in [Kind::Eligibility, Kind::Assignment] {
        if !tx.lines_in(Provider::Resources, kind, span, None, 1).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Are these principals eligible for the role, or assigned it, at a scope of the chain?
pub(crate) async fn holds_any(
    tx: &mut Tx,
    principals: &BTreeSet<Uuid>,
    definition: Uuid,
    chain: &[ArmScope],
) -> Result<bool, Fault> {
    for kind in [Kind::Eligibility, Kind::Assignment] {
        for id in principals {
            for row in lines_of(tx, kind, *id).await? {
                if row.line.definition == definition && chain.iter().any(|scope| scope.key() == row.line.scope) {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// Where these principals are eligible for anything.
pub(crate) async fn eligible_scopes(tx: &mut Tx, principals: &BTreeSet<Uuid>) -> Result<Vec<ArmScope>, Fault> {
    let mut found = Vec::new();
    for id in principals {
        let rows = lines_of(tx, Kind::Eligibility, *id).await?;
        found.extend(rows.into_iter().filter_map(|row| row.line.scope.parse().ok()));
    }
    Ok(found)
}

//! Whoever leaves a group loses what rested on its eligibility (T15; seams §4): however he left, and also through a group
//! that left another.

use std::collections::BTreeMap;

use ephor_domain::id::{GroupId, PrincipalId};
use ephor_store::{
    Fault, Tx,
    tx::{line::Resting, lock::Lock},
};

use crate::{
    call::Call,
    directory::memberships,
    ledger::Ledger,
    pam::end::{Why, end_case},
    wake::Wake,
};

/// Somebody who may be out of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// Out of which group.
    pub(crate) group: GroupId,
    /// Who.
    pub(crate) principal: PrincipalId,
    /// It may be a group: then those in it are out as well.
    pub(crate) may_be_group: bool,
}

/// Ends the activations that rested on a membership which is over. What ends may itself have been a membership that
/// something rests on: one round after the other, however long such a chain is. Goes on counting records from `records`.
///
/// # Errors
/// Faults of the store.
pub(crate) async fn settle(
    tx: &mut Tx,
    call: &Call,
    mut left: Vec<Left>,
    mut records: usize,
) -> Result<(usize, Wake), Fault> {
    let mut wake = Wake::default();
    while !left.is_empty() {
        let (total, more, next) = round(tx, call, left, records).await?;
        records = total;
        wake.merge(more);
        left = next;
    }
    Ok((records, wake))
}

async fn round(
    tx: &mut Tx,
    call: &Call,
    left: Vec<Left>,
    mut records: usize,
) -> Result<(usize, Wake, Vec<Left>), Fault> {
    let (mut wake, mut next) = (Wake::default(), Vec::new());
    let mut touched: BTreeMap<PrincipalId, Vec<Resting>> = BTreeMap::new();
    for one in left {
        let mut rows = tx.resting_of(one.principal).await?;
        if one.may_be_group {
            let above = memberships(tx, one.group.uuid(), true, call.now).await?.groups;
            for group in above.into_iter().chain([one.group.uuid()]) {
                rows.extend(tx.resting_through(PrincipalId::new(group)).await?);
            }
        }
        for row in rows {
            let of = touched.entry(row.principal).or_default();
            if !of.contains(&row) {
                of.push(row);
            }
        }
    }
    if touched.is_empty() {
        return Ok((records, wake, next));
    }
    let locks: Vec<Lock> = touched.keys().map(|id| Lock::Exclusive(id.uuid())).collect();
    tx.lock(&locks).await?;
    for (principal, rows) in touched {
        let reached = memberships(tx, principal.uuid(), true, call.now).await?.groups;
        for row in rows.into_iter().filter(|row| !reached.contains(&row.holder.uuid())) {
            let Some(case) = tx.grant_case(row.grant).await? else { continue };
            let mut ledger = Ledger::following(call, records);
            end_case(&mut ledger, case, Why::ELIGIBILITY);
            let (total, more, out) = ledger.put(tx).await?;
            records = total;
            wake.merge(more);
            next.extend(out);
        }
    }
    Ok((records, wake, next))
}

//! The read-back cycle: compares what a target holds with what Ephor owes it (R6, seams §17).

use std::collections::{BTreeMap, BTreeSet};

use ephor_audit::events::{self, Event};
use ephor_domain::{
    effect::{Membership, Prior},
    grant::EndCause,
    id::{GroupId, PrincipalId},
    pam::group::Group,
};
use ephor_store::{
    Fault,
    tx::{membership::Placed, target::Mode},
};

use super::{
    attempt::{attribute, locks},
    lease::within_limit,
};
use crate::{
    engine::{Engine, TargetSlot},
    ledger::Ledger,
    port::target::{Change, TargetAccount, TargetGroup, Wanted},
    wake::Wake,
};

/// Rows read at once.
const PAGE: u32 = 1024;
/// Foreign additions taken out of one group in one cycle: a storm is reported, not fought (F4).
const CORRECTIONS: usize = 50;

/// Members that people added outside Ephor, as seen by this node: what is new against it is drift.
pub(crate) type Foreign = BTreeMap<GroupId, BTreeSet<String>>;

/// Compares every group of the target once.
pub(super) async fn cycle(engine: &Engine, slot: &TargetSlot) -> Result<(), Fault> {
    let target = slot.directory.id();
    let mode = engine
        .store
        .read(move |tx| Box::pin(async move { tx.target(target).await }))
        .await?
        .map_or(Mode::ReportOnly, |target| target.mode);
    let mut after = None;
    loop {
        let groups = engine
            .store
            .read(move |tx| Box::pin(async move { tx.groups_of_target(target, after, PAGE).await }))
            .await?;
        let Some(last) = groups.last().map(|group| group.id) else { return Ok(()) };
        for group in groups {
            if !engine.inner.clock.is_simulated() && !slot.state.is_held() {
                return Ok(());
            }
            compare(engine, slot, mode, &group).await?;
        }
        after = Some(last);
    }
}

async fn compare(engine: &Engine, slot: &TargetSlot, mode: Mode, group: &Group) -> Result<(), Fault> {
    let at_target = TargetGroup { id: group.id, native: group.native.clone(), attribute: attribute(&group.attribute) };
    let before = rows(engine, group.id).await?;
    let held: BTreeSet<String> = match within_limit(slot.directory.members(&at_target)).await {
        Ok(members) => members.into_iter().collect(),
        Err(fault) => {
            tracing::warn!(group = %group.id, %fault, "a group could not be read back");
            return Ok(());
        }
    };
    // Rows again: who came in between is owed, who left in between was known. A row is there before its write.
    let after = rows(engine, group.id).await?;
    let (accounts, owners): (Vec<TargetAccount>, Vec<PrincipalId>) = before
        .iter()
        .chain(&after)
        .filter_map(|placed| {
            let (native, login) = (placed.account_native.clone()?, placed.login.clone()?);
            let id = placed.membership.principal;
            Some((TargetAccount { id, native, login }, id))
        })
        .unzip();
    let keys = match within_limit(slot.directory.member_keys(&at_target, &accounts)).await {
        Ok(keys) => keys,
        Err(fault) => {
            tracing::warn!(group = %group.id, %fault, "the accounts of a group could not be looked up");
            return Ok(());
        }
    };
    let known: BTreeSet<String> = keys.iter().flatten().cloned().collect();
    // An account that is not there any more holds nothing.
    let is_held: BTreeMap<PrincipalId, bool> =
        owners.into_iter().zip(keys).map(|(owner, key)| (owner, key.is_some_and(|key| held.contains(&key)))).collect();
    for placed in &before {
        let membership = &placed.membership;
        let is_settled = membership.wanted && membership.in_force && membership.due.is_none();
        if is_settled && is_held.get(&membership.principal) == Some(&false) {
            removed_elsewhere(engine, mode, membership.clone()).await?;
        }
    }
    let foreign: BTreeSet<String> = held.difference(&known).cloned().collect();
    let added = slot.state.foreign(group.id, foreign);
    if !added.is_empty() {
        added_elsewhere(engine, slot, mode, &at_target, added).await?;
    }
    Ok(())
}

async fn rows(engine: &Engine, group: GroupId) -> Result<Vec<Placed>, Fault> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = engine
            .store
            .read(move |tx| Box::pin(async move { tx.memberships_of_group(group, after, PAGE).await }))
            .await?;
        let Some(last) = page.last().map(|placed| placed.membership.principal) else { return Ok(all) };
        all.extend(page);
        after = Some(last);
    }
}

/// A membership in force was removed by somebody else: an authoritative target is repaired, elsewhere the grants that
/// rest on it end, so that nobody is told *active* without it (seams §5).
async fn removed_elsewhere(engine: &Engine, mode: Mode, seen: Membership) -> Result<(), Fault> {
    let call = engine.system("monitor");
    let wake = engine
        .store
        .transact(move |tx| {
            let (call, seen) = (call.clone(), seen.clone());
            Box::pin(async move {
                tx.lock(&locks(std::slice::from_ref(&seen))).await?;
                let Some(mut membership) = tx.membership(seen.group, seen.principal).await? else {
                    return Ok(Wake::default());
                };
                let is_same = membership.since == seen.since && membership.wanted;
                if !is_same || !membership.in_force || membership.due.is_some() {
                    return Ok(Wake::default());
                }
                let mut ledger = Ledger::new(&call);
                drift(&mut ledger, events::DRIFT_FOREIGN_REMOVAL, &membership);
                if mode == Mode::Authoritative {
                    membership.in_force = false;
                    // Whoever had it outside Ephor has it no more: what is written now is ours to take away (R4).
                    membership.prior = Prior::Absent;
                    membership.due = Some(call.now);
                    membership.since = call.now;
                    drift(&mut ledger, events::DRIFT_CORRECTED, &membership);
                    ledger.put_membership(membership);
                    let (_, wake) = ledger.post(tx).await?;
                    return Ok(wake);
                }
                let (mut records, mut wake) = ledger.post(tx).await?;
                for grant in tx.grants_owing(seen.group, seen.principal).await? {
                    let Some(case) = tx.grant_case(grant).await? else { continue };
                    let Some(grant) = case.grant else { continue };
                    let mut ledger = Ledger::following(&call, records);
                    drift(&mut ledger, events::GRANT_ENDED_BY_DRIFT, &seen);
                    ledger.end(&case.request, grant, case.owed, call.now, EndCause::Monitor);
                    let (total, more) = ledger.post(tx).await?;
                    records = total;
                    wake.merge(more);
                }
                Ok(wake)
            })
        })
        .await?;
    engine.woken(&wake);
    Ok(())
}

/// Somebody else added members: reported once each, and taken out again at an authoritative target, rate-capped.
async fn added_elsewhere(
    engine: &Engine,
    slot: &TargetSlot,
    mode: Mode,
    group: &TargetGroup,
    added: BTreeSet<String>,
) -> Result<(), Fault> {
    let call = engine.system("monitor");
    let (target, id, count) = (slot.directory.id(), group.id, added.len());
    let names: Vec<String> = added.iter().take(CORRECTIONS).cloned().collect();
    let reported = names.clone();
    engine
        .store
        .transact(move |tx| {
            let (call, reported) = (call.clone(), reported.clone());
            Box::pin(async move {
                let mut ledger = Ledger::new(&call);
                for name in &reported {
                    let record = call
                        .record(events::DRIFT_FOREIGN_ADDITION)
                        .detail("target", target.to_string())
                        .detail("group", id.to_string())
                        .erasable_text("member", name.as_str());
                    ledger.record(&record);
                }
                if count > CORRECTIONS {
                    let record = call
                        .record(events::DRIFT_CORRECTION_CAPPED)
                        .detail("target", target.to_string())
                        .detail("group", id.to_string())
                        .detail("found", count.to_string());
                    ledger.record(&record);
                }
                ledger.post(tx).await.map(drop)
            })
        })
        .await?;
    if mode != Mode::Authoritative {
        return Ok(());
    }
    if !engine.inner.clock.is_simulated() && !slot.state.may_write() {
        slot.state.forget_foreign(id, added.iter());
        return Ok(());
    }
    let changes: Vec<Change> = names
        .into_iter()
        .map(|name| Change {
            account: TargetAccount { id: PrincipalId::new(uuid::Uuid::nil()), native: name.clone(), login: name },
            wanted: Wanted::Absent,
        })
        .collect();
    match within_limit(slot.directory.apply(group, &changes)).await {
        Ok(_) => tracing::warn!(group = %id, count = changes.len(), "foreign additions were taken out again"),
        Err(fault) => tracing::warn!(group = %id, %fault, "foreign additions could not be taken out"),
    }
    // Also those beyond the cap: the next cycle takes its turn at them.
    slot.state.forget_foreign(id, added.iter());
    Ok(())
}

fn drift(ledger: &mut Ledger<'_>, event: Event, membership: &Membership) {
    let mut record = ledger
        .call()
        .record(event)
        .detail("target", membership.target.to_string())
        .detail("group", membership.group.to_string());
    record.subject = Some(membership.principal.uuid());
    ledger.record(&record);
}

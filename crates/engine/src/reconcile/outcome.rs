//! Recording what attempts came to, and settling the grants that waited for them.

use ephor_audit::events;
use ephor_domain::{
    effect::{Attempt, Membership},
    grant::Phase,
    life,
    provider::Provider,
};
use ephor_store::{Fault, Tx, tx::Lock};

use super::attempt::Tried;
use crate::{
    call::{Call, word},
    engine::{Engine, TargetSlot},
    ledger::{About, Ledger},
    port::target::TargetFault,
    wake::Wake,
};

/// Outcomes recorded in one transaction.
const CHUNK: usize = 128;

pub(super) async fn record(engine: &Engine, tried: Vec<Tried>) -> Result<(), Fault> {
    for chunk in tried.chunks(CHUNK) {
        let (call, chunk) = (engine.system("reconciler"), chunk.to_vec());
        let wake = engine
            .inner
            .store
            .transact(move |tx| {
                let (call, chunk) = (call.clone(), chunk.clone());
                Box::pin(async move {
                    let locks: Vec<_> =
                        chunk.iter().map(|tried| Lock::Exclusive(tried.due.membership.principal.uuid())).collect();
                    tx.lock(&locks).await?;
                    let (mut wake, mut records) = (Wake::default(), 0);
                    for tried in chunk {
                        let (total, more) = one(tx, &call, records, tried).await?;
                        records = total;
                        wake.merge(more);
                    }
                    Ok(wake)
                })
            })
            .await?;
        engine.woken(&wake);
    }
    Ok(())
}

async fn one(tx: &mut Tx, call: &Call, records: usize, tried: Tried) -> Result<(usize, Wake), Fault> {
    let Tried { due, attempt, fault } = tried;
    let (group, principal) = (due.membership.group, due.membership.principal);
    let mut ledger = Ledger::following(call, records);
    let Some(stored) = tx.membership(group, principal).await? else {
        return ledger.post(tx).await;
    };
    let settled = stored.attempted(due.membership.wanted, attempt, call.now);
    let first = due.membership.attempts <= 1;
    if let Some(fault) = &fault
        && first
    {
        failed(&mut ledger, &settled, fault);
    }
    let removed = settled.is_settled_away();
    if removed {
        ledger.drop_membership(group, principal);
    } else {
        ledger.put_membership(settled.clone());
    }
    let (mut records, mut wake) = ledger.post(tx).await?;
    if let (Some(fault), Some(again)) = (&fault, settled.due) {
        tx.membership_failed(group, principal, &fault.to_string(), again).await?;
    }
    if matches!(attempt, Attempt::Present | Attempt::Absent) {
        let (total, more) = settle_grants(tx, call, records, &settled).await?;
        records = total;
        wake.merge(more);
    }
    Ok((records, wake))
}

/// Grants that waited for this membership come into force, or are gone, when it was the last they waited for.
pub(super) async fn settle_grants(
    tx: &mut Tx,
    call: &Call,
    mut records: usize,
    membership: &Membership,
) -> Result<(usize, Wake), Fault> {
    let mut wake = Wake::default();
    for grant in tx.grants_waiting_on(membership.group, membership.principal).await? {
        let Some(case) = tx.grant_case(grant).await? else { continue };
        let Some(grant) = case.grant else { continue };
        let mut ledger = Ledger::following(call, records);
        match grant.phase {
            // Past its end nothing comes into force any more: the scheduler gives it up.
            Phase::Applying { .. } if life::is_in_force(&case.owed) && grant.owes(call.now) => {
                ledger.in_force(&case.request, grant, &case.owed);
            }
            Phase::Ending { .. } if life::is_gone(&case.owed) => {
                ledger.gone(&case.request, grant);
            }
            Phase::Scheduled { .. }
            | Phase::Applying { .. }
            | Phase::InForce { .. }
            | Phase::Ending { .. }
            | Phase::Ended { .. } => {}
        }
        let (total, more) = ledger.post(tx).await?;
        records = total;
        wake.merge(more);
    }
    Ok((records, wake))
}

fn failed(ledger: &mut Ledger<'_>, membership: &Membership, fault: &TargetFault) {
    let event = if membership.wanted { events::APPLY_FAILED } else { events::REMOVAL_FAILED };
    let mut record = ledger
        .call()
        .record(event)
        .detail("target", membership.target.to_string())
        .detail("group", membership.group.to_string())
        .detail("fault", fault.kind.to_string())
        .erasable_text("cause", fault.cause.chars().take(500).collect::<String>());
    About { subject: Some(membership.principal), provider: Some(Provider::Pam), ..About::default() }.put(&mut record);
    ledger.record(&record);
}

/// The target as a whole stopped answering: recorded at the first failure.
pub(super) async fn target_failed(
    engine: &Engine,
    slot: &TargetSlot,
    fault: &TargetFault,
    failures: u32,
) -> Result<(), Fault> {
    tracing::warn!(target_id = %slot.directory.id(), %fault, failures, "the target failed");
    if failures != 1 {
        return Ok(());
    }
    let (call, target, kind) = (engine.system("reconciler"), slot.directory.id(), fault.kind);
    note(engine, call, move |call| {
        let mut record = call.record(events::TARGET_UNREACHABLE).detail("target", target.to_string());
        record.reason = Some(word(kind.into()));
        record
    })
    .await
}

/// The target answers again.
pub(super) async fn target_recovered(engine: &Engine, slot: &TargetSlot) -> Result<(), Fault> {
    let (call, target) = (engine.system("reconciler"), slot.directory.id());
    note(engine, call, move |call| call.record(events::TARGET_REACHABLE).detail("target", target.to_string())).await
}

/// Commits one record by itself.
pub(crate) async fn note(
    engine: &Engine,
    call: Call,
    record: impl Fn(&Call) -> ephor_audit::Record + Send + Sync + Clone + 'static,
) -> Result<(), Fault> {
    engine
        .inner
        .store
        .transact(move |tx| {
            let (call, record) = (call.clone(), record.clone());
            Box::pin(async move {
                let mut ledger = Ledger::new(&call);
                ledger.record(&record(&call));
                ledger.post(tx).await.map(drop)
            })
        })
        .await
}

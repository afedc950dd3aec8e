//! Recording what attempts came to, and settling the grants that waited for them.

use ephor_audit::events;
use ephor_domain::{
    effect::{Attempt, Membership},
    grant::Phase,
    id::GrantId,
    life,
    provider::Provider,
};
use ephor_store::{Fault, Tx};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{
    attempt::{Tried, locks},
    book,
};
use crate::{
    call::{Call, word},
    engine::{Engine, TargetSlot},
    ledger::{About, Ledger},
    port::target::TargetFault,
    wake::Wake,
};

/// Outcomes recorded in one transaction.
const CHUNK: usize = 128;

/// Transactions under way at once: large enough to share commits.
const AT_ONCE: usize = 4;

pub(super) async fn record(engine: &Engine, tried: Vec<Tried>) -> Result<(), Fault> {
    stream::iter(tried.chunks(CHUNK).map(<[Tried]>::to_vec))
        .map(Ok)
        .try_for_each_concurrent(AT_ONCE, |chunk| record_some(engine, chunk))
        .await
}

async fn record_some(engine: &Engine, tried: Vec<Tried>) -> Result<(), Fault> {
    let call = engine.system("reconciler");
    let wake = engine
        .store
        .transact(move |tx| {
            let (call, tried) = (call.clone(), tried.clone());
            Box::pin(async move {
                tx.lock(&locks(tried.iter().map(|tried| &tried.due.membership))).await?;
                let (rest, mut records, mut wake) = removed(tx, &call, tried).await?;
                for tried in rest {
                    let (total, more) = one(tx, &call, records, tried).await?;
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

/// Confirmed removals, of which a crowd may come: their rows go, and the grants that waited for them are settled. Answers
/// what is left: other outcomes, and removals that were overtaken by a change of mind.
async fn removed(tx: &mut Tx, call: &Call, tried: Vec<Tried>) -> Result<(Vec<Tried>, usize, Wake), Fault> {
    let is_confirmed = |tried: &Tried| tried.attempt == Attempt::Absent && !tried.due.membership.wanted;
    let (removed, mut rest): (Vec<_>, Vec<_>) = tried.into_iter().partition(is_confirmed);
    let (mut records, mut wake) = (0, Wake::default());
    if removed.is_empty() {
        return Ok((rest, records, wake));
    }
    let keys: Vec<_> = removed.iter().map(|tried| book::key(&tried.due)).collect();
    let dropped = tx.drop_removed(&keys).await?;
    let waiting = tx.grants_waiting_on_each(&keys).await?;
    for ((tried, waiting), dropped) in removed.into_iter().zip(waiting).zip(dropped) {
        if dropped {
            let (total, more) = settle_grants(tx, call, records, waiting).await?;
            records = total;
            wake.merge(more);
        } else {
            rest.push(tried);
        }
    }
    Ok((rest, records, wake))
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
        let waiting = tx.grants_waiting_on(group, principal).await?;
        let (total, more) = settle_grants(tx, call, records, waiting).await?;
        records = total;
        wake.merge(more);
    }
    Ok((records, wake))
}

/// Grants that waited for a membership come into force, or are gone, when it was the last they waited for.
async fn settle_grants(
    tx: &mut Tx,
    call: &Call,
    mut records: usize,
    waiting: Vec<GrantId>,
) -> Result<(usize, Wake), Fault> {
    let mut wake = Wake::default();
    for grant in waiting {
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

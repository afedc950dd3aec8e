//! Overdue removals: alarms at 30 s, 5 min and 1 h after the instant a membership should have gone (R2).

use ephor_audit::events::{self, Event};
use ephor_domain::id::TargetId;
use ephor_store::{Fault, Write};
use jiff::{SignedDuration, Timestamp};

use std::collections::BTreeMap;

use crate::{call::word, engine::Engine, ledger::Ledger, outgoing};

/// How long overdue, and what is raised then. The index plus one is the stored alarm level.
const LEVELS: [(SignedDuration, Event); 3] = [
    (SignedDuration::from_secs(30), events::REMOVAL_OVERDUE_30_S),
    (SignedDuration::from_mins(5), events::REMOVAL_OVERDUE_5_MIN),
    (SignedDuration::from_hours(1), events::REMOVAL_OVERDUE_1_H),
];

/// Rows looked at in one round.
const ROUND: u32 = 1024;

/// Raises what has become due by `now`.
pub(super) async fn raise(engine: &Engine, target: TargetId, now: Timestamp) -> Result<(), Fault> {
    let found = engine
        .inner
        .store
        .read(move |tx| {
            Box::pin(async move {
                let mut found = Vec::new();
                for (level, (age, _)) in (1_u8..).zip(LEVELS) {
                    let Ok(before) = now.checked_sub(age) else { continue };
                    let mut overdue = tx.overdue_removals(before, level, ROUND).await?;
                    overdue.retain(|placed| placed.membership.target == target);
                    found.push(overdue);
                }
                Ok(found)
            })
        })
        .await?;
    for ((level, (_, event)), overdue) in (1_u8..).zip(LEVELS).zip(found) {
        let overdue: Vec<_> = overdue.into_iter().map(|placed| placed.membership).collect();
        if overdue.is_empty() {
            continue;
        }
        let call = engine.system("reconciler");
        engine
            .inner
            .store
            .transact(move |tx| {
                let (call, overdue) = (call.clone(), overdue.clone());
                Box::pin(async move {
                    let mut ledger = Ledger::new(&call);
                    for membership in &overdue {
                        let mut record = call
                            .record(event)
                            .detail("target", membership.target.to_string())
                            .detail("group", membership.group.to_string());
                        record.subject = Some(membership.principal.uuid());
                        record.reason = Some(word("removal_not_confirmed"));
                        ledger.record(&record);
                    }
                    let facts = BTreeMap::from([
                        ("target".to_owned(), target.to_string()),
                        ("level".to_owned(), level.to_string()),
                        ("memberships".to_owned(), overdue.len().to_string()),
                    ]);
                    let alarm = outgoing::alarm(&call, "removal.overdue", target.uuid(), facts, call.now);
                    ledger.write(Write::Outbox(alarm));
                    ledger.post(tx).await?;
                    for membership in &overdue {
                        tx.raise_alarm(membership.group, membership.principal, level).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        engine.inner.outbox.notify_one();
    }
    Ok(())
}

/// The next instant at which an alarm becomes due.
pub(super) async fn next(engine: &Engine, target: TargetId, now: Timestamp) -> Result<Option<Timestamp>, Fault> {
    let oldest = engine
        .inner
        .store
        .read(move |tx| {
            Box::pin(async move {
                let mut oldest = [None; LEVELS.len()];
                for (level, since) in (0_u8..).zip(oldest.iter_mut()) {
                    *since = tx.oldest_removal(target, level).await?;
                }
                Ok(oldest)
            })
        })
        .await?;
    Ok(oldest
        .into_iter()
        .zip(LEVELS)
        .filter_map(|(since, (age, _))| since?.checked_add(age).ok().map(|at| at.max(now)))
        .min())
}

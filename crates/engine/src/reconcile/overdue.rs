//! Overdue removals: alarms at 30 s, 5 min and 1 h after the instant a membership should have gone (R2).

use ephor_audit::events::{self, Event};
use ephor_domain::id::TargetId;
use ephor_store::{Fault, Outgoing, Write};
use jiff::{SignedDuration, Timestamp};

use crate::{call::word, engine::Engine, ledger::Ledger};

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
    for (level, (age, event)) in (1_u8..).zip(LEVELS) {
        let Ok(before) = now.checked_sub(age) else { continue };
        let overdue = engine
            .inner
            .store
            .read(move |tx| Box::pin(async move { tx.overdue_removals(target, level, before, ROUND).await }))
            .await?;
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
                    let id = call.outbox_id(event.kind, target.uuid());
                    ledger.write(Write::Outbox(Outgoing::alarm(id, "removal.overdue", level, overdue.len(), call.now)));
                    let (writes, _, _) = ledger.close();
                    tx.apply(writes).await?;
                    tx.set_alarm_level(&overdue, level).await
                })
            })
            .await?;
        engine.inner.outbox.notify_one();
    }
    Ok(())
}

/// The next instant at which an alarm becomes due.
pub(super) async fn next(engine: &Engine, target: TargetId, now: Timestamp) -> Result<Option<Timestamp>, Fault> {
    let waiting = engine
        .inner
        .store
        .read(move |tx| Box::pin(async move { tx.oldest_removals(target).await }))
        .await?;
    Ok(waiting
        .into_iter()
        .filter_map(|(level, since)| {
            let (age, _) = LEVELS.get(usize::from(level))?;
            since.checked_add(*age).ok().map(|at| at.max(now))
        })
        .min())
}

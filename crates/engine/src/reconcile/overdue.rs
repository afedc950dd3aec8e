//! Overdue removals: alarms at 30 s, 5 min and 1 h after the instant a membership should have gone (R2).

use std::collections::BTreeMap;

use ephor_audit::events::{self, Event};
use ephor_domain::{effect::Membership, id::TargetId};
use ephor_store::{Fault, Tx, Write, tx::Lock};
use jiff::{SignedDuration, Timestamp};

use crate::{
    call::{Call, word},
    engine::Engine,
    ledger::Ledger,
    outgoing,
};

/// How long overdue, and what is raised then. The index plus one is the stored alarm level.
const LEVELS: [(SignedDuration, Event); 3] = [
    (SignedDuration::from_secs(30), events::REMOVAL_OVERDUE_30_S),
    (SignedDuration::from_mins(5), events::REMOVAL_OVERDUE_5_MIN),
    (SignedDuration::from_hours(1), events::REMOVAL_OVERDUE_1_H),
];

/// Rows of one target looked at in one round; the others follow in the next.
const ROUND: u32 = 1024;

/// Raises what has become due by `now`.
pub(super) async fn raise(engine: &Engine, target: TargetId, now: Timestamp) -> Result<(), Fault> {
    let levels = engine
        .store
        .read(move |tx| {
            Box::pin(async move {
                let mut levels = Vec::new();
                for (level, (age, event)) in (1_u8..).zip(LEVELS) {
                    let Ok(before) = now.checked_sub(age) else { continue };
                    if !overdue(tx, target, before, level).await?.is_empty() {
                        levels.push((level, before, event));
                    }
                }
                Ok(levels)
            })
        })
        .await?;
    for (level, before, event) in levels {
        let call = engine.system("reconciler");
        engine
            .store
            .transact(move |tx| {
                let call = call.clone();
                Box::pin(async move {
                    // Another node may raise the same: once is enough.
                    tx.lock(&[Lock::Exclusive(target.uuid())]).await?;
                    let overdue = overdue(tx, target, before, level).await?;
                    raise_level(tx, &call, target, level, event, &overdue).await
                })
            })
            .await?;
        engine.inner.outbox.notify_one();
    }
    Ok(())
}

async fn overdue(tx: &mut Tx, target: TargetId, before: Timestamp, level: u8) -> Result<Vec<Membership>, Fault> {
    let overdue = tx.overdue_removals_at(target, before, level, ROUND).await?;
    Ok(overdue.into_iter().map(|placed| placed.membership).collect())
}

async fn raise_level(
    tx: &mut Tx,
    call: &Call,
    target: TargetId,
    level: u8,
    event: Event,
    overdue: &[Membership],
) -> Result<(), Fault> {
    if overdue.is_empty() {
        return Ok(());
    }
    let mut ledger = Ledger::new(call);
    for membership in overdue {
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
    ledger.write(Write::Outbox(outgoing::alarm(call, "removal.overdue", target.uuid(), facts, call.now)));
    ledger.post(tx).await?;
    for membership in overdue {
        tx.raise_alarm(membership.group, membership.principal, level).await?;
    }
    Ok(())
}

impl Engine {
    /// Raises what is overdue at targets that this engine was not given: nobody works on those (R2).
    pub(crate) async fn raise_at_strangers(&self) -> Result<(), Fault> {
        let now = self.now();
        let targets = self.store.read(|tx| Box::pin(async move { tx.targets().await })).await?;
        for target in targets.iter().filter(|target| !target.built_in && !self.inner.targets.contains_key(&target.id)) {
            raise(self, target.id, now).await?;
        }
        Ok(())
    }
}

/// The next instant at which an alarm becomes due.
pub(super) async fn next(engine: &Engine, target: TargetId, now: Timestamp) -> Result<Option<Timestamp>, Fault> {
    let oldest = engine
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

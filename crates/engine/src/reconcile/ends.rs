//! Ends from the book: at its instant a membership is let go in the store and taken out at the target, without waiting for
//! the grant behind it to be settled (R1).
//!
//! ```text
//! over by the book ──let go, many in a commit──> one write a group ──confirmed, many in a commit──> row gone
//! ```
//!
//! Settling an end costs a decision and its records: for a crowd that is seconds, and its removals are sent meanwhile. The
//! commit that lets a membership go asks again whether another grant owes it by now (R4), and counts the attempt as a
//! claim does: whoever owes it after that commit waits for a fresh confirmation (R3). A crash leaves rows that are due like
//! any other removal (F2).

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use ephor_domain::id::TargetId;
use ephor_store::{Fault, tx::membership::Placed};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::{
    attempt::{self, GROUPS_AT_ONCE, Round, Tried, locks, target_group},
    book::{self, Key},
    outcome,
};
use crate::{
    engine::{Engine, TargetSlot},
    port::clock::monotonic,
};

/// Memberships let go in one commit, beyond which no further group joins.
const PART: usize = 512;
/// Commits under way at once: the next one while the groups of the last one are written.
const PARTS_AT_ONCE: usize = 2;
/// What is confirmed is recorded when everything is sent, or after so long.
const RECORD_AFTER: Duration = Duration::from_millis(500);

/// True while removals may go from the book: only the holder of the lease, and only at a target that answers. Else the ends
/// are settled first, and the removals go like all others.
pub(super) fn may_send(engine: &Engine, slot: &TargetSlot) -> bool {
    attempt::may_write(engine, slot) && !slot.state.is_failing()
}

/// Takes out what is over at this target by `now`, as far as the book knows.
///
/// # Errors
/// Faults of the store. What it kept from being let go was sent all the same (A1).
pub(super) async fn send(engine: &Engine, slot: &TargetSlot, now: Timestamp) -> Result<(), Fault> {
    if !may_send(engine, slot) {
        return Ok(());
    }
    let target = slot.directory.id();
    let groups = engine.inner.book.over_at(target, now);
    if groups.is_empty() {
        return Ok(());
    }
    let _hand = Hand { engine, target };
    let mut round = Round::default();
    let mut tried: Vec<Tried> = Vec::new();
    let mut recorded = monotonic();
    let store_is_down = AtomicBool::new(false);
    let mut written = stream::iter(parts(groups.into_values()))
        .map(|part| async {
            if store_is_down.load(Ordering::Relaxed) {
                return Ok(Vec::new());
            }
            let_go(engine, target, part, now).await
        })
        .buffered(PARTS_AT_ONCE)
        .map_ok(|groups| stream::iter(groups).map(Ok))
        .try_flatten()
        .map_ok(|placed| async move {
            Ok(match placed.first().map(target_group) {
                Some(group) => Some(attempt::write(engine, slot, &group, placed).await),
                None => None,
            })
        })
        .try_buffer_unordered(GROUPS_AT_ONCE);
    let mut down = None;
    while let Some(next) = written.next().await {
        match next {
            Ok(Some(next)) => {
                tried.extend(next.tried);
                round.merge(next.round);
            }
            Ok(None) => {}
            // What is let go already is sent all the same.
            Err(fault) => {
                store_is_down.store(true, Ordering::Relaxed);
                down.get_or_insert(fault);
            }
        }
        if round.stopped {
            // What is let go already is due, and waits for the target as any other removal does.
            break;
        }
        if down.is_none() && monotonic().duration_since(recorded) > RECORD_AFTER {
            if let Err(fault) = outcome::record(engine, std::mem::take(&mut tried)).await {
                store_is_down.store(true, Ordering::Relaxed);
                down = Some(fault);
            }
            recorded = monotonic();
        }
    }
    drop(written);
    if let Some(fault) = down {
        engine.remove_from_book_at(target).await;
        return Err(fault);
    }
    outcome::record(engine, tried).await?;
    attempt::conclude(engine, slot, &round).await
}

/// Whole groups, together about [`PART`] memberships.
fn parts(groups: impl Iterator<Item = Vec<Placed>>) -> Vec<Vec<Vec<Placed>>> {
    let mut parts: Vec<Vec<Vec<Placed>>> = Vec::new();
    let mut room = 0;
    for group in groups {
        if room == 0 {
            parts.push(Vec::new());
            room = PART;
        }
        room = room.saturating_sub(group.len());
        parts.last_mut().expect("the first group opened a part").push(group);
    }
    parts
}

/// Lets some memberships go in one commit; answers those that nobody owes any more, by group.
async fn let_go(
    engine: &Engine,
    target: TargetId,
    part: Vec<Vec<Placed>>,
    now: Timestamp,
) -> Result<Vec<Vec<Placed>>, Fault> {
    let keys: Vec<Key> = part.iter().flatten().map(book::key).collect();
    let locks = locks(part.iter().flatten().map(|placed| &placed.membership));
    let members = keys.clone();
    let gone = engine
        .store
        .transact(move |tx| {
            let (locks, members) = (locks.clone(), members.clone());
            Box::pin(async move {
                tx.lock(&locks).await?;
                tx.release_over(&members, now).await
            })
        })
        .await?;
    engine.inner.book.let_go(target, &keys, gone.iter().filter(|gone| **gone).count());
    let mut gone = gone.into_iter();
    let groups = part.into_iter().map(|group| {
        let gone = group.into_iter().filter(|_| gone.next().unwrap_or(false));
        gone.map(|placed| released(placed, now)).collect::<Vec<_>>()
    });
    Ok(groups.filter(|group| !group.is_empty()).collect())
}

/// As the row stands after [`release_over`](ephor_store::Tx::release_over).
fn released(mut placed: Placed, now: Timestamp) -> Placed {
    placed.membership = placed.membership.released(now);
    placed.membership.attempts = 1;
    placed.until = None;
    placed
}

/// Puts down what is in hand, also when the round is given up.
struct Hand<'e> {
    engine: &'e Engine,
    target: TargetId,
}

impl Drop for Hand<'_> {
    fn drop(&mut self) {
        self.engine.inner.book.confirmed(self.target);
    }
}

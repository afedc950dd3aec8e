//! One round at a target: look, claim, attempt, record.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use ephor_domain::{
    effect::{Attempt, Membership, Prior},
    id::GroupId,
};
use ephor_store::{
    Fault, Write,
    tx::{Lock, account::Account, membership::Placed},
};
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use super::{lease::within_limit, outcome, pause};
use crate::{
    engine::{Engine, TargetSlot},
    port::target::{Change, FaultKind, MemberAttribute, Outcome, TargetAccount, TargetFault, TargetGroup, Wanted},
};

/// Memberships taken in one round.
const ROUND: u32 = 4096;
/// Groups written at once.
pub(super) const GROUPS_AT_ONCE: usize = 8;

/// A removal that is due for so long has no holder of the lease that works on it.
const ABANDONED: SignedDuration = SignedDuration::from_secs(1);

/// What a round came to.
#[derive(Debug, Default)]
pub(super) struct Round {
    /// Memberships whose attempt has an outcome.
    pub(super) attempted: usize,
    /// The rest waits: the target failed, or the lease is not surely held any more.
    pub(super) stopped: bool,
    fault: Option<TargetFault>,
}

impl Round {
    pub(super) fn merge(&mut self, other: Self) {
        self.attempted += other.attempted;
        self.stopped |= other.stopped;
        self.fault = self.fault.take().or(other.fault);
    }
}

/// A membership after its attempt.
#[derive(Debug, Clone)]
pub(super) struct Tried {
    pub(super) due: Placed,
    pub(super) attempt: Attempt,
    pub(super) fault: Option<TargetFault>,
}

pub(super) async fn round(engine: &Engine, slot: &TargetSlot, now: Timestamp) -> Result<Round, Fault> {
    let target = slot.directory.id();
    let mut due =
        engine.store.read(move |tx| Box::pin(async move { tx.due_memberships(target, now, ROUND).await })).await?;
    if !may_write(engine, slot) {
        // Towards less access needs no lease (seams §17): what a dead holder leaves undone goes all the same.
        let abandoned = now.saturating_sub(ABANDONED).unwrap_or(Timestamp::MIN);
        due.retain(|due| !due.membership.wanted && due.membership.due.is_some_and(|since| since <= abandoned));
    }
    // Nothing is added after the end, also when nobody has settled the end yet (R1).
    due.retain(|due| !due.membership.wanted || due.until.is_none_or(|until| now < until));
    let mut groups: BTreeMap<GroupId, Vec<Placed>> = BTreeMap::new();
    for membership in due {
        groups.entry(membership.membership.group).or_default().push(membership);
    }
    let mut groups = groups.into_values();
    let mut round = Round::default();
    if slot.state.is_failing()
        && let Some(first) = groups.next()
    {
        // One group goes ahead: a target that still fails costs one call.
        round = one_group(engine, slot, first, now).await?;
    }
    let stopped = AtomicBool::new(round.stopped);
    let mut rounds = stream::iter(groups)
        .map(|group| {
            let stopped = &stopped;
            async move {
                if stopped.load(Ordering::Relaxed) {
                    return Ok(Round { stopped: true, ..Round::default() });
                }
                let round = one_group(engine, slot, group, now).await?;
                stopped.fetch_or(round.stopped, Ordering::Relaxed);
                Ok::<_, Fault>(round)
            }
        })
        .buffer_unordered(GROUPS_AT_ONCE);
    while let Some(group) = rounds.next().await {
        round.merge(group?);
    }
    drop(rounds);
    conclude(engine, slot, &round).await?;
    Ok(round)
}

/// Notes how the target stands after a round.
pub(super) async fn conclude(engine: &Engine, slot: &TargetSlot, round: &Round) -> Result<(), Fault> {
    if let Some(fault) = &round.fault {
        let failures = slot.state.failed(fault, engine.now());
        outcome::target_failed(engine, slot, fault, failures).await?;
    } else if round.attempted > 0 && slot.state.confirmed() {
        outcome::target_recovered(engine, slot).await?;
    }
    Ok(())
}

/// True while calls that add may be started.
pub(super) fn may_write(engine: &Engine, slot: &TargetSlot) -> bool {
    engine.inner.clock.is_simulated() || slot.state.may_write()
}

async fn one_group(engine: &Engine, slot: &TargetSlot, mut due: Vec<Placed>, now: Timestamp) -> Result<Round, Fault> {
    let Some(group) = due.first().map(target_group) else { return Ok(Round::default()) };
    if let Err(fault) = resolve_accounts(engine, slot, &mut due).await? {
        let due = claim(engine, due, now).await?;
        return group_failed(engine, slot, due, fault, now).await;
    }
    if let Err(fault) = look(slot, &group, &mut due).await {
        let due = claim(engine, due, now).await?;
        return group_failed(engine, slot, due, fault, now).await;
    }
    let claimed = claim(engine, due, now).await?;
    engine.inner.book.looked(&claimed);
    let written = write(engine, slot, &group, claimed).await;
    outcome::record(engine, written.tried).await?;
    Ok(written.round)
}

/// What a write to one group came to.
#[derive(Debug)]
pub(super) struct Written {
    /// What there is to record.
    pub(super) tried: Vec<Tried>,
    pub(super) round: Round,
}

/// Sends what is claimed of one group.
pub(super) async fn write(engine: &Engine, slot: &TargetSlot, group: &TargetGroup, claimed: Vec<Placed>) -> Written {
    let now = engine.now();
    let (due, unknown): (Vec<_>, Vec<_>) = claimed.into_iter().partition(|due| due.account_native.is_some());
    let mut tried: Vec<Tried> = unknown
        .into_iter()
        .map(|due| {
            let cause = "the account is not at the target".to_owned();
            retry(due, TargetFault { kind: FaultKind::NoSuchAccount, cause }, now)
        })
        .collect();
    if due.iter().any(|due| due.membership.wanted) && !may_write(engine, slot) {
        // The lease ran out meanwhile. The target did nothing wrong: the rows stay due.
        let round = Round { stopped: true, ..Round::default() };
        return Written { tried: Vec::new(), round };
    }
    let mut failed = None;
    if !due.is_empty() {
        let changes: Vec<Change> = due.iter().map(|due| change(due, now, engine.inner.clock.is_simulated())).collect();
        match within_limit(slot.directory.apply(group, &changes)).await {
            Ok(outcomes) => {
                let answered = engine.now();
                for (due, outcome) in due.into_iter().zip(outcomes) {
                    tried.push(match outcome {
                        Outcome::Done | Outcome::Already => {
                            let attempt = if due.membership.wanted { Attempt::Present } else { Attempt::Absent };
                            Tried { due, attempt, fault: None }
                        }
                        Outcome::Refused(fault) if fault.kind.is_of_target() => {
                            // The target failed midway: the row waits for the target, not for itself.
                            failed = Some(fault.clone());
                            Tried { due, attempt: Attempt::Retry(answered), fault: Some(fault) }
                        }
                        Outcome::Refused(fault) => retry(due, fault, answered),
                    });
                }
            }
            Err(fault) => {
                let mut written = refused(slot, due, fault, engine.now());
                written.tried.extend(tried);
                return written;
            }
        }
    }
    let round = Round { attempted: tried.len(), stopped: failed.is_some(), fault: failed };
    Written { tried, round }
}

/// Looks before the first write: what was there before is never taken away by an end (R4).
async fn look(slot: &TargetSlot, group: &TargetGroup, due: &mut [Placed]) -> Result<(), TargetFault> {
    let mut unseen: Vec<&mut Placed> = due
        .iter_mut()
        .filter(|due| due.membership.wanted && due.membership.prior == Prior::Unknown && due.account_native.is_some())
        .collect();
    if unseen.is_empty() {
        return Ok(());
    }
    let accounts: Vec<_> = unseen.iter().map(|due| target_account(due)).collect();
    let there = within_limit(slot.directory.are_members(group, &accounts)).await?;
    for (due, there) in unseen.iter_mut().zip(there) {
        due.membership.prior = if there { Prior::Present } else { Prior::Absent };
    }
    Ok(())
}

/// The group, or the target, as a whole did not answer as it should.
fn refused(slot: &TargetSlot, due: Vec<Placed>, fault: TargetFault, now: Timestamp) -> Written {
    if fault.kind.is_of_target() {
        // The rows stay due; the target as a whole pauses. Only the first failure of each is worth a record.
        let tried = due
            .into_iter()
            .filter(|due| due.membership.attempts <= 1)
            .map(|due| Tried { due, attempt: Attempt::Retry(now), fault: Some(fault.clone()) })
            .collect::<Vec<_>>();
        return Written { tried, round: Round { attempted: 0, stopped: true, fault: Some(fault) } };
    }
    tracing::warn!(target_id = %slot.directory.id(), %fault, "a group of the target could not be written");
    let tried: Vec<_> = due.into_iter().map(|due| retry(due, fault.clone(), now)).collect();
    let round = Round { attempted: tried.len(), ..Round::default() };
    Written { tried, round }
}

async fn group_failed(
    engine: &Engine,
    slot: &TargetSlot,
    due: Vec<Placed>,
    fault: TargetFault,
    now: Timestamp,
) -> Result<Round, Fault> {
    let written = refused(slot, due, fault, now);
    outcome::record(engine, written.tried).await?;
    Ok(written.round)
}

fn retry(due: Placed, fault: TargetFault, now: Timestamp) -> Tried {
    let at = now.saturating_add(pause(due.membership.attempts.max(1))).unwrap_or(Timestamp::MAX);
    Tried { due, attempt: Attempt::Retry(at), fault: Some(fault) }
}

/// Makes the claims durable before anything is sent. What changed its mind meanwhile is left for the next round.
async fn claim(engine: &Engine, due: Vec<Placed>, now: Timestamp) -> Result<Vec<Placed>, Fault> {
    let memberships: Vec<_> = due.iter().map(|due| due.membership.clone()).collect();
    let claimed = engine
        .store
        .transact(move |tx| {
            let memberships = memberships.clone();
            Box::pin(async move {
                tx.lock(&locks(&memberships)).await?;
                let (mut claimed, mut writes) = (Vec::with_capacity(memberships.len()), Vec::new());
                for seen in &memberships {
                    let stored = tx.membership(seen.group, seen.principal).await?;
                    let due = stored
                        .filter(|stored| stored.wanted == seen.wanted && stored.due.is_some_and(|due| due <= now));
                    claimed.push(due.map(|mut membership| {
                        membership.prior = seen.prior;
                        membership.attempts = membership.attempts.saturating_add(1);
                        writes.push(Write::PutMembership(membership.clone()));
                        membership
                    }));
                }
                tx.apply(writes).await?;
                Ok(claimed)
            })
        })
        .await?;
    Ok(due
        .into_iter()
        .zip(claimed)
        .filter_map(|(mut due, claimed)| {
            due.membership = claimed?;
            Some(due)
        })
        .collect())
}

/// Everything of one principal is decided one after the other.
pub(super) fn locks<'m>(memberships: impl IntoIterator<Item = &'m Membership>) -> Vec<Lock> {
    memberships.into_iter().map(|membership| Lock::Exclusive(membership.principal.uuid())).collect()
}

/// Finds accounts whose native name is not known yet.
async fn resolve_accounts(
    engine: &Engine,
    slot: &TargetSlot,
    due: &mut [Placed],
) -> Result<Result<(), TargetFault>, Fault> {
    for due in due.iter_mut().filter(|due| due.account_native.is_none()) {
        let Some(login) = due.login.clone() else { continue };
        let native = match within_limit(slot.directory.find_account(&login)).await {
            Ok(Some(native)) => native,
            Ok(None) => continue,
            Err(fault) => return Ok(Err(fault)),
        };
        let bound = Account {
            principal: due.membership.principal,
            target: due.membership.target,
            native: native.clone(),
            login,
        };
        let stored = engine
            .store
            .transact(move |tx| {
                let bound = bound.clone();
                Box::pin(async move { tx.put_account(&bound).await })
            })
            .await;
        match stored {
            Ok(()) => due.account_native = Some(native),
            // Somebody else's account: no membership of this one, and no reason to hold up the others.
            Err(fault @ Fault::Conflict { .. }) => {
                tracing::error!(principal = %due.membership.principal, %fault, "an account is bound to somebody else");
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok(Ok(()))
}

pub(super) fn target_group(due: &Placed) -> TargetGroup {
    TargetGroup { id: due.membership.group, native: due.group_native.clone(), attribute: attribute(&due.attribute) }
}

/// The attribute a stored word names.
pub(crate) fn attribute(word: &str) -> MemberAttribute {
    match word {
        "uniqueMember" => MemberAttribute::UniqueMember,
        "memberUid" => MemberAttribute::MemberUid,
        _ => MemberAttribute::Member,
    }
}

pub(super) fn target_account(due: &Placed) -> TargetAccount {
    TargetAccount {
        id: due.membership.principal,
        native: due.account_native.clone().unwrap_or_default(),
        login: due.login.clone().unwrap_or_default(),
    }
}

fn change(due: &Placed, now: Timestamp, simulated: bool) -> Change {
    let lives = due.until.filter(|_| !simulated).and_then(|end| Duration::try_from(end.duration_since(now)).ok());
    let wanted = if due.membership.wanted { Wanted::Present { lives } } else { Wanted::Absent };
    Change { account: target_account(due), wanted }
}

//! One round at a target: look, claim, attempt, record.

use std::{collections::BTreeMap, time::Duration};

use ephor_domain::{
    effect::{Attempt, Membership, Prior},
    id::GroupId,
};
use ephor_store::{
    Fault, Write,
    tx::{Lock, account::Account, membership::Placed},
};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::{lease, outcome, pause};
use crate::{
    engine::{Engine, TargetSlot},
    port::target::{Change, FaultKind, MemberAttribute, Outcome, TargetAccount, TargetFault, TargetGroup, Wanted},
};

/// Memberships taken in one round.
const ROUND: u32 = 4096;
/// Groups written at once.
const GROUPS_AT_ONCE: usize = 8;

/// What a round came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Round {
    pub(super) attempted: usize,
    pub(super) target_failed: bool,
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
    let simulated = engine.inner.clock.is_simulated();
    if !simulated && !slot.state.is_held() {
        return Ok(Round { attempted: 0, target_failed: true });
    }
    let due = engine
        .inner
        .store
        .read(move |tx| Box::pin(async move { tx.due_memberships(target, now, ROUND).await }))
        .await?;
    if due.is_empty() {
        return Ok(Round { attempted: 0, target_failed: false });
    }
    let mut groups: BTreeMap<GroupId, Vec<Placed>> = BTreeMap::new();
    for membership in due {
        groups.entry(membership.membership.group).or_default().push(membership);
    }
    let mut rounds = stream::iter(groups.into_values())
        .map(|group| one_group(engine, slot, group, now))
        .buffer_unordered(GROUPS_AT_ONCE);
    let (mut attempted, mut failed) = (0, None);
    while let Some(group) = rounds.next().await {
        let group = group?;
        attempted += group.tried;
        failed = failed.or(group.target_fault);
    }
    drop(rounds);
    if let Some(fault) = &failed {
        let failures = slot.state.failed(fault, engine.now());
        outcome::target_failed(engine, slot, fault, failures).await?;
    } else if attempted > 0 {
        let recovered = slot.state.breaker_is_open();
        slot.state.confirmed();
        if recovered {
            outcome::target_recovered(engine, slot).await?;
        }
    }
    Ok(Round { attempted, target_failed: failed.is_some() })
}

struct GroupRound {
    tried: usize,
    target_fault: Option<TargetFault>,
}

async fn one_group(
    engine: &Engine,
    slot: &TargetSlot,
    mut due: Vec<Placed>,
    now: Timestamp,
) -> Result<GroupRound, Fault> {
    let Some(group) = due.first().map(target_group) else { return Ok(GroupRound { tried: 0, target_fault: None }) };
    resolve_accounts(engine, slot, &mut due).await?;
    let mut tried = Vec::new();
    let (known, unknown): (Vec<_>, Vec<_>) = due.into_iter().partition(|due| due.account_native.is_some());
    for due in unknown {
        let fault =
            TargetFault { kind: FaultKind::NoSuchAccount, cause: "the account is not at the target".to_owned() };
        tried.push(retry(due, fault, now));
    }
    let mut due = known;
    // Look before the first write: what was there before is never taken away by an end (R4).
    let unseen: Vec<usize> = due
        .iter()
        .enumerate()
        .filter(|(_, due)| due.membership.wanted && due.membership.prior == Prior::Unknown)
        .map(|(index, _)| index)
        .collect();
    if !unseen.is_empty() {
        let accounts: Vec<_> = unseen.iter().filter_map(|index| due.get(*index)).map(target_account).collect();
        match slot.directory.are_members(&group, &accounts).await {
            Ok(there) => {
                for (index, there) in unseen.iter().zip(there) {
                    if let Some(due) = due.get_mut(*index) {
                        due.membership.prior = if there { Prior::Present } else { Prior::Absent };
                    }
                }
            }
            Err(fault) => return group_failed(engine, slot, due, fault, now).await,
        }
    }
    let due = claim(engine, due, now).await?;
    if due.is_empty() && tried.is_empty() {
        return Ok(GroupRound { tried: 0, target_fault: None });
    }
    if !engine.inner.clock.is_simulated() && !slot.state.is_held() {
        return Ok(GroupRound {
            tried: 0,
            target_fault: Some(TargetFault {
                kind: FaultKind::Busy,
                cause: "the lease of the target ran out".to_owned(),
            }),
        });
    }
    let changes: Vec<Change> = due.iter().map(|due| change(due, now, engine.inner.clock.is_simulated())).collect();
    let answer =
        tokio::time::timeout(lease::CALL + Duration::from_millis(500), slot.directory.apply(&group, &changes)).await;
    let answer = answer.unwrap_or_else(|_| {
        Err(TargetFault { kind: FaultKind::Timeout, cause: "no answer within the time a call may take".to_owned() })
    });
    let answered = engine.now();
    match answer {
        Ok(outcomes) => {
            for (due, outcome) in due.into_iter().zip(outcomes) {
                tried.push(match outcome {
                    Outcome::Done | Outcome::Already => {
                        let attempt = if due.membership.wanted { Attempt::Present } else { Attempt::Absent };
                        Tried { due, attempt, fault: None }
                    }
                    Outcome::Refused(fault) => retry(due, fault, answered),
                });
            }
            let count = tried.len();
            outcome::record(engine, tried).await?;
            Ok(GroupRound { tried: count, target_fault: None })
        }
        Err(fault) => group_failed(engine, slot, due, fault, answered).await,
    }
}

/// The group, or the target, as a whole did not answer as it should.
async fn group_failed(
    engine: &Engine,
    slot: &TargetSlot,
    due: Vec<Placed>,
    fault: TargetFault,
    now: Timestamp,
) -> Result<GroupRound, Fault> {
    if fault.kind.is_of_target() {
        // The rows stay due; the target as a whole pauses. Only the first failure of each is worth a record.
        let tried = due
            .into_iter()
            .filter(|due| due.membership.attempts <= 1)
            .map(|due| Tried { due, attempt: Attempt::Retry(now), fault: Some(fault.clone()) })
            .collect::<Vec<_>>();
        outcome::record(engine, tried).await?;
        return Ok(GroupRound { tried: 0, target_fault: Some(fault) });
    }
    tracing::warn!(target = %slot.directory.id(), %fault, "a group of the target could not be written");
    let tried: Vec<_> = due.into_iter().map(|due| retry(due, fault.clone(), now)).collect();
    let count = tried.len();
    outcome::record(engine, tried).await?;
    Ok(GroupRound { tried: count, target_fault: None })
}

fn retry(due: Placed, fault: TargetFault, now: Timestamp) -> Tried {
    let at = now.saturating_add(pause(due.membership.attempts.max(1))).unwrap_or(Timestamp::MAX);
    Tried { due, attempt: Attempt::Retry(at), fault: Some(fault) }
}

/// Makes the claims durable before anything is sent. What changed its mind meanwhile is left for the next round.
async fn claim(engine: &Engine, due: Vec<Placed>, now: Timestamp) -> Result<Vec<Placed>, Fault> {
    let memberships: Vec<_> = due.iter().map(|due| due.membership.clone()).collect();
    let claimed = engine
        .inner
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
pub(super) fn locks(memberships: &[Membership]) -> Vec<Lock> {
    memberships.iter().map(|membership| Lock::Exclusive(membership.principal.uuid())).collect()
}

/// Finds accounts whose native name is not known yet.
async fn resolve_accounts(engine: &Engine, slot: &TargetSlot, due: &mut [Placed]) -> Result<(), Fault> {
    for due in due.iter_mut().filter(|due| due.account_native.is_none()) {
        let Some(login) = due.login.clone() else { continue };
        let Ok(Some(native)) = slot.directory.find_account(&login).await else { continue };
        let bound = Account {
            principal: due.membership.principal,
            target: due.membership.target,
            native: native.clone(),
            login,
        };
        engine
            .inner
            .store
            .transact(move |tx| {
                let bound = bound.clone();
                Box::pin(async move { tx.put_account(&bound).await })
            })
            .await?;
        due.account_native = Some(native);
    }
    Ok(())
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

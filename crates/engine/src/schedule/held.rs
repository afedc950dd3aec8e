//! What is held on a line now, and which eligibility an activation would rest on.

use ephor_domain::{
    entitlement::EntitlementKey,
    grant::{Grant, GrantKind, Phase, after},
    id::{PrincipalId, RequestId},
    policy::Kind,
    provider::{Condition, Held, Line, Pending, Provider, Usable},
    time::{Window, schedule::earlier},
};
use ephor_store::{
    Fault, Tx,
    tx::line::{LineRow, Lines, line_id},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::standing;
use crate::directory::Reach;

/// A line as an order finds it.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Its row, alive or not.
    pub(super) row: Option<LineRow>,
    /// What is held rests on no schedule.
    pub(super) is_standing: bool,
    /// What is decided on.
    pub(super) line: Line,
}

/// Loads a line.
pub(super) async fn load(
    tx: &mut Tx,
    principal: PrincipalId,
    key: &EntitlementKey,
    kind: Kind,
    now: Timestamp,
) -> Result<Found, Fault> {
    let id = line_id(principal, key.id(), kind);
    let row = tx.line(id).await?;
    let mut held = row.as_ref().and_then(|row| held(row, now));
    let mut is_standing = false;
    if held.is_none()
        && kind == Kind::Assignment
        && let Some(since) = standing::of(tx, principal, key).await?
    {
        is_standing = true;
        held = Some(Held {
            schedule: id,
            kind: GrantKind::Assigned,
            window: Window::endless(since.min(now)),
            in_force_since: None,
        });
    }
    let waiting = tx.waiting_orders(id).await?;
    let waiting = waiting.into_iter().filter(|(_, _, until)| now < *until);
    let pending = waiting.map(|(request, action, _)| Pending { request, action }).collect();
    let ended_before = row.is_some() && held.is_none();
    Ok(Found { row, is_standing, line: Line { held, pending, ended_before } })
}

/// What a row says is held at `now`.
pub(super) fn held(row: &LineRow, now: Timestamp) -> Option<Held> {
    let line = &row.line;
    if !line.live {
        return None;
    }
    let (kind, window, in_force_since) = match line.kind {
        Kind::Eligibility => (GrantKind::Assigned, Window::new(line.start, line.end).ok()?, None),
        Kind::Assignment => {
            let grant = row.grant.as_ref()?;
            let since = match grant.phase {
                Phase::InForce { since, .. } => Some(since),
                Phase::Scheduled { .. } | Phase::Applying { .. } | Phase::Ending { .. } | Phase::Ended { .. } => None,
            };
            (grant.kind, window_of_grant(grant, line.end)?, since)
        }
    };
    (!window.has_ended(now)).then_some(Held { schedule: line.schedule, kind, window, in_force_since })
}

/// The window of a grant that has not ended; `end` is what was decided for one that starts later.
pub(super) fn window_of_grant(grant: &Grant, end: Option<Timestamp>) -> Option<Window> {
    match grant.phase {
        Phase::Scheduled { start } => {
            let end = end.or_else(|| grant.lasts.map(|seconds| after(start, seconds)));
            Window::new(start, end).ok()
        }
        Phase::Applying { since, end, .. } | Phase::InForce { since, end } => Window::new(since, end).ok(),
        Phase::Ending { .. } | Phase::Ended { .. } => None,
    }
}

/// An eligibility that can be used.
#[derive(Debug, Clone)]
pub(super) struct Eligible {
    /// Its line.
    pub(super) line: Uuid,
    /// Whom it names: the caller or a group.
    pub(super) holder: PrincipalId,
    /// Its entitlement.
    pub(super) key: EntitlementKey,
    /// Its present id.
    pub(super) schedule: Uuid,
    /// Its window.
    pub(super) window: Window,
    /// The request that shaped it.
    pub(super) made_by: RequestId,
    /// How far above the scope asked for.
    far: usize,
}

/// The eligibility that `principal` would use for a start at `start`, and whether there is one elsewhere.
pub(super) async fn usable(
    tx: &mut Tx,
    principal: PrincipalId,
    key: &EntitlementKey,
    start: Timestamp,
    named: Option<Uuid>,
    now: Timestamp,
) -> Result<(Usable, Option<Eligible>), Fault> {
    let groups = Reach::of(tx, principal, now).await?.until(principal);
    let through = groups.into_iter().map(|(group, until)| (PrincipalId::new(group.uuid()), until));
    let holders: Vec<(PrincipalId, Option<Timestamp>)> = std::iter::once((principal, None)).chain(through).collect();
    let mut found: Vec<Eligible> = Vec::new();
    for (far, at) in reach(tx, key).await?.into_iter().enumerate() {
        for (holder, until) in &holders {
            let Some(row) = tx.line(line_id(*holder, at.id(), Kind::Eligibility)).await? else { continue };
            let Some(held) = held(&row, now) else { continue };
            // What is had through a group lasts no longer than the membership.
            let Ok(window) = Window::new(held.window.start(), earlier(held.window.end(), *until)) else { continue };
            found.push(Eligible {
                line: row.line.id,
                holder: *holder,
                key: at.clone(),
                schedule: held.schedule,
                window,
                made_by: row.line.made_by,
                far,
            });
        }
    }
    if let Some(named) = named
        && found.iter().any(|eligible| eligible.schedule == named)
    {
        found.retain(|eligible| eligible.schedule == named);
    }
    // What covers the start first, then the nearest, then the holder's own, then what lasts longest.
    let rank = |eligible: &Eligible| {
        let end = eligible.window.end().unwrap_or(Timestamp::MAX);
        (eligible.window.covers(start), std::cmp::Reverse(eligible.far), eligible.holder == principal, end)
    };
    if let Some(best) = found.into_iter().max_by_key(rank) {
        return Ok((Usable::Eligible { schedule: best.schedule, window: best.window }, Some(best)));
    }
    if is_elsewhere(tx, &holders, key, now).await? {
        return Ok((Usable::Elsewhere, None));
    }
    Ok((Usable::Nowhere, None))
}

/// The condition that binds what a request shaped.
pub(super) async fn condition(tx: &mut Tx, shaped_by: RequestId) -> Result<Option<Condition>, Fault> {
    Ok(tx.order(shaped_by).await?.and_then(|row| row.order.details.binding()))
}

/// The condition of a role assignment that was written directly.
pub(super) async fn standing_condition(
    tx: &mut Tx,
    principal: PrincipalId,
    key: &EntitlementKey,
) -> Result<Option<Condition>, Fault> {
    let EntitlementKey::Resource { definition, scope } = key else { return Ok(None) };
    let found = tx.role_assignment_on(principal, scope, *definition).await?;
    let content = found.map(|found| found.content).unwrap_or_default();
    let text = content.condition.filter(|text| !text.is_empty());
    Ok(text.map(|text| Condition { text, version: content.condition_version }))
}

/// Where an eligibility counts for `key`: on Graph at exactly that scope (`GRAPH 10.2`), on ARM there and above.
async fn reach(tx: &mut Tx, key: &EntitlementKey) -> Result<Vec<EntitlementKey>, Fault> {
    let EntitlementKey::Resource { definition, scope } = key else { return Ok(vec![key.clone()]) };
    let chain = crate::resource::chain(tx, scope).await?;
    Ok(chain.into_iter().map(|scope| EntitlementKey::Resource { definition: *definition, scope }).collect())
}

/// Eligible for the same role at a scope that does not count.
async fn is_elsewhere(
    tx: &mut Tx,
    holders: &[(PrincipalId, Option<Timestamp>)],
    key: &EntitlementKey,
    now: Timestamp,
) -> Result<bool, Fault> {
    let EntitlementKey::DirectoryRole { definition, .. } = key else { return Ok(false) };
    for (holder, _) in holders {
        let lines = Lines::Of(*holder);
        let rows = tx.lines(Provider::DirectoryRoles, Kind::Eligibility, &lines, None, 1000).await?;
        if rows.iter().any(|row| row.line.definition == *definition && held(row, now).is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

//! What ends because something it rested on ends.

use ephor_audit::events;
use ephor_domain::{
    entitlement::EntitlementKey,
    grant::Phase,
    id::{GrantId, PrincipalId},
    policy::Kind,
};
use ephor_store::tx::{line::line_id, lock::Lock};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    admin::desk::Desk,
    answer::Answer,
    ledger::About,
    pam::end::{Why, end_case},
};

/// Ends a grant now, with its memberships.
pub(super) async fn grant(desk: &mut Desk<'_>, id: GrantId, why: Why) -> Answer<()> {
    desk.flush().await?;
    if let Some(case) = desk.tx.grant_case(id).await? {
        end_case(desk.ledger(), case, why);
    }
    desk.flush().await?;
    Ok(())
}

/// Ends the activations that rest on an eligibility, and closes those that wait for approval.
pub(super) async fn resting(
    desk: &mut Desk<'_>,
    eligibility: Uuid,
    holder: PrincipalId,
    key: &EntitlementKey,
) -> Answer<()> {
    let rows = desk.tx.lines_resting_on(eligibility).await?;
    lock(desk, rows.iter().map(|row| row.line.principal), holder).await?;
    for row in rows {
        if let Some(id) = row.line.grant {
            grant(desk, id, Why::ELIGIBILITY).await?;
        }
    }
    // Whoever waits through a group is told no when somebody decides.
    for (id, _, _) in desk.tx.waiting_orders(line_id(holder, key.id(), Kind::Assignment)).await? {
        let Some(order) = desk.tx.order(id).await? else { continue };
        if order.order.details.rests_on == Some(eligibility)
            && let Some(case) = desk.tx.request_case(id).await?
        {
            end_case(desk.ledger(), case, Why::ELIGIBILITY);
        }
    }
    desk.flush().await?;
    Ok(())
}

/// Shortens the activations that rest on an eligibility which now ends at `end`.
pub(super) async fn cut(desk: &mut Desk<'_>, eligibility: Uuid, end: Option<Timestamp>) -> Answer<()> {
    let Some(end) = end else { return Ok(()) };
    let rows = desk.tx.lines_resting_on(eligibility).await?;
    lock(desk, rows.iter().map(|row| row.line.principal), PrincipalId::new(Uuid::nil())).await?;
    for row in rows {
        let Some(grant) = row.grant else { continue };
        let ends = match grant.phase {
            Phase::Applying { end, .. } | Phase::InForce { end, .. } => end,
            Phase::Scheduled { .. } => row.line.end,
            Phase::Ending { .. } | Phase::Ended { .. } => continue,
        };
        if ends.is_some_and(|ends| ends <= end) {
            continue;
        }
        let mut line = row.line;
        line.end = Some(end);
        desk.tx.put_line(&line).await?;
        if let Some(case) = desk.tx.request_case(grant.request).await? {
            if !matches!(grant.phase, Phase::Scheduled { .. }) {
                desk.ledger().prolong(grant, Some(end), &case.owed);
            }
            let mut record = desk.call().record(events::SCHEDULE_CUT);
            About::request(&case.request).put(&mut record);
            let record = record.detail("end", end.to_string());
            desk.ledger().record(&record);
        }
        desk.flush().await?;
    }
    Ok(())
}

/// Everything of one principal is decided one after the other: those who are touched beside the holder are locked too.
async fn lock(desk: &mut Desk<'_>, principals: impl Iterator<Item = PrincipalId>, holder: PrincipalId) -> Answer<()> {
    let others: Vec<Lock> = principals.filter(|id| *id != holder).map(|id| Lock::Exclusive(id.uuid())).collect();
    if !others.is_empty() {
        desk.tx.lock(&others).await?;
    }
    Ok(())
}

//! What time decides of schedules: a later start, and the end of an eligibility. Ends of grants and closing gates are
//! those of every provider: see the scheduler.

use ephor_audit::events::{self, Transition};
use ephor_domain::{
    entitlement::EntitlementKey,
    grant::{EndCause, Grant, GrantKind, Phase},
    id::PrincipalId,
    pam::PamStatus,
    policy::Kind,
    time::schedule::earlier,
};
use ephor_store::{
    Fault, Tx,
    tx::{
        case::RequestCase,
        line::{LineRow, ScheduleLine, line_id},
    },
};

use super::{apply::owed, held, place, policy, submit::phase_is_open};
use crate::{
    admin::desk::Desk,
    answer::{Answer, Denied},
    ledger::{About, Ledger},
    pam::{
        end::{Why, end_case},
        way::notify,
    },
};

/// A command first settles what is due on its line (seams §4): the end of an eligibility is on record before the line
/// gets a new one, and an assignment that is over is let go.
pub(super) async fn settle_line(desk: &mut Desk<'_>, principal: PrincipalId, key: &EntitlementKey) -> Answer<()> {
    let now = desk.now();
    for kind in [Kind::Eligibility, Kind::Assignment] {
        let Some(row) = desk.tx.line(line_id(principal, key.id(), kind)).await? else { continue };
        if !row.line.live {
            continue;
        }
        match &row.grant {
            None if is_over(&row.line, now) => {
                let (tx, ledger) = desk.parts();
                expire(tx, ledger, row).await?;
            }
            Some(grant) if phase_is_open(grant) && grant.due().is_some_and(|due| due <= now) => {
                let Some(case) = desk.tx.request_case(grant.request).await? else { continue };
                let (tx, ledger) = desk.parts();
                crate::scheduler::grant_due(tx, ledger, case, grant.clone()).await?;
            }
            _ => {}
        }
        desk.flush().await?;
    }
    Ok(())
}

fn is_over(line: &ScheduleLine, now: jiff::Timestamp) -> bool {
    line.live && line.kind == Kind::Eligibility && line.end.is_some_and(|end| end <= now)
}

/// The end of an eligibility has come. Activations that rest on it end at the same instant by themselves: they were cut
/// to it.
pub(crate) async fn expire(tx: &mut Tx, ledger: &mut Ledger<'_>, row: LineRow) -> Result<(), Fault> {
    let now = ledger.now();
    let line = row.line;
    let Some(end) = line.end.filter(|_| is_over(&line, now)) else { return Ok(()) };
    tx.put_line(&ScheduleLine { live: false, ..line.clone() }).await?;
    tx.finish_order(line.made_by, end).await?;
    let mut record = ledger.call().record(events::SCHEDULE_ENDED);
    About {
        request: Some(line.made_by),
        entitlement: Some(line.entitlement),
        subject: Some(line.principal),
        provider: Some(line.provider),
    }
    .put(&mut record);
    if end < now {
        record.at = end;
        record.recorded_at = Some(now);
    }
    let record = record
        .detail("order", "end")
        .detail("kind", "eligibility")
        .detail("definition", line.definition.to_string())
        .detail("scope", line.scope.clone());
    ledger.record(&record);
    for (id, _, _) in tx.waiting_orders(line_id(line.principal, line.entitlement, Kind::Assignment)).await? {
        let Some(order) = tx.order(id).await? else { continue };
        if order.order.details.rests_on == Some(line.id)
            && let Some(case) = tx.request_case(id).await?
        {
            end_case(ledger, case, Why::ELIGIBILITY);
        }
    }
    Ok(())
}

/// The start of an assignment has come: account, eligibility and maximum are judged again (`GRAPH T9`, T10); passed gates are not.
/// Late or not, the end stays where the decision put it (seams §5).
pub(crate) async fn start(tx: &mut Tx, ledger: &mut Ledger<'_>, case: RequestCase, grant: Grant) -> Result<(), Fault> {
    let now = ledger.now();
    let Some(order) = tx.order(case.request.id).await? else { return Ok(()) };
    let key = place::key(case.request.provider, order.order.definition, &order.order.scope)?;
    if !case.principal.enabled {
        end_case(ledger, case, Why::ACCOUNT);
        return Ok(());
    }
    let mut end = tx.line(order.order.line).await?.and_then(|row| row.line.end);
    if grant.kind == GrantKind::Activated {
        let (_, eligible) = held::usable(tx, grant.principal, &key, now, None, now).await?;
        let Some(eligible) = eligible.filter(|eligible| eligible.window.covers(now)) else {
            end_case(ledger, case, Why::ELIGIBILITY);
            return Ok(());
        };
        // By the maximum of now, counted from where the decision put the start.
        let start = grant.due().unwrap_or(now);
        let longest = policy::longest(tx, &key, &eligible.key).await?.after(start);
        end = earlier(earlier(end, eligible.window.end()), Some(longest));
    }
    if end.is_some_and(|end| end <= now) {
        ledger.end(&case.request, grant, Vec::new(), now, EndCause::Expired);
        return Ok(());
    }
    let owed = match owed(tx, &key, &case.principal).await {
        Ok(owed) => owed,
        Err(Denied::Failed(fault)) => return Err(fault),
        // Nothing can be written there now: given up, like what could not be applied.
        Err(Denied::Refused(_)) => {
            ledger.end(&case.request, grant, Vec::new(), now, EndCause::CouldNotApply);
            return Ok(());
        }
    };
    let grant = ledger.start_until(grant, owed, false, end);
    let old = Some(PamStatus::Scheduled);
    if matches!(grant.phase, Phase::InForce { .. }) {
        ledger.moved(Transition::T13, &case.request, old, PamStatus::Active, None);
    } else {
        ledger.moved_as(events::REQUEST_APPLYING, None, &case.request, old, PamStatus::Processing, None);
    }
    notify(ledger, "request.started", &case.request);
    Ok(())
}

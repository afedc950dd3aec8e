//! Eligibilities of what is gone: of an account, or for a group, that is deleted.

use ephor_audit::events;
use ephor_domain::{id::PrincipalId, policy::Kind, provider::Provider};
use ephor_store::tx::line::{Lines, ScheduleLine};

use super::{end, place};
use crate::{admin::desk::Desk, answer::Answer, ledger::About, pam::end::Why};

/// An account goes: what is open of it ends, and so does what it is eligible for.
///
/// # Errors
/// Faults of the store.
pub(crate) async fn everything_of(desk: &mut Desk<'_>, account: PrincipalId) -> Answer<()> {
    desk.end_open(Some(account), None, Why::ACCOUNT).await?;
    for provider in [Provider::DirectoryRoles, Provider::Groups, Provider::Resources] {
        eligibilities(desk, provider, &Lines::Of(account)).await?;
    }
    Ok(())
}

/// Lines read at once.
const PAGE: u32 = 1000;

/// Ends these eligibilities now, with what rests on them.
///
/// # Errors
/// Faults of the store.
pub(crate) async fn eligibilities(desk: &mut Desk<'_>, provider: Provider, which: &Lines) -> Answer<()> {
    let now = desk.now();
    loop {
        let rows = desk.tx.lines(provider, Kind::Eligibility, which, None, PAGE).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            let line = row.line;
            let key = place::key(line.provider, line.definition, &line.scope)?;
            end::resting(desk, line.id, line.principal, &key).await?;
            let over = ScheduleLine { live: false, end: Some(now), ..line.clone() };
            desk.tx.put_line(&over).await?;
            desk.tx.finish_order(line.made_by, now).await?;
            let mut record = desk.call().record(events::ELIGIBILITY_REMOVED);
            About {
                request: Some(line.made_by),
                entitlement: Some(line.entitlement),
                subject: Some(line.principal),
                provider: Some(line.provider),
            }
            .put(&mut record);
            let record = record
                .detail("order", "end")
                .detail("kind", "eligibility")
                .detail("definition", line.definition.to_string())
                .detail("scope", line.scope.clone());
            desk.ledger().record(&record);
        }
        desk.flush().await?;
    }
}

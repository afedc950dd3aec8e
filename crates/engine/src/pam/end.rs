//! O4 and every other way in which a request or grant ends before its time (`PAM 9.3`, T14, T15).

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    grant::{EndCause, Phase},
    id::{EntitlementId, PrincipalId, RequestId},
    pam::{PamStatus, status::view},
    principal::Actor,
    provider::Provider,
    request::Declined,
};
use ephor_store::{
    Fault, Tx,
    tx::{Lock, case::RequestCase, owner::Owner},
};

use super::read::{self, check_known};
use crate::{
    answer::Answer,
    call::Call,
    engine::Engine,
    ledger::{About, Ledger},
    scheduler::time_out,
    wake::Wake,
};

/// Why something is ended before its time, for both of the things it may be: a waiting request or a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Why {
    pub(crate) waiting: Declined,
    pub(crate) granted: EndCause,
}

impl Why {
    pub(crate) const REQUESTER: Self = Self { waiting: Declined::Withdrawn, granted: EndCause::Requester };
    pub(crate) const ADMINISTRATOR: Self = Self { waiting: Declined::Cancelled, granted: EndCause::Administrator };
    pub(crate) const ACCOUNT: Self = Self { waiting: Declined::AccountDisabled, granted: EndCause::AccountDisabled };
    pub(crate) const ELIGIBILITY: Self =
        Self { waiting: Declined::EligibilityLost, granted: EndCause::EligibilityLost };
    pub(crate) const ENTITLEMENT: Self =
        Self { waiting: Declined::EntitlementRemoved, granted: EndCause::EntitlementRemoved };
}

impl Engine {
    /// Closes a request of the caller's own (O4). Closing one that is Closed or Closing already is no error.
    ///
    /// # Errors
    /// [`Refusal::UnknownCaller`], [`Refusal::AccountDisabled`]; [`Refusal::RequestNotAvailable`] for unknown and foreign
    /// ids and those of other providers alike, [`Refusal::RequestNotClosable`] for
    /// Processing, Expired and Rejected ones; faults of the store.
    pub async fn pam_close(&self, actor: &Actor, id: RequestId) -> Answer<()> {
        let (actor, call) = self.pam_actor(actor).await?;
        let waited = self.pam_request(id).await?.and_then(|request| request.grant.map(|grant| grant.id));
        let settled = waited.map(|grant| self.inner.waiters.wait(grant));
        let (closed, wake) = {
            let principal = actor.principal;
            self.store
                .transact(move |tx| {
                    let call = call.clone();
                    Box::pin(async move { close(tx, &call, principal, id).await })
                })
                .await?
        };
        self.woken(&wake);
        if let Some(settled) = settled
            && closed.is_ok()
            && !wake.targets.is_empty()
        {
            // The answer is the same either way: Close says 200, the list then says Closing (seams §5).
            self.confirmed(settled, &wake).await;
        }
        Ok(closed?)
    }
}

async fn close(
    tx: &mut Tx,
    call: &Call,
    principal: PrincipalId,
    id: RequestId,
) -> Result<(Result<(), Refusal>, Wake), Fault> {
    tx.lock(&[Lock::Exclusive(principal.uuid())]).await?;
    let mut ledger = Ledger::new(call);
    let known = check_known(tx, principal).await?;
    let case = read::case(tx, id).await?.filter(|case| case.request.principal == principal);
    let outcome = match (known, case) {
        (Err(refusal), _) => Err(refusal),
        (Ok(()), None) => Err(Refusal::RequestNotAvailable),
        (Ok(()), Some(case)) => match view(&case.request, case.grant.as_ref(), call.now).status {
            PamStatus::Processing | PamStatus::Expired | PamStatus::Rejected => Err(Refusal::RequestNotClosable),
            PamStatus::Closed | PamStatus::Closing => Ok(()),
            PamStatus::PendingMfa | PamStatus::PendingApproval | PamStatus::Scheduled | PamStatus::Active => {
                end_case(&mut ledger, case, Why::REQUESTER);
                Ok(())
            }
        },
    };
    if let Err(refusal) = &outcome {
        let about =
            About { request: Some(id), subject: Some(principal), provider: Some(Provider::Pam), ..About::default() };
        ledger.refused(events::CLOSE_REFUSED, refusal, about);
    }
    let (_, wake) = ledger.post(tx).await?;
    Ok((outcome, wake))
}

/// Ends a waiting request or an open grant now. What has ended already stays as it is (S2).
pub(crate) fn end_case(ledger: &mut Ledger<'_>, case: RequestCase, why: Why) {
    use ephor_audit::events::Transition;
    let now = ledger.now();
    match case.grant {
        Some(grant) => match grant.phase {
            Phase::Scheduled { .. } | Phase::Applying { .. } | Phase::InForce { .. } => {
                // A grant past its end is over for that reason, whoever comes later (seams §4).
                let overdue = grant.due().filter(|end| *end <= now && matches!(grant.phase, Phase::InForce { .. }));
                let (at, cause) = overdue.map_or((now, why.granted), |end| (end, EndCause::Expired));
                // A grant that has not started owes nothing yet.
                let owed = if matches!(grant.phase, Phase::Scheduled { .. }) { Vec::new() } else { case.owed };
                ledger.end(&case.request, grant, owed, at, cause);
            }
            Phase::Ending { .. } | Phase::Ended { .. } => {}
        },
        // A gate that has closed by itself timed out, whoever comes later (S2).
        None if case.request.due().is_some_and(|until| until <= now) => time_out(ledger, case),
        None if case.request.is_waiting() => {
            let old = view(&case.request, None, now).status;
            let request = case.request.declined(why.waiting, now);
            let new = view(&request, None, now).status;
            ledger.update_request(&request);
            ledger.moved(Transition::T14, &request, Some(old), new, Some(why.waiting.word()));
        }
        None => {}
    }
}

/// Ends everything open of `principal`, of `role`, or of both together; one batch each, so that shared memberships are
/// counted right (R4). Answers how many were ended, and goes on counting records from `records`.
pub(crate) async fn end_all(
    tx: &mut Tx,
    call: &Call,
    principal: Option<PrincipalId>,
    role: Option<EntitlementId>,
    why: Why,
    mut records: usize,
) -> Result<(u64, usize, Wake), Fault> {
    let (mut ended, mut wake) = (0, Wake::default());
    let requests = open(tx, principal, role).await?;
    let mut locks: Vec<_> = requests.iter().map(|owner| Lock::Exclusive(owner.principal.uuid())).collect();
    locks.dedup();
    tx.lock(&locks).await?;
    for owner in requests {
        let Some(case) = tx.request_case(owner.request).await? else { continue };
        let mut ledger = Ledger::following(call, records);
        end_case(&mut ledger, case, why);
        ended += u64::from(!ledger.is_empty());
        let (total, more) = ledger.post(tx).await?;
        records = total;
        wake.merge(more);
    }
    Ok((ended, records, wake))
}

/// Most requests ended in one command; a role or account with more takes several.
const MOST: u32 = 10_000;

/// Everything open of `principal`, of `role`, or of both: waiting requests and open grants, of every provider.
pub(crate) async fn open(
    tx: &mut Tx,
    principal: Option<PrincipalId>,
    role: Option<EntitlementId>,
) -> Result<Vec<Owner>, Fault> {
    let mut owners = Vec::new();
    for id in tx.open_requests(principal, role, MOST).await? {
        owners.extend(tx.owner_of_request(id).await?);
    }
    for id in tx.open_grants(principal, role, MOST).await? {
        owners.extend(tx.owner_of_grant(id).await?);
    }
    owners.sort_by_key(|owner| (owner.principal, owner.request));
    owners.dedup();
    Ok(owners)
}

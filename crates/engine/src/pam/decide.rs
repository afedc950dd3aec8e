//! O6 and O7: approving and rejecting (`PAM 7.6`). One decision wins (S2), nobody decides for himself (S1).

use ephor_audit::events::{self, Transition};
use ephor_domain::{
    Refusal,
    approval::{Case, Decision, Verdict, may_decide},
    grant::Phase,
    id::{ApprovalId, PersonId},
    pam::{PamStatus, create},
    principal::Actor,
    provider::Provider,
    request::{Declined, Stage},
};
use ephor_store::{
    Fault, Tx,
    tx::{Lock, case::RequestCase},
};

use super::{
    read::{check_known, of_pam},
    way::{Step, notify, walk},
};
use crate::{
    answer::Answer,
    call::Call,
    engine::Engine,
    ledger::{About, Ledger},
    pam::end::{Why, end_case},
    wake::Wake,
};

impl Engine {
    /// Decides on a pending approval.
    ///
    /// # Errors
    /// [`Refusal::UnknownCaller`], [`Refusal::AccountDisabled`]; [`Refusal::ApprovalNotAvailable`] for unknown, foreign
    /// and decided ones alike; [`Refusal::SelfApproval`]; [`Refusal::PersonRequired`]; faults of the store.
    pub async fn pam_decide(
        &self,
        actor: &Actor,
        id: ApprovalId,
        verdict: Verdict,
        justification: Option<String>,
    ) -> Answer<()> {
        let (actor, call) = self.pam_actor(actor).await?;
        let call = call.proved_by(actor.methods);
        let grant = call.ids().grant;
        let settled = self.inner.waiters.wait(grant);
        let (decided, wake) = self
            .store
            .transact(move |tx| {
                let (call, actor, justification) = (call.clone(), actor.clone(), justification.clone());
                Box::pin(async move { decide(tx, &call, &actor, id, verdict, justification).await })
            })
            .await?;
        self.woken(&wake);
        if decided? {
            self.confirmed(settled, &wake).await;
        }
        Ok(())
    }
}

/// Decides; true when the grant is being applied and the caller should wait for it.
async fn decide(
    tx: &mut Tx,
    call: &Call,
    actor: &Actor,
    id: ApprovalId,
    verdict: Verdict,
    justification: Option<String>,
) -> Result<(Result<bool, Refusal>, Wake), Fault> {
    let nothing = About { provider: Some(Provider::Pam), ..About::default() };
    if let Err(refusal) = check_known(tx, actor.principal).await? {
        return refuse(tx, call, refusal, nothing).await;
    }
    let Some(case) = tx.approval_case(id).await?.filter(of_pam) else {
        return refuse(tx, call, Refusal::ApprovalNotAvailable, nothing).await;
    };
    // Whose it is never changes; everything else is read again under the locks.
    let (role, holder) = (case.request.entitlement, case.request.principal);
    tx.lock(&[Lock::Shared(role.uuid()), Lock::Exclusive(holder.uuid())]).await?;
    let Some(case) = tx.approval_case(id).await?.filter(of_pam) else {
        return refuse(tx, call, Refusal::ApprovalNotAvailable, nothing).await;
    };
    let about = About::request(&case.request);
    if let Err(refusal) = judge(call, actor, id, &case) {
        return refuse(tx, call, refusal, about).await;
    }
    let settings = tx.settings().await?;
    let mut ledger = Ledger::new(call);
    let Some(mut approval) = case.approval.clone() else {
        return refuse(tx, call, Refusal::ApprovalNotAvailable, about).await;
    };
    approval.decision =
        Some(Decision { verdict, by: actor.principal, person: actor.person, at: call.now, justification });
    // S3: eligibility, account and role are judged again; what was lost stops the grant with a reason.
    let lost = lost(&case);
    let mut applying = false;
    match (verdict, &case.role, lost) {
        (_, _, Some(why)) => {
            end_case(&mut ledger, case, why);
            let (_, wake) = ledger.post(tx).await?;
            return Ok((Err(Refusal::ApprovalNotAvailable), wake));
        }
        (Verdict::Reject, _, None) | (_, None, None) => {
            ledger.decide_approval(&approval);
            let request = case.request.declined(Declined::Rejected, call.now);
            ledger.update_request(&request);
            ledger.moved(
                Transition::T11,
                &request,
                Some(PamStatus::PendingApproval),
                PamStatus::Rejected,
                Some(Declined::Rejected.word()),
            );
            notify(&mut ledger, "request.rejected", &request);
        }
        (Verdict::Approve, Some(role), None) => {
            ledger.decide_approval(&approval);
            let passed = create::past_gates(&settings, role, case.request.clone(), call.ids().grant, call.now);
            let (request, grant) = walk(&mut ledger, passed, case.owed, Step::Approved);
            applying = matches!(grant.map(|grant| grant.phase), Some(Phase::Applying { .. }));
            notify(&mut ledger, "request.approved", &request);
        }
    }
    let (_, wake) = ledger.post(tx).await?;
    Ok((Ok(applying), wake))
}

fn judge(call: &Call, actor: &Actor, id: ApprovalId, case: &RequestCase) -> Result<(), Refusal> {
    let open =
        matches!(case.request.stage, Stage::AwaitingApproval { approval, until } if approval == id && call.now < until);
    // On PAM the requester is the holder; a CORP account that asked is of the same person.
    let parties: [PersonId; 1] = [case.principal.person];
    let judged = Case { asked_at: case.request.created, parties: &parties, approvers: &case.approvers };
    may_decide(&judged, actor)?;
    if open { Ok(()) } else { Err(Refusal::ApprovalNotAvailable) }
}

/// What the request rested on and has lost, if anything (S3).
pub(crate) fn lost(case: &RequestCase) -> Option<Why> {
    if !case.principal.enabled {
        Some(Why::ACCOUNT)
    } else if case.role.is_none() {
        Some(Why::ENTITLEMENT)
    } else if !case.is_candidate {
        Some(Why::ELIGIBILITY)
    } else {
        None
    }
}

async fn refuse(
    tx: &mut Tx,
    call: &Call,
    refusal: Refusal,
    about: About,
) -> Result<(Result<bool, Refusal>, Wake), Fault> {
    let own = refusal == Refusal::SelfApproval;
    let event = if own { events::SELF_APPROVAL_REFUSED } else { events::DECISION_REFUSED };
    let mut ledger = Ledger::new(call);
    ledger.refused(event, &refusal, about);
    let (_, wake) = ledger.post(tx).await?;
    Ok((Err(refusal), wake))
}

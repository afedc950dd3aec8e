//! The way of a request from one commit to the next: what a passed gate writes and records.

use ephor_audit::events::{self, Transition};
use ephor_domain::{
    grant::{Grant, Phase},
    life::Owed,
    pam::{PamStatus, create::Passed, status::view},
    request::Request,
};

use crate::{ledger::Ledger, outgoing};

/// What took a request to its new stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It was made.
    Created,
    /// The challenge succeeded.
    ProvedPresence,
    /// An approver said yes.
    Approved,
}

/// Writes a request that was made or passed a gate: approval, grant, start, records. `owed` are the privileges of the
/// role, for a grant that starts now.
pub(crate) fn walk(ledger: &mut Ledger<'_>, passed: Passed, owed: Vec<Owed>, step: Step) -> (Request, Option<Grant>) {
    let Passed { request, approval, grant, exempted } = passed;
    let now = ledger.now();
    let old = match step {
        Step::Created => PamStatus::Processing,
        Step::ProvedPresence => PamStatus::PendingMfa,
        Step::Approved => PamStatus::PendingApproval,
    };
    if step == Step::Created {
        ledger.insert_request(&request);
        ledger.moved(Transition::T1, &request, None, PamStatus::Processing, None);
    } else {
        ledger.update_request(&request);
    }
    if exempted {
        ledger.exempted(&request);
    }
    if let Some(approval) = &approval {
        ledger.insert_approval(approval);
        notify(ledger, "request.pending-approval", &request);
    }
    let grant = grant.map(|grant| match grant.phase {
        Phase::Scheduled { start } if start <= now => ledger.start(grant, owed, true),
        Phase::Scheduled { .. }
        | Phase::Applying { .. }
        | Phase::InForce { .. }
        | Phase::Ending { .. }
        | Phase::Ended { .. } => {
            ledger.insert_grant(&grant);
            grant
        }
    });
    let new = view(&request, grant.as_ref(), now).status;
    match (transition(step, new), step) {
        (Some(transition), _) => ledger.moved(transition, &request, Some(old), new, None),
        // Decided, and being written to its targets: the passed gate is on record all the same.
        (None, Step::Created) => {
            ledger.moved_as(events::REQUEST_APPLYING, None, &request, Some(old), PamStatus::Processing, None);
        }
        (None, Step::ProvedPresence) => {
            ledger.moved_as(events::MFA_COMPLETED, None, &request, Some(old), PamStatus::Processing, None);
        }
        (None, Step::Approved) => {
            let event = events::APPROVAL_STAGE_DECIDED;
            ledger.moved_as(event, None, &request, Some(old), PamStatus::Processing, Some("approved"));
        }
    }
    if new == PamStatus::PendingMfa {
        ledger.wake().challenge = true;
    }
    (request, grant)
}

const fn transition(step: Step, new: PamStatus) -> Option<Transition> {
    match (step, new) {
        (Step::Created, PamStatus::PendingMfa) => Some(Transition::T2),
        (Step::Created, PamStatus::PendingApproval) => Some(Transition::T3),
        (Step::Created, PamStatus::Scheduled) => Some(Transition::T4),
        (Step::Created, PamStatus::Active) => Some(Transition::T5),
        (Step::ProvedPresence, PamStatus::PendingApproval) => Some(Transition::T6),
        (Step::ProvedPresence, PamStatus::Scheduled | PamStatus::Active) => Some(Transition::T7),
        (Step::Approved, PamStatus::Scheduled) => Some(Transition::T9),
        (Step::Approved, PamStatus::Active) => Some(Transition::T10),
        (Step::Created | Step::ProvedPresence | Step::Approved, _) => None,
    }
}

/// Queues the one notification of an event (seams §18); the notifier finds the recipients.
pub(crate) fn notify(ledger: &mut Ledger<'_>, event: &'static str, request: &Request) {
    let now = ledger.now();
    let outgoing = outgoing::about_request(ledger.call(), event, request, now);
    ledger.write(ephor_store::Write::Outbox(outgoing));
    ledger.wake().notify = true;
}

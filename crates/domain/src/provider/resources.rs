//! Resource roles at a scope: what differs there (`ARM 9`).

use jiff::Timestamp;

use super::{
    Provider,
    order::{Case, Condition, Decision},
    refusal::ScheduleRefusal,
    schedule::{self, Family},
};
use crate::{
    grant::Grant,
    policy::{ApprovalGate, ApprovalMode, Kind, Policy},
    principal::PrincipalKind,
    request::{Action, Request},
};

const FAMILY: Family = Family {
    provider: Provider::Resources,
    future_is_held: true,
    every_window_has_a_least_length: false,
    activations_can_be_prolonged: true,
    unsaid_is_the_maximum: true,
    tells_eligible_elsewhere: false,
    activations_name_eligibilities: true,
    running_is_missing_to_renewals: true,
};

/// Decides on an order for a resource role. `above` is the policy at the eligibility's scope when that is an ancestor:
/// going down never makes approval weaker (`ARM A-6`).
///
/// # Errors
/// In the order of `ARM 9.5` from step 6 on: state, window, all rules, authentication context.
pub fn decide(case: &Case<'_>, above: Option<&Policy>) -> Result<Decision, ScheduleRefusal> {
    let mut decision = schedule::decide(&FAMILY, case)?;
    if let (Decision::Activate { gates, .. } | Decision::Prolong { gates, .. }, Some(above)) = (&mut decision, above)
        && gates.approval.is_none()
        && above.activation.approval.is_on()
    {
        let approval = &above.activation.approval;
        let at_once = approval.mode == ApprovalMode::Parallel;
        gates.approval = Some(ApprovalGate { at_once, stages: approval.effective_stages().to_vec() });
    }
    Ok(decision)
}

/// The condition that binds what an order shapes: `said`, else `present`, that of what it changes or of the eligibility it
/// rests on. Administrators set another one; holders may repeat what binds them, and neither change nor drop it
/// (`ARM 9.5`).
///
/// # Errors
/// [`ScheduleRefusal::NotPossible`] for a holder's order with another condition.
pub fn condition(
    action: Action,
    said: Option<Condition>,
    present: Option<Condition>,
) -> Result<Option<Condition>, ScheduleRefusal> {
    match action {
        Action::AdminAssign => Ok(said),
        Action::AdminUpdate | Action::AdminExtend | Action::AdminRenew => Ok(said.or(present)),
        Action::AdminRemove | Action::SelfDeactivate => Ok(None),
        Action::SelfActivate | Action::SelfExtend | Action::SelfRenew => match (said, present) {
            (Some(said), Some(present)) if said != present => {
                Err(ScheduleRefusal::NotPossible("a condition is for administrators to change"))
            }
            (said, present) => Ok(present.or(said)),
        },
    }
}

/// May this sort of principal be given a resource role?
///
/// # Errors
/// [`ScheduleRefusal::NotPossible`] for service principals in eligibilities: they could never activate (`ARM A-17`).
pub fn check_principal(kind: Kind, principal: PrincipalKind) -> Result<(), ScheduleRefusal> {
    match (principal, kind) {
        (PrincipalKind::User | PrincipalKind::Group, _) | (PrincipalKind::Service, Kind::Assignment) => Ok(()),
        (PrincipalKind::Service, Kind::Eligibility) => {
            Err(ScheduleRefusal::NotPossible("a service principal cannot be eligible"))
        }
    }
}

/// May this request be cancelled at `now`?
///
/// # Errors
/// [`ScheduleRefusal::NotCancellable`] (`ARM 9.4`).
pub fn check_cancel(request: &Request, grant: Option<&Grant>, now: Timestamp) -> Result<(), ScheduleRefusal> {
    schedule::check_cancel(Provider::Resources, request, grant, now)
}

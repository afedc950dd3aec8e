//! The state checks that Graph and ARM share (`GRAPH 8.4`, `ARM 9.5`): state, then window, then policy.

use jiff::{SignedDuration, Timestamp};

use super::{
    Provider,
    order::{AskedEnd, Case, Decision, Held, Usable},
    refusal::ScheduleRefusal as Refused,
};
use crate::{
    grant::{Grant, GrantKind, Phase},
    policy::Kind,
    request::{Action, Request, Stage},
    time::{Ttl, Window},
};

/// No assignment is taken away before it was in force so long, and no window is shorter (`GRAPH 8.4`, `ARM 18.1`).
pub const SHORTEST: Ttl = Ttl::minutes(5);
/// An administrator's answer is awaited so long at most (seams §8).
pub const ASK_LIMIT: Ttl = Ttl::days(30);

/// How one family differs from the others (seams §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Family {
    pub(super) provider: Provider,
    /// An assignment that lies ahead is held, not pending.
    pub(super) future_is_held: bool,
    /// Every window has a least length, not that of activations alone.
    pub(super) every_window_has_a_least_length: bool,
    /// The holder may make a running activation last longer.
    pub(super) activations_can_be_prolonged: bool,
    /// An activation without schedule lasts as long as policy allows.
    pub(super) unsaid_is_the_maximum: bool,
    /// An eligibility at another scope is a refusal of its own.
    pub(super) tells_eligible_elsewhere: bool,
    /// An activation names the eligibility it rests on: one that is none is a fault of the order, nothing that is missing.
    pub(super) activations_name_eligibilities: bool,
    /// A renewal of what still runs is refused as one of nothing, not as a second one.
    pub(super) running_is_missing_to_renewals: bool,
}

/// Decides on an order. Whether the caller may administer, and whether principal, entitlement and scope exist, was seen
/// before (seams §7).
pub(super) fn decide(family: &Family, case: &Case<'_>) -> Result<Decision, Refused> {
    check_action(case)?;
    let names_eligibility = family.activations_name_eligibilities && case.order.action == Action::SelfActivate;
    if case.order.names_other_line && !names_eligibility {
        return Err(Refused::NotHeld);
    }
    match case.order.action {
        Action::AdminAssign => assign(family, case),
        Action::AdminUpdate => update(family, case),
        Action::AdminExtend => extend(case),
        Action::AdminRenew => renew(family, case),
        Action::AdminRemove => remove(case),
        Action::SelfActivate => activate(family, case),
        Action::SelfDeactivate => deactivate(case),
        Action::SelfExtend => ask_to_extend(family, case),
        Action::SelfRenew => ask_to_renew(family, case),
    }
}

fn check_action(case: &Case<'_>) -> Result<(), Refused> {
    let order = case.order;
    let activation = matches!(order.action, Action::SelfActivate | Action::SelfDeactivate);
    if activation && order.kind == Kind::Eligibility {
        return Err(Refused::NotPossible("an eligibility cannot be activated or deactivated in its own collection"));
    }
    let holders = activation || matches!(order.action, Action::SelfExtend | Action::SelfRenew);
    if holders && order.caller != order.principal {
        return Err(Refused::NotHolder);
    }
    Ok(())
}

fn assign(family: &Family, case: &Case<'_>) -> Result<Decision, Refused> {
    if let Some(held) = case.line.held {
        // An eligibility that lies ahead is one; an assignment that lies ahead is its request, still Granted.
        let ahead = case.order.kind == Kind::Assignment && !held.window.has_started(case.now);
        return Err(if ahead && !family.future_is_held { Refused::AlreadyPending } else { Refused::AlreadyHeld });
    }
    refuse_pending(case, |_| true)?;
    let window = judged_window(family, case, None)?;
    Ok(Decision::Give { window, answers: Vec::new() })
}

fn activate(family: &Family, case: &Case<'_>) -> Result<Decision, Refused> {
    if let Some(held) = case.line.held {
        let ahead = held.kind == GrantKind::Activated && !held.window.has_started(case.now);
        return Err(if ahead && !family.future_is_held { Refused::AlreadyPending } else { Refused::AlreadyHeld });
    }
    refuse_pending(case, |_| true)?;
    let unsaid = family.unsaid_is_the_maximum.then_some(case.policy.activation.expiration.maximum.ttl);
    let window = case.order.asked.window(case.now, unsaid).map_err(|_| Refused::InvalidWindow)?;
    if window.is_shorter_than(SHORTEST) {
        return Err(Refused::WindowTooShort);
    }
    if case.order.names_other_line {
        return Err(Refused::NotPossible("the eligibility that it names is none of the holder's for this scope"));
    }
    if family.tells_eligible_elsewhere && case.usable == Usable::Elsewhere {
        return Err(Refused::EligibleElsewhere);
    }
    let gates = case.policy.evaluate_activation(family.provider, &case.facts(window), case.now)?;
    let Usable::Eligible { schedule, .. } = case.usable else {
        // Unreachable while the policy lists a missing eligibility as a failed rule; said all the same.
        return Err(Refused::Rules(vec![crate::policy::FailedRule::Eligibility]));
    };
    Ok(Decision::Activate { eligibility: schedule, gates })
}

fn update(family: &Family, case: &Case<'_>) -> Result<Decision, Refused> {
    let held = assigned(case)?;
    let mut window = judged_window(family, case, None)?;
    if held.window.has_started(case.now) && window.start() <= case.now {
        // What runs goes on: only its end changes.
        window = Window::new(held.window.start(), window.end()).map_err(|_| Refused::InvalidWindow)?;
    }
    Ok(Decision::Replace { schedule: held.schedule, window, answers: Vec::new() })
}

fn extend(case: &Case<'_>) -> Result<Decision, Refused> {
    let held = assigned(case)?;
    let window = extended(case, &held)?;
    judge(case, remaining(&window, case.now)?)?;
    Ok(Decision::Replace { schedule: held.schedule, window, answers: answered(case, Action::SelfExtend) })
}

fn renew(family: &Family, case: &Case<'_>) -> Result<Decision, Refused> {
    check_renewable(family, case)?;
    let window = judged_window(family, case, None)?;
    Ok(Decision::Give { window, answers: answered(case, Action::SelfRenew) })
}

fn remove(case: &Case<'_>) -> Result<Decision, Refused> {
    if case.line.held.is_none() && case.line.pending.is_empty() {
        return Err(Refused::NotHeld);
    }
    if let Some(held) = case.line.held
        && case.order.kind == Kind::Assignment
    {
        check_held_long_enough(&held, case.now)?;
    }
    Ok(end(case, case.order.kind == Kind::Eligibility))
}

fn deactivate(case: &Case<'_>) -> Result<Decision, Refused> {
    let running = case.line.held.filter(|held| held.kind == GrantKind::Activated && held.window.has_started(case.now));
    check_held_long_enough(&running.ok_or(Refused::NotHeld)?, case.now)?;
    Ok(end(case, false))
}

fn ask_to_extend(family: &Family, case: &Case<'_>) -> Result<Decision, Refused> {
    let activation = case.line.held.filter(|held| held.kind == GrantKind::Activated);
    if let Some(held) = activation.filter(|_| family.activations_can_be_prolonged) {
        refuse_pending(case, |action| action == Action::SelfExtend)?;
        let window = remaining(&extended(case, &held)?, case.now)?;
        let gates = case.policy.evaluate_activation(family.provider, &case.facts(window), case.now)?;
        if gates.window.end() <= held.window.end() {
            // Cut to the eligibility's end, nothing is won.
            return Err(Refused::InvalidWindow);
        }
        return Ok(Decision::Prolong { schedule: held.schedule, gates });
    }
    let held = assigned(case)?;
    refuse_pending(case, |action| matches!(action, Action::SelfExtend | Action::SelfRenew))?;
    extended(case, &held)?;
    let limit = ASK_LIMIT.after(case.now);
    let until = held.window.end().map_or(limit, |end| end.min(limit));
    Ok(Decision::Ask { schedule: Some(held.schedule), until })
}

fn ask_to_renew(family: &Family, case: &Case<'_>) -> Result<Decision, Refused> {
    check_renewable(family, case)?;
    refuse_pending(case, |action| matches!(action, Action::SelfExtend | Action::SelfRenew))?;
    window(family, case, None)?;
    Ok(Decision::Ask { schedule: None, until: ASK_LIMIT.after(case.now) })
}

fn check_renewable(family: &Family, case: &Case<'_>) -> Result<(), Refused> {
    match (&case.line.held, case.line.ended_before) {
        (Some(_), _) if !family.running_is_missing_to_renewals => Err(Refused::AlreadyHeld),
        (Some(_), _) | (None, false) => Err(Refused::NotHeld),
        (None, true) => Ok(()),
    }
}

/// The five-minute rule. What is still being applied may be taken back at once (seams §5).
fn check_held_long_enough(held: &Held, now: Timestamp) -> Result<(), Refused> {
    let least = SignedDuration::from_mins(5);
    if held.in_force_since.is_some_and(|since| now.duration_since(since) < least) {
        return Err(Refused::HeldTooShort);
    }
    Ok(())
}

/// The held schedule, if an administrator gave it: an activation is nothing to update or extend (`GRAPH 8.4`).
fn assigned(case: &Case<'_>) -> Result<Held, Refused> {
    case.line.held.filter(|held| held.kind == GrantKind::Assigned).ok_or(Refused::NotHeld)
}

fn refuse_pending(case: &Case<'_>, which: impl Fn(Action) -> bool) -> Result<(), Refused> {
    if case.line.pending.iter().any(|pending| which(pending.action)) { Err(Refused::AlreadyPending) } else { Ok(()) }
}

fn answered(case: &Case<'_>, action: Action) -> Vec<crate::id::RequestId> {
    case.line.pending.iter().filter(|pending| pending.action == action).map(|pending| pending.request).collect()
}

fn end(case: &Case<'_>, ends_activations: bool) -> Decision {
    Decision::End {
        schedule: case.line.held.map(|held| held.schedule),
        cancels: case.line.pending.iter().map(|pending| pending.request).collect(),
        ends_activations,
    }
}

fn window(family: &Family, case: &Case<'_>, unsaid: Option<Ttl>) -> Result<Window, Refused> {
    let window = case.order.asked.window(case.now, unsaid).map_err(|_| Refused::InvalidWindow)?;
    if family.every_window_has_a_least_length && window.is_shorter_than(SHORTEST) {
        return Err(Refused::WindowTooShort);
    }
    Ok(window)
}

fn judged_window(family: &Family, case: &Case<'_>, unsaid: Option<Ttl>) -> Result<Window, Refused> {
    let window = window(family, case, unsaid)?;
    judge(case, window)?;
    Ok(window)
}

fn judge(case: &Case<'_>, window: Window) -> Result<(), Refused> {
    Ok(case.policy.evaluate_admin(case.order.kind, &case.facts(window), case.now)?)
}

/// The held window with the later end asked for.
fn extended(case: &Case<'_>, held: &Held) -> Result<Window, Refused> {
    let present = held.window.end().ok_or(Refused::Endless)?;
    let asked = case.order.asked;
    let end = asked.extended_end(case.now);
    if asked.end == AskedEnd::Unsaid || end.is_some_and(|end| end <= present) {
        return Err(Refused::InvalidWindow);
    }
    Window::new(held.window.start(), end).map_err(|_| Refused::InvalidWindow)
}

/// What is left of a window: how long an extension lasts is counted from now (`ARM A-19`).
fn remaining(window: &Window, now: Timestamp) -> Result<Window, Refused> {
    Window::new(window.start().max(now), window.end()).map_err(|_| Refused::InvalidWindow)
}

/// May this request be cancelled? While it waits, while it is granted for later, and on ARM while its effect is being
/// written (`GRAPH 8.6`, `ARM 9.4`, seams §5).
pub(super) fn check_cancel(
    provider: Provider,
    request: &Request,
    grant: Option<&Grant>,
    now: Timestamp,
) -> Result<(), Refused> {
    let cancellable = match (request.stage, grant.map(|grant| grant.phase)) {
        (Stage::Granted { .. }, Some(Phase::Scheduled { start })) => now < start,
        (Stage::Granted { .. }, Some(Phase::Applying { .. })) => provider == Provider::Resources,
        // An eligibility that is given for later.
        (Stage::Recorded { at }, _) => now < at,
        (Stage::Granted { .. } | Stage::Declined { .. }, _) => false,
        (
            Stage::AwaitingMfa { until }
            | Stage::AwaitingApproval { until, .. }
            | Stage::AwaitingAdministrator { until },
            _,
        ) => now < until,
    };
    if cancellable { Ok(()) } else { Err(Refused::NotCancellable) }
}

#[cfg(test)]
mod tests;

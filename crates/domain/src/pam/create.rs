//! Asking for a PAM role, and the way through its gates (`PAM 9.2`, T1–T13).

use jiff::Timestamp;

use crate::{
    Refusal,
    approval::Approval,
    grant::{Grant, GrantKind, Phase, after},
    id::{ApprovalId, GrantId, PersonId, PrincipalId, RequestId},
    pam::{Role, Settings},
    provider::Provider,
    request::{Action, Channel, Request, Stage},
    text::Justification,
};

/// What a requester orders (O2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Who asks, and is to hold.
    pub principal: PrincipalId,
    /// The human being behind him.
    pub person: PersonId,
    /// The channel.
    pub channel: Channel,
    /// The reason given.
    pub justification: Option<Justification>,
    /// Seconds asked for, more than zero.
    pub ttl: u64,
    /// Start asked for; `None` is now.
    pub start: Option<Timestamp>,
}

/// What the store knows of the role and the caller's place in it.
#[derive(Debug, Clone)]
pub struct Standing<'a> {
    /// The role, if the caller is a candidate of it.
    pub role: Option<&'a Role>,
    /// The caller's person is an approver of the role.
    pub is_approver: bool,
    /// A target of the role was found unwritable (R7).
    pub unwritable: bool,
    /// The settings in force.
    pub settings: &'a Settings,
}

/// Ids minted before the decision.
#[derive(Debug, Clone, Copy)]
pub struct NewIds {
    /// For the request.
    pub request: RequestId,
    /// For the approval, if one opens.
    pub approval: ApprovalId,
    /// For the grant, if it comes to one.
    pub grant: GrantId,
}

/// What a request came to in the commit that made it or took it through a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The request in its new stage.
    pub request: Request,
    /// The approval that opened.
    pub approval: Option<Approval>,
    /// The grant it made, *Scheduled*; one whose start has come is to be started in the same commit.
    pub grant: Option<Grant>,
    /// Approval was not needed because policy exempts owners (`PAM 10.4`).
    pub exempted: bool,
}

/// Decides on a new request (T1–T5).
///
/// # Errors
/// [`Refusal::RoleNotAvailable`], [`Refusal::Maintenance`], [`Refusal::OutsideAvailabilityWindow`],
/// [`Refusal::TargetUnwritable`], [`Refusal::Invalid`] for a start beyond the horizon; in this order (seams §7).
pub fn create(standing: &Standing<'_>, order: Order, ids: NewIds, now: Timestamp) -> Result<Passed, Refusal> {
    let settings = standing.settings;
    let role = standing.role.ok_or(Refusal::RoleNotAvailable)?;
    if settings.maintenance {
        return Err(Refusal::Maintenance);
    }
    let start = order.start.map_or(now, |start| start.max(now));
    if let (Some(horizon), Some(asked)) = (settings.start_horizon, order.start)
        && asked > after(now, horizon)
    {
        return Err(Refusal::Invalid { field: "RequestedTime", rule: "lies too far in the future" });
    }
    if let Some(window) = role.enforced_window()
        && !window.is_open(start, &settings.zone())
    {
        return Err(Refusal::OutsideAvailabilityWindow);
    }
    if standing.unwritable {
        return Err(Refusal::TargetUnwritable);
    }
    let request = Request {
        id: ids.request,
        name: None,
        provider: Provider::Pam,
        action: Action::SelfActivate,
        principal: order.principal,
        requester: order.principal,
        entitlement: role.id,
        channel: order.channel,
        justification: order.justification,
        asked_ttl: order.ttl,
        asked_start: order.start.unwrap_or(now),
        created: now,
        // Replaced below: a request never leaves this function in it.
        stage: Stage::Recorded { at: now },
    };
    if role.mfa {
        let stage = Stage::AwaitingMfa { until: after(now, settings.mfa_timeout) };
        return Ok(Passed { request: Request { stage, ..request }, approval: None, grant: None, exempted: false });
    }
    Ok(past_mfa(standing, role, request, ids, now))
}

/// The way after the proof of presence, or without one: approval, or the grant (T3–T7).
#[must_use]
pub fn past_mfa(standing: &Standing<'_>, role: &Role, request: Request, ids: NewIds, now: Timestamp) -> Passed {
    let exempted = role.approval && standing.is_approver && !role.owner_needs_approval;
    if role.approval && !exempted {
        let until = after(now, standing.settings.approval_timeout);
        let approval = Approval { id: ids.approval, request: request.id, opened: now, until, decision: None };
        let stage = Stage::AwaitingApproval { approval: approval.id, until };
        return Passed { request: Request { stage, ..request }, approval: Some(approval), grant: None, exempted };
    }
    let mut passed = past_gates(standing.settings, role, request, ids.grant, now);
    passed.exempted = exempted;
    passed
}

/// The way after the last gate: a grant that starts when its start has come and the window is open (T4, T5, T7, T9, T10).
#[must_use]
pub fn past_gates(settings: &Settings, role: &Role, request: Request, grant: GrantId, now: Timestamp) -> Passed {
    let start = start_of(settings, role, request.asked_start, now);
    let made = Grant {
        id: grant,
        request: request.id,
        provider: Provider::Pam,
        principal: request.principal,
        entitlement: request.entitlement,
        kind: GrantKind::Activated,
        lasts: Some(granted_ttl(role, &request)),
        phase: Phase::Scheduled { start },
    };
    let stage = Stage::Granted { grant };
    Passed { request: Request { stage, ..request }, approval: None, grant: Some(made), exempted: false }
}

/// Seconds granted: what was asked, capped by the role as it is at activation (`PAM 10.2`).
#[must_use]
pub fn granted_ttl(role: &Role, request: &Request) -> u64 {
    request.asked_ttl.min(role.ttl)
}

/// The instant a grant may start: the asked start or now, moved to the next opening of the window (`PAM 10.3`).
#[must_use]
pub fn start_of(settings: &Settings, role: &Role, asked: Timestamp, now: Timestamp) -> Timestamp {
    let start = asked.max(now);
    role.enforced_window().map_or(start, |window| window.next_open(start, &settings.zone()))
}

/// The record of giving a role up (`PAM 9.5`): no gate applies, and it is closed as it is made.
#[must_use]
pub fn give_up(order: &Order, role: crate::id::EntitlementId, id: RequestId, now: Timestamp) -> Request {
    Request {
        id,
        name: None,
        provider: Provider::Pam,
        action: Action::SelfDeactivate,
        principal: order.principal,
        requester: order.principal,
        entitlement: role,
        channel: order.channel,
        justification: order.justification.clone(),
        asked_ttl: 0,
        asked_start: order.start.unwrap_or(now),
        created: now,
        stage: Stage::Recorded { at: now },
    }
}

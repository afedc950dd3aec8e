//! Requests and schedules as faces render them.

use ephor_domain::{
    entitlement::EntitlementKey,
    grant::{Grant, GrantKind, Phase},
    id::{PrincipalId, RequestId},
    policy::Kind,
    principal::PrincipalKind,
    provider::{Details, Status},
    request::{Request, Stage},
};
use ephor_store::{
    Fault,
    tx::{
        line::{LineRow, line_id},
        order::OrderRow,
    },
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{held, place, standing::Standing};

/// A request with all that a client sees of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestView {
    /// The request.
    pub request: Request,
    /// Eligibility or assignment.
    pub kind: Kind,
    /// What is ordered.
    pub key: EntitlementKey,
    /// Where it stands.
    pub status: Status,
    /// When it was or will be complete.
    pub completed: Option<Timestamp>,
    /// The schedule it made, or is about.
    pub schedule: Option<Uuid>,
    /// The approval, where one was asked for.
    pub approval: Option<Uuid>,
    /// The grant it made, or took away.
    pub grant: Option<Grant>,
    /// What was said.
    pub details: Details,
    /// What the requester is.
    pub requester: PrincipalKind,
    /// The requester's name, while it is there.
    pub requester_name: Option<String>,
}

impl RequestView {
    pub(crate) fn of(row: OrderRow, now: Timestamp) -> Result<Self, Fault> {
        let OrderRow { request, grant, order, requester, requester_name } = row;
        let key = place::key(request.provider, order.definition, &order.scope)?;
        let status = Status::of(&request, grant.as_ref(), now);
        let completed = Status::completed(&request, grant.as_ref());
        let approval = order.details.stages.first().filter(|_| order.gated).map(|stage| stage.id.uuid());
        Ok(Self {
            kind: order.kind,
            key,
            status,
            completed,
            schedule: order.schedule,
            approval,
            grant,
            details: order.details,
            requester,
            requester_name,
            request,
        })
    }

    /// When it starts as far as decided, else as asked; the instant of receipt where nothing was asked.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        self.details.start.unwrap_or(self.request.asked_start)
    }

    /// Waits for somebody.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.request.stage, Stage::AwaitingApproval { .. } | Stage::AwaitingAdministrator { .. })
            && self.status != Status::TimedOut
    }
}

/// A schedule, in force or to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleView {
    /// The line: stays while schedules follow each other.
    pub line: Uuid,
    /// Eligibility or assignment.
    pub kind: Kind,
    /// What.
    pub key: EntitlementKey,
    /// Who. The caller, where it is a group's row that the caller asked for as his own: see `via`.
    pub principal: PrincipalId,
    /// The group through which the caller has it.
    pub via: Option<PrincipalId>,
    /// What clients know it by.
    pub schedule: Uuid,
    /// What clients know its running by, where that is no function of the line.
    pub instance: Uuid,
    /// Assigned or activated.
    pub how: GrantKind,
    /// When it begins; `None` where nobody knows.
    pub start: Option<Timestamp>,
    /// When it ends; `None` is for good.
    pub end: Option<Timestamp>,
    /// When the line came to life; `None` where it was made outside of schedules.
    pub created: Option<Timestamp>,
    /// When it was shaped anew.
    pub modified: Option<Timestamp>,
    /// The request that shaped it; `None` where it was made outside of schedules.
    pub made_by: Option<RequestId>,
    /// The line of the eligibility that an activation rests on.
    pub rests_on: Option<Uuid>,
    /// The word of the schedule.
    pub status: Status,
    /// It is in force now: an instance.
    pub in_force: bool,
    /// The grant of an assignment.
    pub grant: Option<Grant>,
}

impl ScheduleView {
    /// The schedule of a row; `None` when it is over by the clock.
    pub(crate) fn of(row: LineRow, now: Timestamp) -> Result<Option<Self>, Fault> {
        let Some(held) = held::held(&row, now) else { return Ok(None) };
        let LineRow { line, grant } = row;
        let key = place::key(line.provider, line.definition, &line.scope)?;
        let (status, in_force) = match (&grant, line.kind) {
            (_, Kind::Eligibility) if now < line.start => (Status::Granted, false),
            (_, Kind::Eligibility) => (Status::Provisioned, true),
            (Some(grant), Kind::Assignment) => match grant.phase {
                Phase::Scheduled { .. } => (Status::Granted, false),
                Phase::Applying { .. } => (Status::PendingProvisioning, false),
                Phase::InForce { .. } | Phase::Ending { .. } | Phase::Ended { .. } => {
                    (Status::Provisioned, grant.gives(now))
                }
            },
            (None, Kind::Assignment) => return Ok(None),
        };
        Ok(Some(Self {
            line: line.id,
            kind: line.kind,
            key,
            principal: line.principal,
            via: None,
            schedule: line.schedule,
            instance: line.instance,
            how: held.kind,
            start: Some(held.window.start()),
            end: held.window.end(),
            created: Some(line.created),
            modified: line.modified,
            made_by: Some(line.made_by),
            rests_on: line.rests_on,
            status,
            in_force,
            grant,
        }))
    }

    /// Something held for good, outside of schedules.
    pub(super) fn standing(standing: Standing) -> Self {
        let line = line_id(standing.principal, standing.key.id(), Kind::Assignment);
        Self {
            line,
            kind: Kind::Assignment,
            key: standing.key,
            principal: standing.principal,
            via: None,
            schedule: line,
            instance: line,
            how: GrantKind::Assigned,
            start: None,
            end: None,
            created: None,
            modified: None,
            made_by: None,
            rests_on: None,
            status: Status::Provisioned,
            in_force: true,
            grant: None,
        }
    }

    /// Made outside of schedules.
    #[must_use]
    pub fn is_standing(&self) -> bool {
        self.made_by.is_none()
    }
}

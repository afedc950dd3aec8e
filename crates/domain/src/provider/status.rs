//! The word of a request on Graph and ARM, from its state and the clock (`GRAPH 9.1`, seams §4).

use jiff::Timestamp;

use crate::{
    grant::{EndCause, Grant, Phase},
    request::{Action, Declined, Request, Stage},
};

/// Where a request stands, in the words that Graph and ARM share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Waits for approvers.
    PendingApproval,
    /// An extension or renewal waits for an administrator.
    PendingAdminDecision,
    /// Decided; its effect is being written.
    PendingProvisioning,
    /// Decided; the removal is being written.
    PendingRevocation,
    /// Decided; it starts later.
    Granted,
    /// Its effect is written.
    Provisioned,
    /// Its removal is done.
    Revoked,
    /// An approver or administrator said no.
    Denied,
    /// Withdrawn.
    Canceled,
    /// Nobody decided in time.
    TimedOut,
    /// It could not be written, or was void before it began.
    Failed,
}

impl Status {
    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::PendingApproval => "PendingApproval",
            Self::PendingAdminDecision => "PendingAdminDecision",
            Self::PendingProvisioning => "PendingProvisioning",
            Self::PendingRevocation => "PendingRevocation",
            Self::Granted => "Granted",
            Self::Provisioned => "Provisioned",
            Self::Revoked => "Revoked",
            Self::Denied => "Denied",
            Self::Canceled => "Canceled",
            Self::TimedOut => "TimedOut",
            Self::Failed => "Failed",
        }
    }

    /// The word of `request` at `now`; `grant` is the one it made, or the one it ended.
    #[must_use]
    pub fn of(request: &Request, grant: Option<&Grant>, now: Timestamp) -> Self {
        match request.stage {
            Stage::AwaitingMfa { until } | Stage::AwaitingApproval { until, .. } if until <= now => Self::TimedOut,
            Stage::AwaitingMfa { .. } | Stage::AwaitingApproval { .. } => Self::PendingApproval,
            Stage::AwaitingAdministrator { until } if until <= now => Self::TimedOut,
            Stage::AwaitingAdministrator { .. } => Self::PendingAdminDecision,
            // Requests outlive their grants no longer than retention; what is left of one was carried out.
            Stage::Granted { .. } => grant.map_or(Self::Provisioned, |grant| granted(grant.phase, now)),
            Stage::Recorded { .. } if takes_away(request.action) => {
                let ending = grant.is_some_and(|grant| matches!(grant.phase, Phase::Ending { .. }));
                if ending { Self::PendingRevocation } else { Self::Revoked }
            }
            Stage::Recorded { at } if now < at => Self::Granted,
            Stage::Recorded { .. } => Self::Provisioned,
            Stage::Declined { cause, .. } => declined(request.action, cause),
        }
    }

    /// When the request was or will be complete; `None` while it waits for somebody (`GRAPH 8.2`).
    #[must_use]
    pub fn completed(request: &Request, grant: Option<&Grant>) -> Option<Timestamp> {
        match request.stage {
            Stage::AwaitingMfa { .. } | Stage::AwaitingApproval { .. } | Stage::AwaitingAdministrator { .. } => None,
            Stage::Granted { .. } => grant.and_then(|grant| match grant.phase {
                Phase::Scheduled { start } => Some(start),
                Phase::Applying { .. } => None,
                Phase::InForce { since, .. } => Some(since),
                Phase::Ending { since, end, .. } | Phase::Ended { since, end, .. } => Some(since.unwrap_or(end)),
            }),
            Stage::Recorded { at } | Stage::Declined { at, .. } => Some(at),
        }
    }
}

fn granted(phase: Phase, now: Timestamp) -> Status {
    match phase {
        Phase::Scheduled { start } if now < start => Status::Granted,
        Phase::Scheduled { .. } | Phase::Applying { .. } => Status::PendingProvisioning,
        Phase::InForce { .. } => Status::Provisioned,
        Phase::Ending { since: Some(_), .. } | Phase::Ended { since: Some(_), .. } => Status::Provisioned,
        Phase::Ending { since: None, cause, .. } | Phase::Ended { since: None, cause, .. } => match cause {
            EndCause::Requester | EndCause::Administrator => Status::Canceled,
            EndCause::Expired
            | EndCause::AccountDisabled
            | EndCause::EligibilityLost
            | EndCause::EntitlementRemoved
            | EndCause::Monitor
            | EndCause::CouldNotApply
            | EndCause::Restored => Status::Failed,
        },
    }
}

const fn takes_away(action: Action) -> bool {
    matches!(action, Action::AdminRemove | Action::SelfDeactivate)
}

const fn declined(action: Action, cause: Declined) -> Status {
    match cause {
        Declined::Rejected => Status::Denied,
        Declined::MfaFailed | Declined::MfaTimedOut | Declined::ApprovalTimedOut | Declined::EndPassed => {
            Status::TimedOut
        }
        Declined::Withdrawn | Declined::Cancelled => Status::Canceled,
        // The schedule it asked about is gone (`GRAPH T13`).
        Declined::AccountDisabled | Declined::EligibilityLost | Declined::EntitlementRemoved
            if matches!(action, Action::SelfExtend | Action::SelfRenew) =>
        {
            Status::Canceled
        }
        Declined::AccountDisabled | Declined::EligibilityLost | Declined::EntitlementRemoved => Status::Failed,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        grant::GrantKind,
        id::{ApprovalId, EntitlementId, GrantId, PrincipalId, RequestId},
        provider::Provider,
        request::Channel,
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn request(action: Action, stage: Stage) -> Request {
        let id = Uuid::from_u128(1);
        Request {
            id: RequestId::new(id),
            name: None,
            provider: Provider::DirectoryRoles,
            action,
            principal: PrincipalId::new(id),
            requester: PrincipalId::new(id),
            entitlement: EntitlementId::new(id),
            channel: Channel::Graph,
            justification: None,
            asked_ttl: 0,
            asked_start: at(0),
            created: at(0),
            stage,
        }
    }

    #[test]
    fn the_word_follows_state_and_clock() {
        let approval = Stage::AwaitingApproval { approval: ApprovalId::new(Uuid::nil()), until: at(10) };
        let asked = Stage::AwaitingAdministrator { until: at(10) };
        let declined = |cause| Stage::Declined { cause, at: at(5) };
        use Action::{AdminAssign, AdminRemove, SelfActivate, SelfExtend};
        for (action, stage, now, word, completed) in [
            (SelfActivate, approval, 9, "PendingApproval", None),
            (SelfActivate, approval, 10, "TimedOut", None),
            (SelfExtend, asked, 9, "PendingAdminDecision", None),
            (AdminAssign, Stage::Recorded { at: at(10) }, 9, "Granted", Some(10)),
            (AdminAssign, Stage::Recorded { at: at(10) }, 10, "Provisioned", Some(10)),
            (AdminRemove, Stage::Recorded { at: at(10) }, 10, "Revoked", Some(10)),
            (SelfActivate, declined(Declined::Rejected), 9, "Denied", Some(5)),
            (SelfActivate, declined(Declined::EligibilityLost), 9, "Failed", Some(5)),
            (SelfExtend, declined(Declined::EligibilityLost), 9, "Canceled", Some(5)),
            (SelfActivate, declined(Declined::Withdrawn), 9, "Canceled", Some(5)),
        ] {
            let request = request(action, stage);
            assert_eq!(Status::of(&request, None, at(now)).word(), word, "{action:?} {stage:?}");
            assert_eq!(Status::completed(&request, None), completed.map(at), "{action:?} {stage:?}");
        }
    }

    #[test]
    fn a_closed_request_keeps_its_word_after_the_grant() {
        let grant = |phase| Grant {
            id: GrantId::new(Uuid::nil()),
            request: RequestId::new(Uuid::from_u128(1)),
            provider: Provider::DirectoryRoles,
            principal: PrincipalId::new(Uuid::nil()),
            entitlement: EntitlementId::new(Uuid::nil()),
            kind: GrantKind::Activated,
            lasts: Some(10),
            phase,
        };
        let activation = request(Action::SelfActivate, Stage::Granted { grant: GrantId::new(Uuid::nil()) });
        let ended = |since, cause| Phase::Ended { since, end: at(8), cause };
        for (phase, word, completed) in [
            (Phase::Scheduled { start: at(20) }, "Granted", Some(20)),
            (Phase::Scheduled { start: at(9) }, "PendingProvisioning", Some(9)),
            (Phase::Applying { since: at(5), end: None, give_up: at(50) }, "PendingProvisioning", None),
            (Phase::InForce { since: at(5), end: Some(at(15)) }, "Provisioned", Some(5)),
            (ended(Some(at(5)), EndCause::Expired), "Provisioned", Some(5)),
            (ended(None, EndCause::Administrator), "Canceled", Some(8)),
            (ended(None, EndCause::EligibilityLost), "Failed", Some(8)),
        ] {
            let grant = grant(phase);
            assert_eq!(Status::of(&activation, Some(&grant), at(10)).word(), word, "{phase:?}");
            assert_eq!(Status::completed(&activation, Some(&grant)), completed.map(at), "{phase:?}");
        }
        let removal = request(Action::AdminRemove, Stage::Recorded { at: at(8) });
        let ending = grant(Phase::Ending { since: None, end: at(8), cause: EndCause::Administrator });
        assert_eq!(Status::of(&removal, Some(&ending), at(9)), Status::PendingRevocation);
    }
}

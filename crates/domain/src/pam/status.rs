//! What the PAM face says of a request at an instant: the nine words of `PAM 9.1` and `ExpirationTime` of `PAM 9.4`.

use jiff::Timestamp;

use crate::{
    grant::{EndCause, Grant, Phase},
    request::{Declined, Request, Stage},
};

/// `RequestStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PamStatus {
    /// Accepted; gates are set up or memberships written.
    Processing,
    /// Waits for the requester's challenge.
    PendingMfa,
    /// Waits for an approver.
    PendingApproval,
    /// Gates passed, start ahead.
    Scheduled,
    /// Memberships in force.
    Active,
    /// Memberships being removed.
    Closing,
    /// Ended early or withdrawn.
    Closed,
    /// Ran its full time.
    Expired,
    /// Refused.
    Rejected,
}

impl PamStatus {
    /// The word on the wire: one word always (C13).
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Processing => "Processing",
            Self::PendingMfa => "PendingMFA",
            Self::PendingApproval => "PendingApproval",
            Self::Scheduled => "Scheduled",
            Self::Active => "Active",
            Self::Closing => "Closing",
            Self::Closed => "Closed",
            Self::Expired => "Expired",
            Self::Rejected => "Rejected",
        }
    }

    /// True for the states that never change (`PAM 9.2`).
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Closed | Self::Expired | Self::Rejected)
    }
}

/// A request as the PAM face shows it at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// `RequestStatus`.
    pub status: PamStatus,
    /// `ExpirationTime`; `None` is the sentinel.
    pub expiration: Option<Timestamp>,
}

/// How `request` and the grant it made look at `now`. Expiry is a property of time: at or after the end this never
/// says *Active*, whatever the workers have done (`PAM 9.7`).
#[must_use]
pub fn view(request: &Request, grant: Option<&Grant>, now: Timestamp) -> View {
    let bare = |status| View { status, expiration: None };
    match (request.stage, grant) {
        (Stage::AwaitingMfa { until }, _) if now >= until => bare(PamStatus::Rejected),
        (Stage::AwaitingMfa { .. }, _) => bare(PamStatus::PendingMfa),
        (Stage::AwaitingApproval { until, .. } | Stage::AwaitingAdministrator { until }, _) if now >= until => {
            bare(PamStatus::Rejected)
        }
        (Stage::AwaitingApproval { .. } | Stage::AwaitingAdministrator { .. }, _) => bare(PamStatus::PendingApproval),
        (Stage::Declined { cause, .. }, _) => bare(declined(cause)),
        (Stage::Recorded { at }, _) => View { status: PamStatus::Closed, expiration: Some(at) },
        (Stage::Granted { .. }, None) => bare(PamStatus::Processing),
        (Stage::Granted { .. }, Some(grant)) => of_grant(&grant.phase, now),
    }
}

/// How the request of a grant in this phase looks at `now`.
#[must_use]
pub fn of_grant(phase: &Phase, now: Timestamp) -> View {
    let past = |end: Option<Timestamp>| end.is_some_and(|end| now >= end);
    match *phase {
        Phase::Scheduled { .. } => View { status: PamStatus::Scheduled, expiration: None },
        Phase::Applying { .. } => View { status: PamStatus::Processing, expiration: None },
        Phase::InForce { end, .. } if past(end) => View { status: PamStatus::Closing, expiration: end },
        Phase::InForce { end, .. } => View { status: PamStatus::Active, expiration: end },
        Phase::Ending { cause: EndCause::CouldNotApply, .. } => {
            View { status: PamStatus::Processing, expiration: None }
        }
        Phase::Ending { since, end, .. } => View { status: PamStatus::Closing, expiration: since.map(|_| end) },
        Phase::Ended { cause: EndCause::CouldNotApply, .. } => View { status: PamStatus::Rejected, expiration: None },
        Phase::Ended { since: Some(_), end, cause: EndCause::Expired } => {
            View { status: PamStatus::Expired, expiration: Some(end) }
        }
        Phase::Ended { since, end, .. } => View { status: PamStatus::Closed, expiration: since.map(|_| end) },
    }
}

const fn declined(cause: Declined) -> PamStatus {
    match cause {
        Declined::Rejected
        | Declined::MfaFailed
        | Declined::MfaTimedOut
        | Declined::ApprovalTimedOut
        | Declined::EndPassed => PamStatus::Rejected,
        Declined::Withdrawn
        | Declined::Cancelled
        | Declined::AccountDisabled
        | Declined::EligibilityLost
        | Declined::EntitlementRemoved => PamStatus::Closed,
    }
}

//! Why an order for a schedule is refused on Graph and ARM. PAM has its own reasons in [`crate::Refusal`].

use thiserror::Error;

use crate::policy::{ContextClass, Denied, FailedRule, PolicyError};

/// Why an order for a schedule, a cancel or a policy change is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScheduleRefusal {
    /// The line is held already, or will be (`RoleAssignmentExists`).
    #[error("the assignment already exists")]
    AlreadyHeld,
    /// An order for the line is still open (`PendingRoleAssignmentRequest`).
    #[error("an order for the same line is pending")]
    AlreadyPending,
    /// There is nothing to change or take away (`RoleAssignmentDoesNotExist`).
    #[error("the assignment does not exist")]
    NotHeld,
    /// In force for less than five minutes: it cannot be given up or taken away yet (`ActiveDurationTooShort`).
    #[error("the assignment has been in force for less than five minutes")]
    HeldTooShort,
    /// The window asked for is shorter than five minutes.
    #[error("a schedule lasts at least five minutes")]
    WindowTooShort,
    /// The end is not after the start, lies in the past, or an extension does not extend.
    #[error("the schedule is invalid")]
    InvalidWindow,
    /// A schedule without end cannot be extended.
    #[error("a schedule without end cannot be extended")]
    Endless,
    /// The action does not exist for this collection, or for this sort of principal.
    #[error("the order is not possible: {0}")]
    NotPossible(&'static str),
    /// A self action for somebody else.
    #[error("the holder alone can order this")]
    NotHolder,
    /// The caller is eligible for the same thing at another scope only (`GRAPH 10.2`).
    #[error("the eligibility is at another scope")]
    EligibleElsewhere,
    /// Policy rules failed; all of them, sorted.
    #[error("policy rules failed")]
    Rules(Vec<FailedRule>),
    /// The token lacks an authentication context.
    #[error("the token lacks authentication context {0}")]
    Context(ContextClass),
    /// The request is in no state that can be cancelled.
    #[error("the request cannot be cancelled in its present state")]
    NotCancellable,
    /// The group is owned outside Ephor or its members follow a rule (`GRAPH 12.3`).
    #[error("the group is managed elsewhere")]
    NotSupported,
    /// There is no such scope (`InvalidScope`).
    #[error("there is no such scope")]
    NoScope,
    /// The stage was decided before, or has ended otherwise (`GRAPH 11.4`).
    #[error("the stage is decided already")]
    AlreadyDecided,
    /// An earlier stage is still open.
    #[error("an earlier stage is still open")]
    StageNotOpen,
    /// The policy asks the approver for a reason.
    #[error("the approver must give a reason")]
    ReasonRequired,
    /// A policy change breaks a rule.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl ScheduleRefusal {
    /// The reason code of records and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AlreadyHeld => "already_held",
            Self::AlreadyPending => "already_pending",
            Self::NotHeld => "not_held",
            Self::HeldTooShort => "held_too_short",
            Self::WindowTooShort => "window_too_short",
            Self::InvalidWindow => "invalid_window",
            Self::Endless => "endless",
            Self::NotPossible(_) => "not_possible",
            Self::NotHolder => "not_holder",
            Self::EligibleElsewhere => "eligible_elsewhere",
            Self::Rules(_) => "policy_rules_failed",
            Self::Context(_) => "context_missing",
            Self::NotCancellable => "not_cancellable",
            Self::NotSupported => "not_supported",
            Self::NoScope => "no_scope",
            Self::AlreadyDecided => "already_decided",
            Self::StageNotOpen => "stage_not_open",
            Self::ReasonRequired => "reason_required",
            Self::Policy(_) => "invalid_policy",
        }
    }
}

impl From<Denied> for ScheduleRefusal {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Rules(rules) => Self::Rules(rules),
            Denied::Context(class) => Self::Context(class),
            // Only PAM roles have an availability window; a policy of another provider cannot enforce one.
            Denied::OutsideAvailability => Self::InvalidWindow,
        }
    }
}

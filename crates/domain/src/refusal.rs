//! Every business reason to say no (architecture §4). Each face answers every one of them in one table.

use crate::{provider::ScheduleRefusal, resource::ResourceRefusal};

/// Why an order is refused. Faults (store down, time-out) are a different type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The caller signed in but is nobody we serve.
    #[error("the caller is not a known user")]
    UnknownCaller,
    /// The caller's account is disabled.
    #[error("the account is disabled")]
    AccountDisabled,
    /// The caller lacks the administrative right.
    #[error("the caller may not administer this")]
    NotAdministrator,
    /// A step that wants a person was taken by a token or an application (seams §8).
    #[error("this step needs a person who signed in recently")]
    PersonRequired,
    /// Role unknown, or the caller is no candidate: one answer for both (`PAM 3.6`).
    #[error("the role is not available to the caller")]
    RoleNotAvailable,
    /// The start lies outside the daily window (`PAM 10.3`).
    #[error("the requested start lies outside the availability window of the role")]
    OutsideAvailabilityWindow,
    /// New requests are refused while maintenance lasts (`PAM 15.6`).
    #[error("the service is in maintenance")]
    Maintenance,
    /// Request unknown or not the caller's: one answer for both.
    #[error("the request is not available to the caller")]
    RequestNotAvailable,
    /// The request is in a state that cannot be closed (`PAM 9.3`).
    #[error("the request cannot be closed in its present state")]
    RequestNotClosable,
    /// Approval unknown, not the caller's to decide, or decided already: one answer for all.
    #[error("the approval is not available to the caller")]
    ApprovalNotAvailable,
    /// Requester or target tried to decide (S1).
    #[error("nobody decides on a request of his own")]
    SelfApproval,
    /// The target was found unwritable by its self-test: new grants are refused (R7).
    #[error("a target directory of this role cannot be written to")]
    TargetUnwritable,
    /// Too many requests of one person in a short time (seams §15).
    #[error("too many requests")]
    TooManyRequests,
    /// An administrator named something that is not there.
    #[error("there is no such {what}")]
    NotFound {
        /// Sort of object: `role`, `user`, `group`, `request`, …
        what: &'static str,
    },
    /// A name or id is in use already.
    #[error("{what} is already in use")]
    Conflict {
        /// What must be unique.
        what: &'static str,
    },
    /// An administrator's input breaks a rule of the model.
    #[error("{field}: {rule}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// Which rule, in words without the caller's text.
        rule: &'static str,
    },
    /// The object is in use and must not go (`PAM-118`).
    #[error("{what} is still in use: {by}")]
    InUse {
        /// Sort of object.
        what: &'static str,
        /// What uses it.
        by: &'static str,
    },
    /// The last enabled standing administrator cannot be removed or disabled (seams §14).
    #[error("the last administrator cannot be removed or disabled")]
    LastAdministrator,
    /// An order for a schedule, a cancel or a policy change breaks a rule of Graph or ARM.
    #[error(transparent)]
    Schedule(#[from] ScheduleRefusal),
    /// An order about roles and scopes of resources breaks a rule of ARM.
    #[error(transparent)]
    Resource(#[from] ResourceRefusal),
}

impl Refusal {
    /// The reason code of records and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownCaller => "unknown_caller",
            Self::AccountDisabled => "account_disabled",
            Self::NotAdministrator => "not_administrator",
            Self::PersonRequired => "person_required",
            Self::RoleNotAvailable => "role_not_available",
            Self::OutsideAvailabilityWindow => "outside_availability_window",
            Self::Maintenance => "maintenance",
            Self::RequestNotAvailable => "request_not_available",
            Self::RequestNotClosable => "request_not_closable",
            Self::ApprovalNotAvailable => "approval_not_available",
            Self::SelfApproval => "self_approval",
            Self::TargetUnwritable => "target_unwritable",
            Self::TooManyRequests => "too_many_requests",
            Self::NotFound { .. } => "not_found",
            Self::Conflict { .. } => "conflict",
            Self::Invalid { .. } => "invalid",
            Self::InUse { .. } => "in_use",
            Self::LastAdministrator => "last_administrator",
            Self::Schedule(refusal) => refusal.code(),
            Self::Resource(refusal) => refusal.code(),
        }
    }
}

//! Every refusal of the engine as the wire says it (`GRAPH 4.2`).

use ephor_domain::{Refusal, policy::PolicyError, provider::ScheduleRefusal};
use ephor_engine::Denied;
use http::StatusCode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::GraphError;

/// What stands raw in the claims of `GRAPH 10.4`.
const CLAIMS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.').remove(b'~');

impl From<Denied> for GraphError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Refused(refusal) => said(&refusal),
            Denied::Failed(fault) => {
                tracing::error!(cause = fault.cause(), "the store does not do its part");
                Self::unavailable()
            }
        }
    }
}

impl GraphError {
    /// The refusal of a change to the directory: missing rights are said in its words (`GRAPH 4.2`).
    pub(crate) fn of_directory(denied: Denied) -> Self {
        match denied {
            Denied::Refused(
                Refusal::NotAdministrator | Refusal::PersonRequired | Refusal::UnknownCaller | Refusal::AccountDisabled,
            ) => Self::new(
                StatusCode::FORBIDDEN,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            ),
            denied @ (Denied::Refused(_) | Denied::Failed(_)) => denied.into(),
        }
    }
}

fn forbidden() -> GraphError {
    GraphError::new(
        StatusCode::FORBIDDEN,
        "UnauthorizedAccessException",
        "Attempted to perform an unauthorized operation.",
    )
}

fn said(refusal: &Refusal) -> GraphError {
    let bad = |code, message: &str| GraphError::new(StatusCode::BAD_REQUEST, code, message);
    match refusal {
        Refusal::UnknownCaller
        | Refusal::AccountDisabled
        | Refusal::NotAdministrator
        | Refusal::PersonRequired
        | Refusal::RoleNotAvailable
        | Refusal::SelfApproval => forbidden(),
        Refusal::OutsideAvailabilityWindow | Refusal::Invalid { .. } | Refusal::InUse { .. } => {
            GraphError::bad_object(refusal.to_string())
        }
        Refusal::LastAdministrator => GraphError::bad_object("The last administrator cannot be removed or disabled."),
        Refusal::Conflict { .. } => GraphError::bad_object(
            "A conflicting object with one or more of the specified property values is present in the directory.",
        ),
        Refusal::Maintenance | Refusal::TargetUnwritable => GraphError::unavailable(),
        Refusal::RequestNotAvailable => GraphError::new(
            StatusCode::NOT_FOUND,
            "RoleAssignmentRequestNotFound",
            "The role assignment request is not found.",
        ),
        Refusal::RequestNotClosable => bad("RequestCannotBeCancelled", "The request cannot be cancelled."),
        Refusal::ApprovalNotAvailable => {
            GraphError::new(StatusCode::NOT_FOUND, "ApprovalNotFound", "The approval is not found.")
        }
        Refusal::TooManyRequests => GraphError::too_many(60),
        Refusal::NotFound { what: "policy" | "alert" } => GraphError::not_found(),
        Refusal::NotFound { .. } => {
            GraphError::new(StatusCode::NOT_FOUND, "Request_ResourceNotFound", "The resource does not exist.")
        }
        Refusal::Schedule(refusal) => schedule(refusal),
        Refusal::Resource(refusal) => GraphError::bad_object(refusal.to_string()),
    }
}

fn schedule(refusal: &ScheduleRefusal) -> GraphError {
    let bad = |code, message: &str| GraphError::new(StatusCode::BAD_REQUEST, code, message);
    match refusal {
        ScheduleRefusal::AlreadyHeld => bad("RoleAssignmentExists", "The Role assignment already exists."),
        ScheduleRefusal::AlreadyPending => {
            bad("PendingRoleAssignmentRequest", "There is already an existing pending Role assignment request.")
        }
        ScheduleRefusal::NotHeld => bad("RoleAssignmentDoesNotExist", "The Role assignment does not exist."),
        // The spelling is the served one.
        ScheduleRefusal::HeldTooShort | ScheduleRefusal::WindowTooShort => {
            bad("ActiveDurationTooShort", "The Active duration is too short. Miniumum Required is 5 minutes.")
        }
        ScheduleRefusal::InvalidWindow => {
            bad("InvalidRoleAssignmentRequestSchedule", "The role assignment request schedule is invalid.")
        }
        ScheduleRefusal::Endless | ScheduleRefusal::NotPossible(_) => {
            bad("InvalidRoleAssignmentRequest", "The role assignment request is invalid.")
        }
        ScheduleRefusal::NotHolder => forbidden(),
        ScheduleRefusal::EligibleElsewhere => bad("InvalidScope", "The scope is invalid."),
        ScheduleRefusal::Rules(failed) => {
            let names: Vec<String> = failed.iter().map(|rule| format!("\"{}\"", rule.word())).collect();
            bad(
                "RoleAssignmentRequestPolicyValidationFailed",
                &format!("The following policy rules failed: [{}]", names.join(",")),
            )
        }
        ScheduleRefusal::Context(class) => {
            let claims = format!(r#"{{"access_token":{{"acrs":{{"essential":true, "value":"{class}"}}}}}}"#);
            bad(
                "RoleAssignmentRequestAcrsValidationFailed",
                &format!("&claims={}", utf8_percent_encode(&claims, CLAIMS)),
            )
        }
        ScheduleRefusal::NotCancellable => bad("RequestCannotBeCancelled", "The request cannot be cancelled."),
        ScheduleRefusal::NoScope => bad("InvalidScope", "The scope is invalid."),
        ScheduleRefusal::AlreadyDecided => {
            GraphError::new(StatusCode::CONFLICT, "ApprovalAlreadyCompleted", "The approval step is already completed.")
        }
        ScheduleRefusal::StageNotOpen => GraphError::bad_request("An earlier stage of the approval is still open."),
        ScheduleRefusal::ReasonRequired => GraphError::bad_request("A justification is required for this decision."),
        ScheduleRefusal::NotSupported => bad("NotSupported", "The operation is not supported for this group."),
        ScheduleRefusal::Policy(PolicyError::MfaAndContext) => {
            bad("MfaAndAcrsConflict", "The Mfa and Acrs policy settings cannot be enabled simultaneously.")
        }
        ScheduleRefusal::Policy(_) => bad("InvalidPolicy", "The policy is invalid."),
    }
}

#[cfg(test)]
mod tests {
    use ephor_domain::policy::{ContextClass, FailedRule};

    use super::*;

    #[test]
    fn words_are_those_of_the_contract() {
        let text = |refusal| {
            let error = schedule(&refusal);
            (error.status.as_u16(), error.code.into_owned(), error.message)
        };
        for (refusal, code, message) in [
            (ScheduleRefusal::AlreadyHeld, "RoleAssignmentExists", "The Role assignment already exists."),
            (
                ScheduleRefusal::HeldTooShort,
                "ActiveDurationTooShort",
                "The Active duration is too short. Miniumum Required is 5 minutes.",
            ),
            (
                ScheduleRefusal::WindowTooShort,
                "ActiveDurationTooShort",
                "The Active duration is too short. Miniumum Required is 5 minutes.",
            ),
            (
                ScheduleRefusal::Rules(vec![FailedRule::Justification, FailedRule::Mfa]),
                "RoleAssignmentRequestPolicyValidationFailed",
                "The following policy rules failed: [\"JustificationRule\",\"MfaRule\"]",
            ),
            (
                ScheduleRefusal::Context(ContextClass::new(1).unwrap()),
                "RoleAssignmentRequestAcrsValidationFailed",
                "&claims=%7B%22access_token%22%3A%7B%22acrs%22%3A%7B%22essential%22%3Atrue%2C%20%22value%22%3A%22c1%22%7D%7D%7D",
            ),
        ] {
            assert_eq!(text(refusal), (400, code.to_owned(), message.to_owned()));
        }
    }
}

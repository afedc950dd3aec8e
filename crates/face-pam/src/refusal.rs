//! The one table from reasons to statuses, codes and texts (`PAM 3.6`).

use ephor_domain::Refusal;
use ephor_engine::{Denied, Fault};
use ephor_odata::FilterError;
use http::StatusCode;

use crate::problem::Problem;

/// What the wire says of a refusal. One arm for each: a new refusal does not compile until it is answered here.
fn of_refusal(refusal: &Refusal) -> Problem {
    let forbidden = |code, text: &'static str| Problem::new(StatusCode::FORBIDDEN, code, text);
    match refusal {
        Refusal::UnknownCaller => forbidden("NotAuthorized", "You are not a user of privileged access management."),
        Refusal::AccountDisabled => forbidden("AccountDisabled", "Your account is disabled."),
        Refusal::NotAdministrator => forbidden("NotAuthorized", "You are not an administrator."),
        Refusal::PersonRequired => forbidden("NotAuthorized", "This step needs a person who signed in recently."),
        Refusal::RoleNotAvailable => forbidden("RoleNotAvailable", "The role is not available to you."),
        Refusal::OutsideAvailabilityWindow => forbidden(
            "OutsideAvailabilityWindow",
            "The requested start lies outside the hours in which the role is available.",
        ),
        Refusal::Maintenance => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Maintenance",
            "The service is in maintenance and takes no new requests.",
        )
        .retry_after(300),
        Refusal::RequestNotAvailable => forbidden("RequestNotAvailable", "The request is not available to you."),
        Refusal::RequestNotClosable => {
            forbidden("RequestNotClosable", "The request cannot be closed in its present state.")
        }
        Refusal::ApprovalNotAvailable => forbidden("ApprovalNotAvailable", "The approval is not available to you."),
        Refusal::SelfApproval => forbidden("SelfApprovalDenied", "Nobody decides on a request of his own."),
        Refusal::TargetUnwritable => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            "A directory of this role cannot be written to at the moment.",
        )
        .retry_after(60),
        // 429 is not among the statuses of this API; 503 with a time to wait says the same to its clients.
        Refusal::TooManyRequests => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "TooManyRequests",
            "You have made too many requests in a short time.",
        )
        .retry_after(60),
        Refusal::Invalid { field, rule } => Problem::invalid_parameter(format!("{field} {rule}.")),
        // No operation of this face is refused so; they are answered all the same.
        Refusal::NotFound { .. } => Problem::not_found(),
        Refusal::Conflict { .. }
        | Refusal::InUse { .. }
        | Refusal::LastAdministrator
        | Refusal::Schedule(_)
        | Refusal::Resource(_) => forbidden("NotAuthorized", "The operation is not allowed in the present state."),
    }
}

/// What the wire says of a fault. The cause goes to the log.
pub(crate) fn of_fault(fault: &Fault) -> Problem {
    match fault {
        Fault::Timeout => Problem::timeout(),
        Fault::Unavailable { .. } | Fault::Unknown { .. } | Fault::Closed | Fault::InUse => Problem::unavailable(),
        Fault::Conflict { .. }
        | Fault::Dangling { .. }
        | Fault::Inconsistent { .. }
        | Fault::TooNew { .. }
        | Fault::ChangedHistory { .. }
        | Fault::Corrupt { .. }
        | Fault::Misuse { .. } => Problem::internal(),
        // The store may learn of further ones.
        _ => Problem::internal(),
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Refused(refusal) => of_refusal(&refusal),
            Denied::Failed(fault) => {
                tracing::error!(cause = fault.cause(), "a PAM call failed");
                of_fault(&fault)
            }
        }
    }
}

impl From<FilterError> for Problem {
    /// The texts of filter errors name a position and repeat nothing.
    fn from(error: FilterError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidFilter", error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    /// The table of the contract, line by line.
    #[test]
    fn refusals_have_the_status_and_code_of_the_contract() {
        for (refusal, status, code) in [
            (Refusal::UnknownCaller, 403, "NotAuthorized"),
            (Refusal::AccountDisabled, 403, "AccountDisabled"),
            (Refusal::NotAdministrator, 403, "NotAuthorized"),
            (Refusal::PersonRequired, 403, "NotAuthorized"),
            (Refusal::RoleNotAvailable, 403, "RoleNotAvailable"),
            (Refusal::OutsideAvailabilityWindow, 403, "OutsideAvailabilityWindow"),
            (Refusal::Maintenance, 503, "Maintenance"),
            (Refusal::RequestNotAvailable, 403, "RequestNotAvailable"),
            (Refusal::RequestNotClosable, 403, "RequestNotClosable"),
            (Refusal::ApprovalNotAvailable, 403, "ApprovalNotAvailable"),
            (Refusal::SelfApproval, 403, "SelfApprovalDenied"),
            (Refusal::TargetUnwritable, 503, "ServiceUnavailable"),
            (Refusal::TooManyRequests, 503, "TooManyRequests"),
            (Refusal::NotFound { what: "role" }, 404, "NotFound"),
            (Refusal::Conflict { what: "role name" }, 403, "NotAuthorized"),
            (Refusal::Invalid { field: "RequestedTime", rule: "lies too far in the future" }, 400, "InvalidParameter"),
            (Refusal::InUse { what: "user", by: "role" }, 403, "NotAuthorized"),
            (Refusal::LastAdministrator, 403, "NotAuthorized"),
        ] {
            let problem = of_refusal(&refusal);
            let (got_status, got_code, text) = problem.facts();
            assert_eq!((got_status, got_code), (status, code), "{refusal:?}");
            assert!(text.ends_with('.') && !text.contains(['<', '>', '&']), "{refusal:?}: {text}");
            assert_eq!(problem.header(&header::RETRY_AFTER).is_some(), status == 503, "{refusal:?}");
        }
    }

    #[test]
    fn faults_have_the_status_and_code_of_the_contract() {
        let cause = || "<disk full>".to_owned();
        for (fault, status, code) in [
            (Fault::Timeout, 408, "Timeout"),
            (Fault::Unavailable { cause: cause() }, 503, "ServiceUnavailable"),
            (Fault::Unknown { cause: cause() }, 503, "ServiceUnavailable"),
            (Fault::Closed, 503, "ServiceUnavailable"),
            (Fault::Corrupt { cause: cause() }, 500, "InternalError"),
            (Fault::Misuse { cause: cause() }, 500, "InternalError"),
            (Fault::Inconsistent { table: "request", column: "stage", id: cause() }, 500, "InternalError"),
        ] {
            let problem = of_fault(&fault);
            let (got_status, got_code, text) = problem.facts();
            assert_eq!((got_status, got_code), (status, code), "{fault:?}");
            assert!(!text.contains(['<', '>', '&']), "{fault:?}: {text}");
            assert_eq!(problem.header(&header::RETRY_AFTER).is_some(), status == 503, "{fault:?}");
        }
    }
}

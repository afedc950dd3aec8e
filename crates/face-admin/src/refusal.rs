//! The one table from reasons to statuses and codes.

use ephor_domain::{Refusal, resource::ResourceRefusal};
use ephor_engine::{Denied, Fault};
use http::StatusCode;

use crate::problem::Problem;

/// What the wire says of a refusal. One arm for each: a new refusal does not compile until it is answered here. The
/// texts are the refusals' own, which repeat nothing the caller sent.
pub(crate) fn of_refusal(refusal: &Refusal) -> Problem {
    let say = |status| Problem::new(status, refusal.code(), sentence(&refusal.to_string()));
    match refusal {
        Refusal::AccountDisabled => say(StatusCode::UNAUTHORIZED),
        Refusal::UnknownCaller
        | Refusal::NotAdministrator
        | Refusal::PersonRequired
        | Refusal::RoleNotAvailable
        | Refusal::OutsideAvailabilityWindow
        | Refusal::SelfApproval => say(StatusCode::FORBIDDEN),
        Refusal::RequestNotAvailable | Refusal::ApprovalNotAvailable | Refusal::NotFound { .. } => {
            say(StatusCode::NOT_FOUND)
        }
        Refusal::RequestNotClosable | Refusal::Conflict { .. } | Refusal::InUse { .. } | Refusal::LastAdministrator => {
            say(StatusCode::CONFLICT)
        }
        Refusal::Invalid { field, .. } => say(StatusCode::BAD_REQUEST).about(field),
        Refusal::Schedule(_) => say(StatusCode::BAD_REQUEST),
        Refusal::Resource(refused) => say(resource(refused)),
        Refusal::TooManyRequests => say(StatusCode::TOO_MANY_REQUESTS).retry_after(60),
        Refusal::Maintenance => say(StatusCode::SERVICE_UNAVAILABLE).retry_after(300),
        Refusal::TargetUnwritable => say(StatusCode::SERVICE_UNAVAILABLE).retry_after(60),
    }
}

/// The status of a refusal about resources.
fn resource(refused: &ResourceRefusal) -> StatusCode {
    match refused {
        ResourceRefusal::NotAuthorized { .. } | ResourceRefusal::Denied { .. } | ResourceRefusal::OwnRowsOnly => {
            StatusCode::FORBIDDEN
        }
        ResourceRefusal::NoScope(_) | ResourceRefusal::NoRole(_) | ResourceRefusal::NoAssignment(_) => {
            StatusCode::NOT_FOUND
        }
        ResourceRefusal::AssignmentExists
        | ResourceRefusal::UpdateNotPermitted
        | ResourceRefusal::LastAdministrator
        | ResourceRefusal::RoleNameTaken
        | ResourceRefusal::RoleInUse
        | ResourceRefusal::BuiltInRole
        | ResourceRefusal::ScopeInUse(_) => StatusCode::CONFLICT,
        ResourceRefusal::RoleElsewhere
        | ResourceRefusal::NoPrincipal(_)
        | ResourceRefusal::OtherPrincipalType
        | ResourceRefusal::PrincipalType
        | ResourceRefusal::Invalid(_) => StatusCode::BAD_REQUEST,
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
                tracing::error!(cause = fault.cause(), "an administrator's call failed");
                of_fault(&fault)
            }
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        of_refusal(&refusal)
    }
}

/// A capital at the beginning and a full stop at the end.
pub(crate) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_a_status_and_their_own_code() {
        let facts = |refusal: Refusal| of_refusal(&refusal).facts();
        assert_eq!(facts(Refusal::NotAdministrator), (403, "not_administrator"));
        assert_eq!(facts(Refusal::NotFound { what: "role" }), (404, "not_found"));
        assert_eq!(facts(Refusal::Conflict { what: "the name" }), (409, "conflict"));
        assert_eq!(facts(Refusal::InUse { what: "the user", by: "a role" }), (409, "in_use"));
        assert_eq!(facts(Refusal::Invalid { field: "ttl", rule: "is too long" }), (400, "invalid"));
        assert_eq!(facts(Refusal::Maintenance), (503, "maintenance"));
        assert_eq!(facts(Refusal::LastAdministrator), (409, "last_administrator"));
    }

    #[test]
    fn texts_are_sentences() {
        assert_eq!(sentence("the account is disabled"), "The account is disabled.");
    }
}

//! Every refusal of the engine as the wire says it (`ARM 5.1`, `ARM 18`).

use ephor_domain::{
    Refusal,
    provider::ScheduleRefusal,
    resource::{NoSuchScope, ResourceRefusal},
};
use ephor_engine::Denied;
use http::StatusCode;

use crate::{call::Call, error::ArmError};

/// What the wire says of a refusal to this caller.
pub(crate) fn said(call: &Call, denied: Denied) -> ArmError {
    let who = Who { name: call.caller_name(), id: call.id().to_string() };
    match denied {
        Denied::Refused(refusal) => refused(&who, &refusal),
        Denied::Failed(fault) => {
            tracing::error!(cause = fault.cause(), "the store does not do its part");
            ArmError::unavailable()
        }
    }
}

struct Who {
    name: String,
    id: String,
}

impl Who {
    fn not_authorized(&self, action: &str, scope: &str, hint: &str) -> ArmError {
        ArmError::new(
            StatusCode::FORBIDDEN,
            "AuthorizationFailed",
            format!(
                "The client '{}' with object id '{}' does not have authorization to perform action '{action}' over \
                 scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your \
                 credentials.{hint}",
                self.name, self.id
            ),
        )
    }
}

fn refused(who: &Who, refusal: &Refusal) -> ArmError {
    match refusal {
        Refusal::Resource(refusal) => resource(who, refusal),
        Refusal::Schedule(refusal) => schedule(who, refusal),
        Refusal::UnknownCaller
        | Refusal::AccountDisabled
        | Refusal::NotAdministrator
        | Refusal::PersonRequired
        | Refusal::RoleNotAvailable
        | Refusal::SelfApproval => ArmError::new(
            StatusCode::FORBIDDEN,
            "AuthorizationFailed",
            format!("The caller may not do this: {refusal}."),
        ),
        Refusal::RequestNotAvailable | Refusal::ApprovalNotAvailable | Refusal::NotFound { .. } => {
            ArmError::new(StatusCode::NOT_FOUND, "ResourceNotFound", "The resource was not found.")
        }
        Refusal::Maintenance | Refusal::TargetUnwritable => ArmError::unavailable(),
        Refusal::TooManyRequests => ArmError::too_many(60),
        Refusal::Conflict { .. } => ArmError::new(
            StatusCode::CONFLICT,
            "Conflict",
            format!("The request conflicts with what is there: {refusal}."),
        ),
        Refusal::OutsideAvailabilityWindow
        | Refusal::RequestNotClosable
        | Refusal::Invalid { .. }
        | Refusal::InUse { .. }
        | Refusal::LastAdministrator => {
            ArmError::bad("InvalidRequestContent", format!("The request content was invalid: {refusal}."))
        }
    }
}

fn schedule(who: &Who, refusal: &ScheduleRefusal) -> ArmError {
    match refusal {
        ScheduleRefusal::AlreadyHeld => ArmError::bad("RoleAssignmentExists", "The Role assignment already exists."),
        ScheduleRefusal::AlreadyPending => ArmError::bad(
            "PendingRoleAssignmentRequest",
            "There is already an existing pending Role assignment request.",
        ),
        ScheduleRefusal::NotHeld => ArmError::bad("RoleAssignmentDoesNotExist", "The Role assignment does not exist."),
        // The spelling is the served one.
        ScheduleRefusal::HeldTooShort => {
            ArmError::bad("ActiveDurationTooShort", "The Active duration is too short. Miniumum Required is 5 minutes.")
        }
        ScheduleRefusal::WindowTooShort | ScheduleRefusal::InvalidWindow => {
            ArmError::bad("InvalidRoleAssignmentRequestSchedule", "The role assignment request schedule is invalid.")
        }
        ScheduleRefusal::NotHolder => ArmError::bad(
            "InsufficientPermissions",
            format!("The requestor {} does not have permissions for this request.", who.id),
        ),
        ScheduleRefusal::EligibleElsewhere | ScheduleRefusal::NoScope => {
            ArmError::bad("InvalidScope", "The scope is invalid.")
        }
        ScheduleRefusal::Rules(failed) => {
            let names: Vec<String> = failed.iter().map(|rule| format!("\"{}\"", rule.word())).collect();
            ArmError::bad(
                "RoleAssignmentRequestPolicyValidationFailed",
                format!("The following policy rules failed: [{}]", names.join(",")),
            )
        }
        ScheduleRefusal::Context(class) => ArmError::bad(
            "RoleAssignmentRequestAcrsValidationFailed",
            format!(
                "&claims=%7B%22access_token%22%3A%7B%22acrs%22%3A%7B%22essential%22%3Atrue%2C%20%22value%22%3A%22{class}\
                 %22%7D%7D%7D"
            ),
        ),
        ScheduleRefusal::AlreadyDecided | ScheduleRefusal::StageNotOpen => {
            ArmError::new(StatusCode::CONFLICT, "ApprovalAlreadyCompleted", "The approval is completed already.")
        }
        ScheduleRefusal::Endless
        | ScheduleRefusal::NotPossible(_)
        | ScheduleRefusal::NotCancellable
        | ScheduleRefusal::NotSupported
        | ScheduleRefusal::ReasonRequired => {
            ArmError::bad("InvalidRoleAssignmentRequest", "The role assignment request is invalid.")
        }
        ScheduleRefusal::Policy(_) => invalid_policy(),
    }
}

/// 400 `InvalidPolicy`.
pub(crate) fn invalid_policy() -> ArmError {
    ArmError::bad("InvalidPolicy", "The policy is invalid.")
}

fn resource(who: &Who, refusal: &ResourceRefusal) -> ArmError {
    let not_found = |code, message: String| ArmError::new(StatusCode::NOT_FOUND, code, message);
    match refusal {
        ResourceRefusal::NotAuthorized { action, scope, conditioned } => {
            let hint = if *conditioned { " A condition of the role assignment was not met." } else { "" };
            who.not_authorized(action, scope, hint)
        }
        ResourceRefusal::Denied { action, scope } => ArmError::new(
            StatusCode::FORBIDDEN,
            "DenyAssignmentAuthorizationFailed",
            format!(
                "The client '{}' with object id '{}' has permission to perform action '{action}' on scope '{scope}'; \
                 however, the access is denied because of a deny assignment at this scope or above.",
                who.name, who.id
            ),
        ),
        ResourceRefusal::OwnRowsOnly => ArmError::bad(
            "InsufficientPermissions",
            format!(
                "The requestor {} does not have permissions for this request. Please use $filter=asTarget() to filter \
                 on the requestor's assignments.",
                who.id
            ),
        ),
        ResourceRefusal::NoScope(no) => no_scope(no),
        ResourceRefusal::NoRole(id) => not_found(
            "RoleDefinitionDoesNotExist",
            format!("The specified role definition with ID '{}' does not exist.", id.replace('-', "")),
        ),
        ResourceRefusal::RoleElsewhere => ArmError::bad(
            "ScopeDoesNotMatchRoleDefinition",
            "The role definition cannot be assigned at this scope: it is none of its assignable scopes, nor below one.",
        ),
        ResourceRefusal::NoPrincipal(id) => ArmError::bad(
            "PrincipalNotFound",
            format!(
                "Principal {} does not exist in the directory. Check that you have the correct principal ID. If you are \
                 creating this principal and then immediately assigning a role, this error might be related to a \
                 replication delay. In this case, set the role assignment principalType property to a value, such as \
                 ServicePrincipal, User, or Group.",
                id.replace('-', "")
            ),
        ),
        ResourceRefusal::OtherPrincipalType => ArmError::bad(
            "UnmatchedPrincipalType",
            "The principal's type in the directory differs from the principalType of the request.",
        ),
        ResourceRefusal::PrincipalType => {
            ArmError::bad("PrincipalTypeNotSupported", "Principals of this type cannot be given roles.")
        }
        ResourceRefusal::AssignmentExists => {
            ArmError::new(StatusCode::CONFLICT, "RoleAssignmentExists", "The role assignment already exists.")
        }
        ResourceRefusal::UpdateNotPermitted => ArmError::bad(
            "RoleAssignmentUpdateNotPermitted",
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
        ),
        ResourceRefusal::NoAssignment(name) => {
            not_found("RoleAssignmentNotFound", format!("The role assignment '{name}' is not found."))
        }
        ResourceRefusal::LastAdministrator => {
            ArmError::bad("CannotDeleteLastRbacAdminAssignment", "Cannot delete the last RBAC admin assignment.")
        }
        ResourceRefusal::RoleNameTaken => ArmError::new(
            StatusCode::CONFLICT,
            "RoleDefinitionWithSameNameExists",
            "A custom role with the same name already exists in this directory. Use a different name.",
        ),
        ResourceRefusal::RoleInUse => {
            ArmError::bad("RoleDefinitionHasAssignments", "There are existing role assignments referencing the role.")
        }
        ResourceRefusal::BuiltInRole => {
            ArmError::bad("RoleDefinitionUpdateNotPermitted", "A built-in role cannot be changed or deleted.")
        }
        ResourceRefusal::Invalid(rule) => {
            ArmError::bad("InvalidRequestContent", format!("The request content was invalid: {rule}."))
        }
        ResourceRefusal::ScopeInUse(by) => {
            ArmError::new(StatusCode::CONFLICT, "ScopeNotEmpty", format!("The scope cannot be removed: {by}."))
        }
    }
}

fn no_scope(no: &NoSuchScope) -> ArmError {
    let not_found = |code, message: String| ArmError::new(StatusCode::NOT_FOUND, code, message);
    match no {
        NoSuchScope::Subscription(id) => {
            not_found("SubscriptionNotFound", format!("The subscription '{id}' could not be found."))
        }
        NoSuchScope::ResourceGroup(name) => {
            not_found("ResourceGroupNotFound", format!("Resource group '{name}' could not be found."))
        }
        NoSuchScope::ManagementGroup(name) => {
            not_found("ManagementGroupNotFound", format!("The management group '{name}' could not be found."))
        }
        NoSuchScope::Resource(id) => not_found("ResourceNotFound", format!("The Resource '{id}' was not found.")),
    }
}

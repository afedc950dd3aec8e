//! Why an order about roles and scopes of resources is refused.

use thiserror::Error;

/// A scope that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoSuchScope {
    /// No such subscription.
    #[error("the subscription '{0}' could not be found")]
    Subscription(String),
    /// No such resource group.
    #[error("the resource group '{0}' could not be found")]
    ResourceGroup(String),
    /// No such management group.
    #[error("the management group '{0}' could not be found")]
    ManagementGroup(String),
    /// No such resource.
    #[error("the resource '{0}' could not be found")]
    Resource(String),
}

/// Why an order about roles and scopes of resources is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ResourceRefusal {
    /// The roles that the caller holds now do not allow it (`ARM 5.1`).
    #[error("no active role allows {action} at {scope}")]
    NotAuthorized {
        /// What was to be done.
        action: String,
        /// Where.
        scope: String,
        /// A role would allow it, but for its condition.
        conditioned: bool,
    },
    /// A deny assignment stands against it.
    #[error("a deny assignment forbids {action} at {scope}")]
    Denied {
        /// What was to be done.
        action: String,
        /// Where.
        scope: String,
    },
    /// A list of everybody's rows without the right to read them (`ARM 5.1`).
    #[error("the rows of others cannot be read")]
    OwnRowsOnly,
    /// Scope unknown.
    #[error(transparent)]
    NoScope(#[from] NoSuchScope),
    /// There is no such role, by the id given.
    #[error("the role definition '{0}' does not exist")]
    NoRole(String),
    /// The role cannot be given at this scope.
    #[error("the role cannot be assigned at this scope")]
    RoleElsewhere,
    /// There is no such principal.
    #[error("there is no principal '{0}'")]
    NoPrincipal(String),
    /// The principal is of another sort than said.
    #[error("the principal is of another type")]
    OtherPrincipalType,
    /// Such a principal can be given no role.
    #[error("a principal of this type can be given no role")]
    PrincipalType,
    /// The same principal has the same role at the same scope.
    #[error("the role assignment exists")]
    AssignmentExists,
    /// The name belongs to an assignment of another principal, role or scope.
    #[error("principal, role and scope of an assignment cannot be changed")]
    UpdateNotPermitted,
    /// There is no such assignment.
    #[error("the role assignment '{0}' is not found")]
    NoAssignment(String),
    /// The assignment is the last that administers the tenant's resources (`ARM 7.3`).
    #[error("the last administrator of all resources cannot be removed")]
    LastAdministrator,
    /// The name of the role is another one's.
    #[error("another role has this name")]
    RoleNameTaken,
    /// The role is held by somebody.
    #[error("the role is assigned")]
    RoleInUse,
    /// Built-in roles cannot be changed.
    #[error("a built-in role cannot be changed")]
    BuiltInRole,
    /// What is given breaks a rule, in words without the caller's text.
    #[error("{0}")]
    Invalid(&'static str),
    /// The scope holds other scopes or roles and cannot go.
    #[error("the scope is not empty: {0}")]
    ScopeInUse(&'static str),
}

impl ResourceRefusal {
    /// The reason code of records and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAuthorized { .. } => "not_authorized",
            Self::Denied { .. } => "denied_by_assignment",
            Self::OwnRowsOnly => "own_rows_only",
            Self::NoScope(_) => "no_scope",
            Self::NoRole(_) => "no_role",
            Self::RoleElsewhere => "role_elsewhere",
            Self::NoPrincipal(_) => "no_principal",
            Self::OtherPrincipalType => "other_principal_type",
            Self::PrincipalType => "principal_type",
            Self::AssignmentExists => "assignment_exists",
            Self::UpdateNotPermitted => "update_not_permitted",
            Self::NoAssignment(_) => "no_assignment",
            Self::LastAdministrator => "last_resource_administrator",
            Self::RoleNameTaken => "role_name_taken",
            Self::RoleInUse => "role_in_use",
            Self::BuiltInRole => "built_in_role",
            Self::Invalid(_) => "invalid",
            Self::ScopeInUse(_) => "scope_in_use",
        }
    }

    /// The caller was refused for what he or she may do, not for what was asked.
    #[must_use]
    pub const fn is_about_rights(&self) -> bool {
        matches!(self, Self::NotAuthorized { .. } | Self::Denied { .. } | Self::OwnRowsOnly)
    }
}

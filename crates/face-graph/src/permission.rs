//! Scopes and app roles by which a call is let in (`GRAPH 17.1`): any one of those listed suffices.

use http::StatusCode;

use ephor_domain::policy::Kind;

use crate::{
    caller::Signed,
    collection::{Aspect, Collection, Family, Sort},
    error::GraphError,
};

/// What a resource asks of a token.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Need {
    /// Nothing beyond being known.
    Known,
    /// A scope of the directory: names and memberships.
    Directory(&'static [&'static str]),
    /// A scope of privileged access.
    Privileged(&'static [&'static str]),
    /// The same, of a person alone.
    Person(&'static [&'static str]),
    /// A scope of approvals of roles, of a person alone.
    Approvals(&'static [&'static str]),
}

const USERS: &[&str] = &["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];
const ME: &[&str] =
    &["User.Read", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];
const GROUPS: &[&str] = &[
    "GroupMember.Read.All",
    "GroupMember.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const SERVICES: &[&str] =
    &["Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];
const CHANGE_APPLICATIONS: &[&str] = &["Application.ReadWrite.All", "Directory.ReadWrite.All"];
const SETTINGS: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "RoleManagementPolicy.Read.Directory",
    "RoleManagementPolicy.ReadWrite.Directory",
    "RoleManagement.Read.All",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
];
const OBJECTS: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "User.Read.All",
    "User.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "Application.Read.All",
];
const ORGANIZATION: &[&str] =
    &["User.Read", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];
const ROLES: &[&str] = &[
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
    "RoleManagement.Read.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const TRANSITIVE: &[&str] = &[
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];

const CHANGE_DEFINITIONS: &[&str] = &["RoleManagement.ReadWrite.Directory", "Directory.ReadWrite.All"];
const CHANGE_ASSIGNMENTS: &[&str] = &["RoleManagement.ReadWrite.Directory"];
const CHANGE_MEMBERS: &[&str] = &[
    "GroupMember.ReadWrite.All",
    "Group.ReadWrite.All",
    "Directory.ReadWrite.All",
    "RoleManagement.ReadWrite.Directory",
];

const READ_ROLE_POLICIES: &[&str] = &[
    "RoleManagementPolicy.Read.Directory",
    "RoleManagementPolicy.ReadWrite.Directory",
    "RoleManagement.Read.All",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
];
const READ_GROUP_POLICIES: &[&str] =
    &["RoleManagementPolicy.Read.AzureADGroup", "RoleManagementPolicy.ReadWrite.AzureADGroup"];
const READ_POLICIES: &[&str] = &[
    "RoleManagementPolicy.Read.Directory",
    "RoleManagementPolicy.ReadWrite.Directory",
    "RoleManagement.Read.All",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
    "RoleManagementPolicy.Read.AzureADGroup",
    "RoleManagementPolicy.ReadWrite.AzureADGroup",
];
const CHANGE_ROLE_POLICIES: &[&str] =
    &["RoleManagementPolicy.ReadWrite.Directory", "RoleManagement.ReadWrite.Directory"];
const CHANGE_GROUP_POLICIES: &[&str] = &["RoleManagementPolicy.ReadWrite.AzureADGroup"];
const CHANGE_POLICIES: &[&str] = &[
    "RoleManagementPolicy.ReadWrite.Directory",
    "RoleManagement.ReadWrite.Directory",
    "RoleManagementPolicy.ReadWrite.AzureADGroup",
];

const ALERTS: &[&str] = &["RoleManagementAlert.Read.Directory", "RoleManagementAlert.ReadWrite.Directory"];
const CHANGE_ALERTS: &[&str] = &["RoleManagementAlert.ReadWrite.Directory"];
const CHANGE_USERS: &[&str] = &["User.ReadWrite.All", "Directory.ReadWrite.All"];
const CHANGE_GROUPS: &[&str] = &[
    "Group.ReadWrite.All",
    "Directory.ReadWrite.All",
    "GroupMember.ReadWrite.All",
    "RoleManagement.ReadWrite.Directory",
];
const UNITS: &[&str] = &[
    "AdministrativeUnit.Read.All",
    "AdministrativeUnit.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const AUDITS: &[&str] = &["AuditLog.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"];

/// Eligibilities and assignments together.
const ROLE_SCHEDULES: &[&str] = &[
    "PrivilegedAccess.Read.AzureAD",
    "PrivilegedAccess.ReadWrite.AzureAD",
    "RoleManagement.Read.All",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
];
const READ_ROLE_ASSIGNMENT_SCHEDULES: &[&str] = &[
    "RoleAssignmentSchedule.Read.Directory",
    "RoleAssignmentSchedule.ReadWrite.Directory",
    "RoleManagement.Read.All",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
];
const ROLE_ASSIGNMENT_REQUESTS: &[&str] =
    &["RoleAssignmentSchedule.ReadWrite.Directory", "RoleManagement.ReadWrite.Directory"];
const ORDER_ROLE_ASSIGNMENTS: &[&str] = &[
    "RoleAssignmentSchedule.ReadWrite.Directory",
    "RoleManagement.ReadWrite.Directory",
    "RoleAssignmentSchedule.Remove.Directory",
];
const READ_ROLE_ELIGIBILITY_SCHEDULES: &[&str] = &[
    "RoleEligibilitySchedule.Read.Directory",
    "RoleEligibilitySchedule.ReadWrite.Directory",
    "RoleManagement.Read.All",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
];
const ROLE_ELIGIBILITY_REQUESTS: &[&str] =
    &["RoleEligibilitySchedule.ReadWrite.Directory", "RoleManagement.ReadWrite.Directory"];
const ORDER_ROLE_ELIGIBILITIES: &[&str] = &[
    "RoleEligibilitySchedule.ReadWrite.Directory",
    "RoleManagement.ReadWrite.Directory",
    "RoleEligibilitySchedule.Remove.Directory",
];
const READ_GROUP_ASSIGNMENTS: &[&str] =
    &["PrivilegedAssignmentSchedule.Read.AzureADGroup", "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup"];
const CHANGE_GROUP_ASSIGNMENTS: &[&str] = &["PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup"];
const ORDER_GROUP_ASSIGNMENTS: &[&str] =
    &["PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup", "PrivilegedAssignmentSchedule.Remove.AzureADGroup"];
const READ_GROUP_ELIGIBILITIES: &[&str] =
    &["PrivilegedEligibilitySchedule.Read.AzureADGroup", "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup"];
const CHANGE_GROUP_ELIGIBILITIES: &[&str] = &["PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup"];
const ORDER_GROUP_ELIGIBILITIES: &[&str] =
    &["PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup", "PrivilegedEligibilitySchedule.Remove.AzureADGroup"];
const READ_ROLE_APPROVALS: &[&str] = &["PrivilegedAccess.Read.AzureAD", "PrivilegedAccess.ReadWrite.AzureAD"];
const DECIDE_ROLE_APPROVALS: &[&str] = &["PrivilegedAccess.ReadWrite.AzureAD"];

impl Need {
    pub(crate) const CHANGE_USERS: Self = Self::Directory(CHANGE_USERS);
    pub(crate) const CHANGE_GROUPS: Self = Self::Directory(CHANGE_GROUPS);
    pub(crate) const UNITS: Self = Self::Directory(UNITS);
    pub(crate) const ALERTS: Self = Self::Privileged(ALERTS);
    pub(crate) const CHANGE_ALERTS: Self = Self::Privileged(CHANGE_ALERTS);
    pub(crate) const AUDITS: Self = Self::Directory(AUDITS);

    /// What a collection of privileged access asks for. An order may be one that only takes away: the body says
    /// (`GRAPH 17.3`).
    pub(crate) fn of_schedules(collection: Collection, part: Aspect, is_read: bool) -> Self {
        let Collection { family, kind, sort } = collection;
        let orders = part == Aspect::List && !is_read;
        Self::Privileged(match (family, kind, sort) {
            (Family::Roles, Kind::Assignment, Sort::Requests) if orders => ORDER_ROLE_ASSIGNMENTS,
            (Family::Roles, Kind::Assignment, Sort::Requests) => ROLE_ASSIGNMENT_REQUESTS,
            (Family::Roles, Kind::Assignment, Sort::Schedules | Sort::Instances) => READ_ROLE_ASSIGNMENT_SCHEDULES,
            (Family::Roles, Kind::Eligibility, Sort::Requests) if orders => ORDER_ROLE_ELIGIBILITIES,
            (Family::Roles, Kind::Eligibility, Sort::Requests) => ROLE_ELIGIBILITY_REQUESTS,
            (Family::Roles, Kind::Eligibility, Sort::Schedules | Sort::Instances) => READ_ROLE_ELIGIBILITY_SCHEDULES,
            (Family::Groups, Kind::Assignment, Sort::Requests) if orders => ORDER_GROUP_ASSIGNMENTS,
            (Family::Groups, Kind::Eligibility, Sort::Requests) if orders => ORDER_GROUP_ELIGIBILITIES,
            (Family::Groups, Kind::Assignment, _) if is_read => READ_GROUP_ASSIGNMENTS,
            (Family::Groups, Kind::Eligibility, _) if is_read => READ_GROUP_ELIGIBILITIES,
            (Family::Groups, Kind::Assignment, _) => CHANGE_GROUP_ASSIGNMENTS,
            (Family::Groups, Kind::Eligibility, _) => CHANGE_GROUP_ELIGIBILITIES,
        })
    }

    /// What an order that does more than take away asks for.
    pub(crate) fn of_orders(collection: Collection) -> Self {
        Self::Privileged(match (collection.family, collection.kind) {
            (Family::Roles, Kind::Assignment) => ROLE_ASSIGNMENT_REQUESTS,
            (Family::Roles, Kind::Eligibility) => ROLE_ELIGIBILITY_REQUESTS,
            (Family::Groups, Kind::Assignment) => CHANGE_GROUP_ASSIGNMENTS,
            (Family::Groups, Kind::Eligibility) => CHANGE_GROUP_ELIGIBILITIES,
        })
    }

    pub(crate) fn of_approvals(family: Family, is_read: bool) -> Self {
        match (family, is_read) {
            (Family::Roles, true) => Self::Approvals(READ_ROLE_APPROVALS),
            (Family::Roles, false) => Self::Approvals(DECIDE_ROLE_APPROVALS),
            (Family::Groups, true) => Self::Person(READ_GROUP_ASSIGNMENTS),
            (Family::Groups, false) => Self::Person(CHANGE_GROUP_ASSIGNMENTS),
        }
    }

    pub(crate) const ROLE_POLICIES: Self = Self::Privileged(READ_ROLE_POLICIES);
    pub(crate) const GROUP_POLICIES: Self = Self::Privileged(READ_GROUP_POLICIES);
    /// Where it is not known yet of which sort.
    pub(crate) const POLICIES: Self = Self::Privileged(READ_POLICIES);
    pub(crate) const CHANGE_ROLE_POLICIES: Self = Self::Privileged(CHANGE_ROLE_POLICIES);
    pub(crate) const CHANGE_GROUP_POLICIES: Self = Self::Privileged(CHANGE_GROUP_POLICIES);
    /// Where it is not known yet of which sort.
    pub(crate) const CHANGE_POLICIES: Self = Self::Privileged(CHANGE_POLICIES);
    pub(crate) const CHANGE_DEFINITIONS: Self = Self::Privileged(CHANGE_DEFINITIONS);
    pub(crate) const CHANGE_ASSIGNMENTS: Self = Self::Privileged(CHANGE_ASSIGNMENTS);
    pub(crate) const CHANGE_MEMBERS: Self = Self::Directory(CHANGE_MEMBERS);
    pub(crate) const USERS: Self = Self::Directory(USERS);
    pub(crate) const ME: Self = Self::Directory(ME);
    pub(crate) const GROUPS: Self = Self::Directory(GROUPS);
    pub(crate) const SERVICES: Self = Self::Directory(SERVICES);
    pub(crate) const APPLICATIONS: Self = Self::Directory(SERVICES);
    pub(crate) const CHANGE_APPLICATIONS: Self = Self::Directory(CHANGE_APPLICATIONS);
    pub(crate) const ROLE_SCHEDULES: Self = Self::Privileged(ROLE_SCHEDULES);
    pub(crate) const SETTINGS: Self = Self::Directory(SETTINGS);
    pub(crate) const OBJECTS: Self = Self::Directory(OBJECTS);
    pub(crate) const ORGANIZATION: Self = Self::Directory(ORGANIZATION);
    pub(crate) const ROLES: Self = Self::Privileged(ROLES);
    pub(crate) const DIRECTORY_ROLES: Self = Self::Directory(ROLES);
    pub(crate) const TRANSITIVE_ASSIGNMENTS: Self = Self::Privileged(TRANSITIVE);

    /// Lets a caller in.
    ///
    /// # Errors
    /// 403 in the form of the resource.
    pub(crate) fn check(self, signed: &Signed) -> Result<(), GraphError> {
        match self {
            Self::Known => Ok(()),
            Self::Directory(names) | Self::Privileged(names) if signed.has_any(names) => Ok(()),
            Self::Person(names) | Self::Approvals(names) if !signed.app_only() && signed.has_any(names) => Ok(()),
            // This surface answers without a code (`GRAPH 4.1`).
            Self::Approvals(names) => Err(Self::no_permission(names)),
            Self::Directory(_) => Err(GraphError::new(
                StatusCode::FORBIDDEN,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            )),
            Self::Privileged(names) | Self::Person(names) => Err(GraphError::wrapped(
                StatusCode::FORBIDDEN,
                "PermissionScopeNotGranted",
                &format!("Authorization failed due to missing permission scope {}.", names.join(",")),
            )),
        }
    }

    /// The refusal of approvals of roles.
    pub(crate) fn no_permission(names: &[&str]) -> GraphError {
        let message = format!(
            "Valid permissions not present. User needs one of the following permissions for this action : {}",
            names.join(",")
        );
        GraphError::new(StatusCode::FORBIDDEN, "", message)
    }

    /// The refusal of a decision on a role by whoever may not take it.
    pub(crate) fn no_approver() -> GraphError {
        Self::no_permission(DECIDE_ROLE_APPROVALS)
    }
}

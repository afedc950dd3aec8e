//! Scopes and app roles by which a call is let in (`GRAPH 17.1`): any one of those listed suffices.

use http::StatusCode;

use crate::{caller::Signed, error::GraphError};

/// What a resource asks of a token.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Need {
    /// Nothing beyond being known.
    Known,
    /// A scope of the directory: names and memberships.
    Directory(&'static [&'static str]),
    /// A scope of privileged access.
    Privileged(&'static [&'static str]),
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
const SERVICES: &[&str] = &["Application.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"];
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

impl Need {
    pub(crate) const CHANGE_USERS: Self = Self::Directory(CHANGE_USERS);
    pub(crate) const CHANGE_GROUPS: Self = Self::Directory(CHANGE_GROUPS);
    pub(crate) const UNITS: Self = Self::Directory(UNITS);
    pub(crate) const ALERTS: Self = Self::Privileged(ALERTS);
    pub(crate) const CHANGE_ALERTS: Self = Self::Privileged(CHANGE_ALERTS);
    pub(crate) const AUDITS: Self = Self::Directory(AUDITS);
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
            Self::Directory(_) => Err(GraphError::new(
                StatusCode::FORBIDDEN,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            )),
            Self::Privileged(names) => Err(GraphError::wrapped(
                StatusCode::FORBIDDEN,
                "PermissionScopeNotGranted",
                &format!("Authorization failed due to missing permission scope {}.", names.join(",")),
            )),
        }
    }
}

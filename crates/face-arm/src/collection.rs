//! What is served below `providers/Microsoft.Authorization` (`ARM 1`), with its versions (`ARM 1.1`) and methods.

use http::Method;

use crate::version;

/// A collection of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Collection {
    RoleDefinitions,
    RoleAssignments,
    Permissions,
    DenyAssignments,
    ProviderOperations,
    ElevateAccess,
    ClassicAdministrators,
    Locks,
    Policies,
    PolicyAssignments,
}

impl Collection {
    pub(crate) const ALL: [Self; 10] = [
        Self::RoleDefinitions,
        Self::RoleAssignments,
        Self::Permissions,
        Self::DenyAssignments,
        Self::ProviderOperations,
        Self::ElevateAccess,
        Self::ClassicAdministrators,
        Self::Locks,
        Self::Policies,
        Self::PolicyAssignments,
    ];

    /// Its name in paths.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::RoleDefinitions => "roleDefinitions",
            Self::RoleAssignments => "roleAssignments",
            Self::Permissions => "permissions",
            Self::DenyAssignments => "denyAssignments",
            Self::ProviderOperations => "providerOperations",
            Self::ElevateAccess => "elevateAccess",
            Self::ClassicAdministrators => "classicAdministrators",
            Self::Locks => "locks",
            Self::Policies => "roleManagementPolicies",
            Self::PolicyAssignments => "roleManagementPolicyAssignments",
        }
    }

    /// The collection that a segment names, in any letter case.
    pub(crate) fn find(segment: &str) -> Option<Self> {
        // Ids of policy assignments are also written in the singular (`ARM 13.2`).
        let is_singular = segment.eq_ignore_ascii_case("roleManagementPolicyAssignment");
        let named = Self::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(segment));
        named.or(is_singular.then_some(Self::PolicyAssignments))
    }

    /// The versions it is served in, the newest first.
    pub(crate) const fn versions(self) -> &'static [&'static str] {
        match self {
            Self::RoleDefinitions | Self::Permissions => version::ROLE_DEFINITIONS,
            Self::RoleAssignments => version::ROLE_ASSIGNMENTS,
            Self::DenyAssignments => version::DENY_ASSIGNMENTS,
            Self::ProviderOperations => version::PROVIDER_OPERATIONS,
            Self::ElevateAccess => version::ELEVATE_ACCESS,
            Self::ClassicAdministrators => version::CLASSIC_ADMINISTRATORS,
            Self::Locks => version::LOCKS,
            Self::Policies | Self::PolicyAssignments => version::PIM,
        }
    }

    /// What may be done with it, with so many segments behind its name; nothing where there is no such resource.
    pub(crate) fn methods(self, rest: usize) -> &'static [Method] {
        const READ: &[Method] = &[Method::GET];
        const WRITE: &[Method] = &[Method::GET, Method::PUT, Method::DELETE];
        match (self, rest) {
            (Self::RoleDefinitions | Self::RoleAssignments | Self::PolicyAssignments, 1) => WRITE,
            (Self::Policies, 1) => &[Method::GET, Method::PATCH, Method::DELETE],
            (Self::DenyAssignments | Self::ProviderOperations, 0 | 1) => READ,
            (
                Self::RoleDefinitions
                | Self::RoleAssignments
                | Self::Permissions
                | Self::ClassicAdministrators
                | Self::Locks
                | Self::Policies
                | Self::PolicyAssignments,
                0,
            ) => READ,
            (Self::ElevateAccess, 0) => &[Method::POST],
            _ => &[],
        }
    }
}

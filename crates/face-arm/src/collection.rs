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
}

impl Collection {
    pub(crate) const ALL: [Self; 8] = [
        Self::RoleDefinitions,
        Self::RoleAssignments,
        Self::Permissions,
        Self::DenyAssignments,
        Self::ProviderOperations,
        Self::ElevateAccess,
        Self::ClassicAdministrators,
        Self::Locks,
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
        }
    }

    /// The collection that a segment names, in any letter case.
    pub(crate) fn find(segment: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(segment))
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
        }
    }

    /// What may be done with it, with so many segments behind its name; nothing where there is no such resource.
    pub(crate) fn methods(self, rest: usize) -> &'static [Method] {
        const READ: &[Method] = &[Method::GET];
        const WRITE: &[Method] = &[Method::GET, Method::PUT, Method::DELETE];
        match (self, rest) {
            (Self::RoleDefinitions | Self::RoleAssignments, 1) => WRITE,
            (Self::DenyAssignments | Self::ProviderOperations, 0 | 1) => READ,
            (
                Self::RoleDefinitions
                | Self::RoleAssignments
                | Self::Permissions
                | Self::ClassicAdministrators
                | Self::Locks,
                0,
            ) => READ,
            (Self::ElevateAccess, 0) => &[Method::POST],
            _ => &[],
        }
    }
}

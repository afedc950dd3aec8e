//! What is served below `providers/Microsoft.Authorization` (`ARM 1`), with its versions (`ARM 1.1`) and methods.

use ephor_domain::policy::Kind;
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
    /// Requests for eligibilities or assignments.
    Requests(Kind),
    Schedules(Kind),
    Instances(Kind),
    EligibleChildren,
    Approvals,
    Alerts,
    AlertDefinitions,
    AlertConfigurations,
    /// Scans that were ordered.
    AlertOperations,
}

impl Collection {
    pub(crate) const ALL: [Self; 22] = [
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
        Self::Requests(Kind::Eligibility),
        Self::Requests(Kind::Assignment),
        Self::Schedules(Kind::Eligibility),
        Self::Schedules(Kind::Assignment),
        Self::Instances(Kind::Eligibility),
        Self::Instances(Kind::Assignment),
        Self::EligibleChildren,
        Self::Approvals,
        Self::Alerts,
        Self::AlertDefinitions,
        Self::AlertConfigurations,
        Self::AlertOperations,
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
            Self::Requests(Kind::Eligibility) => "roleEligibilityScheduleRequests",
            Self::Requests(Kind::Assignment) => "roleAssignmentScheduleRequests",
            Self::Schedules(Kind::Eligibility) => "roleEligibilitySchedules",
            Self::Schedules(Kind::Assignment) => "roleAssignmentSchedules",
            Self::Instances(Kind::Eligibility) => "roleEligibilityScheduleInstances",
            Self::Instances(Kind::Assignment) => "roleAssignmentScheduleInstances",
            Self::EligibleChildren => "eligibleChildResources",
            Self::Approvals => "roleAssignmentApprovals",
            Self::Alerts => "roleManagementAlerts",
            Self::AlertDefinitions => "roleManagementAlertDefinitions",
            Self::AlertConfigurations => "roleManagementAlertConfigurations",
            Self::AlertOperations => "roleManagementAlertOperations",
        }
    }

    /// The collection that a segment names, in any letter case.
    pub(crate) fn find(segment: &str) -> Option<Self> {
        // Ids of policy assignments are also written in the singular (`ARM 13.2`).
        let is_singular = segment.eq_ignore_ascii_case("roleManagementPolicyAssignment");
        // So some ids of requests for eligibilities are written (`ARM 8.1`).
        let is_short = segment.eq_ignore_ascii_case("roleEligibilityRequests");
        let named = Self::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(segment));
        let named = named.or(is_singular.then_some(Self::PolicyAssignments));
        named.or(is_short.then_some(Self::Requests(Kind::Eligibility)))
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
            Self::Policies
            | Self::PolicyAssignments
            | Self::Requests(_)
            | Self::Schedules(_)
            | Self::Instances(_)
            | Self::EligibleChildren => version::PIM,
            Self::Approvals => version::APPROVALS,
            Self::Alerts | Self::AlertDefinitions | Self::AlertConfigurations | Self::AlertOperations => {
                version::ALERTS
            }
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
                | Self::PolicyAssignments
                | Self::Requests(_)
                | Self::EligibleChildren,
                0,
            ) => READ,
            (Self::ElevateAccess, 0) | (Self::Requests(_), 2) => &[Method::POST],
            (Self::Requests(_), 1) => &[Method::GET, Method::PUT],
            (Self::Schedules(_) | Self::Instances(_), 0 | 1) | (Self::Approvals, 0..=2) => READ,
            (Self::Alerts, 0 | 3)
            | (Self::AlertDefinitions, 0 | 1)
            | (Self::AlertConfigurations, 0)
            | (Self::AlertOperations, 0 | 1) => READ,
            // `refresh` stands where the name of an alert stands.
            (Self::Alerts, 1) => &[Method::GET, Method::PATCH, Method::POST],
            (Self::Alerts, 2) => &[Method::GET, Method::POST],
            (Self::Alerts, 4) => &[Method::POST],
            (Self::AlertConfigurations, 1) => &[Method::GET, Method::PATCH],
            (Self::Approvals, 3) => &[Method::GET, Method::PATCH, Method::PUT],
            _ => &[],
        }
    }
}

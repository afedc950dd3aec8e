//! The collections of privileged access: roles and groups, each with requests, schedules and instances of both kinds.

use ephor_domain::{policy::Kind, provider::Provider};
use ephor_odata::v4::Edition;

/// Roles or groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Roles,
    Groups,
}

impl Family {
    pub(crate) const fn provider(self) -> Provider {
        match self {
            Self::Roles => Provider::DirectoryRoles,
            Self::Groups => Provider::Groups,
        }
    }

    /// The set of approvals.
    pub(crate) const fn approvals(self) -> &'static str {
        match self {
            Self::Roles => "roleManagement/directory/roleAssignmentApprovals",
            Self::Groups => "identityGovernance/privilegedAccess/group/assignmentApprovals",
        }
    }
}

/// What the rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Requests,
    Schedules,
    Instances,
}

/// What of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aspect {
    List,
    Mine,
    One,
    Cancel,
}

/// One of the twelve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Collection {
    pub(crate) family: Family,
    pub(crate) kind: Kind,
    pub(crate) sort: Sort,
}

const fn of(family: Family, kind: Kind, sort: Sort) -> Collection {
    Collection { family, kind, sort }
}

impl Collection {
    pub(crate) const ROLE_ASSIGNMENT_REQUESTS: Self = of(Family::Roles, Kind::Assignment, Sort::Requests);
    pub(crate) const ROLE_ASSIGNMENT_SCHEDULES: Self = of(Family::Roles, Kind::Assignment, Sort::Schedules);
    pub(crate) const ROLE_ASSIGNMENT_INSTANCES: Self = of(Family::Roles, Kind::Assignment, Sort::Instances);
    pub(crate) const ROLE_ELIGIBILITY_REQUESTS: Self = of(Family::Roles, Kind::Eligibility, Sort::Requests);
    pub(crate) const ROLE_ELIGIBILITY_SCHEDULES: Self = of(Family::Roles, Kind::Eligibility, Sort::Schedules);
    pub(crate) const ROLE_ELIGIBILITY_INSTANCES: Self = of(Family::Roles, Kind::Eligibility, Sort::Instances);
    pub(crate) const GROUP_ASSIGNMENT_REQUESTS: Self = of(Family::Groups, Kind::Assignment, Sort::Requests);
    pub(crate) const GROUP_ASSIGNMENT_SCHEDULES: Self = of(Family::Groups, Kind::Assignment, Sort::Schedules);
    pub(crate) const GROUP_ASSIGNMENT_INSTANCES: Self = of(Family::Groups, Kind::Assignment, Sort::Instances);
    pub(crate) const GROUP_ELIGIBILITY_REQUESTS: Self = of(Family::Groups, Kind::Eligibility, Sort::Requests);
    pub(crate) const GROUP_ELIGIBILITY_SCHEDULES: Self = of(Family::Groups, Kind::Eligibility, Sort::Schedules);
    pub(crate) const GROUP_ELIGIBILITY_INSTANCES: Self = of(Family::Groups, Kind::Eligibility, Sort::Instances);

    pub(crate) const ALL: [Self; 12] = [
        Self::ROLE_ASSIGNMENT_REQUESTS,
        Self::ROLE_ASSIGNMENT_SCHEDULES,
        Self::ROLE_ASSIGNMENT_INSTANCES,
        Self::ROLE_ELIGIBILITY_REQUESTS,
        Self::ROLE_ELIGIBILITY_SCHEDULES,
        Self::ROLE_ELIGIBILITY_INSTANCES,
        Self::GROUP_ASSIGNMENT_REQUESTS,
        Self::GROUP_ASSIGNMENT_SCHEDULES,
        Self::GROUP_ASSIGNMENT_INSTANCES,
        Self::GROUP_ELIGIBILITY_REQUESTS,
        Self::GROUP_ELIGIBILITY_SCHEDULES,
        Self::GROUP_ELIGIBILITY_INSTANCES,
    ];

    /// Type of the rows and name of the set.
    const fn names(self) -> (&'static str, &'static str) {
        match (self.family, self.kind, self.sort) {
            (Family::Roles, Kind::Assignment, Sort::Requests) => {
                ("unifiedRoleAssignmentScheduleRequest", "roleManagement/directory/roleAssignmentScheduleRequests")
            }
            (Family::Roles, Kind::Assignment, Sort::Schedules) => {
                ("unifiedRoleAssignmentSchedule", "roleManagement/directory/roleAssignmentSchedules")
            }
            (Family::Roles, Kind::Assignment, Sort::Instances) => {
                ("unifiedRoleAssignmentScheduleInstance", "roleManagement/directory/roleAssignmentScheduleInstances")
            }
            (Family::Roles, Kind::Eligibility, Sort::Requests) => {
                ("unifiedRoleEligibilityScheduleRequest", "roleManagement/directory/roleEligibilityScheduleRequests")
            }
            (Family::Roles, Kind::Eligibility, Sort::Schedules) => {
                ("unifiedRoleEligibilitySchedule", "roleManagement/directory/roleEligibilitySchedules")
            }
            (Family::Roles, Kind::Eligibility, Sort::Instances) => {
                ("unifiedRoleEligibilityScheduleInstance", "roleManagement/directory/roleEligibilityScheduleInstances")
            }
            (Family::Groups, Kind::Assignment, Sort::Requests) => (
                "privilegedAccessGroupAssignmentScheduleRequest",
                "identityGovernance/privilegedAccess/group/assignmentScheduleRequests",
            ),
            (Family::Groups, Kind::Assignment, Sort::Schedules) => (
                "privilegedAccessGroupAssignmentSchedule",
                "identityGovernance/privilegedAccess/group/assignmentSchedules",
            ),
            (Family::Groups, Kind::Assignment, Sort::Instances) => (
                "privilegedAccessGroupAssignmentScheduleInstance",
                "identityGovernance/privilegedAccess/group/assignmentScheduleInstances",
            ),
            (Family::Groups, Kind::Eligibility, Sort::Requests) => (
                "privilegedAccessGroupEligibilityScheduleRequest",
                "identityGovernance/privilegedAccess/group/eligibilityScheduleRequests",
            ),
            (Family::Groups, Kind::Eligibility, Sort::Schedules) => (
                "privilegedAccessGroupEligibilitySchedule",
                "identityGovernance/privilegedAccess/group/eligibilitySchedules",
            ),
            (Family::Groups, Kind::Eligibility, Sort::Instances) => (
                "privilegedAccessGroupEligibilityScheduleInstance",
                "identityGovernance/privilegedAccess/group/eligibilityScheduleInstances",
            ),
        }
    }

    /// Declared type of the rows.
    pub(crate) const fn of(self) -> &'static str {
        self.names().0
    }

    /// What `@odata.context` calls it.
    pub(crate) const fn set(self) -> &'static str {
        self.names().1
    }
}

/// The name of stages in an edition (`GRAPH 11.3`).
pub(crate) const fn stages(edition: Edition) -> (&'static str, &'static str) {
    match edition {
        Edition::V1 => ("stages", "approvalStage"),
        Edition::Beta => ("steps", "approvalStep"),
    }
}

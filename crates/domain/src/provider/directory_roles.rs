//! Directory roles at a scope: what differs there (seams §6, `GRAPH 8`).

use jiff::Timestamp;

use super::{
    Provider,
    order::{Case, Decision},
    refusal::ScheduleRefusal,
    schedule::{self, Family},
};
use crate::{grant::Grant, policy::Kind, principal::PrincipalKind, request::Request};

/// The rules of Graph, shared with [`super::groups`].
pub(super) const FAMILY: Family = Family {
    provider: Provider::DirectoryRoles,
    future_is_held: false,
    every_window_has_a_least_length: true,
    activations_can_be_prolonged: false,
    unsaid_is_the_maximum: false,
    tells_eligible_elsewhere: true,
    activations_name_eligibilities: false,
    running_is_missing_to_renewals: false,
};

/// Decides on an order for a directory role.
///
/// # Errors
/// In the order of `GRAPH 8.4` from step 6 on: state, window, authentication context, all other rules.
pub fn decide(case: &Case<'_>) -> Result<Decision, ScheduleRefusal> {
    schedule::decide(&FAMILY, case)
}

/// May this sort of principal be given a directory role? `role_assignable` tells of groups.
///
/// # Errors
/// [`ScheduleRefusal::NotPossible`] for other groups, and for service principals in eligibilities (`GRAPH 8.1`).
pub fn check_principal(kind: Kind, principal: PrincipalKind, role_assignable: bool) -> Result<(), ScheduleRefusal> {
    match (principal, kind) {
        (PrincipalKind::User, _) | (PrincipalKind::Service, Kind::Assignment) => Ok(()),
        (PrincipalKind::Group, _) if role_assignable => Ok(()),
        (PrincipalKind::Group, _) => Err(ScheduleRefusal::NotPossible("the group cannot be given roles")),
        (PrincipalKind::Service, Kind::Eligibility) => {
            Err(ScheduleRefusal::NotPossible("a service principal cannot be eligible"))
        }
    }
}

/// May this request be cancelled at `now`?
///
/// # Errors
/// [`ScheduleRefusal::NotCancellable`] (`GRAPH 8.6`).
pub fn check_cancel(request: &Request, grant: Option<&Grant>, now: Timestamp) -> Result<(), ScheduleRefusal> {
    schedule::check_cancel(Provider::DirectoryRoles, request, grant, now)
}

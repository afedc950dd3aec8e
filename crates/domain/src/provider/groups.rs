//! Member or owner of a group: what differs there (`GRAPH 12.3`).

use jiff::Timestamp;

use super::{
    Provider, directory_roles,
    order::{Case, Decision},
    refusal::ScheduleRefusal,
    schedule::{self, Family},
};
use crate::{grant::Grant, policy::Kind, principal::PrincipalKind, request::Request};

const FAMILY: Family = Family { provider: Provider::Groups, ..directory_roles::FAMILY };

/// What a group is, as far as schedules care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GroupTraits {
    /// Its members follow a rule.
    pub dynamic: bool,
    /// It is owned by a source outside and only mirrored here. A *bound* group, whose members Ephor writes, is not.
    pub synchronised: bool,
    /// It may be given directory roles; groups cannot be nested in it then.
    pub role_assignable: bool,
}

/// Decides on an order for membership or ownership of a group.
///
/// # Errors
/// In the order of `GRAPH 8.4` from step 6 on.
pub fn decide(case: &Case<'_>) -> Result<Decision, ScheduleRefusal> {
    schedule::decide(&FAMILY, case)
}

/// Can access to this group be scheduled at all, and for this sort of principal?
///
/// # Errors
/// [`ScheduleRefusal::NotSupported`] for dynamic and synchronised groups, [`ScheduleRefusal::NotPossible`] for
/// principals that cannot be there.
pub fn check_principal(group: GroupTraits, kind: Kind, principal: PrincipalKind) -> Result<(), ScheduleRefusal> {
    if group.dynamic || group.synchronised {
        return Err(ScheduleRefusal::NotSupported);
    }
    match (principal, kind) {
        (PrincipalKind::User, _) | (PrincipalKind::Service, Kind::Assignment) => Ok(()),
        (PrincipalKind::Group, _) if !group.role_assignable => Ok(()),
        (PrincipalKind::Group, _) => Err(ScheduleRefusal::NotPossible("a role-assignable group holds no groups")),
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
    schedule::check_cancel(Provider::Groups, request, grant, now)
}

//! Roles on resources (`ARM 3` to `ARM 7`): the tree of scopes, roles, who holds them where, and what that allows.
//!
//! Everything here asks for what the caller may do *now*, by roles in force at the scope or above, held directly or
//! through groups. The exception is the first administrator of all resources ([`ElevateAccess`]) and whoever administers
//! the server, who may lay out the tree ([`Footing::Administration`]).

mod assign;
mod assignment;
mod catalogue;
mod change_role;
mod check;
mod denial;
mod describe;
mod elevate;
mod order;
mod place;
mod policy;
mod register;
pub(crate) mod rights;
mod role;
mod tree;

pub(crate) use assign::allowed;
pub use assign::{DeleteRoleAssignment, Put, PutRoleAssignment};
pub use assignment::{AssignmentPage, DenialsAt, PermissionsAt, RoleAssignmentNamed, RoleAssignmentsAt};
pub use catalogue::ListPlaces;
pub use change_role::{DeleteResourceRole, PutResourceRole};
pub use check::CheckAccess;
pub use denial::{DeleteDenial, ListDenials, PutDenial};
pub use describe::Described;
pub use elevate::ElevateAccess;
pub use ephor_store::tx::place::PlaceKind;
pub(crate) use order::{check_role, may_assign, may_order, require_order};
pub use place::{ManagementGroups, PlaceNamed, PlacesBelow, ResourcesIn, VisibleSubscriptions};
pub(crate) use policy::{changes_policy, reads_policy};
pub(crate) use register::TREE;
pub use register::{DeletePlace, Footing, PutPlace};
pub use role::{ResourceRoleNamed, ResourceRolesAt};
pub use tree::At;
pub(crate) use tree::{all_below as children, chain, known, spans, top};

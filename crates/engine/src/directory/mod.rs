//! Queries over the directory behind Graph: users, groups, service principals, roles, and who is in what (`GRAPH 15`).
//!
//! What is about everybody (names, groups) is open to whoever the face lets in by his token's scope; what is about
//! privileged access asks for a role of the caller ([`Engine::role_assignments`]).

mod assign;
mod audit;
mod change_group;
mod change_role;
mod group_life;
mod membership;
mod object;
mod reach;
mod role;
mod unit;
mod user_life;

pub use assign::{AssignRole, UnassignRole};
pub(crate) use assign::{all_appointed, tell};
pub(crate) use audit::indexed;
pub use audit::{AuditEntry, AuditFilter, AuditRow, AuditSpan, OrderRow, audited_as, entitlement_among};
pub(crate) use change_group::leave;
pub use change_group::{PutMember, RemoveMember};
pub use change_role::{ChangeRoleDefinition, CreateRoleDefinition, DeleteRoleDefinition, RolePatch};
pub use ephor_store::tx::{
    NameCursor,
    application::ApplicationRow,
    directory::{GroupEntry, Span, UserEntry},
};
pub(crate) use group_life::forget;
pub use group_life::{ChangeGroup, CreateGroup, DeleteGroup};
pub use membership::Memberships;
pub(crate) use membership::{groups_of, memberships};
pub use object::DirectoryObject;
pub(crate) use reach::Reach;
pub use role::RoleAssignment;
pub use unit::AdministrativeUnit;
pub use user_life::{ChangeUser, CreateUser, DeleteUser, UserPatch};

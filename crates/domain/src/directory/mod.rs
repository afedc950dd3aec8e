//! Objects of the directory behind Graph: what is known of users and groups beyond their accounts, and directory roles.

pub mod group;
pub mod reader;
pub mod role;
pub mod user;

pub use group::GroupFacts;
pub use role::{BuiltInRole, RoleDefinition, RolePermission};
pub use user::UserFacts;

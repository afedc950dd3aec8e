//! The four providers: rule sets of one family each (architecture §1).
//!
//! What differs between families lives in a module of its own: [`crate::pam`], [`directory_roles`], [`groups`],
//! [`resources`]. The last three share the state checks of [`schedule`].

pub mod approved;
pub mod directory_roles;
pub mod groups;
pub mod order;
pub mod refusal;
pub mod resources;
pub mod schedule;
pub mod status;

use serde::{Deserialize, Serialize};

pub use approved::Approved;
pub use order::{
    Asked, AskedEnd, Case, Condition, Decision, Details, Held, Line, Order, Pending, Said, StageOrder, Usable,
};
pub use refusal::ScheduleRefusal;
pub use status::Status;

/// Which family of rules an entitlement, request or grant belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Microsoft Identity Manager PAM roles.
    Pam,
    /// Directory roles at a scope.
    DirectoryRoles,
    /// Member or owner of a group.
    Groups,
    /// Resource roles at a scope.
    Resources,
}

impl Provider {
    /// The word used in records and metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pam => "pam",
            Self::DirectoryRoles => "directory_roles",
            Self::Groups => "groups",
            Self::Resources => "resources",
        }
    }
}

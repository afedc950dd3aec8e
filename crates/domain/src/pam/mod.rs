//! The `pam` provider: roles, users, groups, settings and life cycle of Microsoft Identity Manager PAM.

pub mod create;
pub mod group;
pub mod role;
pub mod settings;
pub mod status;
pub mod user;

pub use role::Role;
pub use settings::Settings;
pub use status::{PamStatus, View};

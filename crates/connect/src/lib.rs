//! Outward connectors behind the engine's ports: LDAP, SCIM and webhook targets, MFA hooks, webhooks.
//!
//! Nothing here decides anything about grants. Every call has a time limit, every answer a size limit, and every
//! failure is told in the words of the port it serves.

pub mod dn;
pub mod fuzz;
pub mod hook;
pub mod hook_target;
pub mod ldap;
pub mod outgoing;
pub mod scim;
pub mod target;
mod tls;
pub mod webhook;

pub use hook::{HttpMfaHook, MfaHookConfig};
pub use hook_target::{HookTarget, HookTargetConfig};
pub use ldap::{
    ActiveDirectory, ActiveDirectoryConfig, DirectoryConfig, DirectoryConfigError, DirectoryHealth, LdapConfig,
    LdapConfigError, LdapDirectory, LdapTarget, LockOut,
};
pub use outgoing::{OutgoingConfig, OutgoingConfigError};
pub use scim::{ScimConfig, ScimTarget};
pub use target::{TargetConfig, TargetConfigError};
pub use tls::TlsConfigError;
pub use webhook::Webhook;

//! The connectors against real servers: OpenLDAP for directories, sockets for hooks.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod active_directory;
mod active_expiry;
#[cfg(feature = "kerberos")]
mod active_kerberos;
mod directory;
mod hook_calls;
mod hook_target;
mod ldap_entries;
mod ldap_faults;
mod ldap_memberships;
mod ldap_odd_names;
mod ldap_self_test;
mod ldap_sign_in;
mod ldap_stub;
mod ldap_tls;
mod listener;
mod scim;

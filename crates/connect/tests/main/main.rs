//! The connectors against real servers: OpenLDAP for directories, sockets for hooks.
#![expect(clippy::unwrap_used, reason = "tests")]

mod active_directory;
mod directory;
mod hook_calls;
mod ldap_entries;
mod ldap_faults;
mod ldap_memberships;
mod ldap_odd_names;
mod ldap_self_test;
mod ldap_sign_in;
mod ldap_tls;
mod listener;

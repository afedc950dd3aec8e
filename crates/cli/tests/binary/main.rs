//! The whole binary, as people and supervisors run it: the demo, the client commands, the commands on the host, and what
//! happens when something is wrong.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test says what broke")]

mod access;
mod administrator;
mod audit_log;
mod browser;
mod clients;
mod clock;
mod directory;
mod directory_sign_in;
mod ephor;
mod every_way_in;
mod first_administrator;
#[cfg(feature = "kerberos")]
mod kerberos;
mod listening;
mod manage;
mod outside_issuer;
mod second_factor;
mod server;
mod start;
mod walk;
mod whole_binary;

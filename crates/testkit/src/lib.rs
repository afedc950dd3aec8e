//! Real components for tests, started on free loopback ports and stopped when the test is over.
//!
//! | module | gives |
//! |---|---|
//! | [`slapd`] | an OpenLDAP server with people, groups, TLS and an outside witness |
//! | `krb5` | an MIT key distribution centre, and clients with tickets |
//! | `samba` | a domain controller for Active Directory |
//! | `scim` | two SCIM servers of others |
//! | `receiver` | a receiver of signed orders, in another language |
//! | [`postgres`] | a PostgreSQL database per test, or a private cluster to crash |
//! | [`oidc`] | an OpenID provider at which people sign in, with keys that can be exchanged |
//! | [`proxy`] | a TCP proxy that refuses, resets, hangs, delays and truncates on demand |
//! | [`program`] | one of our own binaries, run as an operator would run it |
//! | [`pki`] | a certificate authority for test listeners |
//! | [`world`] | an engine over SQLite or PostgreSQL with stub targets, a clock that is told to move, and named callers |
//!
//! Every launcher answers [`LaunchError::Unavailable`] when its program is not installed; [`available_or_skip`] turns that
//! into one printed line, or into a failure where `EPHOR_REQUIRE_COMPONENTS=1` says that everything must be there.
//!
//! No process outlives its test: children are killed on drop, also while a panic unwinds. A test that was itself killed
//! leaves a work directory behind; the next test to start anything sweeps it together with the processes it names.

#[cfg(feature = "directory")]
pub mod krb5;
mod launch;
#[cfg(feature = "directory")]
pub mod oidc;
#[cfg(feature = "directory")]
pub mod pki;
pub mod ports;
pub mod postgres;
mod probe;
pub mod process;
pub mod program;
#[cfg(feature = "proxy")]
pub mod proxy;
#[cfg(feature = "directory")]
pub mod receiver;
#[cfg(feature = "directory")]
pub mod samba;
#[cfg(feature = "directory")]
pub mod scim;
#[cfg(feature = "directory")]
pub mod slapd;
mod workdir;
#[cfg(feature = "world")]
pub mod world;

pub use launch::{LaunchError, Unavailable, available_or_skip};
pub use workdir::WorkDir;

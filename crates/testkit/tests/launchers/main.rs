//! The launchers against the real programs.
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod postgres;
mod program;
mod proxy;
mod slapd;

//! The conformance checklist of the PAM contract, played over the router: each scenario on SQLite and on PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on has failed"
)]

mod administration;
mod app;
mod approvals;
mod authentication;
mod close;
mod create_input;
mod create_output;
mod filter;
mod golden;
mod lifecycle;
mod operation;
mod origins;
mod policy;
mod record;
mod requests;
mod roles;
mod transport;
mod version;

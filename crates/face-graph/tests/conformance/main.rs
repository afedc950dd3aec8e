//! The Graph checklist, asked of a served face over the fixture of the demo. Specification examples are read from
//! `EPHOR_SPEC_DIR`, where there is one.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed, and one that skips says so"
)]

mod activity;
mod alert;
mod app;
mod application;
mod approval;
mod audit;
mod batch;
mod change;
mod delta;
mod directory;
mod filter;
mod metadata;
mod odata;
mod permission;
mod policy;
mod power;
mod privileged_group;
mod projection;
mod removal;
mod retention;
mod role;
mod schedule;
mod tenant;
mod transport;
mod unit;

//! Scenario and fault tests of the engine, each on SQLite and on PostgreSQL.
//!
//! Names carry the number of the promise, fault or checklist line they keep. `EPHOR_LONG=1` runs thousands where the
//! default runs dozens.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod application;
mod change;
mod clock;
mod crash;
mod drift;
mod duty;
mod ends;
mod guarded;
mod judged_again;
mod life;
mod load;
mod nodes;
mod outage;
mod overlap;
mod policy;
mod race;
mod record;
mod resource;
mod scene;
mod schedule;
mod slapd;
mod store_down;
mod targets;
mod through_group;
mod ways_in;

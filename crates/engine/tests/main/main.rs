//! Scenario and fault tests of the engine, each on SQLite and on PostgreSQL.
//!
//! Names carry the number of the promise, fault or checklist line they keep. `EPHOR_LONG=1` runs thousands where the
//! default runs dozens.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod life;
mod scene;

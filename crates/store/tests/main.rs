//! One suite for both databases, and what is particular to each.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod contract;
mod fixture;
mod on_postgres;
mod on_sqlite;

//! SQLite and PostgreSQL behind one interface.
//!
//! ```text
//! Store ── transact / read ──> Tx ── methods by aggregate ──> Session ──> sqlite | postgres
//! ```
//!
//! * [`Store`] runs commands. A command is a closure over [`Tx`] that may run more than once, so it does no outside I/O,
//!   reads no clock and draws no randomness but what it was given.
//! * [`Tx`] is what a command sees: loads of aggregates, named queries, and [`Tx::apply`] for what was decided. Its
//!   methods are written once, in one SQL dialect.
//! * The session layer below knows how statements travel; it is the only place where the two databases differ.
//!
//! What is absent: business rules, clocks, random numbers. Instants are UTC microseconds on both databases.

mod fault;
mod location;
mod migrate;
mod postgres;
mod sql;
mod sqlite;
#[cfg(test)]
mod statements;
mod store;
pub mod tx;

pub use ephor_audit::{Hash, Sealed};
pub use fault::Fault;
pub use location::{Location, LocationError};
pub use store::{Health, Options, Store};
pub use tx::{Tx, Write};

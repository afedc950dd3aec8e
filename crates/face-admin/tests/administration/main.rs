//! Administration over HTTP, without a socket: real store, engine and sign-in, on SQLite and PostgreSQL.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod app;
mod audit;
mod configuration;
mod groups;
mod monitor;
mod persons;
mod requests;
mod roles;
mod scopes;
mod sign_in;
mod sweep;
mod users;

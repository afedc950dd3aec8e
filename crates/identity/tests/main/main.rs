//! Sign-in over a vault in memory and a simulated clock.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod basic;
mod bearer;
mod directories;
mod factors;
mod fixture;
mod issuer_word;
mod keys;
mod outside;
mod sessions;
mod stored;
mod tickets;
mod tokens;

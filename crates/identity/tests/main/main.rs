//! Sign-in over a vault in memory and a simulated clock.
#![expect(clippy::unwrap_used, reason = "tests")]

mod basic;
mod bearer;
mod factors;
mod fixture;
mod keys;
mod outside;
mod sessions;
mod stored;
mod tokens;

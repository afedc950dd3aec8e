//! The issuer as clients and attackers meet it: the served router over a store of its own, on a simulated clock.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test says what broke")]

mod app;
mod assertion;
mod code;
mod device;
mod grants;
mod refresh;

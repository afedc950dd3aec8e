//! The people, roles and objects of `ephor demo`: a tour for newcomers, and the fixture of the conformance tests.
//!
//! Everything has the same id and password on every run. That is no leak: a demo listens on loopback alone, holds nothing
//! of value, and a store it made is marked so that no real server opens it ([`is_demo`]).
//!
//! [`cast`] and [`directory`] say who there is, [`seed`] puts them into a store and, if there is one, an outside directory, [`Facts`] tells
//! tests about them.

pub mod apps;
pub mod cast;
pub mod directory;
mod enrol;
mod facts;
mod resources;
mod rows;
mod seed;
#[cfg(test)]
mod tests;

pub use enrol::enrol;
pub use facts::{AppFacts, ArmFacts, Facts, GraphFacts, PamFacts, UserFacts};
pub use seed::{Place, SeedError, is_demo, seed};

//! The rows that a command writes, learnt by looking at what it changed.
//!
//! A floor that wrote other rows than the engine would be no floor, and one that listed them here would stop being one
//! with the next column. So one command is run through the engine on an empty store, the store is compared before and
//! after, and the difference becomes a [`Pattern`]: which cells are new ids, which name the caller's line, which are
//! instants. The pattern then fills bare stores as fast as they go, and loads histories of any length.

mod fill;
mod pattern;
mod snapshot;
mod value;

pub use fill::{Ids, Picks};
pub use pattern::{Pattern, RowPattern};
pub use snapshot::Snapshot;
pub use value::Value;

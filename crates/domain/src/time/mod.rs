//! Instants, durations and windows as the three contracts spell them (seams §10).
//!
//! Instants are UTC with microseconds, durations are whole seconds. Local time exists only where a zone is handed in.

pub mod duration;
pub mod instant;
mod scan;
pub mod schedule;
pub mod window;

pub use duration::{DurationError, SpelledTtl, Ttl};
pub use instant::InstantError;
pub use schedule::{Window, WindowError};
pub use window::DailyWindow;

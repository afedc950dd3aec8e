//! Putting a load on something and timing it.

pub mod cpu;
pub mod http;
pub mod latency;
pub mod load;

pub use latency::{Latencies, Spread};
pub use load::{Client, Load, Outcome};

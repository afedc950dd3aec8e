//! What the engine needs from the world, as traits: time, randomness, target directories, MFA providers, notifiers.

pub mod clock;
pub mod entropy;
pub mod fetch;
pub mod mfa;
pub mod notify;
pub mod password;
pub mod target;

pub use clock::{Clock, SimulatedClock, SystemClock};
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};

//! The numbers of sign-in.

use ephor_domain::authentication::Contexts;
use jiff::SignedDuration;

use crate::password::Cost;

/// Limits of sign-in, sessions and tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Work of one password hash.
    pub password_cost: Cost,
    /// Fewest characters of a new password.
    pub password_length: usize,
    /// Password hashes computed at once; each takes `password_cost.memory_kib`.
    pub hash_workers: usize,
    /// Password checks that may wait for a worker; further ones are turned away.
    pub hash_queue: usize,
    /// How long a verified name and password are remembered: at most 60 s (seams §12).
    pub remember: SignedDuration,
    /// A session ends after this long without a call.
    pub session_idle: SignedDuration,
    /// A session ends after this in any case.
    pub session_absolute: SignedDuration,
    /// Longest life of an API token: at most 90 days (seams §12).
    pub token_life: SignedDuration,
    /// Failed sign-ins slow down further ones.
    pub throttle: Throttling,
    /// What each authentication context asks for.
    pub contexts: Contexts,
    /// The first second factor of an account may be enrolled on the word of a password; else it takes a link.
    pub first_factor_by_password: bool,
    /// A password sent along with each call (Basic) decides on requests of others even where the account has a second
    /// factor.
    pub basic_decides: bool,
}

/// Whose failed sign-ins slow down further ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Throttling {
    /// Everybody's.
    #[default]
    Everywhere,
    /// Everybody's but loopback callers': `ephor demo`, where tests call from one address.
    NotLoopback,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            password_cost: Cost::default(),
            password_length: 12,
            hash_workers: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            hash_queue: 256,
            remember: SignedDuration::from_secs(60),
            session_idle: SignedDuration::from_mins(30),
            session_absolute: SignedDuration::from_hours(12),
            token_life: SignedDuration::from_hours(90 * 24),
            throttle: Throttling::default(),
            contexts: Contexts::default(),
            first_factor_by_password: false,
            basic_decides: false,
        }
    }
}

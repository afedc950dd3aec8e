//! What the `ephor` binary is put together from, as far as tools and tests need it as a library.

pub mod config;
pub mod logging;

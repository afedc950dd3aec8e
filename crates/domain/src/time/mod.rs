//! Instants, durations, zones and windows.

pub mod window;

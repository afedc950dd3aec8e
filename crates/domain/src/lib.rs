//! Words, rules and life cycles of just-in-time privilege: pure functions, no input or output, no clock of its own.

pub mod id;

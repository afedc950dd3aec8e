//! The log as others use it: sealed, stored, signed, proven, tampered with, exported.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod bundle;
mod encoding;
mod erasure;
mod fixture;
mod oracle;
mod parsers;
mod promises;
mod proofs;
mod speed;

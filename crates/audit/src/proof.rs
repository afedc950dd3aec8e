//! Proofs: that a record is in a tree, and that one tree continues another.
//!
//! [`path`] makes them from stored leaf hashes, [`check`] verifies them by the algorithms of RFC 9162 section 2.1, and
//! [`document`] packs them with a checkpoint into JSON that anybody can check with the public key alone.

pub mod check;
pub mod document;
pub mod path;

pub use check::{ProofError, consistency, inclusion};
pub use document::{ConsistencyDocument, DocumentError, InclusionDocument, ProofDocument, Proven};
pub use path::{LeafHashes, consistency_ranges, inclusion_ranges};

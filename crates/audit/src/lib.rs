//! The audit log as a Merkle tree: how a record is encoded and hashed, how the tree is signed, and how anybody proves
//! or checks it without the server.
//!
//! The way of a record:
//!
//! 1. [`Record::seal`] turns it into *leaf* bytes and a leaf hash ([`leaf`] fixes the encoding). Names and free text go
//!    into an *erasable* part beside the leaf; only its salted digest is hashed.
//! 2. The store numbers the leaf in commit order and calls [`Frontier::append`]. Where leaves commit without a number
//!    and get it later (PostgreSQL), the leaf hash is final at once and the order is the store's to choose: nothing in a
//!    leaf names its own index.
//! 3. Now and then the root is signed: a [`Checkpoint`](checkpoint::Checkpoint), in the text form that transparency logs
//!    share, worth most when a copy is kept elsewhere.
//! 4. [`proof`] shows that a record is in a tree, or that one tree continues another; [`verify`] reads a whole log and
//!    names the first bad record; [`bundle`] is the file that carries a log out of the server.
//!
//! ```
//! use ephor_audit::checkpoint::Checkpoint;
//! use ephor_audit::key::{KeyRing, SigningKey};
//! use ephor_audit::verify::{Assurance, Row, Verifier};
//! use ephor_audit::{Actor, Frontier, Record, events};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = SigningKey::from_seed("ephor.example/audit", [7; 32])?;
//! let now = "2026-03-01T10:00:00Z".parse()?;
//! let record = Record::new(now, events::SERVICE_STARTED, Actor::system("server")).detail("node", "a");
//! let sealed = record.seal([1; 16]);
//!
//! let mut frontier = Frontier::new();
//! let index = frontier.append(sealed.leaf_hash);
//! let kept_elsewhere = Checkpoint::of(&frontier, "ephor.example/audit", now).sign(&[&key])?.to_string();
//!
//! let mut verifier = Verifier::new("ephor.example/audit", KeyRing::new([key.verifying_key().clone()]));
//! verifier.against(&kept_elsewhere);
//! verifier.row(&Row { index, leaf: Some(sealed.leaf), leaf_hash: sealed.leaf_hash, erasable: sealed.erasable });
//! verifier.head(&frontier.to_bytes());
//! let report = verifier.finish();
//! assert_eq!(report.assurance, Assurance::ContinuesCheckpoint { size: 1, time: Some(now) });
//! # Ok(())
//! # }
//! ```
//!
//! What is absent: no clock, no randomness, no files, no network. Instants, salts and key seeds are arguments, input and
//! output are `std::io` readers and writers.

pub mod bundle;
mod canonical;
pub mod checkpoint;
pub mod detail;
pub mod events;
pub mod frontier;
pub mod hash;
mod hex;
pub mod key;
pub mod leaf;
pub mod note;
pub mod proof;
pub mod record;
pub mod verify;

pub use frontier::Frontier;
pub use hash::Hash;
pub use leaf::Sealed;
pub use record::{Actor, Record};

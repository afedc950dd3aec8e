//! Signed tokens on the wire: compact JWS (RFC 7515), keys (RFC 7517), the four algorithms that count here.
//!
//! What is absent: `none`, shared secrets (`HS…`), encryption, keys that a token brings along (`jwk`, `jku`, `x5c`,
//! `x5u`), and the clock. A key decides which algorithm it is used with, never the token.

mod algorithm;
mod compact;
mod jwk;
pub mod strict;

pub use algorithm::Algorithm;
pub use compact::{Compact, LONGEST, Malformed, write};
pub use jwk::{Jwk, JwkError, VerifyingKey};

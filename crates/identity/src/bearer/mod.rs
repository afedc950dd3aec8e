//! Bearer tokens: signed claims of our own issuer, and of outside ones by their mapping.
//!
//! ```text
//! text ──parse──> Compact ──key of its issuer──> Claims ──rules──> TokenFacts ──store──> Caller
//! ```
//!
//! Order of the questions: form, issuer, signature, time, audience, tenant, object. Nothing of the claims counts before the
//! signature does. The principal and the token's family are read from the store with each call, so a disabled account and a
//! revoked family end at once, on every node. `wids`, `groups` and names in tokens are never read (`GRAPH 17.2`).

pub mod challenge;
mod claims;
mod facts;
mod rules;
mod standing;
mod verify;

pub use claims::{Claims, Unreadable};
pub use facts::{Issuer, TokenFacts};
pub(crate) use rules::is_in_time;
pub use rules::{LEEWAY_OUTSIDE, LEEWAY_OWN, TokenFault, TokenRules, own_issuer};
pub use standing::{Standing, Stands};
pub use verify::Bearers;
pub(crate) use verify::Nobody;

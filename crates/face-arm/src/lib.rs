//! The ARM face: what clients of resource management need to sign in and find their subscriptions (`ARM 4`, `ARM 20`).
//!
//! ```text
//! call ── who (bearer token) ── api-version ── resource ──> JSON
//!   └──────── any of these says no: one error body (`ARM 2.6`, `ARM 4.2`) ────────┘
//! ```
//!
//! The face translates and nothing else: no rule, no SQL, no state.

mod answer;
mod caller;
mod companion;
mod error;
mod face;
mod metadata;
mod version;

pub use companion::Subscription;
pub use face::{ArmFace, Options};

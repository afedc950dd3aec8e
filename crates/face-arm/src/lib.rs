//! The ARM face: resource roles at scopes, and what clients of resource management need around them (`ARM 1`).
//!
//! ```text
//! call ── who (bearer token) ── path ── api-version ── method ── body ── resource ── engine ──> JSON
//!   └──────────────── any of these says no: one error body (`ARM 2.6`, `ARM 4.2`, `ARM 18`) ────────────┘
//! ```
//!
//! The face translates and nothing else: no rule, no SQL, no state.

mod answer;
mod body;
mod call;
mod caller;
mod collection;
mod error;
mod face;
mod filter;
mod metadata;
mod page_token;
mod refusal;
mod resource;
mod role_id;
mod route;
mod version;

pub use face::{ArmFace, Options};

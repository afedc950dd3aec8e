//! The MIM PAM face: the REST API of Microsoft Identity Manager's privileged access management, in front of one engine.
//!
//! ```text
//! call ── who (identity) ── v ── forgery ── path and parameters ──> engine ──> JSON light
//!   └──────────── any of these says no: one error envelope ────────────┘
//! ```
//!
//! The face translates and nothing else: it holds no rule, no SQL and no state. Every status and code comes from the one
//! table in [`refusal`]; every oddity of this wire (sentinel dates, numbers as text, wrapped identifiers) lives in
//! [`entity`]. What the contract leaves open and how it is answered here is listed in `docs/faces/pam.md`.
//!
//! [`PamFace`] is one service for everything below `/api/pamresources`. CORS, size limits, the time limit and caught
//! panics are inside it, so that 408, 413 and 500 carry the envelope and the CORS headers as well (seams §2).

mod answer;
mod approvals;
mod body;
mod caller;
mod create;
pub mod entity;
mod envelope;
mod face;
mod forgery;
pub mod fuzz;
mod metadata;
mod parameters;
mod problem;
pub mod refusal;
mod requests;
mod resource;
mod roles;
mod service;
mod session;
mod stream;
mod version;

pub use face::{Options, PamFace};

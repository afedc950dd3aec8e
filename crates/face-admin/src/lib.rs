//! Our own REST API for what the three borrowed contracts lack: administration (`PAM 14.2`), described by OpenAPI 3.1.
//!
//! ```text
//! call ── who (identity, bearer only) ── parse strictly ──command──> engine: authorizes, decides, records ──> JSON
//!   └──────────────── any of these says no: one problem document (RFC 9457) ────────────────┘
//! ```
//!
//! The face translates and nothing else: no rule, no SQL, no state. Every status and code comes from the one table in
//! [`refusal`]. Names of members are those of PAM 6, 10 and 11. No credential that a browser adds by itself counts here,
//! so there is no forgery rule and no CORS (seams §2).
//!
//! The document is served at `/api/admin/v1/openapi.json` and kept in `docs/openapi/admin.json`.

mod answer;
mod body;
mod caller;
mod face;
pub mod fuzz;
mod listing;
mod openapi;
mod parameters;
pub mod problem;
pub mod refusal;
mod resource;

pub use face::{AdminFace, Options};
pub use openapi::openapi_json;

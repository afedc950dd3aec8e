//! The Graph face: directory objects and privileged access in the manner of Microsoft Graph, `v1.0` and `beta`.
//!
//! ```text
//! call ── path ── who (bearer token) ── route ── scope ── options, body ── resource ──> rows (JSON objects)
//!   │                                                                                        │
//!   └── any of these says no: one error body (`GRAPH 4.1`)      filtered, ordered, paged, shaped by the model ──> answer
//! ```
//!
//! `data/model.txt` names every type and member; `$metadata`, the resolution of names
//! in query options and the shape of answers all come from it. The face translates and nothing else: no rule, no SQL, no
//! state.

mod answer;
mod batch;
mod body;
mod call;
mod caller;
mod collection;
mod error;
mod face;
mod list;
mod metadata;
mod model;
mod page;
mod permission;
mod refusal;
mod resource;
mod route;
mod wire_id;

pub use face::{GraphFace, Options};

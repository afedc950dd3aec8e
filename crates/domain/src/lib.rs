//! Words, rules and life cycles of just-in-time privilege: pure functions, no input or output, no clock of its own.
//!
//! Every decision has the form `(state, command, now) -> decision | refusal`; applying a decision cannot refuse.

pub mod administration;
pub mod alert;
pub mod application;
pub mod approval;
pub mod authentication;
pub mod directory;
pub mod effect;
pub mod entitlement;
pub mod fuzz;
pub mod grant;
pub mod id;
pub mod life;
pub mod pam;
pub mod policy;
pub mod principal;
pub mod provider;
pub mod refusal;
pub mod request;
pub mod resource;
pub mod scope;
pub mod text;
pub mod time;

pub use refusal::Refusal;

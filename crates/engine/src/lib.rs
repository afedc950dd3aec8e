//! The one engine behind every face: commands, queries, authorization, scheduler and reconciler.

pub mod admin;
mod alarm;
pub mod alert;
pub mod answer;
pub mod call;
pub mod directory;
pub mod engine;
pub mod keeper;
mod ledger;
mod outgoing;
pub mod pam;
pub mod policy;
pub mod port;
pub mod reconcile;
mod refused;
pub mod resource;
mod retention;
mod run;
pub mod schedule;
mod scheduler;
pub mod verify;
pub mod wake;

pub use answer::{Answer, Denied};
pub use engine::{Engine, Parts};
pub use ephor_store::Fault;
pub use keeper::AuditSigner;
pub use run::Workers;

//! What administrators do and see (`PAM 14.2`, seams §14): commands and queries with their authorization inside.

pub mod administrator;
pub mod application;
pub mod audit;
pub mod bootstrap;
pub mod configuration;
pub mod credential;
pub mod desk;
pub mod enrolment;
pub mod factor;
pub mod group;
pub mod health;
pub mod identity;
pub mod listing;
pub mod monitor;
pub mod person;
pub mod recovery;
pub mod request;
pub mod role;
mod subject;
pub mod target;
pub mod user;

pub use desk::{Command, Desk, Files, Query, Subject};
pub use ephor_store::tx::NameCursor;
pub use listing::Listing;

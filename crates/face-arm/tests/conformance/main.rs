//! The checklist of the ARM face, line by line, over a real store.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test says what broke")]

mod activation;
mod alert;
mod app;
mod approval;
mod assigned;
mod body;
mod children;
mod companion;
mod concurrency;
mod deactivation;
mod denial;
mod eligibility_request;
mod front_door;
mod list;
mod metadata;
mod odd;
mod place;
mod policy;
mod property;
mod right;
mod role_assignment;
mod role_definition;
mod schedule;
mod story;

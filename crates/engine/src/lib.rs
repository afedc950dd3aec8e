//! The one engine behind every face: commands, queries, authorization, scheduler and reconciler.

pub mod port;

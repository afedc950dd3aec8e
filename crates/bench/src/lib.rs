//! Benchmarks that set every figure beside what the machine gave without Ephor, in the same run.
//!
//! | module | holds |
//! | --- | --- |
//! | [`benches`] | one benchmark a module, named after the promise it shows |
//! | [`world`] | the organisation that is measured, and its past of any length |
//! | [`rows`] | the rows a command writes, learnt from the store |
//! | [`floor`] | the same work without Ephor: disk, bare stores, bare HTTP, bare LDAP |
//! | [`measure`] | load and latency |
//! | [`report`] | figure, floor, ratio, target |
//!
//! A benchmark never fails because something is slow: it says by how much a target was missed.

pub mod benches;
pub mod floor;
pub mod measure;
pub mod report;
pub mod rows;
pub mod world;

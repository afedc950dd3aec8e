//! Query text of OData requests, turned into typed values.
//!
//! ```text
//! raw query ──query──> filter text ──grammar──> Expr ──schema──> Predicate<F> ──> rows kept
//! raw path  ──key────> Target                   (untyped)        (typed, walkable)
//! ```
//!
//! - [`query`] finds one option in a raw query string and decodes it.
//! - [`Expr::parse`] reads a [`Dialect`] into one tree, [`ast`]. Only version 3 as MIM PAM uses it exists so far
//!   (PAM 8); another dialect brings its own leaves and literals, the logic around them is shared.
//! - [`EntitySet`] is a face's allow-list of typed fields. Binding checks every type rule, so that evaluation cannot fail.
//! - [`Predicate`] decides rows and lets a store read the conditions every row must meet.
//! - [`key`] reads the path of an entity and its bound action.
//! - [`v4`] reads the options and paths of version 4, and decides and shapes rows of a data model.
//!
//! Absent on purpose: HTTP, SQL, the names of any protocol's fields, the clock. No error text repeats what the caller
//! sent (PAM 3.6). Everything here is linear in the length of its input, and nesting is bounded.

pub mod ast;
mod bind;
mod decimal;
mod error;
mod evaluate;
#[doc(hidden)]
pub mod fuzz;
mod grammar;
mod guid;
mod instant;
pub mod key;
mod percent;
mod predicate;
pub mod query;
mod schema;
pub mod v4;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod samples;

pub use ast::Expr;
pub use decimal::Decimal;
pub use error::FilterError;
pub use evaluate::{Row, Value};
pub use grammar::{Dialect, MAX_LENGTH, MAX_NESTING};
pub use instant::{DateTime, Instant};
pub use predicate::{Condition, Conjuncts, Operand, Predicate};
pub use schema::{EntitySet, Field, Kind};

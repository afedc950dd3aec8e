//! Query options and paths of OData 4, as `GRAPH 2.1` and `GRAPH 3` have them.
//!
//! ```text
//! raw query ──options──> texts ──filter, expand, search──> trees ──bind──> Filter over the members of a Model
//! raw path  ──path─────> segments with keys                                  │
//! rows (JSON objects) ──evaluate──> kept, ordered ──project──> what was selected and expanded
//! ```
//!
//! A [`Model`] is data: types, members, operations. It says which names exist, how their values compare, and what stands
//! in an answer when nothing is selected. What is not understood in full is refused, never dropped (S5).

mod bind;
mod evaluate;
pub mod expand;
pub mod filter;
mod lexer;
pub mod model;
pub mod options;
pub mod path;
mod project;
pub mod search;

#[cfg(test)]
mod tests;

pub use bind::{BindFault, Column, Constant, Order, Predicate};
pub use expand::{Expansion, Selection};
pub use filter::Filter;
pub use lexer::SyntaxFault;
pub use model::{Edition, Model};
pub use options::Options;
pub use path::{Key, Segment};
pub use project::{Expanded, Shape};
pub use search::Search;

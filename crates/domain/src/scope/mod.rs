//! Scopes belong to a provider (seams §13): Graph's are objects of the directory, ARM's a tree. Their `/` are unrelated.

pub mod arm;
pub mod directory;
pub mod place;

pub use arm::{ArmScope, ArmScopeKind};
pub use directory::DirectoryScope;
pub use place::Place;

use thiserror::Error;

/// Not a scope of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a scope")]
pub struct NoScope;

//! Why a filter was refused.

use crate::grammar::{MAX_LENGTH, MAX_NESTING};
use crate::query::QueryError;

/// Why a filter was refused. The texts may be shown to the caller: they repeat nothing of what was sent and hold none
/// of `<`, `>`, `&` (PAM 3.6). Offsets count bytes of the decoded filter, from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// The text does not follow the grammar.
    #[error("The filter cannot be read: unexpected text at position {offset}.")]
    Syntax {
        /// Where reading stopped.
        offset: usize,
    },
    /// No field of the entity set has this name.
    #[error("The filter names an unknown property at position {offset}.")]
    UnknownProperty {
        /// Where the name, or the path segment that does not exist, begins.
        offset: usize,
    },
    /// A word that is no operator, a function, or an operator this property does not have.
    #[error("The filter uses an operator or function that is not supported at position {offset}.")]
    UnsupportedOperator {
        /// Where the operator begins.
        offset: usize,
    },
    /// The value is not of the property's type.
    #[error("The filter compares a property with a value of another type at position {offset}.")]
    TypeMismatch {
        /// Where the value begins.
        offset: usize,
    },
    /// `null` compared by order.
    #[error("The filter compares null by order at position {offset}; only eq and ne are defined for null.")]
    NullOrdering {
        /// Where the operator begins.
        offset: usize,
    },
    /// More than [`MAX_LENGTH`] bytes.
    #[error("The filter is longer than {MAX_LENGTH} bytes.")]
    TooLong,
    /// More than [`MAX_NESTING`] levels of parentheses and `not`.
    #[error("The filter is nested deeper than {MAX_NESTING} levels at position {offset}.")]
    TooDeep {
        /// Where the level too many begins.
        offset: usize,
    },
    /// The option could not be taken out of the query string.
    #[error(transparent)]
    Query(#[from] QueryError),
}

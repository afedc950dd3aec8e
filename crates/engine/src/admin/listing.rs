//! Pages of the administrator's lists.

use ephor_store::tx::NameCursor;

/// One page of a list, and where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T, C = NameCursor> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where to go on; `None` at the end.
    pub next: Option<C>,
}

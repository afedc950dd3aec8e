//! What a command sees: loads of aggregates, named queries, and one way to write what was decided.

pub mod account;
pub mod administrator;
pub mod audit;
pub mod booked;
pub mod case;
pub mod challenge;
pub mod credential;
pub mod due;
pub mod group;
pub mod lease;
pub mod list;
pub mod lock;
pub mod membership;
pub mod meta;
pub mod outbox;
pub mod owner;
pub mod person;
pub mod principal;
pub mod retention;
pub mod role;
pub mod session;
pub mod standing;
pub mod target;
pub mod token;
pub mod user;
pub mod write;

pub use lock::Lock;
pub use write::Write;

use uuid::Uuid;

use crate::Fault;

/// The inside of a command.
#[derive(Debug)]
pub struct Tx {}

fn unwritten<T>() -> Result<T, Fault> {
    Err(Fault::Closed)
}

/// Where a list by instant goes on: after the row with this key and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Sort key of the last row.
    pub key: i64,
    /// Id of the last row.
    pub id: Uuid,
}

/// Where a list by name goes on: after the row with this folded name and id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameCursor {
    /// Folded name of the last row: see [`fold`].
    pub name: String,
    /// Id of the last row.
    pub id: Uuid,
}

impl NameCursor {
    /// After the row with this name as shown.
    #[must_use]
    pub fn after(name: &str, id: Uuid) -> Self {
        Self { name: fold(name), id }
    }
}

/// A page of a list by name.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Only names that hold this text, case-blind.
    pub search: Option<String>,
    /// Goes on here.
    pub after: Option<NameCursor>,
    /// Most rows.
    pub limit: u32,
}

/// The form of a name in which letter case does not count: what uniqueness and order compare.
#[must_use]
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

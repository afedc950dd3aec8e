//! The audit log as stored: numbered leaves, head, checkpoints.

use ephor_domain::id::{GrantId, RequestId};

use super::{Tx, unwritten};
use crate::{Fault, Hash};

/// A leaf with its place in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLeaf {
    /// Place in the tree, from 0.
    pub index: u64,
    /// What is hashed; `None` once retention has taken it.
    pub leaf: Option<Vec<u8>>,
    /// Its hash.
    pub leaf_hash: Hash,
    /// JSON with salt and texts, unless erased.
    pub erasable: Option<String>,
}

/// A row that names its last leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A request.
    Request(RequestId),
    /// A grant.
    Grant(GrantId),
}

impl Tx {
    /// Leaves from `from` on, in order.
    ///
    /// # Errors
    /// As any statement.
    pub async fn leaves(&mut self, _from: u64, _limit: u32) -> Result<Vec<StoredLeaf>, Fault> {
        unwritten()
    }

    /// Number of leaves that have a number.
    ///
    /// # Errors
    /// As any statement.
    pub async fn audit_size(&mut self) -> Result<u64, Fault> {
        unwritten()
    }

    /// The stored right edge of the tree, in the form of `Frontier::to_bytes`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn audit_frontier(&mut self) -> Result<Vec<u8>, Fault> {
        unwritten()
    }

    /// Numbers leaves that are committed and lie below every running transaction; answers how many. Only the holder of the
    /// sequencer lease calls it. On SQLite leaves are numbered in their commit: always 0.
    ///
    /// # Errors
    /// As any statement.
    pub async fn number_leaves(&mut self, _limit: u32) -> Result<u64, Fault> {
        unwritten()
    }

    /// Stores a signed checkpoint.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `checkpoint` when there is one of that size.
    pub async fn insert_checkpoint(&mut self, _size: u64, _text: &str) -> Result<(), Fault> {
        unwritten()
    }

    /// The last checkpoint of at most `size` leaves.
    ///
    /// # Errors
    /// As any statement.
    pub async fn checkpoint(&mut self, _size: u64) -> Result<Option<(u64, String)>, Fault> {
        unwritten()
    }

    /// Checkpoints after the one of size `after`, in order.
    ///
    /// # Errors
    /// As any statement.
    pub async fn checkpoints(&mut self, _after: Option<u64>, _limit: u32) -> Result<Vec<(u64, String)>, Fault> {
        unwritten()
    }

    /// State rows with the leaf they name, requests first, by id. `after` is the last row of the page before.
    ///
    /// # Errors
    /// As any statement.
    pub async fn named_leaves(&mut self, _after: Option<Named>, _limit: u32) -> Result<Vec<(Named, Hash)>, Fault> {
        unwritten()
    }

    /// Erases the personal texts of a leaf; false when it has none.
    ///
    /// # Errors
    /// As any statement.
    pub async fn erase(&mut self, _index: u64) -> Result<bool, Fault> {
        unwritten()
    }
}

//! The audit log as stored: numbered leaves, head, checkpoints.

use ephor_domain::id::{GrantId, RequestId};
use uuid::Uuid;

use super::Tx;
use crate::{
    Fault, Hash,
    sql::{Reader, Statement},
};

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

/// A leaf that is committed and has no number yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Transaction and place in it: to go on behind.
    pub place: (i64, i64),
    /// What is hashed.
    pub leaf: Vec<u8>,
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

static LEAVES: Statement = Statement::new(
    "audit.leaves",
    "SELECT idx, leaf, leaf_hash, erasable FROM numbered_leaf WHERE idx >= $1 ORDER BY idx LIMIT $2",
);

static SIZE: Statement = Statement::new("audit.size", "SELECT size FROM audit_head WHERE one = 1");

static FRONTIER: Statement = Statement::new("audit.frontier", "SELECT frontier FROM audit_head WHERE one = 1");

static INSERT_CHECKPOINT: Statement =
    Statement::new("checkpoint.insert", "INSERT INTO checkpoint (size, body) VALUES ($1, $2)");

static CHECKPOINT: Statement =
    Statement::new("checkpoint.last", "SELECT size, body FROM checkpoint WHERE size <= $1 ORDER BY size DESC LIMIT 1");

static CHECKPOINTS: Statement =
    Statement::new("checkpoint.list", "SELECT size, body FROM checkpoint WHERE size > $1 ORDER BY size LIMIT $2");

static NAMED_REQUESTS: Statement = Statement::new(
    "audit.named_requests",
    "SELECT id, leaf FROM request WHERE id > $1 AND leaf IS NOT NULL ORDER BY id LIMIT $2",
);

static NAMED_GRANTS: Statement = Statement::new(
    "audit.named_grants",
    "SELECT id, leaf FROM access_grant WHERE id > $1 AND leaf IS NOT NULL ORDER BY id LIMIT $2",
);

#[cfg(test)]
pub(super) static ALL: &[&Statement] =
    &[&LEAVES, &SIZE, &FRONTIER, &INSERT_CHECKPOINT, &CHECKPOINT, &CHECKPOINTS, &NAMED_REQUESTS, &NAMED_GRANTS];

impl Tx {
    /// Leaves from `from` on, in order.
    ///
    /// # Errors
    /// As any statement.
    pub async fn leaves(&mut self, from: u64, limit: u32) -> Result<Vec<StoredLeaf>, Fault> {
        self.all("leaf", &LEAVES, vec![from.into(), limit.into()], |row| {
            Ok(StoredLeaf {
                index: row.count("idx")?,
                leaf: row.bytes_or_null("leaf")?,
                leaf_hash: hash(row, "leaf_hash")?,
                erasable: row.text_or_null("erasable")?,
            })
        })
        .await
    }

    /// Number of leaves that have a number.
    ///
    /// # Errors
    /// As any statement.
    pub async fn audit_size(&mut self) -> Result<u64, Fault> {
        let found = self.first("audit_head", &SIZE, vec![]).await?;
        found.map_or(Ok(0), |mut row| row.count("size"))
    }

    /// The stored right edge of the tree, in the form of `Frontier::to_bytes`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn audit_frontier(&mut self) -> Result<Vec<u8>, Fault> {
        let found = self.first("audit_head", &FRONTIER, vec![]).await?;
        found.map_or(Ok(Vec::new()), |mut row| row.bytes("frontier"))
    }

    /// Numbers leaves that are committed and lie below every running transaction; answers how many. Only the holder of the
    /// sequencer lease calls it. On SQLite leaves are numbered in their commit: always 0.
    ///
    /// # Errors
    /// As any statement.
    pub async fn number_leaves(&mut self, limit: u32) -> Result<u64, Fault> {
        self.session.number_leaves(limit).await
    }

    /// Leaves that are committed and have no number yet, behind a place; never any on SQLite.
    ///
    /// # Errors
    /// As any statement.
    pub async fn unnumbered_leaves(&mut self, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<Waiting>, Fault> {
        let rows = self.session.unnumbered(after, limit).await?.into_iter().map(|row| {
            let mut row = Reader::new("leaf", row);
            Ok(Waiting {
                place: (row.int("xid")?, row.int("seq")?),
                leaf: row.bytes("leaf")?,
                leaf_hash: hash(&mut row, "leaf_hash")?,
                erasable: row.text_or_null("erasable")?,
            })
        });
        rows.collect()
    }

    /// Stores a signed checkpoint.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `checkpoint` when there is one of that size.
    pub async fn insert_checkpoint(&mut self, size: u64, text: &str) -> Result<(), Fault> {
        self.session.exec(&INSERT_CHECKPOINT, vec![size.into(), text.into()]).await.map(drop)
    }

    /// The last checkpoint of at most `size` leaves.
    ///
    /// # Errors
    /// As any statement.
    pub async fn checkpoint(&mut self, size: u64) -> Result<Option<(u64, String)>, Fault> {
        let found = self.first("checkpoint", &CHECKPOINT, vec![size.into()]).await?;
        found.map(|mut row| Ok((row.count("size")?, row.text("body")?))).transpose()
    }

    /// Checkpoints after the one of size `after`, in order.
    ///
    /// # Errors
    /// As any statement.
    pub async fn checkpoints(&mut self, after: Option<u64>, limit: u32) -> Result<Vec<(u64, String)>, Fault> {
        let after = after.map_or(-1, |size| i64::try_from(size).unwrap_or(i64::MAX));
        self.all("checkpoint", &CHECKPOINTS, vec![after.into(), limit.into()], |row| {
            Ok((row.count("size")?, row.text("body")?))
        })
        .await
    }

    /// State rows with the leaf they name, requests first, by id. `after` is the last row of the page before.
    ///
    /// # Errors
    /// As any statement.
    pub async fn named_leaves(&mut self, after: Option<Named>, limit: u32) -> Result<Vec<(Named, Hash)>, Fault> {
        let (requests_after, grants_after) = match after {
            None => (Some(Uuid::nil()), Uuid::nil()),
            Some(Named::Request(id)) => (Some(id.uuid()), Uuid::nil()),
            Some(Named::Grant(id)) => (None, id.uuid()),
        };
        let mut named = Vec::new();
        if let Some(after) = requests_after {
            named = self
                .all("request", &NAMED_REQUESTS, vec![after.into(), limit.into()], |row| {
                    Ok((Named::Request(row.id("id")?), hash(row, "leaf")?))
                })
                .await?;
        }
        let left = limit.saturating_sub(u32::try_from(named.len()).unwrap_or(limit));
        if left > 0 {
            let grants = self.all("access_grant", &NAMED_GRANTS, vec![grants_after.into(), left.into()], |row| {
                Ok((Named::Grant(row.id("id")?), hash(row, "leaf")?))
            });
            named.extend(grants.await?);
        }
        Ok(named)
    }

    /// Erases the personal texts of a leaf; false when it has none.
    ///
    /// # Errors
    /// As any statement.
    pub async fn erase(&mut self, index: u64) -> Result<bool, Fault> {
        self.session.erase(index).await
    }

    /// Takes the bodies of the leaves from `from` on and below `to` away, with their texts (seams §15); their hashes stay, so
    /// every proof outlives them. Answers how many.
    ///
    /// # Errors
    /// As any statement.
    pub async fn forget_bodies(&mut self, from: u64, to: u64) -> Result<u64, Fault> {
        self.session.forget(from, to).await
    }
}

fn hash(row: &mut Reader, column: &'static str) -> Result<Hash, Fault> {
    Hash::from_slice(&row.bytes(column)?).ok_or_else(|| row.fault(column))
}

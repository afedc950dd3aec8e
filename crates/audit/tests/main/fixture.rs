//! A small log with everything a store keeps of it.

use std::convert::Infallible;
use std::ops::Range;

use ephor_audit::checkpoint::{Checkpoint, SignedCheckpoint};
use ephor_audit::key::{KeyRing, SigningKey};
use ephor_audit::proof::LeafHashes;
use ephor_audit::verify::{self, Report, Row, Verifier};
use ephor_audit::{Actor, Frontier, Hash, Record, events};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

pub(crate) const ORIGIN: &str = "ephor.example/audit";

/// What the store holds.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    pub(crate) rows: Vec<Row>,
    pub(crate) checkpoints: Vec<String>,
    pub(crate) head: Vec<u8>,
}

pub(crate) fn key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, [42; 32]).unwrap()
}

pub(crate) fn ring() -> KeyRing {
    KeyRing::new([key().verifying_key().clone()])
}

pub(crate) fn instant(second: u64) -> Timestamp {
    let start: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
    start + SignedDuration::from_secs(second.cast_signed())
}

/// Record number `n` of a story; `story` tells histories apart.
pub(crate) fn record(n: u64, story: &str) -> Record {
    let actor = Actor::principal(Uuid::from_u128(u128::from(n % 7)));
    Record {
        request_id: Some(Uuid::from_u128(u128::from(n))),
        ..Record::new(instant(n), events::REQUEST_ACTIVE, actor)
    }
    .detail("story", story)
    .detail("ttl", 3600)
    .erasable_text("justification", format!("ticket {n}"))
}

pub(crate) fn row(index: u64, story: &str) -> Row {
    let mut salt = [0; 16];
    salt[..8].copy_from_slice(&index.to_be_bytes());
    let sealed = record(index, story).seal(salt);
    Row { index, leaf: Some(sealed.leaf), leaf_hash: sealed.leaf_hash, erasable: sealed.erasable }
}

/// A record that was never in any log.
pub(crate) fn foreign_row(index: u64) -> Row {
    row(index, "foreign")
}

pub(crate) fn checkpoint(frontier: &Frontier) -> String {
    signed_checkpoint(frontier).to_string()
}

pub(crate) fn signed_checkpoint(frontier: &Frontier) -> SignedCheckpoint {
    Checkpoint::of(frontier, ORIGIN, instant(frontier.size())).sign(&[&key()]).unwrap()
}

impl Log {
    /// `count` records with a checkpoint behind every `every` of them.
    pub(crate) fn new(count: u64, every: u64) -> Self {
        Self::of((0..count).map(|n| row(n, "told")).collect(), every)
    }

    /// A log as its owner would have written these rows.
    pub(crate) fn of(rows: Vec<Row>, every: u64) -> Self {
        let mut frontier = Frontier::new();
        let mut checkpoints = Vec::new();
        for row in &rows {
            frontier.append(row.leaf_hash);
            if frontier.size().is_multiple_of(every) {
                checkpoints.push(checkpoint(&frontier));
            }
        }
        Self { rows, checkpoints, head: frontier.to_bytes() }
    }

    pub(crate) fn size(&self) -> u64 {
        self.rows.len() as u64
    }

    pub(crate) fn frontier(&self) -> Frontier {
        self.rows.iter().map(|row| row.leaf_hash).collect()
    }

    /// The signed head of the first `size` records.
    pub(crate) fn head_at(&self, size: u64) -> SignedCheckpoint {
        signed_checkpoint(&self.rows.iter().take(size as usize).map(|row| row.leaf_hash).collect())
    }

    /// Gives the rows new indexes and stores the head that belongs to them, as a tamperer with all of the store would.
    pub(crate) fn renumber(&mut self) {
        for (index, row) in (0..).zip(&mut self.rows) {
            row.index = index;
        }
        self.head = self.frontier().to_bytes();
    }

    pub(crate) fn verify(&self) -> Report {
        self.verify_against(&[])
    }

    pub(crate) fn verify_against(&self, external: &[&str]) -> Report {
        let mut verifier = Verifier::new(ORIGIN, ring());
        for checkpoint in external {
            verifier.against(checkpoint);
        }
        let rows = self.rows.iter().cloned().map(Ok::<_, Infallible>);
        let checkpoints = self.checkpoints.iter().cloned().map(Ok);
        let Ok(()) = verify::stored_log(&mut verifier, rows, checkpoints, Some(&self.head));
        verifier.finish()
    }
}

impl LeafHashes for Log {
    type Error = Infallible;

    fn leaf_hashes(&mut self, range: Range<u64>, visit: &mut dyn FnMut(Hash)) -> Result<(), Infallible> {
        for row in &self.rows[range.start as usize..range.end as usize] {
            visit(row.leaf_hash);
        }
        Ok(())
    }
}

//! Proofs as JSON documents: whoever has one and the public key needs nothing else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::check::{self, ProofError};
use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::hash::Hash;
use crate::key::KeyRing;
use crate::leaf::{self, LeafError, Opened};

/// Longest document that is read, in bytes.
pub const MAX_DOCUMENT: usize = 1024 * 1024;

/// A proof of either kind, as it is written to a file: JSON whose member `proof` says which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "proof")]
pub enum ProofDocument {
    /// A record is in a tree.
    #[serde(rename = "ephor-inclusion-1")]
    Inclusion(InclusionDocument),
    /// A tree continues another.
    #[serde(rename = "ephor-consistency-1")]
    Consistency(ConsistencyDocument),
}

/// What a valid document proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proven {
    /// This record is number `index` of the log whose head the checkpoint is.
    Record {
        /// Number of the record, from 0.
        index: u64,
        /// The record.
        opened: Box<Opened>,
        /// The head it is under.
        checkpoint: Checkpoint,
    },
    /// The log of `new` begins with all records of the log of `old`, unchanged.
    Continues {
        /// The earlier head.
        old: Checkpoint,
        /// The later one.
        new: Checkpoint,
    },
}

impl ProofDocument {
    /// Reads a document.
    ///
    /// # Errors
    /// [`DocumentError::Syntax`].
    pub fn parse(json: &str) -> Result<Self, DocumentError> {
        if json.len() > MAX_DOCUMENT {
            return Err(DocumentError::Syntax(format!("longer than {MAX_DOCUMENT} bytes")));
        }
        serde_json::from_str(json).map_err(|error| DocumentError::Syntax(error.to_string()))
    }

    /// The JSON, in lines for people.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("strings and numbers always serialise")
    }

    /// Checks signatures and path.
    ///
    /// # Errors
    /// [`DocumentError`] if anything does not hold.
    pub fn check(&self, origin: &str, keys: &KeyRing) -> Result<Proven, DocumentError> {
        match self {
            Self::Inclusion(document) => document.check(origin, keys),
            Self::Consistency(document) => document.check(origin, keys),
        }
    }
}

/// A record, and the proof that it is in the tree of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InclusionDocument {
    /// Number of the record, from 0.
    pub index: u64,
    /// Leaf bytes in base64.
    pub leaf: String,
    /// The record's names and free text with their salt, if they may be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erasable: Option<String>,
    /// Hashes from the leaf up.
    pub path: Vec<Hash>,
    /// The checkpoint in its text form.
    pub checkpoint: String,
}

/// The proof that the tree of a later checkpoint begins with that of an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsistencyDocument {
    /// The earlier checkpoint in its text form.
    pub old: String,
    /// The later one.
    pub new: String,
    /// Hashes as of RFC 9162 2.1.4.
    pub path: Vec<Hash>,
}

/// Why a document proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not a document of this kind.
    #[error("not a proof document: {0}")]
    Syntax(String),
    /// The checkpoint does not count.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The leaf is no record.
    #[error(transparent)]
    Leaf(#[from] LeafError),
    /// The path does not lead there.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl InclusionDocument {
    /// Packs a proof.
    #[must_use]
    pub fn new(
        index: u64,
        leaf: &[u8],
        erasable: Option<String>,
        path: Vec<Hash>,
        checkpoint: &SignedCheckpoint,
    ) -> Self {
        Self { index, leaf: STANDARD.encode(leaf), erasable, path, checkpoint: checkpoint.to_string() }
    }

    fn check(&self, origin: &str, keys: &KeyRing) -> Result<Proven, DocumentError> {
        let leaf = STANDARD.decode(&self.leaf).map_err(|error| DocumentError::Syntax(error.to_string()))?;
        let checkpoint = SignedCheckpoint::parse(&self.checkpoint)?;
        let head = checkpoint.verify(origin, keys)?;
        check::inclusion(Hash::of_leaf(&leaf), self.index, head.size, &self.path, head.root)?;
        let opened = Box::new(leaf::open(&leaf, self.erasable.as_deref())?);
        Ok(Proven::Record { index: self.index, opened, checkpoint: head.clone() })
    }
}

impl ConsistencyDocument {
    /// Packs a proof.
    #[must_use]
    pub fn new(old: &SignedCheckpoint, new: &SignedCheckpoint, path: Vec<Hash>) -> Self {
        Self { old: old.to_string(), new: new.to_string(), path }
    }

    fn check(&self, origin: &str, keys: &KeyRing) -> Result<Proven, DocumentError> {
        let (old, new) = (SignedCheckpoint::parse(&self.old)?, SignedCheckpoint::parse(&self.new)?);
        let (old, new) = (old.verify(origin, keys)?, new.verify(origin, keys)?);
        check::consistency(old.size, new.size, &self.path, old.root, new.root)?;
        Ok(Proven::Continues { old: old.clone(), new: new.clone() })
    }
}

//! What can be wrong with a log, and where.

use std::fmt;

use serde::Serialize;

use crate::hash::Hash;

/// A row of the application's state that names the leaf of its last change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedLeaf {
    /// Table of the row.
    pub table: String,
    /// Key of the row.
    pub id: String,
    /// The leaf it names.
    pub leaf_hash: Hash,
}

/// Where a checkpoint came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Kept with the log.
    Stored,
    /// Kept elsewhere and given by the caller.
    External,
}

/// Kind of a fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cause {
    /// The record's bytes do not fit its stored hash.
    Edited,
    /// Hash and bytes agree, but the bytes are no record.
    NotARecord {
        /// What is wrong with them.
        detail: String,
    },
    /// The names and free text are not those that were hashed.
    TextAltered,
    /// The body is gone although younger than ones that are there, or than the retention allows.
    BodyRemoved,
    /// The rows from here on up to `through` are missing.
    Deleted {
        /// Last missing index.
        through: u64,
    },
    /// The rows around here are not in the order of their indexes.
    Reordered,
    /// A second row with this index.
    Inserted,
    /// The rows from here on are beyond the stored head.
    BeyondHead,
    /// The log ends here, though its own head or checkpoints know of more.
    Truncated {
        /// How many records there were at least.
        expected: u64,
    },
    /// The stored head is not the one of these rows.
    HeadMismatch,
    /// The stored head cannot be read.
    HeadUnreadable,
    /// Records were changed, removed, inserted or reordered together with their hashes: the root at this size is not the
    /// one that was signed.
    Altered {
        /// Size of the signed checkpoint.
        size: u64,
    },
    /// The log ends before the checkpoint kept elsewhere: truncated or rolled back.
    RolledBack {
        /// Size of that checkpoint.
        size: u64,
    },
    /// The log does not continue the checkpoint kept elsewhere: another history was put in place of the one it signed.
    Forked {
        /// Size of that checkpoint.
        size: u64,
    },
    /// A checkpoint is malformed, of another log, or not signed by a trusted key.
    BadCheckpoint {
        /// Where it came from.
        source: Source,
        /// What is wrong with it.
        detail: String,
    },
    /// A checkpoint stands behind records it does not cover yet.
    CheckpointMisplaced {
        /// Size of the checkpoint.
        size: u64,
    },
    /// A key endorsement is malformed or not by a trusted key.
    BadEndorsement {
        /// What is wrong with it.
        detail: String,
    },
    /// A row of the state names a leaf that is not in the log: its record was deleted.
    NamedLeafMissing(NamedLeaf),
    /// A record that waits for its number does not fit its stored hash, or its texts were altered.
    UnnumberedEdited {
        /// The stored hash.
        leaf_hash: Hash,
    },
    /// A line of the file cannot be read.
    LineUnreadable {
        /// Number of the line, from 1.
        line: u64,
        /// What is wrong with it.
        detail: String,
    },
    /// The file ends before its last line.
    FileIncomplete,
    /// The file is not byte for byte what was written.
    FileDamaged,
}

/// Where a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Exactly at this record.
    At {
        /// Its index.
        index: u64,
    },
    /// The first bad record is one of these.
    Within {
        /// Lowest index it can have.
        first: u64,
        /// Highest index it can have.
        last: u64,
    },
    /// Not at any record.
    Elsewhere,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// What.
    pub cause: Cause,
    /// Where.
    pub place: Place,
}

impl Fault {
    /// Order in which faults are named: by the highest index at which a bad record must have been met, exact ones first.
    pub(crate) const fn rank(&self) -> (u64, u8) {
        match self.place {
            Place::At { index } => (index, 0),
            Place::Within { last, .. } => (last, 1),
            Place::Elsewhere => (u64::MAX, 2),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::At { index } => write!(f, "record {index}: ")?,
            Place::Within { first, last } if first == last => write!(f, "record {first}: ")?,
            Place::Within { first, last } => write!(f, "first bad record between {first} and {last}: ")?,
            Place::Elsewhere => {}
        }
        write!(f, "{}", self.cause)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edited => write!(f, "edited: its bytes do not fit its hash"),
            Self::NotARecord { detail } => write!(f, "no record: {detail}"),
            Self::TextAltered => write!(f, "its names or free text were altered"),
            Self::BodyRemoved => write!(f, "its body was removed outside the retention"),
            Self::Deleted { through } => write!(f, "deleted, up to record {through}"),
            Self::Reordered => write!(f, "reordered"),
            Self::Inserted => write!(f, "inserted: a second record with this index"),
            Self::BeyondHead => write!(f, "inserted: beyond the stored head"),
            Self::Truncated { expected } => write!(f, "missing: the log was cut, it had {expected} records"),
            Self::HeadMismatch => write!(f, "the stored head does not belong to these records"),
            Self::HeadUnreadable => write!(f, "the stored head cannot be read"),
            Self::Altered { size } => {
                write!(f, "edited, deleted, inserted or reordered: not what the checkpoint of {size} records signed")
            }
            Self::RolledBack { size } => {
                write!(f, "missing: cut or rolled back, the external checkpoint has {size} records")
            }
            Self::Forked { size } => {
                write!(f, "another history: the log does not continue the external checkpoint of {size} records")
            }
            Self::BadCheckpoint { source: Source::Stored, detail } => write!(f, "a stored checkpoint is bad: {detail}"),
            Self::BadCheckpoint { source: Source::External, detail } => {
                write!(f, "the external checkpoint is bad: {detail}")
            }
            Self::CheckpointMisplaced { size } => write!(f, "the checkpoint of {size} records is out of order"),
            Self::BadEndorsement { detail } => write!(f, "a key endorsement is bad: {detail}"),
            Self::NamedLeafMissing(NamedLeaf { table, id, leaf_hash }) => {
                write!(f, "the record {leaf_hash} that {table} {id} names is missing: deleted")
            }
            Self::UnnumberedEdited { leaf_hash } => write!(f, "the unnumbered record {leaf_hash} was edited"),
            Self::LineUnreadable { line, detail } => write!(f, "line {line} cannot be read: {detail}"),
            Self::FileIncomplete => write!(f, "the file ends before its last line"),
            Self::FileDamaged => write!(f, "the file is not what was written"),
        }
    }
}

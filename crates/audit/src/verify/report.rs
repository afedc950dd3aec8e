//! What a verification found, and how much that is worth.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::fault::Fault;
use crate::hash::Hash;

/// Most faults that are kept; the first ones in the log win.
pub const MAX_FAULTS: usize = 100;

/// What may be said of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "assurance", rename_all = "snake_case")]
pub enum Assurance {
    /// Something is wrong.
    Faulty,
    /// Nothing is wrong in itself. Whether its end was cut off, nobody can tell from it alone.
    ConsistentWithItself,
    /// Nothing is wrong, and it begins with all records of a checkpoint that was kept elsewhere.
    ContinuesCheckpoint {
        /// Size of that checkpoint.
        size: u64,
        /// When it was signed.
        time: Option<Timestamp>,
    },
}

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Which log.
    pub origin: String,
    /// Records read.
    pub records: u64,
    /// Root of the tree of them; nothing if their sequence is broken.
    pub root: Option<Hash>,
    /// Records covered by a signature that was checked.
    pub signed_records: u64,
    /// Checkpoints whose signature and root were checked.
    pub checkpoints: u64,
    /// Records of which only the hash is left, by retention.
    pub pruned: u64,
    /// Records whose names and free text were erased.
    pub erased: u64,
    /// Records of a newer version: their hashes were checked, their erasable texts not.
    pub unknown_versions: u64,
    /// Records that wait for their number.
    pub unnumbered: u64,
    /// Rows of the state whose named leaf was looked up.
    pub named: u64,
    /// Keys the signatures were checked with, in their text form.
    pub keys: Vec<String>,
    /// Whether those keys were found in the log itself rather than given by who asks.
    pub keys_from_log: bool,
    /// What is wrong, first bad record first; at most [`MAX_FAULTS`].
    pub faults: Vec<Fault>,
    /// How many faults there were in all.
    pub fault_count: u64,
    /// What may be said of it.
    #[serde(flatten)]
    pub assurance: Assurance,
}

impl Report {
    /// The fault at the first bad record.
    #[must_use]
    pub fn first_fault(&self) -> Option<&Fault> {
        self.faults.first()
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        self.fault_count == 0
    }
}

/// Sentences for people, one a line.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "log {}: {} records, {} under a checked signature",
            self.origin, self.records, self.signed_records
        )?;
        if let Some(root) = self.root {
            writeln!(f, "root {root}")?;
        }
        for (count, what) in [
            (self.pruned, "bodies removed by retention, their hashes are left"),
            (self.erased, "records with names and free text erased"),
            (self.unknown_versions, "records of a newer version, checked by hash only"),
            (self.unnumbered, "records not numbered yet"),
        ] {
            if count > 0 {
                writeln!(f, "{count} {what}")?;
            }
        }
        if self.keys_from_log {
            writeln!(f, "the signatures were checked with the key found in the log itself: who made it is not proven")?;
        }
        match self.assurance {
            Assurance::ConsistentWithItself => {
                writeln!(f, "consistent with itself; without a checkpoint kept elsewhere a cut end cannot be seen")
            }
            Assurance::ContinuesCheckpoint { size, time } => {
                write!(f, "consistent, and it continues the external checkpoint of {size} records")?;
                match time {
                    Some(time) => writeln!(f, " of {time}"),
                    None => writeln!(f),
                }
            }
            Assurance::Faulty => {
                writeln!(f, "FAULTY: {} faults", self.fault_count)?;
                for fault in &self.faults {
                    writeln!(f, "{fault}")?;
                }
                Ok(())
            }
        }
    }
}

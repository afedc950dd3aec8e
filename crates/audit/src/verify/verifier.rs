//! The verifier: takes rows and checkpoints one after the other and keeps no more than the tree's right edge.

use std::collections::BTreeMap;
use std::ops::Range;

use super::fault::{Cause, Fault, NamedLeaf, Place, Source};
use super::report::{Assurance, MAX_FAULTS, Report};
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::frontier::Frontier;
use crate::hash::Hash;
use crate::key::{KeyRing, VerifyingKey};
use crate::leaf::{self, ErasableState, LeafError};
use crate::note::Note;

/// Checkpoints ahead of the rows that are remembered at most; more are reported as misplaced.
const MAX_AHEAD: usize = 4096;

/// A record as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number, from 0, in the order the store has chosen.
    pub index: u64,
    /// Leaf bytes; nothing once retention has removed the body.
    pub leaf: Option<Vec<u8>>,
    /// The stored hash; [`Hash::UNREADABLE`] if the stored value is no hash.
    pub leaf_hash: Hash,
    /// The erasable part, unless there is none or it was erased.
    pub erasable: Option<String>,
}

/// Reads a log in order. Push [`against`](Self::against) first, then rows and checkpoints as they come, then the head and
/// the named leaves, then [`finish`](Self::finish).
#[derive(Debug)]
pub struct Verifier {
    origin: String,
    keys: KeyRing,
    keys_from_log: bool,
    tree: Frontier,
    sequence: Sequence,
    /// Checkpoints by the size at which their root can be compared.
    ahead: BTreeMap<u64, Vec<(Source, Checkpoint)>>,
    ahead_count: usize,
    /// Largest size whose root was signed.
    signed: u64,
    continues: Option<Checkpoint>,
    altered: bool,
    head_size: u64,
    body_seen: bool,
    counts: Counts,
    faults: Vec<Fault>,
    fault_count: u64,
}

/// The run of indexes.
#[derive(Debug, Default)]
struct Sequence {
    rows: u64,
    next: u64,
    /// Once broken, the tree cannot be followed any further.
    broken: bool,
    gaps: Vec<Gap>,
}

#[derive(Debug)]
struct Gap {
    range: Range<u64>,
    filled: u64,
}

#[derive(Debug, Default)]
struct Counts {
    checkpoints: u64,
    pruned: u64,
    erased: u64,
    unknown_versions: u64,
    unnumbered: u64,
    named: u64,
}

impl Verifier {
    /// A verifier of the log named `origin`, whose checkpoints count if signed by one of the keys.
    #[must_use]
    pub fn new(origin: &str, keys: KeyRing) -> Self {
        Self {
            origin: origin.to_owned(),
            keys,
            keys_from_log: false,
            tree: Frontier::new(),
            sequence: Sequence::default(),
            ahead: BTreeMap::new(),
            ahead_count: 0,
            signed: 0,
            continues: None,
            altered: false,
            head_size: 0,
            body_seen: false,
            counts: Counts::default(),
            faults: Vec::new(),
            fault_count: 0,
        }
    }

    /// Says that the keys were found beside the log, so that the report can say so too.
    #[must_use]
    pub const fn with_keys_from_log(mut self) -> Self {
        self.keys_from_log = true;
        self
    }

    /// Requires that the log continues a checkpoint kept elsewhere. Call before the first row.
    pub fn against(&mut self, text: &str) {
        self.take_checkpoint(Source::External, text);
    }

    /// Trusts a new key as the old one says so.
    pub fn endorsement(&mut self, text: &str) {
        let followed = Note::parse(text).map_err(Into::into).and_then(|note| self.keys.accept(&note));
        if let Err(error) = followed {
            self.fault(Cause::BadEndorsement { detail: error.to_string() }, Place::Elsewhere);
        }
    }

    /// Rows read so far.
    #[must_use]
    pub const fn records_read(&self) -> u64 {
        self.sequence.rows
    }

    /// The next row.
    pub fn row(&mut self, row: &Row) {
        self.sequence.rows += 1;
        self.follow(row);
        let place = Place::At { index: row.index };
        let Some(leaf) = &row.leaf else {
            self.counts.pruned += 1;
            // Retention goes by age, so what it leaves is an unbroken end of the log.
            if self.body_seen {
                self.fault(Cause::BodyRemoved, place);
            }
            return;
        };
        self.body_seen = true;
        if Hash::of_leaf(leaf) != row.leaf_hash {
            self.fault(Cause::Edited, place);
            return;
        }
        match leaf::open(leaf, row.erasable.as_deref()) {
            Ok(opened) => match opened.erasable {
                ErasableState::Absent | ErasableState::Intact => {}
                ErasableState::Erased => self.counts.erased += 1,
                ErasableState::Mismatched => self.fault(Cause::TextAltered, place),
            },
            Err(LeafError::UnknownVersion(_)) => self.counts.unknown_versions += 1,
            Err(error @ (LeafError::Malformed(_) | LeafError::NotCanonical)) => {
                self.fault(Cause::NotARecord { detail: error.to_string() }, place);
            }
        }
    }

    /// Appends the row to the tree, or notes how its index is out of sequence.
    fn follow(&mut self, row: &Row) {
        let index = row.index;
        let next = self.sequence.next;
        if index < next {
            self.sequence.broken = true;
            match self.sequence.gaps.iter_mut().find(|gap| gap.range.contains(&index)) {
                Some(gap) => gap.filled += 1,
                None => self.fault(Cause::Inserted, Place::At { index }),
            }
            return;
        }
        if index > next {
            self.sequence.broken = true;
            if self.sequence.gaps.len() < MAX_FAULTS {
                self.sequence.gaps.push(Gap { range: next..index, filled: 0 });
            } else {
                self.fault(Cause::Deleted { through: index - 1 }, Place::At { index: next });
            }
        }
        self.sequence.next = index.saturating_add(1);
        if !self.sequence.broken {
            self.tree.append(row.leaf_hash);
            self.compare_due();
        }
    }

    /// A checkpoint stored with the log. It may come any time before the row after its last; only some thousands ahead
    /// of the rows are remembered, so give them in order of size.
    pub fn checkpoint(&mut self, text: &str) {
        self.take_checkpoint(Source::Stored, text);
    }

    fn take_checkpoint(&mut self, source: Source, text: &str) {
        let signed = SignedCheckpoint::parse(text);
        let verified = signed.as_ref().map_err(|error| *error).and_then(|s| s.verify(&self.origin, &self.keys));
        let checkpoint = match verified {
            Ok(checkpoint) => checkpoint.clone(),
            Err(error) => {
                self.fault(Cause::BadCheckpoint { source, detail: error.to_string() }, Place::Elsewhere);
                return;
            }
        };
        let size = checkpoint.size;
        let full = source == Source::Stored && self.ahead_count >= MAX_AHEAD;
        if (size < self.tree.size() && !self.sequence.broken) || full {
            self.fault(Cause::CheckpointMisplaced { size }, Place::Elsewhere);
            return;
        }
        self.ahead_count += 1;
        self.ahead.entry(size).or_default().push((source, checkpoint));
        if !self.sequence.broken {
            self.compare_due();
        }
    }

    /// Compares the root with every checkpoint of the size reached.
    fn compare_due(&mut self) {
        let size = self.tree.size();
        if self.ahead.first_key_value().is_none_or(|(next, _)| *next != size) {
            return;
        }
        let root = self.tree.root();
        let last = size.saturating_sub(1);
        let place = Place::Within { first: self.signed.min(last), last };
        for (source, checkpoint) in self.ahead.remove(&size).unwrap_or_default() {
            self.ahead_count -= 1;
            if checkpoint.root == root {
                self.signed = size;
                self.counts.checkpoints += 1;
                if source == Source::External {
                    self.continues = Some(checkpoint);
                }
                continue;
            }
            match source {
                Source::External => self.fault(Cause::Forked { size }, place),
                // What follows the first wrong root is wrong for the same reason.
                Source::Stored if self.altered => {}
                Source::Stored => {
                    self.altered = true;
                    self.fault(Cause::Altered { size }, place);
                }
            }
        }
    }

    /// The stored head ([`Frontier::to_bytes`]), after the last row.
    pub fn head(&mut self, bytes: &[u8]) {
        let Ok(head) = Frontier::from_bytes(bytes) else {
            self.fault(Cause::HeadUnreadable, Place::Elsewhere);
            return;
        };
        if self.sequence.broken {
            return;
        }
        let read = self.tree.size();
        if head.size() > read {
            self.head_size = head.size();
        } else if head.size() < read {
            self.fault(Cause::BeyondHead, Place::At { index: head.size() });
        } else if let Some(range) = self.tree.first_difference(&head) {
            let place = Place::Within { first: range.start, last: range.end - 1 };
            self.fault(Cause::HeadMismatch, place);
        }
    }

    /// Says from which index on retention has left every body, after the last row.
    pub fn bodies_kept_from(&mut self, index: u64) {
        // They are gone from the beginning on without a gap, or a fault is noted already.
        if self.counts.pruned > index {
            self.fault(Cause::BodyRemoved, Place::At { index });
        }
    }

    /// A record that is committed but waits for its number.
    pub fn unnumbered(&mut self, leaf: &[u8], leaf_hash: Hash, erasable: Option<&str>) {
        self.counts.unnumbered += 1;
        let readable = match leaf::open(leaf, erasable) {
            Ok(opened) => opened.erasable != ErasableState::Mismatched,
            Err(LeafError::UnknownVersion(_)) => true,
            Err(LeafError::Malformed(_) | LeafError::NotCanonical) => false,
        };
        if !readable || Hash::of_leaf(leaf) != leaf_hash {
            self.fault(Cause::UnnumberedEdited { leaf_hash }, Place::Elsewhere);
        }
    }

    /// Looks for every leaf that rows of the state name. `contains` asks the store's index of leaf hashes, numbered and
    /// unnumbered; that the rows behind the index are right is what the verifier checks otherwise.
    ///
    /// # Errors
    /// The first error of the iterator or of the look-up.
    pub fn named_leaves<E>(
        &mut self,
        names: impl IntoIterator<Item = Result<NamedLeaf, E>>,
        mut contains: impl FnMut(&Hash) -> Result<bool, E>,
    ) -> Result<(), E> {
        for name in names {
            let name = name?;
            let found = contains(&name.leaf_hash)?;
            self.named_leaf(name, found);
        }
        Ok(())
    }

    /// One row of the state and whether the leaf it names was found: for stores that look up in their own way.
    pub fn named_leaf(&mut self, name: NamedLeaf, found: bool) {
        self.counts.named += 1;
        if !found {
            self.fault(Cause::NamedLeafMissing(name), Place::Elsewhere);
        }
    }

    /// Notes a fault found by the reader of a file.
    pub(crate) fn fault(&mut self, cause: Cause, place: Place) {
        self.fault_count += 1;
        let fault = Fault { cause, place };
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault);
            return;
        }
        if let Some(worst) = self.faults.iter_mut().max_by_key(|fault| fault.rank())
            && fault.rank() < worst.rank()
        {
            *worst = fault;
        }
    }

    /// The report.
    #[must_use]
    pub fn finish(mut self) -> Report {
        self.report_gaps();
        if !self.sequence.broken {
            self.report_missing_end();
        }
        self.faults.sort_by_key(Fault::rank);
        let assurance = match (self.fault_count, &self.continues) {
            (0, Some(checkpoint)) => Assurance::ContinuesCheckpoint { size: checkpoint.size, time: checkpoint.time },
            (0, None) => Assurance::ConsistentWithItself,
            _ => Assurance::Faulty,
        };
        Report {
            origin: self.origin,
            records: self.sequence.rows,
            root: (!self.sequence.broken).then(|| self.tree.root()),
            signed_records: self.signed,
            checkpoints: self.counts.checkpoints,
            pruned: self.counts.pruned,
            erased: self.counts.erased,
            unknown_versions: self.counts.unknown_versions,
            unnumbered: self.counts.unnumbered,
            named: self.counts.named,
            keys: self.keys.keys().map(VerifyingKey::to_string).collect(),
            keys_from_log: self.keys_from_log,
            faults: self.faults,
            fault_count: self.fault_count,
            assurance,
        }
    }

    fn report_gaps(&mut self) {
        for Gap { range, filled } in std::mem::take(&mut self.sequence.gaps) {
            let place = Place::At { index: range.start };
            if filled > 0 {
                self.fault(Cause::Reordered, place);
            }
            if filled < range.end - range.start {
                self.fault(Cause::Deleted { through: range.end - 1 }, place);
            }
        }
    }

    /// Reports what head and checkpoints know of records that were not there.
    fn report_missing_end(&mut self) {
        let place = Place::At { index: self.tree.size() };
        let mut expected = self.head_size;
        for (size, checkpoints) in std::mem::take(&mut self.ahead) {
            for (source, _) in checkpoints {
                match source {
                    Source::External => self.fault(Cause::RolledBack { size }, place),
                    Source::Stored => expected = expected.max(size),
                }
            }
        }
        if expected > 0 {
            self.fault(Cause::Truncated { expected }, place);
        }
    }
}

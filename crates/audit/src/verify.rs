//! Reading a whole log once, in constant memory, and naming the first bad record.
//!
//! What can be known: every leaf fits its hash (edits, exactly), the indexes follow one another (deleted, inserted,
//! reordered rows, exactly), the tree has the roots that were signed (changes that also rewrote hashes and indexes, to
//! within the records between two checkpoints), the rows of the application's state find the leaves they name. What
//! cannot be known from the log alone: whether its end was cut off together with everything that told of it. Only a
//! checkpoint kept elsewhere ([`Verifier::against`]) shows that; without one a log is *consistent with itself*, no more.

mod fault;
mod order;
mod report;
mod verifier;

pub use fault::{Cause, Fault, NamedLeaf, Place, Source};
pub use order::{Piece, in_order};
pub use report::{Assurance, MAX_FAULTS, Report};
pub use verifier::{Row, Verifier};

/// Feeds a whole stored log to a verifier: rows by ascending index, checkpoint texts by ascending size, then the head.
/// All of it must come from one snapshot of the store.
///
/// # Errors
/// The first error of either iterator; faults of the log are in the report of the verifier instead.
pub fn stored_log<E>(
    verifier: &mut Verifier,
    rows: impl IntoIterator<Item = Result<Row, E>>,
    checkpoints: impl IntoIterator<Item = Result<String, E>>,
    head: Option<&[u8]>,
) -> Result<(), E> {
    for piece in in_order(rows, checkpoints) {
        match piece? {
            Piece::Row(row) => verifier.row(&row),
            Piece::Checkpoint(text) => verifier.checkpoint(&text),
        }
    }
    if let Some(head) = head {
        verifier.head(head);
    }
    Ok(())
}

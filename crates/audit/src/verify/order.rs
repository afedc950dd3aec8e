//! Rows and checkpoints of a store in the one order in which a log is read and exported.

use super::Row;
use crate::checkpoint::SignedCheckpoint;

/// A part of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A record.
    Row(Row),
    /// The text of a checkpoint.
    Checkpoint(String),
}

/// Puts each checkpoint right behind the last row it covers. Rows must come by ascending index, checkpoints by ascending
/// size; one of each is held at a time.
pub fn in_order<E>(
    rows: impl IntoIterator<Item = Result<Row, E>>,
    checkpoints: impl IntoIterator<Item = Result<String, E>>,
) -> impl Iterator<Item = Result<Piece, E>> {
    let mut rows = rows.into_iter();
    let mut checkpoints = checkpoints.into_iter().map(|next| next.map(|text| (size_of(&text), text))).peekable();
    let mut given = 0;
    std::iter::from_fn(move || {
        let due = checkpoints.next_if(|next| next.as_ref().map_or(true, |(size, _)| *size <= given));
        if let Some(checkpoint) = due {
            return Some(checkpoint.map(|(_, text)| Piece::Checkpoint(text)));
        }
        if let Some(row) = rows.next() {
            given += 1;
            return Some(row.map(Piece::Row));
        }
        checkpoints.next().map(|checkpoint| checkpoint.map(|(_, text)| Piece::Checkpoint(text)))
    })
}

/// The size a checkpoint claims; 0 if it cannot be read, so that it comes, and is reported, at once.
fn size_of(text: &str) -> u64 {
    SignedCheckpoint::parse(text).map_or(0, |signed| signed.unverified().size)
}

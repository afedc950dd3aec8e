//! Checkpoints: the size and root of the tree at an instant, signed, in the text form of C2SP `tlog-checkpoint`.
//!
//! ```text
//! ephor.example/audit
//! 1042
//! qINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=
//! time 2026-03-01T10:00:00.25Z
//!
//! — ephor.example/audit ewnQ7…
//! ```
//!
//! A copy kept where the server cannot reach it is what makes truncation and roll-back provable.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use crate::frontier::Frontier;
use crate::hash::Hash;
use crate::key::{self, KeyRing, SignatureError, SigningKey};
use crate::note::{Note, NoteError};

const TIME: &str = "time ";

/// A tree head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: one line that no other log uses, by custom host and path without scheme.
    pub origin: String,
    /// Number of records.
    pub size: u64,
    /// Root hash of the tree of them.
    pub root: Hash,
    /// When it was signed; `None` only in checkpoints of other programs.
    pub time: Option<Timestamp>,
}

/// Why a checkpoint does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A note, but not of origin, size and root.
    #[error("not a checkpoint: origin, size, root and time expected")]
    Syntax,
    /// The origin names another log.
    #[error("the checkpoint belongs to another log")]
    Origin,
    /// Not signed as it must be.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl Checkpoint {
    /// The head of a tree.
    #[must_use]
    pub fn of(frontier: &Frontier, origin: &str, time: Timestamp) -> Self {
        Self { origin: origin.to_owned(), size: frontier.size(), root: frontier.root(), time: Some(time) }
    }

    /// Signs it, with more than one key while a rotation is under way.
    ///
    /// # Errors
    /// [`CheckpointError`] if the origin is empty or has control characters.
    pub fn sign(self, keys: &[&SigningKey]) -> Result<SignedCheckpoint, CheckpointError> {
        if self.origin.is_empty() || self.origin.contains('\n') {
            return Err(CheckpointError::Syntax);
        }
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.as_bytes()));
        if let Some(time) = self.time {
            text.push_str(&format!("{TIME}{time}\n"));
        }
        Ok(SignedCheckpoint { note: Note::sign(text, keys)?, checkpoint: self })
    }
}

/// A checkpoint as it is stored and handed out. Its signatures have not been checked until [`verify`](Self::verify).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Reads the text form. Extension lines other than the time are kept, as they are signed too, and otherwise ignored.
    ///
    /// # Errors
    /// [`CheckpointError`] if it is no checkpoint.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let note = Note::parse(text)?;
        let mut lines = note.text().lines();
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Syntax);
        };
        let size = key::decimal(size).ok_or(CheckpointError::Syntax)?;
        let root = STANDARD.decode(root).ok().and_then(|bytes| Hash::from_slice(&bytes));
        let root = root.ok_or(CheckpointError::Syntax)?;
        let mut time = None;
        for line in lines {
            match line.strip_prefix(TIME) {
                Some(text) if time.is_none() => time = Some(text.parse().map_err(|_| CheckpointError::Syntax)?),
                Some(_) => return Err(CheckpointError::Syntax),
                None if line.is_empty() => return Err(CheckpointError::Syntax),
                None => {}
            }
        }
        if origin.is_empty() {
            return Err(CheckpointError::Syntax);
        }
        Ok(Self { checkpoint: Checkpoint { origin: origin.to_owned(), size, root, time }, note })
    }

    /// What it says, unchecked.
    #[must_use]
    pub const fn unverified(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Checks origin and signatures and returns what it says.
    ///
    /// # Errors
    /// [`CheckpointError::Origin`] or [`CheckpointError::Signature`].
    pub fn verify(&self, origin: &str, keys: &KeyRing) -> Result<&Checkpoint, CheckpointError> {
        if self.checkpoint.origin != origin {
            return Err(CheckpointError::Origin);
        }
        keys.verify(&self.note, self.checkpoint.size)?;
        Ok(&self.checkpoint)
    }
}

/// The text form.
impl std::fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.note.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "log.example/audit";

    fn key() -> SigningKey {
        SigningKey::from_seed(ORIGIN, [7; 32]).unwrap()
    }

    fn ring() -> KeyRing {
        KeyRing::new([key().verifying_key().clone()])
    }

    fn signed() -> SignedCheckpoint {
        let frontier: Frontier = [Hash::of_leaf(b"a"), Hash::of_leaf(b"b")].into_iter().collect();
        let time = "2026-03-01T10:00:00.25Z".parse().unwrap();
        Checkpoint::of(&frontier, ORIGIN, time).sign(&[&key()]).unwrap()
    }

    #[test]
    fn the_text_form_is_pinned_and_read_back() {
        let text = signed().to_string();
        let root = STANDARD.encode(signed().unverified().root.as_bytes());
        let head = format!("{ORIGIN}\n2\n{root}\ntime 2026-03-01T10:00:00.25Z\n\n");
        assert!(text.starts_with(&format!("{head}— {ORIGIN} ")), "{text}");
        let read = SignedCheckpoint::parse(&text).unwrap();
        assert_eq!(read, signed());
        assert_eq!(read.verify(ORIGIN, &ring()), Ok(signed().unverified()));
    }

    #[test]
    fn another_log_or_key_does_not_count() {
        let stranger = SigningKey::from_seed(ORIGIN, [8; 32]).unwrap();
        let ring_of_stranger = KeyRing::new([stranger.verifying_key().clone()]);
        assert_eq!(signed().verify("other.example/audit", &ring()), Err(CheckpointError::Origin));
        let error = CheckpointError::Signature(SignatureError::NoTrustedKey);
        assert_eq!(signed().verify(ORIGIN, &ring_of_stranger), Err(error));
    }

    #[test]
    fn malformed_checkpoints_are_refused() {
        let text = signed().to_string();
        for bad in [
            text.replace("\n2\n", "\n02\n"),
            text.replace("\n2\n", "\n-2\n"),
            text.replace("\ntime 2026", "\ntime x2026"),
            text.replace("\ntime ", "\ntime 2026-03-01T10:00:00Z\ntime "),
            text.replace("=\ntime", "\ntime"),
            text.replace("log.example/audit\n2", "\n2"),
        ] {
            assert_ne!(bad, text);
            assert_eq!(SignedCheckpoint::parse(&bad), Err(CheckpointError::Syntax), "{bad}");
        }
    }

    #[test]
    fn a_checkpoint_of_another_program_is_read() {
        let note =
            Note::sign(format!("{ORIGIN}\n0\n{}\nsome extension\n", STANDARD.encode([1; 32])), &[&key()]).unwrap();
        let read = SignedCheckpoint::parse(&note.to_string()).unwrap();
        assert_eq!(read.unverified().time, None);
        assert_eq!(read.to_string(), note.to_string());
        assert!(read.verify(ORIGIN, &ring()).is_ok());
    }
}

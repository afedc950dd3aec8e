//! Signed notes: the text form (C2SP `signed-note`) in which transparency logs sign a text with one or more keys.
//!
//! ```text
//! the text, ending in a line break
//!
//! — key-name base64(4-byte key id ‖ signature)
//! ```

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::key::SigningKey;

/// Longest note that is read, in bytes.
pub const MAX_NOTE: usize = 64 * 1024;

/// Most signatures that are read.
const MAX_SIGNATURES: usize = 16;

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// Number of the key: see [`crate::key::VerifyingKey::id`].
    pub key_id: [u8; 4],
    /// The signature.
    pub signature: Vec<u8>,
}

/// A text and the signatures under it, which nobody has checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// The text is no signed note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than [`MAX_NOTE`].
    #[error("the note is longer than {MAX_NOTE} bytes")]
    TooLong,
    /// Control characters, no blank line, or no line break at the end.
    #[error("not a signed note")]
    Text,
    /// A signature line is malformed, or there is none, or too many.
    #[error("the signature lines of the note are malformed")]
    Signatures,
}

impl Note {
    /// Signs a text with every key.
    ///
    /// # Errors
    /// [`NoteError::Text`] if the text does not end in a line break or has control characters.
    pub fn sign(text: String, keys: &[&SigningKey]) -> Result<Self, NoteError> {
        if !text.ends_with('\n') || has_control(&text) {
            return Err(NoteError::Text);
        }
        let signatures = keys.iter().map(|key| key.sign_note(&text)).collect();
        Ok(Self { text, signatures })
    }

    /// Reads a note.
    ///
    /// # Errors
    /// [`NoteError`] if it is too long or malformed.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > MAX_NOTE {
            return Err(NoteError::TooLong);
        }
        if has_control(note) {
            return Err(NoteError::Text);
        }
        let blank = note.rfind("\n\n").ok_or(NoteError::Text)?;
        let (text, lines) = note.split_at(blank + 1);
        let lines = lines.strip_prefix('\n').and_then(|l| l.strip_suffix('\n')).ok_or(NoteError::Signatures)?;
        let signatures = lines.split('\n').map(signature_line).collect::<Option<Vec<_>>>();
        let signatures = signatures.filter(|all| all.len() <= MAX_SIGNATURES).ok_or(NoteError::Signatures)?;
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// What is signed, with its last line break.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, unchecked.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.text)?;
        for NoteSignature { name, key_id, signature } in &self.signatures {
            writeln!(f, "— {name} {}", STANDARD.encode([key_id, signature.as_slice()].concat()))?;
        }
        Ok(())
    }
}

/// Whether a key may have this name: printable, without blanks and plus signs, not empty.
#[must_use]
pub fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c == '+' || c.is_whitespace() || c.is_control())
}

fn signature_line(line: &str) -> Option<NoteSignature> {
    let (name, encoded) = line.strip_prefix("— ")?.split_once(' ')?;
    let bytes = STANDARD.decode(encoded).ok()?;
    let (key_id, signature) = bytes.split_first_chunk::<4>()?;
    if !is_key_name(name) || signature.is_empty() {
        return None;
    }
    Some(NoteSignature { name: name.to_owned(), key_id: *key_id, signature: signature.to_vec() })
}

fn has_control(text: &str) -> bool {
    text.bytes().any(|byte| byte < 0x20 && byte != b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_seed("log.example/audit", [7; 32]).unwrap()
    }

    #[test]
    fn a_note_prints_and_parses_to_itself() {
        let note = Note::sign("line one\n\nline two\n".to_owned(), &[&key(), &key()]).unwrap();
        let printed = note.to_string();
        assert!(printed.starts_with("line one\n\nline two\n\n— log.example/audit "), "{printed}");
        assert_eq!(Note::parse(&printed), Ok(note));
    }

    #[test]
    fn malformed_notes_are_refused() {
        let good = Note::sign("text\n".to_owned(), &[&key()]).unwrap().to_string();
        for (bad, error) in [
            (String::new(), NoteError::Text),
            ("text\n".to_owned(), NoteError::Text),
            ("text\n\n".to_owned(), NoteError::Signatures),
            (good.trim_end().to_owned(), NoteError::Signatures),
            (good.replace("— ", "- "), NoteError::Signatures),
            (good.replace("example/", "example+"), NoteError::Signatures),
            (good.replace("text", "te\u{1}xt"), NoteError::Text),
            (good.replace("audit ", "audit *"), NoteError::Signatures),
            ("x".repeat(MAX_NOTE + 1), NoteError::TooLong),
        ] {
            assert_eq!(Note::parse(&bad), Err(error), "{bad:?}");
        }
        assert_eq!(Note::sign("no line break".to_owned(), &[&key()]), Err(NoteError::Text));
    }
}

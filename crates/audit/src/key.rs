//! Ed25519 keys of the log, their text form, and how a new key follows an old one.
//!
//! A verifying key is written as transparency logs write it: `name+id+base64(0x01 ‖ public key)`, the id being the first
//! four bytes of SHA-256(name ‖ line feed ‖ 0x01 ‖ public key) in hex.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::hash::Hash;
use crate::hex;
use crate::note::{self, Note, NoteError, NoteSignature};

/// Algorithm byte of Ed25519 in signed notes.
const ED25519_BYTE: u8 = 1;

/// Most keys of one log that are followed.
pub const MAX_KEYS: usize = 256;

const ENDORSEMENT: &str = "ephor audit key endorsement";

/// Why a key or its text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Blanks, control characters or a plus sign in the name, or no name.
    #[error("a key name is printable text without blanks and plus signs")]
    Name,
    /// Not `name+id+base64`, or the id does not belong to name and key.
    #[error("not a verifying key of the form name+id+base64")]
    Syntax,
    /// The seed is no key.
    #[error("the seed was refused")]
    Seed,
}

/// Signs checkpoints. Holds a secret: it can be neither printed nor serialised.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    verifying: VerifyingKey,
}

impl SigningKey {
    /// The key of a 32-byte secret seed, which the caller has drawn at random and keeps.
    ///
    /// # Errors
    /// [`KeyError`] if the name is not allowed in a note.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<Self, KeyError> {
        if !note::is_key_name(name) {
            return Err(KeyError::Name);
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyError::Seed)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| KeyError::Seed)?;
        Ok(Self { pair, verifying: VerifyingKey { name: name.to_owned(), public } })
    }

    /// The public half.
    #[must_use]
    pub const fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying
    }

    pub(crate) fn sign_note(&self, text: &str) -> NoteSignature {
        let signature = self.pair.sign(text.as_bytes()).as_ref().to_vec();
        NoteSignature { name: self.verifying.name.clone(), key_id: self.verifying.id(), signature }
    }

    /// Says that `next` signs from `from_size` records on, so that whoever trusts this key can trust that one.
    #[must_use]
    pub fn endorse(&self, next: &VerifyingKey, from_size: u64) -> Note {
        let text = format!("{ENDORSEMENT}\n{next}\nfrom size {from_size}\n");
        Note::sign(text, &[self]).expect("key names have no control characters")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.verifying)
    }
}

/// Checks signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    public: [u8; 32],
}

impl VerifyingKey {
    /// Name of the key, by custom the origin of the log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number that signatures carry to say which key made them.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        let hash = Hash::sha256(&[self.name.as_bytes(), b"\n", &[ED25519_BYTE], &self.public]);
        *hash.as_bytes().first_chunk().expect("a hash has 32 bytes")
    }

    fn verify(&self, text: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public).verify(text.as_bytes(), signature).is_ok()
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[ED25519_BYTE], self.public.as_slice()].concat());
        write!(f, "{}+{}+{key}", self.name, hex::encode(&self.id()))
    }
}

impl FromStr for VerifyingKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Syntax);
        };
        let key = STANDARD.decode(key).map_err(|_| KeyError::Syntax)?;
        let Some((&ED25519_BYTE, public)) = key.split_first() else { return Err(KeyError::Syntax) };
        let public = public.try_into().map_err(|_| KeyError::Syntax)?;
        let key = Self { name: name.to_owned(), public };
        if !note::is_key_name(name) || hex::decode(id) != Some(key.id()) {
            return Err(KeyError::Syntax);
        }
        Ok(key)
    }
}

/// Why a signed text does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// None of the signatures is by a trusted key that is valid at this size.
    #[error("not signed by a trusted key")]
    NoTrustedKey,
    /// A signature by a trusted key does not fit the text.
    #[error("the signature does not fit the text")]
    Invalid,
}

/// The keys of one log that a verifier trusts, each for a range of tree sizes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyRing {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    key: VerifyingKey,
    /// Smallest tree size it may sign.
    from: u64,
    /// Largest one, once another key has followed.
    until: Option<u64>,
}

/// Why an endorsement is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndorsementError {
    /// Not the text of an endorsement.
    #[error("not a key endorsement")]
    Syntax,
    /// Malformed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not by a key trusted so far.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// More than [`MAX_KEYS`].
    #[error("more than {MAX_KEYS} keys")]
    TooMany,
}

impl KeyRing {
    /// Trusts the keys for every size.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Self {
        Self { entries: keys.into_iter().map(|key| Entry { key, from: 0, until: None }).collect() }
    }

    /// Whether it trusts any key.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The trusted keys, oldest first.
    pub fn keys(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.entries.iter().map(|entry| &entry.key)
    }

    /// Follows a rotation ([`SigningKey::endorse`]): trusts the new key from its size on, and the old key no further.
    ///
    /// # Errors
    /// [`EndorsementError`] if the note is no endorsement or not by a key trusted at that size; nothing changes then.
    pub fn accept(&mut self, endorsement: &Note) -> Result<(), EndorsementError> {
        let mut lines = endorsement.text().lines();
        let (Some(ENDORSEMENT), Some(key), Some(size), None) = (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(EndorsementError::Syntax);
        };
        let next: VerifyingKey = key.parse().map_err(|_| EndorsementError::Syntax)?;
        let size = size.strip_prefix("from size ").and_then(decimal).ok_or(EndorsementError::Syntax)?;
        let signers = self.signers(endorsement, size)?;
        if self.entries.iter().any(|entry| entry.key == next) {
            // Both keys are known already, for instance from a file that names all keys.
            return Ok(());
        }
        if self.entries.len() >= MAX_KEYS {
            return Err(EndorsementError::TooMany);
        }
        for (n, entry) in self.entries.iter_mut().enumerate() {
            if signers.contains(&n) {
                entry.until = Some(size);
            }
        }
        self.entries.push(Entry { key: next, from: size, until: None });
        Ok(())
    }

    /// Checks that a note about a tree of `size` records is signed by a key trusted for it.
    ///
    /// # Errors
    /// [`SignatureError`] if it is not, or if any signature by a trusted key is wrong.
    pub fn verify(&self, note: &Note, size: u64) -> Result<(), SignatureError> {
        self.signers(note, size).map(|_| ())
    }

    fn signers(&self, note: &Note, size: u64) -> Result<Vec<usize>, SignatureError> {
        let mut signers = Vec::new();
        for NoteSignature { name, key_id, signature } in note.signatures() {
            for (n, Entry { key, from, until }) in self.entries.iter().enumerate() {
                if key.name != *name || key.id() != *key_id {
                    continue;
                }
                if !key.verify(note.text(), signature) {
                    return Err(SignatureError::Invalid);
                }
                if *from <= size && until.is_none_or(|until| size <= until) {
                    signers.push(n);
                }
            }
        }
        if signers.is_empty() { Err(SignatureError::NoTrustedKey) } else { Ok(signers) }
    }
}

/// A number in its one decimal spelling.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    text.parse::<u64>().ok().filter(|number| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed("log.example/audit", [seed; 32]).unwrap()
    }

    fn note(keys: &[&SigningKey]) -> Note {
        Note::sign("text\n".to_owned(), keys).unwrap()
    }

    #[test]
    fn the_seed_of_the_rfc_gives_its_public_key() {
        // RFC 8032 7.1, test 1.
        let seed = hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").unwrap();
        let key = SigningKey::from_seed("n", seed).unwrap();
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        assert_eq!(hex::encode(&key.verifying_key().public), public);
    }

    #[test]
    fn the_example_key_of_the_signed_note_format_parses() {
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key: VerifyingKey = text.parse().unwrap();
        assert_eq!(key.name(), "PeterNeumann");
        assert_eq!(key.to_string(), text);
        let note = "If you think cryptography is the answer to your problem,\n\
            then you don't know what your problem is.\n\n\
            — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        let note = Note::parse(note).unwrap();
        assert_eq!(KeyRing::new([key]).verify(&note, 0), Ok(()));
    }

    #[test]
    fn key_text_is_exact() {
        let text = key(1).verifying_key().to_string();
        assert_eq!(text.parse().as_ref(), Ok(key(1).verifying_key()));
        for bad in [text.replace("log", "lag"), text.replace("+A", "+B"), "a+b".to_owned(), String::new()] {
            assert_eq!(bad.parse::<VerifyingKey>(), Err(KeyError::Syntax), "{bad}");
        }
        assert_eq!(SigningKey::from_seed("two words", [0; 32]).map(|_| ()), Err(KeyError::Name));
    }

    #[test]
    fn the_secret_is_not_printed() {
        assert_eq!(format!("{:?}", key(1)), format!("SigningKey({})", key(1).verifying_key()));
    }

    #[test]
    fn one_trusted_signature_is_enough_and_none_may_be_wrong() {
        let ring = KeyRing::new([key(1).verifying_key().clone()]);
        assert_eq!(ring.verify(&note(&[&key(1)]), 5), Ok(()));
        assert_eq!(ring.verify(&note(&[&key(2), &key(1)]), 5), Ok(()));
        assert_eq!(ring.verify(&note(&[&key(2)]), 5), Err(SignatureError::NoTrustedKey));
        let other_text = note(&[&key(1)]).to_string().replace("text", "tent");
        let other_text = Note::parse(&other_text).unwrap();
        assert_eq!(ring.verify(&other_text, 5), Err(SignatureError::Invalid));
    }

    #[test]
    fn an_endorsement_hands_over_at_its_size() {
        let mut ring = KeyRing::new([key(1).verifying_key().clone()]);
        let endorsement = key(1).endorse(key(2).verifying_key(), 100);
        ring.accept(&Note::parse(&endorsement.to_string()).unwrap()).unwrap();
        assert_eq!(ring.verify(&note(&[&key(1)]), 100), Ok(()));
        assert_eq!(ring.verify(&note(&[&key(1)]), 101), Err(SignatureError::NoTrustedKey));
        assert_eq!(ring.verify(&note(&[&key(2)]), 100), Ok(()));
        assert_eq!(ring.verify(&note(&[&key(2)]), 99), Err(SignatureError::NoTrustedKey));
        assert_eq!(ring.accept(&key(2).endorse(key(3).verifying_key(), 200)), Ok(()));
        assert_eq!(ring.verify(&note(&[&key(3)]), 201), Ok(()));
    }

    #[test]
    fn only_a_trusted_key_can_hand_over() {
        let mut ring = KeyRing::new([key(1).verifying_key().clone()]);
        let before = ring.clone();
        let stranger = key(8).endorse(key(9).verifying_key(), 0);
        assert_eq!(ring.accept(&stranger), Err(SignatureError::NoTrustedKey.into()));
        assert_eq!(ring.accept(&note(&[&key(1)])), Err(EndorsementError::Syntax));
        assert_eq!(ring, before);
    }
}

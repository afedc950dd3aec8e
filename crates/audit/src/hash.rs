//! SHA-256 as RFC 9162 section 2.1 uses it: a leaf is hashed behind `0x00`, a node behind `0x01`, so that neither can be
//! passed off as the other.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::hex;

const LEAF_PREFIX: [u8; 1] = [0];
const NODE_PREFIX: [u8; 1] = [1];

/// A SHA-256 hash: of a leaf, a node or a whole tree. Written as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, std::hash::Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash([u8; 32]);

impl Hash {
    /// Stands where a stored hash cannot be read (wrong length); no data hashes to it.
    pub const UNREADABLE: Self = Self([0; 32]);

    /// The hash of a leaf: SHA-256(0x00 ‖ bytes).
    #[must_use]
    pub fn of_leaf(bytes: &[u8]) -> Self {
        Self::sha256(&[&LEAF_PREFIX, bytes])
    }

    /// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
    #[must_use]
    pub fn of_node(left: &Self, right: &Self) -> Self {
        Self::sha256(&[&NODE_PREFIX, &left.0, &right.0])
    }

    /// The root of the tree without leaves: SHA-256 of nothing.
    #[must_use]
    pub fn of_empty_tree() -> Self {
        Self::sha256(&[])
    }

    /// Plain SHA-256 of the parts in a row.
    pub(crate) fn sha256(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// A hash from its stored bytes; nothing unless there are 32 of them.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Hash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The text is not 64 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hash is written as 64 lower-case hex digits")]
pub struct HashSyntax;

impl FromStr for Hash {
    type Err = HashSyntax;

    fn from_str(text: &str) -> Result<Self, HashSyntax> {
        hex::decode(text).map(Self).ok_or(HashSyntax)
    }
}

impl TryFrom<String> for Hash {
    type Error = HashSyntax;

    fn try_from(text: String) -> Result<Self, HashSyntax> {
        text.parse()
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Hash::of_empty_tree().to_string(), empty);
        // The leaf without bytes: SHA-256 of one zero byte.
        let leaf = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
        assert_eq!(Hash::of_leaf(b"").to_string(), leaf);
        assert_eq!(leaf.parse(), Ok(Hash::of_leaf(b"")));
    }

    #[test]
    fn a_leaf_is_never_a_node() {
        let (left, right) = (Hash::of_leaf(b"l"), Hash::of_leaf(b"r"));
        let both = [left.as_bytes().as_slice(), right.as_bytes()].concat();
        assert_ne!(Hash::of_node(&left, &right), Hash::of_leaf(&both));
    }

    #[test]
    fn text_and_bytes_of_another_length_are_refused() {
        assert_eq!("ab".parse::<Hash>(), Err(HashSyntax));
        assert_eq!(Hash::from_slice(&[0; 31]), None);
        assert_eq!(Hash::from_slice(&[7; 32]), Some(Hash::from([7; 32])));
    }
}

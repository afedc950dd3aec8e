//! The two types of `ephor_audit` that the store's interface names, until that crate is merged.

/// A SHA-256 hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

/// A record ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// What is hashed.
    pub leaf: Vec<u8>,
    /// The leaf's hash in the tree.
    pub leaf_hash: Hash,
    /// JSON with salt and texts, stored beside the leaf and erased alone.
    pub erasable: Option<String>,
}

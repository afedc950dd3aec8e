//! Verifying proofs: RFC 9162 2.1.3.2 and 2.1.4.2.

use crate::hash::Hash;

/// The proof does not prove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The index is not below the size, or the old tree is the larger one.
    #[error("no such proof exists: index or sizes do not fit")]
    Sizes,
    /// Too many or too few hashes.
    #[error("the path has the wrong length")]
    Length,
    /// The path leads to another root.
    #[error("the path leads to another root")]
    Root,
}

/// Checks that the leaf is number `index` in the tree of `size` leaves with this root.
///
/// # Errors
/// [`ProofError`] if the path does not prove that.
pub fn inclusion(leaf: Hash, index: u64, size: u64, path: &[Hash], root: Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Sizes);
    }
    let mut node = index;
    let mut last = size - 1;
    let mut result = leaf;
    for sibling in path {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            result = Hash::of_node(sibling, &result);
            skip_missing_siblings(&mut node, &mut last);
        } else {
            result = Hash::of_node(&result, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if result == root { Ok(()) } else { Err(ProofError::Root) }
}

/// Checks that the tree of `new` leaves begins with the tree of `old` leaves. Every tree begins with the empty one and
/// with itself; those proofs are empty.
///
/// # Errors
/// [`ProofError`] if the path does not prove that.
pub fn consistency(old: u64, new: u64, path: &[Hash], old_root: Hash, new_root: Hash) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Sizes);
    }
    if old == 0 || old == new {
        let same = if old == new { old_root == new_root } else { old_root == Hash::of_empty_tree() };
        return match (path.is_empty(), same) {
            (false, _) => Err(ProofError::Length),
            (true, false) => Err(ProofError::Root),
            (true, true) => Ok(()),
        };
    }
    let (start, rest) = if old.is_power_of_two() {
        (old_root, path)
    } else {
        let (first, rest) = path.split_first().ok_or(ProofError::Length)?;
        (*first, rest)
    };
    // Begin where the old tree's last perfect subtree is a whole node of the new tree.
    let begin = (old - 1).trailing_ones();
    let mut node = (old - 1) >> begin;
    let mut last = (new - 1) >> begin;
    let mut old_result = start;
    let mut new_result = start;
    for sibling in rest {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            old_result = Hash::of_node(sibling, &old_result);
            new_result = Hash::of_node(sibling, &new_result);
            skip_missing_siblings(&mut node, &mut last);
        } else {
            new_result = Hash::of_node(&new_result, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if old_result == old_root && new_result == new_root { Ok(()) } else { Err(ProofError::Root) }
}

/// Goes up while the node, a last one without right sibling, passes to the next level unhashed.
const fn skip_missing_siblings(node: &mut u64, last: &mut u64) {
    while *node & 1 == 0 && *node != 0 {
        *node >>= 1;
        *last >>= 1;
    }
}

//! Making proofs: which subtrees a proof consists of, and their roots.

use std::ops::Range;

use crate::frontier::Frontier;
use crate::hash::Hash;

/// Longest range that is read leaf by leaf before asking for a cached node.
const SMALL: u64 = 256;

/// Reads stored leaf hashes in order of their index. A store that cannot answer at once (an asynchronous one) walks
/// [`inclusion_ranges`] and [`consistency_ranges`] itself and collects each range into a [`Frontier`].
pub trait LeafHashes {
    /// What can go wrong when reading.
    type Error;

    /// Calls `visit` with every leaf hash of the range, in order.
    ///
    /// # Errors
    /// Whatever the store says; a missing leaf must be an error.
    fn leaf_hashes(&mut self, range: Range<u64>, visit: &mut dyn FnMut(Hash)) -> Result<(), Self::Error>;

    /// Root of the perfect subtree over leaves `index << level .. (index + 1) << level`, if the store keeps such nodes.
    /// With those of one level from 8 up kept, a proof reads few leaves however large the tree.
    ///
    /// # Errors
    /// Whatever the store says.
    fn node(&mut self, _level: u32, _index: u64) -> Result<Option<Hash>, Self::Error> {
        Ok(None)
    }
}

/// Root of the leaves in a range, as if they were a tree of their own.
///
/// # Errors
/// Whatever the store says.
pub fn range_root<S: LeafHashes + ?Sized>(source: &mut S, range: Range<u64>) -> Result<Hash, S::Error> {
    let length = range.end.saturating_sub(range.start);
    if length.is_power_of_two()
        && length >= SMALL
        && range.start.is_multiple_of(length)
        && let Some(node) = source.node(length.ilog2(), range.start / length)?
    {
        return Ok(node);
    }
    if length <= SMALL {
        let mut frontier = Frontier::new();
        source.leaf_hashes(range, &mut |leaf| {
            frontier.append(leaf);
        })?;
        return Ok(frontier.root());
    }
    let middle = range.start + split(length);
    let left = range_root(source, range.start..middle)?;
    Ok(Hash::of_node(&left, &range_root(source, middle..range.end)?))
}

/// The inclusion path of a record in the tree of the first `size` records: RFC 9162 2.1.3.1. Nothing if the record is
/// not among them.
///
/// # Errors
/// Whatever the store says.
pub fn inclusion_path<S: LeafHashes + ?Sized>(
    source: &mut S,
    index: u64,
    size: u64,
) -> Result<Option<Vec<Hash>>, S::Error> {
    roots(source, inclusion_ranges(index, size))
}

/// The consistency path between the trees of the first `old` and the first `new` records: RFC 9162 2.1.4.1. Nothing if
/// `old` is larger.
///
/// # Errors
/// Whatever the store says.
pub fn consistency_path<S: LeafHashes + ?Sized>(
    source: &mut S,
    old: u64,
    new: u64,
) -> Result<Option<Vec<Hash>>, S::Error> {
    roots(source, consistency_ranges(old, new))
}

fn roots<S: LeafHashes + ?Sized>(
    source: &mut S,
    ranges: Option<Vec<Range<u64>>>,
) -> Result<Option<Vec<Hash>>, S::Error> {
    ranges.map(|ranges| ranges.into_iter().map(|range| range_root(source, range)).collect()).transpose()
}

/// The leaf ranges whose roots are the inclusion path, in its order.
#[must_use]
pub fn inclusion_ranges(index: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if index >= size {
        return None;
    }
    let mut tree = 0..size;
    let mut path = Vec::new();
    while tree.end - tree.start > 1 {
        let middle = tree.start + split(tree.end - tree.start);
        if index < middle {
            path.push(middle..tree.end);
            tree.end = middle;
        } else {
            path.push(tree.start..middle);
            tree.start = middle;
        }
    }
    path.reverse();
    Some(path)
}

/// The leaf ranges whose roots are the consistency path, in its order.
#[must_use]
pub fn consistency_ranges(old: u64, new: u64) -> Option<Vec<Range<u64>>> {
    if old > new {
        return None;
    }
    if old == 0 || old == new {
        return Some(Vec::new());
    }
    let mut tree = 0..new;
    let mut path = Vec::new();
    while tree.end != old {
        let middle = tree.start + split(tree.end - tree.start);
        if old <= middle {
            path.push(middle..tree.end);
            tree.end = middle;
        } else {
            path.push(tree.start..middle);
            tree.start = middle;
        }
    }
    if tree.start > 0 {
        // The verifier knows the old root only as a whole: what is a part of it must be told.
        path.push(tree);
    }
    path.reverse();
    Some(path)
}

/// The largest power of two below `length`, which is at least 2.
fn split(length: u64) -> u64 {
    1 << (length - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    struct Leaves {
        hashes: Vec<Hash>,
        read: u64,
        nodes: bool,
    }

    impl LeafHashes for Leaves {
        type Error = Infallible;

        fn leaf_hashes(&mut self, range: Range<u64>, visit: &mut dyn FnMut(Hash)) -> Result<(), Infallible> {
            self.read += range.end - range.start;
            for hash in &self.hashes[range.start as usize..range.end as usize] {
                visit(*hash);
            }
            Ok(())
        }

        fn node(&mut self, level: u32, index: u64) -> Result<Option<Hash>, Infallible> {
            let range = (index << level) as usize..((index + 1) << level) as usize;
            let root = || self.hashes[range].iter().copied().collect::<Frontier>().root();
            Ok((self.nodes && level == 8).then(root))
        }
    }

    #[test]
    fn the_examples_of_the_rfc() {
        // RFC 9162 2.1.5, the tree of seven leaves d0 to d6.
        assert_eq!(inclusion_ranges(0, 7), Some(vec![1..2, 2..4, 4..7]));
        assert_eq!(inclusion_ranges(3, 7), Some(vec![2..3, 0..2, 4..7]));
        assert_eq!(inclusion_ranges(4, 7), Some(vec![5..6, 6..7, 0..4]));
        assert_eq!(inclusion_ranges(6, 7), Some(vec![4..6, 0..4]));
        assert_eq!(consistency_ranges(3, 7), Some(vec![2..3, 3..4, 0..2, 4..7]));
        assert_eq!(consistency_ranges(4, 7).as_deref(), Some(std::slice::from_ref(&(4..7))));
        assert_eq!(consistency_ranges(6, 7), Some(vec![4..6, 6..7, 0..4]));
        assert_eq!(inclusion_ranges(7, 7), None);
        assert_eq!(consistency_ranges(8, 7), None);
    }

    #[test]
    fn kept_nodes_give_the_same_path_and_save_reading() {
        let hashes: Vec<Hash> = (0..3000_u32).map(|n| Hash::of_leaf(&n.to_be_bytes())).collect();
        let mut plain = Leaves { hashes: hashes.clone(), read: 0, nodes: false };
        let mut cached = Leaves { hashes, read: 0, nodes: true };
        let path = inclusion_path(&mut plain, 1000, 3000);
        assert_eq!(inclusion_path(&mut cached, 1000, 3000), path);
        assert_eq!(consistency_path(&mut cached, 1000, 3000), consistency_path(&mut plain, 1000, 3000));
        assert!(cached.read < 1500 && plain.read > 4500, "{} {}", cached.read, plain.read);
        assert_eq!(range_root(&mut cached, 0..3000), range_root(&mut plain, 0..3000));
    }
}

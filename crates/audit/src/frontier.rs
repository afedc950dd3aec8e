//! The right edge of the tree: all that is needed to append leaves and to know the root.

use crate::hash::Hash;

/// First byte of the stored form.
const FORMAT: u8 = 1;
const HEADER: usize = 9;

/// Size of a tree and the roots of its perfect subtrees, largest first. At most 64 hashes, so it is cheap to clone:
/// a writer keeps a copy for each savepoint and puts it back when the savepoint rolls back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// Number of leaves; the next leaf gets this index.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the perfect subtrees, largest (leftmost) first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Adds a leaf and returns its index.
    pub fn append(&mut self, leaf: Hash) -> u64 {
        let index = self.size;
        let mut node = leaf;
        // Each one at the end of the old size is a perfect subtree as large as what `node` covers by now.
        for _ in 0..index.trailing_ones() {
            let left = self.peaks.pop().expect("one peak for each one bit of the size");
            node = Hash::of_node(&left, &node);
        }
        self.peaks.push(node);
        self.size = index.checked_add(1).expect("fewer than 2^64 leaves");
        index
    }

    /// Root hash of the tree (RFC 9162 2.1.1).
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return Hash::of_empty_tree() };
        peaks.fold(*last, |right, left| Hash::of_node(left, &right))
    }

    /// The stored form: a format byte, the size (8 bytes, big-endian), the peaks.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER + 32 * self.peaks.len());
        out.push(FORMAT);
        out.extend(self.size.to_be_bytes());
        for peak in &self.peaks {
            out.extend(peak.as_bytes());
        }
        out
    }

    /// Reads [`to_bytes`](Self::to_bytes) back.
    ///
    /// # Errors
    /// [`FrontierSyntax`] if the format byte or the number of peaks is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrontierSyntax> {
        let (header, rest) = bytes.split_first_chunk::<HEADER>().ok_or(FrontierSyntax)?;
        let [format, size @ ..] = *header;
        let size = u64::from_be_bytes(size);
        let (peaks, rest) = rest.as_chunks::<32>();
        if format != FORMAT || !rest.is_empty() || peaks.len() != size.count_ones() as usize {
            return Err(FrontierSyntax);
        }
        Ok(Self { size, peaks: peaks.iter().copied().map(Hash::from).collect() })
    }

    /// Index of the first leaf whose subtree differs between two frontiers of one size; nothing if they agree or the
    /// sizes differ.
    pub(crate) fn first_difference(&self, other: &Self) -> Option<std::ops::Range<u64>> {
        if self.size != other.size {
            return None;
        }
        let mut start = 0;
        let mut left = self.size;
        for (a, b) in self.peaks.iter().zip(&other.peaks) {
            let width = 1 << left.ilog2();
            if a != b {
                return Some(start..start + width);
            }
            start += width;
            left -= width;
        }
        None
    }
}

impl Extend<Hash> for Frontier {
    fn extend<T: IntoIterator<Item = Hash>>(&mut self, leaves: T) {
        for leaf in leaves {
            self.append(leaf);
        }
    }
}

impl FromIterator<Hash> for Frontier {
    fn from_iter<T: IntoIterator<Item = Hash>>(leaves: T) -> Self {
        let mut frontier = Self::new();
        frontier.extend(leaves);
        frontier
    }
}

/// The bytes are no stored frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a stored frontier: unknown format, or the number of peaks does not fit the size")]
pub struct FrontierSyntax;

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: u64) -> impl Iterator<Item = Hash> {
        (0..count).map(|n| Hash::of_leaf(&n.to_be_bytes()))
    }

    #[test]
    fn the_root_of_three_leaves_is_the_one_of_the_rfc() {
        let [a, b, c] = [b"a", b"b", b"c"].map(|bytes| Hash::of_leaf(bytes));
        let frontier: Frontier = [a, b, c].into_iter().collect();
        assert_eq!(frontier.root(), Hash::of_node(&Hash::of_node(&a, &b), &c));
        assert_eq!(Frontier::new().root(), Hash::of_empty_tree());
    }

    #[test]
    fn stored_and_read_back_at_every_size() {
        for count in 0..130 {
            let frontier: Frontier = leaves(count).collect();
            assert_eq!(frontier.size(), count);
            assert_eq!(Frontier::from_bytes(&frontier.to_bytes()), Ok(frontier));
        }
    }

    #[test]
    fn a_clone_undoes_appends() {
        let mut frontier: Frontier = leaves(77).collect();
        let saved = frontier.clone();
        frontier.extend(leaves(9));
        assert_ne!(frontier.root(), saved.root());
        frontier = saved;
        assert_eq!(frontier, leaves(77).collect());
    }

    #[test]
    fn damaged_bytes_are_refused() {
        let bytes = leaves(5).collect::<Frontier>().to_bytes();
        assert_eq!(Frontier::from_bytes(&bytes[..bytes.len() - 1]), Err(FrontierSyntax));
        assert_eq!(Frontier::from_bytes(&[]), Err(FrontierSyntax));
        let mut other_format = bytes.clone();
        other_format[0] = 2;
        assert_eq!(Frontier::from_bytes(&other_format), Err(FrontierSyntax));
        let mut other_size = bytes;
        other_size[8] = 7;
        assert_eq!(Frontier::from_bytes(&other_size), Err(FrontierSyntax));
    }

    #[test]
    fn the_first_differing_subtree_is_named() {
        let good: Frontier = leaves(13).collect();
        for (changed, expected) in [(0, 0..8), (7, 0..8), (8, 8..12), (12, 12..13)] {
            let bad: Frontier =
                leaves(13).enumerate().map(|(n, h)| if n == changed { Hash::of_leaf(b"x") } else { h }).collect();
            assert_eq!(good.first_difference(&bad), Some(expected));
        }
        assert_eq!(good.first_difference(&good), None);
    }
}

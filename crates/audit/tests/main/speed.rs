//! The right edge stays so small that a writer can save it before every record.

use ephor_audit::{Frontier, Hash};

#[test]
fn a_savepoint_before_every_append_stays_small() {
    let mut frontier = Frontier::new();
    let leaf = Hash::of_leaf(b"record");
    for _ in 0..200_000_u32 {
        let saved = frontier.clone();
        assert!(saved.peaks().len() <= 18);
        frontier.append(leaf);
    }
    assert_eq!(frontier.size(), 200_000);
    assert_eq!(frontier.to_bytes().len(), 9 + 32 * 200_000_u64.count_ones() as usize);
}

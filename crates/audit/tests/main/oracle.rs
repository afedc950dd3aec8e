//! Roots and proofs against an independent implementation of the same tree.

use std::convert::Infallible;
use std::ops::Range;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof};
use ephor_audit::proof::path::{consistency_path, inclusion_path};
use ephor_audit::proof::{self, LeafHashes};
use ephor_audit::{Frontier, Hash};
use sha2::Sha256;

struct Leaves(Vec<Hash>);

impl LeafHashes for Leaves {
    type Error = Infallible;

    fn leaf_hashes(&mut self, range: Range<u64>, visit: &mut dyn FnMut(Hash)) -> Result<(), Infallible> {
        self.0[range.start as usize..range.end as usize].iter().copied().for_each(visit);
        Ok(())
    }
}

const SIZES: u64 = 130;

fn hashes(bytes: &[u8]) -> Vec<Hash> {
    bytes.chunks(32).map(|chunk| Hash::from_slice(chunk).unwrap()).collect()
}

#[test]
fn a2_roots_and_inclusion_proofs_equal_the_oracle_at_every_size() {
    let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut leaves = Leaves(Vec::new());
    let mut frontier = Frontier::new();
    for size in 0..=SIZES {
        let root = frontier.root();
        assert_eq!(root.as_bytes(), tree.root().as_bytes().as_slice(), "size {size}");
        for index in 0..size {
            let Ok(Some(path)) = inclusion_path(&mut leaves, index, size) else { panic!("record {index} of {size}") };
            assert_eq!(path, hashes(tree.prove_inclusion(index as usize).as_bytes()), "record {index} of {size}");
            let leaf = leaves.0[index as usize];
            assert_eq!(proof::inclusion(leaf, index, size, &path, root), Ok(()));
            let bytes = path.iter().flat_map(|hash| *hash.as_bytes()).collect();
            let theirs = InclusionProof::from_bytes(bytes);
            assert!(tree.root().verify_inclusion(&index.to_be_bytes(), index, &theirs).is_ok());
        }
        tree.push(size.to_be_bytes().to_vec());
        leaves.0.push(Hash::of_leaf(&size.to_be_bytes()));
        frontier.append(Hash::of_leaf(&size.to_be_bytes()));
    }
}

#[test]
fn a2_consistency_proofs_equal_the_oracle_at_every_pair_of_sizes() {
    let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut leaves = Leaves(Vec::new());
    let mut roots = vec![tree.root()];
    for new in 1..=SIZES {
        tree.push(new.to_be_bytes().to_vec());
        leaves.0.push(Hash::of_leaf(&new.to_be_bytes()));
        roots.push(tree.root());
        let new_root = Hash::from_slice(tree.root().as_bytes()).unwrap();
        for old in 1..=new {
            let Ok(Some(path)) = consistency_path(&mut leaves, old, new) else { panic!("{old} to {new}") };
            let theirs = tree.prove_consistency((new - old) as usize);
            assert_eq!(path, hashes(theirs.as_bytes()), "{old} to {new}");
            let old_root = Hash::from_slice(roots[old as usize].as_bytes()).unwrap();
            assert_eq!(proof::consistency(old, new, &path, old_root, new_root), Ok(()), "{old} to {new}");
            let bytes = path.iter().flat_map(|hash| *hash.as_bytes()).collect();
            let ours = ConsistencyProof::try_from_bytes(bytes).unwrap();
            assert!(tree.root().verify_consistency(&roots[old as usize], &ours).is_ok());
        }
    }
}

//! Proof documents: checked with the public key alone.

use ephor_audit::checkpoint::CheckpointError;
use ephor_audit::key::{KeyRing, SignatureError, SigningKey};
use ephor_audit::leaf::ErasableState;
use ephor_audit::proof::path::{consistency_path, inclusion_path};
use ephor_audit::proof::{
    self, ConsistencyDocument, DocumentError, InclusionDocument, ProofDocument, ProofError, Proven,
};
use ephor_audit::{Frontier, Hash};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::fixture::{Log, ORIGIN, record, ring};

pub(crate) fn inclusion_document(log: &Log, index: u64, size: u64) -> ProofDocument {
    let Ok(Some(path)) = inclusion_path(&mut log.clone(), index, size) else { panic!("record {index} of {size}") };
    let row = &log.rows[index as usize];
    let (leaf, erasable) = (row.leaf.as_deref().unwrap(), row.erasable.clone());
    ProofDocument::Inclusion(InclusionDocument::new(index, leaf, erasable, path, &log.head_at(size)))
}

pub(crate) fn consistency_document(log: &Log, old: u64, new: u64) -> ProofDocument {
    let Ok(Some(path)) = consistency_path(&mut log.clone(), old, new) else { panic!("{old} to {new}") };
    ProofDocument::Consistency(ConsistencyDocument::new(&log.head_at(old), &log.head_at(new), path))
}

#[test]
fn a2_an_inclusion_proof_is_checked_with_the_public_key_alone() {
    let log = Log::new(21, 5);
    let json = inclusion_document(&log, 13, 20).to_json();
    let read = ProofDocument::parse(&json).unwrap();
    let Ok(Proven::Record { index, opened, checkpoint }) = read.check(ORIGIN, &ring()) else { panic!("{json}") };
    assert_eq!((index, opened.record, opened.erasable), (13, record(13, "told"), ErasableState::Intact));
    assert_eq!(checkpoint, *log.head_at(20).unverified());

    let stranger = SigningKey::from_seed(ORIGIN, [9; 32]).unwrap();
    let error = CheckpointError::Signature(SignatureError::NoTrustedKey);
    let stranger = KeyRing::new([stranger.verifying_key().clone()]);
    assert_eq!(read.check(ORIGIN, &stranger), Err(DocumentError::Checkpoint(error)));
    assert_eq!(read.check("other.example", &ring()), Err(CheckpointError::Origin.into()));
}

#[test]
fn a2_an_inclusion_proof_for_another_place_or_record_fails() {
    let log = Log::new(21, 5);
    let ProofDocument::Inclusion(good) = inclusion_document(&log, 13, 20) else { panic!("an inclusion document") };
    let check = |document: InclusionDocument| ProofDocument::Inclusion(document).check(ORIGIN, &ring());
    assert_eq!(check(InclusionDocument { index: 12, ..good.clone() }), Err(ProofError::Root.into()));
    assert_eq!(check(InclusionDocument { index: 20, ..good.clone() }), Err(ProofError::Sizes.into()));
    let ProofDocument::Inclusion(other) = inclusion_document(&log, 12, 20) else { panic!("an inclusion document") };
    assert_eq!(check(InclusionDocument { leaf: other.leaf, ..good.clone() }), Err(ProofError::Root.into()));
    let mut longer = good.clone();
    longer.path.push(Hash::of_leaf(b""));
    assert_eq!(check(longer), Err(ProofError::Length.into()));
    let mut shorter = good;
    shorter.path.pop();
    assert_eq!(check(shorter), Err(ProofError::Length.into()));
}

#[test]
fn a2_a_consistency_proof_is_checked_with_the_public_key_alone() {
    let log = Log::new(21, 5);
    let read = ProofDocument::parse(&consistency_document(&log, 6, 21).to_json()).unwrap();
    let heads = [6, 21].map(|size| log.head_at(size).unverified().clone());
    let [old, new] = heads;
    assert_eq!(read.check(ORIGIN, &ring()), Ok(Proven::Continues { old, new }));

    let mut other = log.clone();
    other.rows[2] = crate::fixture::foreign_row(2);
    let ProofDocument::Consistency(forked) = consistency_document(&other, 6, 21) else { panic!("a consistency one") };
    let forked = ConsistencyDocument { old: log.head_at(6).to_string(), ..forked };
    let result = ProofDocument::Consistency(forked).check(ORIGIN, &ring());
    assert_eq!(result, Err(DocumentError::Proof(ProofError::Root)));
}

#[test]
fn the_ends_of_consistency() {
    let (empty, some, other) = (Hash::of_empty_tree(), Hash::of_leaf(b"a"), Hash::of_leaf(b"b"));
    assert_eq!(proof::consistency(0, 1, &[], empty, some), Ok(()));
    assert_eq!(proof::consistency(0, 1, &[], some, some), Err(ProofError::Root));
    assert_eq!(proof::consistency(0, 1, &[some], empty, some), Err(ProofError::Length));
    assert_eq!(proof::consistency(1, 1, &[], some, some), Ok(()));
    assert_eq!(proof::consistency(1, 1, &[], some, other), Err(ProofError::Root));
    assert_eq!(proof::consistency(2, 1, &[], some, some), Err(ProofError::Sizes));
    assert_eq!(proof::consistency(3, 5, &[], some, some), Err(ProofError::Length));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a2_a_flipped_bit_anywhere_in_a_proof_fails(
        size in 1..40_u64, index: Index, consistency: bool, byte: Index, bit in 0..7_u8,
    ) {
        let log = Log::new(size, 100);
        let index = index.index(size as usize) as u64;
        let document =
            if consistency { consistency_document(&log, index, size) } else { inclusion_document(&log, index, size) };
        let good = document.check(ORIGIN, &ring()).unwrap();
        let mut json = serde_json::to_vec(&document).unwrap();
        let byte = byte.index(json.len());
        json[byte] ^= 1_u8 << bit;
        let Ok(json) = String::from_utf8(json) else { return Ok(()) };
        let result = ProofDocument::parse(&json).and_then(|document| document.check(ORIGIN, &ring()));
        // A lost erasable part proves the same record with its texts unread; nothing else may pass.
        match (result, good) {
            (Err(_), _) => {}
            (Ok(Proven::Record { index, opened, .. }), Proven::Record { index: expected, opened: original, .. }) => {
                prop_assert_eq!(index, expected);
                prop_assert_ne!(opened.erasable, ErasableState::Intact);
                prop_assert_eq!(opened.record.details, original.record.details);
            }
            (Ok(proven), _) => prop_assert!(false, "{proven:?}"),
        }
    }

    #[test]
    fn a2_random_paths_prove_nothing(
        index in 0..100_u64, size in 0..100_u64, path in proptest::collection::vec(any::<[u8; 32]>(), 0..9), leaf: [u8; 32],
    ) {
        let path: Vec<Hash> = path.into_iter().map(Hash::from).collect();
        let leaf = Hash::from(leaf);
        let root = (0..size).map(|n| Hash::of_leaf(&n.to_be_bytes())).collect::<Frontier>().root();
        prop_assert!(proof::inclusion(leaf, index, size, &path, root).is_err());
        if index > 0 {
            prop_assert!(proof::consistency(index, size, &path, leaf, root).is_err());
        }
    }
}

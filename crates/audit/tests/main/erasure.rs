//! Names and free text go, the proofs stay.

use ephor_audit::leaf::ErasableState;
use ephor_audit::proof::{ProofDocument, Proven};
use ephor_audit::verify::{Assurance, Cause, Fault, Place, Verifier};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::fixture::{Log, ORIGIN, ring};
use crate::proofs::inclusion_document;

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a2_erased_texts_leave_log_and_proofs_valid(erase in vec(any::<bool>(), 1..40)) {
        let mut log = Log::new(erase.len() as u64, 4);
        let root = log.frontier().root();
        for (row, erase) in log.rows.iter_mut().zip(&erase) {
            if *erase {
                row.erasable = None;
            }
        }
        let report = log.verify();
        prop_assert_eq!(report.assurance, Assurance::ConsistentWithItself);
        prop_assert_eq!(report.root, Some(root));
        prop_assert_eq!(report.erased, erase.iter().filter(|erase| **erase).count() as u64);
        for (index, erase) in (0..).zip(erase) {
            let json = inclusion_document(&log, index, log.size()).to_json();
            let proven = ProofDocument::parse(&json).unwrap().check(ORIGIN, &ring());
            let Ok(Proven::Record { opened, .. }) = proven else { panic!("{proven:?}") };
            prop_assert_eq!(opened.erasable, if erase { ErasableState::Erased } else { ErasableState::Intact });
            prop_assert_eq!(opened.record.erasable.is_empty(), erase);
            prop_assert_eq!(json.contains(&format!("ticket {index}")), !erase);
        }
    }

    #[test]
    fn a2_pruned_bodies_leave_the_tree_valid(size in 1..40_u64, pruned in 0..40_u64) {
        prop_assume!(pruned <= size);
        let mut log = Log::new(size, 4);
        let root = log.frontier().root();
        for row in &mut log.rows[..pruned as usize] {
            (row.leaf, row.erasable) = (None, None);
        }
        let report = log.verify_against(&[&log.head_at(size).to_string()]);
        prop_assert!(report.is_good(), "{}", report);
        prop_assert_eq!((report.root, report.pruned), (Some(root), pruned));
    }
}

#[test]
fn a2_a_body_removed_out_of_turn_is_found() {
    let mut log = Log::new(12, 4);
    log.rows[7].leaf = None;
    let fault = Fault { cause: Cause::BodyRemoved, place: Place::At { index: 7 } };
    assert_eq!(log.verify().faults, [fault]);
}

#[test]
fn a2_bodies_removed_before_their_time_are_found() {
    let mut log = Log::new(12, 4);
    for row in &mut log.rows[..6] {
        row.leaf = None;
    }
    let mut verifier = Verifier::new(ORIGIN, ring());
    for row in &log.rows {
        verifier.row(row);
    }
    verifier.bodies_kept_from(5);
    let fault = Fault { cause: Cause::BodyRemoved, place: Place::At { index: 5 } };
    assert_eq!(verifier.finish().faults, [fault]);
}

//! A2, F10, F11: whatever is done to a stored log, verification finds it and names the first bad record.

use ephor_audit::checkpoint::Checkpoint;
use ephor_audit::key::SigningKey;
use ephor_audit::verify::{Assurance, Cause, Fault, NamedLeaf, Place, Report, Verifier};
use ephor_audit::{Frontier, Hash};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::fixture::{Log, ORIGIN, foreign_row, instant, key, ring, row};

/// Checkpoints stand behind every so many records.
const EVERY: u64 = 5;

fn at(index: u64) -> Place {
    Place::At { index }
}

fn first(report: &Report) -> Fault {
    report.first_fault().unwrap_or_else(|| panic!("nothing found: {report}")).clone()
}

fn fault(cause: Cause, place: Place) -> Fault {
    Fault { cause, place }
}

/// Where a change at `index` that also rewrote the hashes is placed by signed checkpoints: between the last good one and
/// the first bad one.
fn bracket(index: u64) -> Place {
    Place::Within { first: index / EVERY * EVERY, last: index / EVERY * EVERY + EVERY - 1 }
}

fn altered(index: u64) -> Fault {
    fault(Cause::Altered { size: index / EVERY * EVERY + EVERY }, bracket(index))
}

/// A log whose last record is covered by a checkpoint, and a record of it.
fn log_and_index() -> impl Strategy<Value = (Log, u64)> {
    (1..8_u64, any::<Index>()).prop_map(|(fives, index)| {
        let size = fives * EVERY;
        (Log::new(size, EVERY), index.index(size as usize) as u64)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a2_an_untouched_log_is_consistent_with_itself((log, index) in log_and_index()) {
        let report = log.verify();
        prop_assert_eq!(report.assurance, Assurance::ConsistentWithItself);
        prop_assert_eq!((report.records, report.signed_records, report.fault_count), (log.size(), log.size(), 0));
        prop_assert_eq!(report.root, Some(log.frontier().root()));
        let external = log.head_at(index);
        let report = log.verify_against(&[&external.to_string()]);
        prop_assert_eq!(report.assurance, Assurance::ContinuesCheckpoint { size: index, time: Some(instant(index)) });
    }

    #[test]
    fn f10_a_flipped_bit_in_a_body_or_hash_is_found_at_its_record(
        (mut log, index) in log_and_index(), byte: Index, bit in 0..8_u8, in_hash: bool,
    ) {
        let row = &mut log.rows[index as usize];
        if in_hash {
            let mut bytes = *row.leaf_hash.as_bytes();
            bytes[byte.index(32)] ^= 1_u8 << bit;
            row.leaf_hash = Hash::from(bytes);
        } else {
            let leaf = row.leaf.as_mut().unwrap();
            let byte = byte.index(leaf.len());
            leaf[byte] ^= 1_u8 << bit;
        }
        prop_assert_eq!(first(&log.verify()), fault(Cause::Edited, at(index)));
    }

    #[test]
    fn f10_a_flipped_bit_in_the_erasable_part_is_found((mut log, index) in log_and_index(), byte: Index, bit in 0..7_u8) {
        let row = &mut log.rows[index as usize];
        let mut text = row.erasable.take().unwrap().into_bytes();
        let byte = byte.index(text.len());
        text[byte] ^= 1_u8 << bit;
        row.erasable = Some(String::from_utf8(text).unwrap());
        prop_assert_eq!(first(&log.verify()), fault(Cause::TextAltered, at(index)));
    }

    #[test]
    fn f10_a_flipped_bit_in_the_head_is_found((mut log, _) in log_and_index(), byte: Index, bit in 0..8_u8) {
        let byte = byte.index(log.head.len());
        log.head[byte] ^= 1_u8 << bit;
        let cause = first(&log.verify()).cause;
        prop_assert!(
            matches!(cause, Cause::HeadUnreadable | Cause::HeadMismatch | Cause::BeyondHead | Cause::Truncated { .. }),
            "{:?}", cause
        );
    }

    #[test]
    fn f11_an_edit_that_rewrites_the_hash_too_is_found_between_two_checkpoints((mut log, index) in log_and_index()) {
        log.rows[index as usize] = foreign_row(index);
        log.renumber();
        prop_assert_eq!(first(&log.verify()), altered(index));
    }

    #[test]
    fn f11_an_edit_behind_the_last_checkpoint_shows_at_the_head((mut log, index) in log_and_index()) {
        log.checkpoints.clear();
        log.rows[index as usize] = foreign_row(index);
        let found = first(&log.verify());
        prop_assert_eq!(&found.cause, &Cause::HeadMismatch);
        let Place::Within { first, last } = found.place else { panic!("{found:?}") };
        prop_assert!(first <= index && index <= last);
    }

    #[test]
    fn f11_a_deleted_record_is_named((mut log, index) in log_and_index()) {
        log.rows.remove(index as usize);
        let last = log.size() == index;
        let cause = if last { Cause::Truncated { expected: index + 1 } } else { Cause::Deleted { through: index } };
        prop_assert_eq!(first(&log.verify()), fault(cause, at(index)));
    }

    #[test]
    fn f11_a_deletion_with_new_numbers_is_found((mut log, index) in log_and_index()) {
        log.rows.remove(index as usize);
        log.renumber();
        let last_block = index / EVERY == log.size() / EVERY;
        let truncated = fault(Cause::Truncated { expected: log.size() + 1 }, at(log.size()));
        // In the last block no root is left to compare: the signed size says that one record is missing.
        prop_assert_eq!(first(&log.verify()), if last_block { truncated } else { altered(index) });
    }

    #[test]
    fn f11_several_deleted_records_are_named_from_the_first((mut log, index) in log_and_index(), count in 1..4_u64) {
        prop_assume!(index + count < log.size());
        log.rows.drain(index as usize..(index + count) as usize);
        prop_assert_eq!(first(&log.verify()), fault(Cause::Deleted { through: index + count - 1 }, at(index)));
    }

    #[test]
    fn f11_an_inserted_record_is_named((mut log, index) in log_and_index()) {
        log.rows.insert(index as usize + 1, foreign_row(index));
        prop_assert_eq!(first(&log.verify()), fault(Cause::Inserted, at(index)));
    }

    #[test]
    fn f11_an_insertion_with_new_numbers_is_found((mut log, index) in log_and_index()) {
        log.rows.insert(index as usize, foreign_row(index));
        log.renumber();
        prop_assert_eq!(first(&log.verify()), altered(index));
    }

    #[test]
    fn f11_records_appended_behind_the_head_are_named((mut log, _) in log_and_index()) {
        let size = log.size();
        log.rows.push(foreign_row(size));
        prop_assert_eq!(first(&log.verify()), fault(Cause::BeyondHead, at(size)));
    }

    #[test]
    fn f11_reordered_rows_are_named((mut log, index) in log_and_index(), other: Index) {
        let other = other.index(log.rows.len()) as u64;
        prop_assume!(index != other);
        log.rows.swap(index as usize, other as usize);
        prop_assert_eq!(first(&log.verify()), fault(Cause::Reordered, at(index.min(other))));
    }

    #[test]
    fn f11_records_that_swapped_numbers_are_found((mut log, index) in log_and_index(), other: Index) {
        let other = other.index(log.rows.len()) as u64;
        prop_assume!(index != other);
        log.rows.swap(index as usize, other as usize);
        log.renumber();
        prop_assert_eq!(first(&log.verify()), altered(index.min(other)));
    }

    #[test]
    fn f11_a_cut_end_is_seen_by_head_and_checkpoints((mut log, keep) in log_and_index(), head_too: bool) {
        let expected = log.size();
        log.rows.truncate(keep as usize);
        if head_too {
            log.renumber();
        }
        prop_assert_eq!(first(&log.verify()), fault(Cause::Truncated { expected }, at(keep)));
    }

    #[test]
    fn f11_a_perfect_roll_back_needs_an_external_checkpoint((log, keep) in log_and_index()) {
        let external = log.head_at(log.size()).to_string();
        let older = Log::of(log.rows[..keep as usize].to_vec(), EVERY);
        prop_assert_eq!(older.verify().assurance, Assurance::ConsistentWithItself);
        let report = older.verify_against(&[&external]);
        prop_assert_eq!(report.assurance, Assurance::Faulty);
        prop_assert_eq!(first(&report), fault(Cause::RolledBack { size: log.size() }, at(keep)));
    }

    #[test]
    fn f11_a_fork_by_the_holder_of_the_key_needs_an_external_checkpoint((log, index) in log_and_index(), more in 0..9_u64) {
        let external = log.head_at(log.size()).to_string();
        let mut rows = log.rows[..index as usize].to_vec();
        rows.extend((index..log.size() + more).map(foreign_row));
        let forked = Log::of(rows, EVERY);
        prop_assert_eq!(forked.verify().assurance, Assurance::ConsistentWithItself);
        let report = forked.verify_against(&[&log.head_at(index).to_string(), &external]);
        prop_assert_eq!(report.assurance, Assurance::Faulty);
        let found = first(&report);
        prop_assert_eq!(&found.cause, &Cause::Forked { size: log.size() });
        let Place::Within { last, .. } = found.place else { panic!("{found:?}") };
        prop_assert!(last >= index);
    }

    #[test]
    fn a2_a_flipped_bit_in_a_checkpoint_is_found((mut log, _) in log_and_index(), which: Index, byte: Index, bit in 0..7_u8) {
        let which = which.index(log.checkpoints.len());
        let mut bytes = log.checkpoints[which].clone().into_bytes();
        let byte = byte.index(bytes.len());
        bytes[byte] ^= 1_u8 << bit;
        // Flips inside the dash of the signature line may leave no text at all: a store would not return that as text.
        let Ok(text) = String::from_utf8(bytes) else { return Ok(()) };
        log.checkpoints[which] = text;
        let cause = first(&log.verify()).cause;
        prop_assert!(matches!(cause, Cause::BadCheckpoint { .. }), "{:?}", cause);
    }
}

#[test]
fn a2_two_changes_are_named_in_order() {
    let mut log = Log::new(20, EVERY);
    log.rows[17].leaf.as_mut().unwrap()[9] ^= 1;
    log.rows[3] = foreign_row(3);
    let report = log.verify();
    let head = fault(Cause::HeadMismatch, Place::Within { first: 0, last: 15 });
    assert_eq!(report.faults, [altered(3), head, fault(Cause::Edited, at(17))]);
    // The exact one wins inside the bracket of the other.
    log.rows[4].leaf.as_mut().unwrap()[9] ^= 1;
    assert_eq!(first(&log.verify()), fault(Cause::Edited, at(4)));
}

#[test]
fn a2_with_very_many_faults_the_first_is_still_named() {
    let mut log = Log::new(300, EVERY);
    for row in log.rows.iter_mut().rev() {
        row.leaf.as_mut().unwrap()[9] ^= 1;
    }
    log.rows.reverse();
    let report = log.verify();
    assert_eq!(report.faults.len(), 100);
    assert!(report.fault_count >= 300);
    assert_eq!(first(&report).place, at(0));
}

#[test]
fn a2_checkpoints_of_strangers_do_not_count() {
    let mut log = Log::new(10, EVERY);
    let stranger = SigningKey::from_seed(ORIGIN, [1; 32]).unwrap();
    let head = Checkpoint::of(&log.frontier(), ORIGIN, instant(9));
    log.checkpoints.push(head.clone().sign(&[&stranger]).unwrap().to_string());
    let detail = "not signed by a trusted key".to_owned();
    let source = ephor_audit::verify::Source::Stored;
    assert_eq!(first(&log.verify()), fault(Cause::BadCheckpoint { source, detail }, Place::Elsewhere));
    let elsewhere = Checkpoint { origin: "other.example".to_owned(), ..head }.sign(&[&key()]).unwrap().to_string();
    log.checkpoints.pop();
    let report = log.verify_against(&[&elsewhere]);
    let detail = "the checkpoint belongs to another log".to_owned();
    let source = ephor_audit::verify::Source::External;
    assert_eq!(first(&report), fault(Cause::BadCheckpoint { source, detail }, Place::Elsewhere));
}

#[test]
fn a2_a_checkpoint_out_of_order_is_reported() {
    let mut log = Log::new(10, EVERY);
    log.checkpoints.reverse();
    assert_eq!(first(&log.verify()), fault(Cause::CheckpointMisplaced { size: 5 }, Place::Elsewhere));
}

#[test]
fn a2_a_leaf_that_the_state_names_and_the_log_lacks_is_found() {
    let log = Log::new(10, EVERY);
    let named =
        |n: u64| NamedLeaf { table: "request".to_owned(), id: n.to_string(), leaf_hash: row(n, "told").leaf_hash };
    let mut verifier = Verifier::new(ORIGIN, ring());
    for row in &log.rows {
        verifier.row(row);
    }
    let known = |hash: &Hash| Ok::<_, ()>(log.rows.iter().any(|row| row.leaf_hash == *hash));
    verifier.named_leaves([Ok(named(3)), Ok(named(12))], known).unwrap();
    let report = verifier.finish();
    assert_eq!(report.named, 2);
    assert_eq!(report.faults, [fault(Cause::NamedLeafMissing(named(12)), Place::Elsewhere)]);
}

#[test]
fn a2_records_waiting_for_their_number_are_checked() {
    let mut verifier = Verifier::new(ORIGIN, ring());
    let waiting = row(0, "told");
    let leaf = waiting.leaf.unwrap();
    verifier.unnumbered(&leaf, waiting.leaf_hash, waiting.erasable.as_deref());
    let mut edited = leaf.clone();
    edited[40] ^= 1;
    verifier.unnumbered(&edited, waiting.leaf_hash, None);
    let report = verifier.finish();
    assert_eq!(report.unnumbered, 2);
    let cause = Cause::UnnumberedEdited { leaf_hash: waiting.leaf_hash };
    assert_eq!(report.faults, [fault(cause, Place::Elsewhere)]);
}

#[test]
fn a2_the_report_says_what_it_cannot_know() {
    let log = Log::new(7, EVERY);
    let root = log.frontier().root();
    assert_eq!(
        log.verify().to_string(),
        format!(
            "log ephor.example/audit: 7 records, 5 under a checked signature\nroot {root}\n\
             consistent with itself; without a checkpoint kept elsewhere a cut end cannot be seen\n"
        )
    );
    let report = log.verify_against(&[&log.head_at(6).to_string()]).to_string();
    assert!(
        report.ends_with("consistent, and it continues the external checkpoint of 6 records of 2026-03-01T10:00:06Z\n"),
        "{report}"
    );
    let mut cut = log;
    cut.rows.truncate(4);
    let report = cut.verify().to_string();
    assert!(report.ends_with("FAULTY: 1 faults\nrecord 4: missing: the log was cut, it had 7 records\n"), "{report}");
}

#[test]
fn a2_an_empty_log_is_good() {
    let log = Log::new(0, EVERY);
    let report = log.verify_against(&[&log.head_at(0).to_string()]);
    assert_eq!(report.assurance, Assurance::ContinuesCheckpoint { size: 0, time: Some(instant(0)) });
    assert_eq!(report.root, Some(Frontier::new().root()));
}

//! The file that leaves the server.

use ephor_audit::bundle::{self, BundleWriter, Header};
use ephor_audit::key::{KeyRing, SigningKey};
use ephor_audit::verify::{Assurance, Cause, Fault, Piece, Place, Report, Source, in_order};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::fixture::{Log, ORIGIN, instant, key, ring};

fn export(log: &Log, keys: &[&SigningKey], endorsement: Option<&str>) -> Vec<u8> {
    let keys = keys.iter().map(|key| key.verifying_key().to_string()).collect();
    let header = Header { origin: ORIGIN.to_owned(), keys, exported_at: Some(instant(0)) };
    let mut writer = BundleWriter::new(Vec::new(), header).unwrap();
    if let Some(text) = endorsement {
        writer.endorsement(text).unwrap();
    }
    let (rows, checkpoints) = (log.rows.iter().cloned().map(Ok::<_, ()>), log.checkpoints.iter().cloned().map(Ok));
    for piece in in_order(rows, checkpoints) {
        match piece.unwrap() {
            Piece::Row(row) => writer.row(&row).unwrap(),
            Piece::Checkpoint(text) => writer.checkpoint(&text).unwrap(),
        }
    }
    writer.head(&log.head).unwrap();
    writer.finish().unwrap()
}

fn verify(file: &[u8]) -> Report {
    bundle::verify(file, Some(ring()), &[]).unwrap()
}

#[test]
fn a2_an_exported_log_verifies_as_in_the_store() {
    let mut log = Log::new(23, 5);
    for row in &mut log.rows[..4] {
        (row.leaf, row.erasable) = (None, None);
    }
    log.rows[9].erasable = None;
    assert_eq!(verify(&export(&log, &[&key()], None)), log.verify());
    assert!(log.verify().is_good());
}

#[test]
fn a2_what_is_wrong_in_the_store_stays_wrong_in_the_file() {
    let mut log = Log::new(23, 5);
    log.rows[2].leaf = Some(b"\x01{\"a\": 1}\n".to_vec());
    log.rows[3].leaf = Some(vec![0xff, 0xfe]);
    log.rows[4].leaf.as_mut().unwrap().push(b' ');
    log.rows[5].erasable = Some("null".to_owned());
    log.rows[6].erasable = Some("{\"salt\"\n:1}".to_owned());
    log.rows.remove(20);
    let report = verify(&export(&log, &[&key()], None));
    assert_eq!(report, log.verify());
    assert_eq!(report.fault_count, 6);
}

#[test]
fn a2_the_text_of_a_bundle() {
    let file = String::from_utf8(export(&Log::new(1, 1), &[&key()], None)).unwrap();
    let lines: Vec<&str> = file.lines().collect();
    let key = key().verifying_key().to_string();
    assert_eq!(
        lines[0],
        format!(
            "{{\"ephor_audit\":{{\"version\":1,\"origin\":\"{ORIGIN}\",\"keys\":[\"{key}\"],\
             \"exported_at\":\"2026-03-01T10:00:00Z\"}}}}"
        )
    );
    assert!(lines[1].starts_with("{\"row\":{\"index\":0,\"leaf_hash\":\""), "{}", lines[1]);
    assert!(lines[1].contains("\"record\":{\"actor\":{\"id\":"), "{}", lines[1]);
    assert!(lines[1].ends_with("\"text\":{\"justification\":\"ticket 0\"}}}}"), "{}", lines[1]);
    assert!(lines[2].starts_with("{\"checkpoint\":\"ephor.example/audit\\n1\\n"), "{}", lines[2]);
    assert!(lines[3].starts_with("{\"head\":\""), "{}", lines[3]);
    assert!(lines[4].starts_with("{\"end\":{\"records\":1,\"sha256\":\""), "{}", lines[4]);
    assert_eq!(lines.len(), 5);
}

#[test]
fn a2_keys_from_the_file_are_said_to_prove_little() {
    let log = Log::new(5, 5);
    let file = export(&log, &[&key()], None);
    let report = bundle::verify(file.as_slice(), None, &[&log.head_at(5).to_string()]).unwrap();
    assert!(report.keys_from_log);
    assert!(report.to_string().contains("who made it is not proven"));
    assert_eq!(report.keys, [key().verifying_key().to_string()]);
    assert_eq!(report.assurance, Assurance::ContinuesCheckpoint { size: 5, time: Some(instant(5)) });
    // A stranger's log, signed with the stranger's own key, is consistent with itself and convinces nobody else.
    assert!(!bundle::verify(file.as_slice(), Some(KeyRing::default()), &[]).unwrap().is_good());
}

#[test]
fn a2_a_rotation_is_followed_from_the_old_key() {
    let next = SigningKey::from_seed(ORIGIN, [77; 32]).unwrap();
    let mut log = Log::new(20, 5);
    let head = log.head_at(20).unverified().clone();
    log.checkpoints[3] = head.sign(&[&next]).unwrap().to_string();
    let endorsement = key().endorse(next.verifying_key(), 15).to_string();
    let report = verify(&export(&log, &[&key(), &next], Some(&endorsement)));
    assert!(report.is_good(), "{report}");
    assert_eq!((report.checkpoints, report.signed_records), (4, 20));

    let report = verify(&export(&log, &[&key(), &next], None));
    let detail = "not signed by a trusted key".to_owned();
    let cause = Cause::BadCheckpoint { source: Source::Stored, detail };
    assert_eq!(report.faults, [Fault { cause, place: Place::Elsewhere }]);
}

#[test]
fn f10_a_cut_file_is_incomplete() {
    let file = export(&Log::new(4, 3), &[&key()], None);
    for end in 0..file.len() {
        let report = verify(&file[..end]);
        assert!(!report.is_good(), "{end}");
    }
    let second_row = file.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(2).unwrap().0;
    let fault = Fault { cause: Cause::FileIncomplete, place: Place::At { index: 2 } };
    assert_eq!(verify(&file[..=second_row]).faults, [fault]);
    let more = [file.as_slice(), b"\n"].concat();
    assert_eq!(verify(&more).faults, [Fault { cause: Cause::FileDamaged, place: Place::Elsewhere }]);
}

#[test]
fn a_line_without_end_is_not_read_into_memory() {
    let endless = std::io::Read::take(std::io::repeat(b'x'), 64 * 1024 * 1024);
    let report = bundle::verify(std::io::BufReader::new(endless), None, &[]).unwrap();
    assert!(matches!(report.faults[0].cause, Cause::LineUnreadable { line: 1, .. }));
}

#[test]
fn f10_every_flipped_bit_in_a_small_file_is_found() {
    let file = export(&Log::new(1, 1), &[&key()], None);
    for byte in 0..file.len() {
        for bit in 0..8 {
            let mut damaged = file.clone();
            damaged[byte] ^= 1_u8 << bit;
            assert!(!verify(&damaged).is_good(), "byte {byte} bit {bit}: {}", String::from_utf8_lossy(&damaged));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn f10_a_flipped_bit_in_a_record_of_a_file_is_named(size in 1..20_u64, at: Index, byte: Index, bit in 0..8_u8) {
        let file = export(&Log::new(size, 5), &[&key()], None);
        let mut lines: Vec<Vec<u8>> = file.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let index = at.index(size as usize) as u64;
        let prefix = format!("{{\"row\":{{\"index\":{index},");
        let line = lines.iter_mut().find(|line| line.starts_with(prefix.as_bytes())).unwrap();
        let byte = prefix.len() + byte.index(line.len() - prefix.len());
        line[byte] ^= 1_u8 << bit;
        let report = verify(&lines.concat());
        prop_assert_eq!(report.faults[0].place, Place::At { index }, "{}", report);
    }
}

//! Nothing that is read makes a parser panic.

use ephor_audit::bundle;
use ephor_audit::checkpoint::SignedCheckpoint;
use ephor_audit::key::VerifyingKey;
use ephor_audit::note::Note;
use ephor_audit::proof::ProofDocument;
use ephor_audit::verify::{Row, Verifier};
use ephor_audit::{Frontier, Hash, leaf};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::fixture::{Log, ORIGIN, key, ring};
use crate::proofs::{consistency_document, inclusion_document};

/// Valid input of every parser.
fn samples() -> Vec<Vec<u8>> {
    let log = Log::new(11, 3);
    let row = &log.rows[3];
    vec![
        row.leaf.clone().unwrap(),
        row.erasable.clone().unwrap().into_bytes(),
        log.checkpoints[0].clone().into_bytes(),
        key().verifying_key().to_string().into_bytes(),
        key().endorse(key().verifying_key(), 3).to_string().into_bytes(),
        log.head.clone(),
        inclusion_document(&log, 3, 10).to_json().into_bytes(),
        consistency_document(&log, 3, 10).to_json().into_bytes(),
    ]
}

/// Noise, and valid input with a stretch replaced by noise or by a stretch of other valid input.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let noise = vec(any::<u8>(), 0..64);
    let stretch =
        prop_oneof![noise.clone(), "[0-9{}\\[\\]\",:.e—+\n-]{0,12}".prop_map(String::into_bytes), select(samples()),];
    let spliced =
        (select(samples()), any::<Index>(), any::<Index>(), stretch).prop_map(|(mut bytes, a, b, stretch)| {
            let (a, b) = (a.index(bytes.len() + 1), b.index(bytes.len() + 1));
            bytes.splice(a.min(b)..a.max(b), stretch);
            bytes
        });
    prop_oneof![1 => noise, 4 => spliced]
}

fn read_with_everything(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = leaf::open(bytes, Some(&text));
    let _ = leaf::open(&[&[leaf::VERSION], bytes].concat(), None);
    let _ = Frontier::from_bytes(bytes);
    let _ = Note::parse(&text);
    let _ = SignedCheckpoint::parse(&text).map(|signed| signed.verify(ORIGIN, &ring()).cloned());
    let _ = text.parse::<VerifyingKey>();
    let _ = text.parse::<Hash>();
    let _ = ProofDocument::parse(&text).map(|document| document.check(ORIGIN, &ring()));
    let _ = bundle::verify(bytes, None, &[&text]);
    let mut verifier = Verifier::new(ORIGIN, ring());
    verifier.against(&text);
    verifier.endorsement(&text);
    verifier.row(&Row { index: u64::MAX, leaf: Some(bytes.to_vec()), leaf_hash: Hash::of_leaf(bytes), erasable: None });
    verifier.checkpoint(&text);
    verifier.head(bytes);
    let _ = verifier.finish().to_string();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn f19_no_parser_panics(bytes in hostile()) {
        read_with_everything(&bytes);
    }

    #[test]
    fn f19_no_bundle_of_hostile_lines_panics(lines in vec(hostile(), 0..6), header: bool) {
        let mut file = Vec::new();
        if header {
            file.extend(b"{\"ephor_audit\":{\"version\":1,\"origin\":\"x\",\"keys\":[]}}\n");
        }
        for (n, line) in lines.iter().enumerate() {
            let name = ["row", "checkpoint", "endorsement", "head", "end"][n % 5];
            let json = serde_json::to_string(&String::from_utf8_lossy(line)).unwrap();
            file.extend(format!("{{\"{name}\":{json}}}\n").bytes());
        }
        let _ = bundle::verify(file.as_slice(), None, &[]);
        read_with_everything(&file);
    }
}

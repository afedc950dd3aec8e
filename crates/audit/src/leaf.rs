//! The encoding of a record as leaf bytes, version 1, and the way back.
//!
//! A leaf is one version byte (`0x01`) and canonical JSON (RFC 8785: no blanks, sorted members, integers only), with
//! absent members left out:
//!
//! | member | value |
//! | --- | --- |
//! | `actor` | `{"id":…,"signed_in_as":…,"type":"principal"}`, `{"component":…,"type":"system"}` or `{"type":"anonymous"}` |
//! | `at`, `recorded_at` | RFC 3339 in UTC with `Z`, fraction without trailing zeros |
//! | `actor_address`, `provider`, `old_status`, `new_status`, `reason`, `correlation_id`, `kind` | text |
//! | `request_id`, `entitlement_id`, `subject` | lower-case GUID |
//! | `event` | integer |
//! | `details` | object, only if not empty |
//! | `erasable` | hex of SHA-256(salt ‖ canonical JSON of the erasable texts), only if there are any |
//! | `nonce` | hex of the first 16 bytes of SHA-256("ephor audit nonce" ‖ salt) |
//!
//! The nonce makes every leaf hash unlike every other, and useless for guessing a body that retention has removed. The
//! salt itself is stored only in the erasable part, `{"salt":hex,"text":{…}}`; the nonce does not give it away.
//!
//! The encoding is injective: one record and salt have one leaf, and [`open`] refuses bytes that are not what
//! [`Record::seal`] would have written for the record in them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::canonical::{self, Object};
use crate::detail::{self, Detail};
use crate::hash::Hash;
use crate::hex;
use crate::record::{Actor, Record, Word};

/// First byte of every leaf written by this version.
pub const VERSION: u8 = 1;

const NONCE_LABEL: &[u8] = b"ephor audit nonce";

/// Length of a salt in bytes. Fixed, so that salt and text cannot run into each other.
pub const SALT_LENGTH: usize = 16;

/// A record ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// What is hashed.
    pub leaf: Vec<u8>,
    /// The leaf's hash in the tree.
    pub leaf_hash: Hash,
    /// JSON with salt and texts, stored beside the leaf and erased alone; nothing if the record has no such text.
    pub erasable: Option<String>,
}

/// What became of the texts that can be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasableState {
    /// The record never had any.
    Absent,
    /// Present, and they are the ones that were hashed.
    Intact,
    /// Gone; their digest remains.
    Erased,
    /// Present, but not what was hashed.
    Mismatched,
}

/// A record read back from its leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The record; its erasable texts are there only when intact.
    pub record: Record,
    /// State of the erasable texts.
    pub erasable: ErasableState,
}

/// Why bytes are no leaf.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// A version this program does not know: a newer one may have written it.
    #[error("leaf version {0} is not known to this program")]
    UnknownVersion(u8),
    /// Not a record at all.
    #[error("not a record: {0}")]
    Malformed(String),
    /// A record, but not in its one encoding.
    #[error("the record is not in canonical form")]
    NotCanonical,
}

impl Record {
    /// Encodes and hashes the record. `salt` must be random and used once: it hides the erasable texts after erasure.
    #[must_use]
    pub fn seal(&self, salt: [u8; SALT_LENGTH]) -> Sealed {
        let texts = (!self.erasable.is_empty()).then(|| canonical_texts(&self.erasable));
        let digest = texts.as_ref().map(|texts| digest_of(salt, texts));
        let leaf = encode(self, &nonce_of(salt), digest);
        let leaf_hash = Hash::of_leaf(&leaf);
        let erasable = texts.map(|texts| {
            let texts = String::from_utf8(texts).expect("canonical JSON is UTF-8");
            format!("{{\"salt\":\"{}\",\"text\":{texts}}}", hex::encode(&salt))
        });
        Sealed { leaf, leaf_hash, erasable }
    }
}

/// Reads a leaf back, with its erasable part if the store still has it, and checks that part's digest.
///
/// # Errors
/// [`LeafError`] if the bytes are of an unknown version, no record, or not in canonical form.
pub fn open(leaf: &[u8], erasable: Option<&str>) -> Result<Opened, LeafError> {
    let (version, json) = leaf.split_first().ok_or_else(|| LeafError::Malformed("no bytes".to_owned()))?;
    if *version != VERSION {
        return Err(LeafError::UnknownVersion(*version));
    }
    let body: Body = serde_json::from_slice(json).map_err(|error| LeafError::Malformed(error.to_string()))?;
    let (nonce, digest) = (body.nonce.clone(), body.erasable);
    let mut record = body.into_record();
    if encode(&record, &nonce, digest) != leaf {
        return Err(LeafError::NotCanonical);
    }
    let state = match (digest, erasable) {
        (None, None) => ErasableState::Absent,
        (Some(_), None) => ErasableState::Erased,
        (None, Some(_)) => ErasableState::Mismatched,
        (Some(digest), Some(stored)) => match read_erasable(stored) {
            Some((salt, texts)) if digest_of(salt, &canonical_texts(&texts)) == digest => {
                record.erasable = texts;
                ErasableState::Intact
            }
            _ => ErasableState::Mismatched,
        },
    };
    Ok(Opened { record, erasable: state })
}

fn nonce_of(salt: [u8; SALT_LENGTH]) -> String {
    let hash = Hash::sha256(&[NONCE_LABEL, &salt]);
    hex::encode(hash.as_bytes().first_chunk::<16>().expect("a hash has 32 bytes"))
}

fn digest_of(salt: [u8; SALT_LENGTH], canonical_texts: &[u8]) -> Hash {
    Hash::sha256(&[&salt, canonical_texts])
}

fn canonical_texts(texts: &BTreeMap<String, String>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut object = Object::open(&mut out);
    for (name, text) in canonical::sorted(texts) {
        object.text(name, text);
    }
    object.close();
    out
}

fn read_erasable(stored: &str) -> Option<([u8; SALT_LENGTH], BTreeMap<String, String>)> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Stored {
        salt: String,
        text: BTreeMap<String, String>,
    }
    let stored: Stored = serde_json::from_str(stored).ok()?;
    Some((hex::decode(&stored.salt)?, stored.text))
}

fn encode(record: &Record, nonce: &str, digest: Option<Hash>) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    out.push(VERSION);
    let mut body = Object::open(&mut out);
    encode_actor(&record.actor, body.member("actor"));
    if let Some(address) = record.actor_address {
        canonical::quoted(body.member("actor_address"), address);
    }
    canonical::quoted(body.member("at"), record.at);
    if let Some(id) = &record.correlation_id {
        body.text("correlation_id", id);
    }
    if !record.details.is_empty() {
        detail::write_map(&record.details, body.member("details"), 0);
    }
    if let Some(id) = record.entitlement_id {
        canonical::quoted(body.member("entitlement_id"), id);
    }
    if let Some(digest) = digest {
        canonical::quoted(body.member("erasable"), digest);
    }
    canonical::display(body.member("event"), record.event);
    body.text("kind", &record.kind);
    if let Some(status) = &record.new_status {
        body.text("new_status", status);
    }
    body.text("nonce", nonce);
    if let Some(status) = &record.old_status {
        body.text("old_status", status);
    }
    if let Some(provider) = &record.provider {
        body.text("provider", provider);
    }
    if let Some(reason) = &record.reason {
        body.text("reason", reason);
    }
    if let Some(instant) = record.recorded_at {
        canonical::quoted(body.member("recorded_at"), instant);
    }
    if let Some(id) = record.request_id {
        canonical::quoted(body.member("request_id"), id);
    }
    if let Some(id) = record.subject {
        canonical::quoted(body.member("subject"), id);
    }
    body.close();
    out
}

fn encode_actor(actor: &Actor, out: &mut Vec<u8>) {
    let mut object = Object::open(out);
    match actor {
        Actor::Principal { id, signed_in_as } => {
            canonical::quoted(object.member("id"), id);
            if let Some(id) = signed_in_as {
                canonical::quoted(object.member("signed_in_as"), id);
            }
            object.text("type", "principal");
        }
        Actor::System { component } => {
            object.text("component", component);
            object.text("type", "system");
        }
        Actor::Anonymous => object.text("type", "anonymous"),
    }
    object.close();
}

/// The JSON of a leaf. What it accepts beyond the canonical form is caught by encoding again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    actor: ActorBody,
    actor_address: Option<IpAddr>,
    at: Timestamp,
    correlation_id: Option<String>,
    #[serde(default)]
    details: BTreeMap<String, Value>,
    entitlement_id: Option<Uuid>,
    erasable: Option<Hash>,
    event: u16,
    kind: String,
    new_status: Option<String>,
    nonce: String,
    old_status: Option<String>,
    provider: Option<String>,
    reason: Option<String>,
    recorded_at: Option<Timestamp>,
    request_id: Option<Uuid>,
    subject: Option<Uuid>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum ActorBody {
    Principal { id: Uuid, signed_in_as: Option<Uuid> },
    System { component: String },
    Anonymous,
}

impl Body {
    fn into_record(self) -> Record {
        let actor = match self.actor {
            ActorBody::Principal { id, signed_in_as } => Actor::Principal { id, signed_in_as },
            ActorBody::System { component } => Actor::System { component: component.into() },
            ActorBody::Anonymous => Actor::Anonymous,
        };
        Record {
            at: self.at,
            recorded_at: self.recorded_at,
            event: self.event,
            kind: self.kind.into(),
            actor,
            actor_address: self.actor_address,
            provider: self.provider.map(Word::from),
            request_id: self.request_id,
            entitlement_id: self.entitlement_id,
            subject: self.subject,
            old_status: self.old_status.map(Word::from),
            new_status: self.new_status.map(Word::from),
            reason: self.reason.map(Word::from),
            correlation_id: self.correlation_id,
            details: self.details.into_iter().map(|(name, value)| (name, Detail::from(value))).collect(),
            erasable: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events;

    const SALT: [u8; 16] = *b"0123456789abcdef";

    fn record() -> Record {
        let at = "2026-03-01T10:00:00.250Z".parse().unwrap();
        let actor = Actor::Principal { id: Uuid::from_u128(1), signed_in_as: Some(Uuid::from_u128(2)) };
        Record {
            recorded_at: Some("2026-03-01T10:00:01Z".parse().unwrap()),
            actor_address: Some("192.0.2.7".parse().unwrap()),
            provider: Some("pam".into()),
            request_id: Some(Uuid::from_u128(3)),
            entitlement_id: Some(Uuid::from_u128(4)),
            subject: Some(Uuid::from_u128(5)),
            old_status: Some("PendingApproval".into()),
            new_status: Some("Active".into()),
            reason: Some("approved".into()),
            correlation_id: Some("c-1".to_owned()),
            ..Record::new(at, events::REQUEST_APPROVED_ACTIVE, actor)
        }
        .detail("ttl", 3600)
        .erasable_text("justification", "disk \"full\"")
    }

    #[test]
    fn the_encoding_is_pinned() {
        let sealed = record().seal(SALT);
        let expected = concat!(
            "\u{1}{\"actor\":{\"id\":\"00000000-0000-0000-0000-000000000001\",",
            "\"signed_in_as\":\"00000000-0000-0000-0000-000000000002\",\"type\":\"principal\"},",
            "\"actor_address\":\"192.0.2.7\",\"at\":\"2026-03-01T10:00:00.25Z\",\"correlation_id\":\"c-1\",",
            "\"details\":{\"ttl\":3600},\"entitlement_id\":\"00000000-0000-0000-0000-000000000004\",",
            "\"erasable\":\"ERASABLE\",\"event\":9010,\"kind\":\"request.transition\",\"new_status\":\"Active\",",
            "\"nonce\":\"NONCE\",\"old_status\":\"PendingApproval\",\"provider\":\"pam\",\"reason\":\"approved\",",
            "\"recorded_at\":\"2026-03-01T10:00:01Z\",\"request_id\":\"00000000-0000-0000-0000-000000000003\",",
            "\"subject\":\"00000000-0000-0000-0000-000000000005\"}",
        );
        let digest = Hash::sha256(&[&SALT, br#"{"justification":"disk \"full\""}"#]).to_string();
        let expected = expected.replace("ERASABLE", &digest).replace("NONCE", &nonce_of(SALT));
        assert_eq!(std::str::from_utf8(&sealed.leaf).unwrap(), expected);
        assert_eq!(
            sealed.erasable.as_deref(),
            Some(r#"{"salt":"30313233343536373839616263646566","text":{"justification":"disk \"full\""}}"#)
        );
        assert_eq!(sealed.leaf_hash, Hash::of_leaf(&sealed.leaf));
    }

    #[test]
    fn members_are_written_in_sorted_order() {
        let sealed = record().seal(SALT);
        let value: Value = serde_json::from_slice(&sealed.leaf[1..]).unwrap();
        let Value::Object(members) = value else { panic!("an object") };
        let positions: Vec<usize> = {
            let text = std::str::from_utf8(&sealed.leaf[1..]).unwrap();
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            names.iter().map(|name| text.find(&format!("\"{name}\":")).unwrap()).collect()
        };
        assert_eq!(members.len(), 17);
        assert!(positions.is_sorted());
    }

    #[test]
    fn what_was_sealed_is_read_back() {
        let sealed = record().seal(SALT);
        let opened = open(&sealed.leaf, sealed.erasable.as_deref()).unwrap();
        assert_eq!(opened, Opened { record: record(), erasable: ErasableState::Intact });
    }

    #[test]
    fn erasure_leaves_the_rest_readable() {
        let sealed = record().seal(SALT);
        let opened = open(&sealed.leaf, None).unwrap();
        assert_eq!(opened.erasable, ErasableState::Erased);
        assert_eq!(opened.record, Record { erasable: BTreeMap::new(), ..record() });
    }

    #[test]
    fn altered_or_added_texts_are_seen() {
        let sealed = record().seal(SALT);
        let stored = sealed.erasable.unwrap();
        for bad in [stored.replace("full", "fool"), stored.replace("3031", "3131"), "{}".to_owned(), String::new()] {
            assert_eq!(open(&sealed.leaf, Some(&bad)).unwrap().erasable, ErasableState::Mismatched, "{bad}");
        }
        let bare = Record { erasable: BTreeMap::new(), ..record() }.seal(SALT);
        assert_eq!(bare.erasable, None);
        assert_eq!(open(&bare.leaf, None).unwrap().erasable, ErasableState::Absent);
        assert_eq!(open(&bare.leaf, Some(&stored)).unwrap().erasable, ErasableState::Mismatched);
    }

    #[test]
    fn only_the_one_encoding_is_accepted() {
        let sealed = record().seal(SALT);
        let text = std::str::from_utf8(&sealed.leaf).unwrap();
        for bad in [
            text.replace(",\"event\"", ", \"event\""),
            text.replace("10:00:00.25Z", "10:00:00.250Z"),
            text.replace("10:00:00.25Z", "11:00:00.25+01:00"),
            text.replace("\"ttl\":3600", "\"ttl\":3600,\"ttl\":3600"),
            text.replace("\"ttl\":3600", "\"ttl\":3600.5"),
            text.replace("pam", "\\u0070am"),
        ] {
            assert_ne!(bad, text);
            assert_eq!(open(bad.as_bytes(), None), Err(LeafError::NotCanonical), "{bad}");
        }
        let more = text.replace("{\"actor\"", "{\"aaa\":1,\"actor\"");
        assert!(matches!(open(more.as_bytes(), None), Err(LeafError::Malformed(_))));
        assert_eq!(open(b"\x02{}", None), Err(LeafError::UnknownVersion(2)));
        assert!(matches!(open(b"", None), Err(LeafError::Malformed(_))));
    }
}

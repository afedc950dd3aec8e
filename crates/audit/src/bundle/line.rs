//! The lines of a bundle.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::hash::Hash;
use crate::leaf;
use crate::verify::Row;

/// Format version written and read.
pub(super) const VERSION: u16 = 1;

/// What the first line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Which log.
    pub origin: String,
    /// Public keys in their text form, in the order in which they signed.
    pub keys: Vec<String>,
    /// When it was exported.
    pub exported_at: Option<Timestamp>,
}

/// One line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line<'a> {
    #[serde(rename = "ephor_audit")]
    Header(HeaderLine),
    Endorsement(String),
    Row(#[serde(borrow)] RowLine<'a>),
    Checkpoint(String),
    Head(String),
    End(EndLine),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderLine {
    pub(super) version: u16,
    pub(super) origin: String,
    pub(super) keys: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) exported_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndLine {
    pub(super) records: u64,
    pub(super) sha256: Hash,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RowLine<'a> {
    index: u64,
    leaf_hash: Hash,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    record: Option<&'a RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leaf: Option<String>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    erasable: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    erasable_text: Option<Cow<'a, str>>,
}

impl<'a> From<&'a Row> for RowLine<'a> {
    fn from(row: &'a Row) -> Self {
        let record = row.leaf.as_deref().and_then(readable);
        let leaf = row.leaf.as_ref().filter(|_| record.is_none()).map(|leaf| STANDARD.encode(leaf));
        let erasable = row.erasable.as_deref().and_then(embeddable);
        let erasable_text = row.erasable.as_deref().filter(|_| erasable.is_none()).map(Cow::Borrowed);
        Self { index: row.index, leaf_hash: row.leaf_hash, record, leaf, erasable, erasable_text }
    }
}

impl TryFrom<RowLine<'_>> for Row {
    type Error = &'static str;

    fn try_from(line: RowLine<'_>) -> Result<Self, Self::Error> {
        let leaf = match (line.record, line.leaf) {
            (None, None) => None,
            (Some(json), None) => Some([&[leaf::VERSION], json.get().as_bytes()].concat()),
            (None, Some(text)) => Some(STANDARD.decode(text).map_err(|_| "the leaf is no base64")?),
            (Some(_), Some(_)) => return Err("a row has both a record and a leaf"),
        };
        let erasable = match (line.erasable, line.erasable_text) {
            (None, None) => None,
            (Some(json), None) => Some(json.get().to_owned()),
            (None, Some(text)) => Some(text.into_owned()),
            (Some(_), Some(_)) => return Err("a row has two erasable parts"),
        };
        Ok(Self { index: line.index, leaf, leaf_hash: line.leaf_hash, erasable })
    }
}

/// The JSON of a leaf of version 1, if it can stand in a line and be read back byte for byte.
fn readable(leaf: &[u8]) -> Option<&RawValue> {
    let (version, json) = leaf.split_first()?;
    if *version != leaf::VERSION {
        return None;
    }
    embeddable(std::str::from_utf8(json).ok()?)
}

fn embeddable(json: &str) -> Option<&RawValue> {
    if !json.starts_with('{') || json.contains('\n') {
        return None;
    }
    serde_json::from_str::<&RawValue>(json).ok().filter(|raw| raw.get() == json)
}

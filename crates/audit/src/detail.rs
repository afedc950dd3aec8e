//! Structured, non-personal facts of a record: what was asked, which limit, old and new value of a setting.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

use crate::canonical::{self, Object};

/// Named details of one record.
pub type Details = BTreeMap<String, Detail>;

/// Lists and maps deeper than this are recorded as the text of their JSON.
pub const MAX_DEPTH: usize = 20;

/// One value. There are no fractions: their text form differs between programs, and a record must have one encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// Said to be nothing, where that means something (a limit taken away).
    Null,
    /// A switch.
    Bool(bool),
    /// A whole number; durations in seconds.
    Integer(i64),
    /// Text.
    Text(String),
    /// Several values in order.
    List(Vec<Detail>),
    /// Named values.
    Map(Details),
}

impl Detail {
    /// Appends the canonical JSON.
    pub(crate) fn write(&self, out: &mut Vec<u8>, depth: usize) {
        match self {
            Self::List(_) | Self::Map(_) if depth >= MAX_DEPTH => {
                canonical::text(out, &serde_json::to_string(self).unwrap_or_default());
            }
            Self::Null => out.extend(b"null"),
            Self::Bool(value) => canonical::display(out, value),
            Self::Integer(value) => canonical::display(out, value),
            Self::Text(value) => canonical::text(out, value),
            Self::List(items) => {
                out.push(b'[');
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        out.push(b',');
                    }
                    item.write(out, depth + 1);
                }
                out.push(b']');
            }
            Self::Map(members) => write_map(members, out, depth + 1),
        }
    }
}

/// Appends a map of details as canonical JSON.
pub(crate) fn write_map(members: &Details, out: &mut Vec<u8>, depth: usize) {
    let mut object = Object::open(out);
    for (name, value) in canonical::sorted(members) {
        value.write(object.member(name), depth);
    }
    object.close();
}

impl Serialize for Detail {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::List(items) => items.serialize(serializer),
            Self::Map(members) => members.serialize(serializer),
        }
    }
}

/// Numbers that are no `i64` become their text.
impl From<Value> for Detail {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => number.as_i64().map_or_else(|| Self::Text(number.to_string()), Self::Integer),
            Value::String(value) => Self::Text(value),
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(members) => Self::Map(members.into_iter().map(|(k, v)| (k, Self::from(v))).collect()),
        }
    }
}

impl From<bool> for Detail {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Detail {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Detail {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Uuid> for Detail {
    fn from(value: Uuid) -> Self {
        Self::Text(value.to_string())
    }
}

impl From<jiff::Timestamp> for Detail {
    fn from(value: jiff::Timestamp) -> Self {
        Self::Text(value.to_string())
    }
}

impl From<i64> for Detail {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<i32> for Detail {
    fn from(value: i32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<u32> for Detail {
    fn from(value: u32) -> Self {
        Self::Integer(value.into())
    }
}

/// Beyond `i64::MAX` as text.
impl From<u64> for Detail {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or_else(|_| Self::Text(value.to_string()), Self::Integer)
    }
}

/// Nothing becomes [`Detail::Null`].
impl<T: Into<Detail>> From<Option<T>> for Detail {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Detail>> From<Vec<T>> for Detail {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(detail: &Detail) -> String {
        let mut out = Vec::new();
        detail.write(&mut out, 0);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_keeps_its_meaning_and_fractions_become_text() {
        let detail = Detail::from(json!({"b": [1, true, null, "x"], "a": 1.5, "c": 18_446_744_073_709_551_615_u64}));
        assert_eq!(written(&detail), r#"{"a":"1.5","b":[1,true,null,"x"],"c":"18446744073709551615"}"#);
    }

    #[test]
    fn too_deep_a_value_is_flattened_to_text() {
        let deep = (0..MAX_DEPTH + 5).fold(Detail::Integer(1), |inner, _| Detail::List(vec![inner]));
        assert_eq!(written(&deep), format!("{}\"[[[[[1]]]]]\"{}", "[".repeat(20), "]".repeat(20)));
    }
}

//! From the tree to typed values, with errors that know their path and never quote what might be a secret.

#![expect(clippy::wildcard_enum_match_arm, reason = "a reader wants one kind of value and treats all others alike")]

use std::{
    collections::{BTreeMap, btree_map},
    fmt,
};

use serde::de::{
    self, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
    value::StrDeserializer,
};

use super::tree::{Node, Step, Value};

/// Why a value cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Where, from the root.
    pub(crate) path: Vec<Step>,
    /// The key that is missing in the table at `path`.
    pub(crate) missing: Option<String>,
    /// What is allowed.
    pub(crate) text: String,
}

impl Wrong {
    fn new(text: String) -> Self {
        Self { path: Vec::new(), missing: None, text }
    }

    fn within(mut self, step: Step) -> Self {
        self.path.insert(0, step);
        self
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::new(text.to_string())
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        if unexpected == Unexpected::Seq && expected.to_string() == "a map" {
            return Self::new(LIST_FOR_NAMES.to_owned());
        }
        Self::new(format!("expected {}, found {}", wanted(expected), kind_of(&unexpected)))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {}", wanted(expected)))
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {}, found {length} items", wanted(expected)))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("expected {}", alternatives(expected)))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let hint = match nearest(field, expected) {
            Some(known) => format!("did you mean `{known}`?"),
            None if expected.is_empty() => "there are none here".to_owned(),
            None => format!("known are {}", expected.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")),
        };
        Self::new(format!("there is no such key; {hint}"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self { path: Vec::new(), missing: Some(field.to_owned()), text: "this key must be set".to_owned() }
    }
}

/// A list where a table should be.
pub(crate) const LIST_FOR_TABLE: &str = "expected a table, found a list";
/// A list where a table should be that has names of its own for what is in it.
pub(crate) const LIST_FOR_NAMES: &str = "expected a table with a name for each entry, found a list";

/// serde's words for what a type takes, in an operator's words.
fn wanted(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    match text.as_str() {
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u32" | "u64" | "usize" => "a whole number, not negative".to_owned(),
        "i32" | "i64" => "a whole number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" | "path string" | "a borrowed string" => "a text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        text if text.starts_with("struct ") => "a table".to_owned(),
        text => text.to_owned(),
    }
}

fn kind_of(unexpected: &Unexpected<'_>) -> &'static str {
    match unexpected {
        Unexpected::Bool(_) => "true or false",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "a number",
        Unexpected::Float(_) => "a number with a fraction",
        Unexpected::Char(_) | Unexpected::Str(_) => "a text",
        Unexpected::Seq => "a list",
        Unexpected::Map | Unexpected::StructVariant => "a table",
        _ => "something else",
    }
}

fn alternatives(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => "nothing".to_owned(),
    }
}

/// The known key that a wrong one most resembles, if it does.
fn nearest(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let bare = |text: &str| text.replace(['_', '-'], "").to_ascii_lowercase();
    let allowed = 1 + word.len() / 4;
    known
        .iter()
        .map(|candidate| (distance(&bare(word), &bare(candidate)), *candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (b, above) in other.chars().zip(row.iter().skip(1)) {
            left = (above + 1).min(left + 1).min(diagonal + usize::from(a != b));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

impl Node {
    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader { value: &self.value }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'t> {
    value: &'t Value,
}

impl Reader<'_> {
    fn whole_number<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.value {
            Value::Word(word) => match word.trim().parse::<i64>() {
                Ok(number) => visit_whole(number, visitor),
                Err(_) => Err(de::Error::invalid_type(Unexpected::Str(word), &visitor)),
            },
            Value::Integer(number) => visit_whole(*number, visitor),
            _ => self.deserialize_any(visitor),
        }
    }
}

fn visit_whole<'de, V: Visitor<'de>>(number: i64, visitor: V) -> Result<V::Value, Wrong> {
    match u64::try_from(number) {
        Ok(number) => visitor.visit_u64(number),
        Err(_) => visitor.visit_i64(number),
    }
}

macro_rules! whole_numbers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            self.whole_number(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.value {
            Value::Text(text) | Value::Word(text) => visitor.visit_str(text),
            Value::Integer(number) => visit_whole(*number, visitor),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Boolean(flag) => visitor.visit_bool(*flag),
            Value::Instant => Err(de::Error::invalid_type(Unexpected::Other("an instant"), &visitor)),
            Value::List(list) => visitor.visit_seq(Items { rest: list.iter() }),
            Value::Table(table) => visitor.visit_map(Entries { rest: table.iter().collect(), value: None }),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.value {
            Value::Word(word) => match word.trim() {
                "true" => visitor.visit_bool(true),
                "false" => visitor.visit_bool(false),
                _ => Err(de::Error::invalid_type(Unexpected::Str(word), &visitor)),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    whole_numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    /// A list in a variable is separated by commas.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.value {
            Value::Word(word) => {
                let words = word.split(',').map(str::trim).filter(|word| !word.is_empty());
                let list: BTreeMap<usize, Node> = words
                    .map(|word| Node { value: Value::Word(word.to_owned()), place: super::mistake::Place::Nowhere })
                    .enumerate()
                    .collect();
                visitor.visit_seq(Items { rest: list.iter() })
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match self.value {
            Value::Text(word) | Value::Word(word) => {
                let word: StrDeserializer<'_, Wrong> = word.as_str().into_deserializer();
                visitor.visit_enum(word)
            }
            _ => Err(Wrong::new(format!("expected {}", alternatives(variants)))),
        }
    }

    /// By names alone: a list, which would be taken by position, is the work of two brackets.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match self.value {
            Value::List(_) => Err(Wrong::new(LIST_FOR_TABLE.to_owned())),
            _ => self.deserialize_any(visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple tuple_struct map identifier ignored_any
    }
}

struct Items<'t> {
    rest: btree_map::Iter<'t, usize, Node>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Wrong;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Wrong> {
        let Some((at, item)) = self.rest.next() else {
            return Ok(None);
        };
        seed.deserialize(item.reader()).map(Some).map_err(|wrong| wrong.within(Step::Item(*at)))
    }
}

struct Entries<'t> {
    rest: std::collections::VecDeque<(&'t String, &'t Node)>,
    value: Option<(&'t String, &'t Node)>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        let Some((key, node)) = self.rest.pop_front() else {
            return Ok(None);
        };
        self.value = Some((key, node));
        let word: StrDeserializer<'_, Wrong> = key.as_str().into_deserializer();
        seed.deserialize(word).map(Some).map_err(|wrong| wrong.within(Step::Key(key.clone())))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        let Some((key, node)) = self.value.take() else {
            return Err(de::Error::custom("a value without a key"));
        };
        seed.deserialize(node.reader()).map_err(|wrong| wrong.within(Step::Key(key.clone())))
    }
}

//! Segments of a path and the keys in them (`GRAPH 2.1`).

use super::lexer::{Cursor, is_name};

/// One segment, with the key or the arguments in its parentheses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The name as written.
    pub name: String,
    /// What stands in parentheses.
    pub key: Option<Key>,
}

/// What stands in parentheses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// `('id')`
    One(String),
    /// `(name='value',…)`
    Named(Vec<(String, String)>),
}

impl Segment {
    /// Reads a segment that was decoded already. Parentheses that hold no key belong to the name.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let keyed = text.split_once('(').filter(|(name, _)| !name.is_empty());
        let key = keyed.and_then(|(_, rest)| key(rest));
        match (keyed, key) {
            (Some((name, _)), Some(key)) => Self { name: name.to_owned(), key: Some(key) },
            _ => Self { name: text.to_owned(), key: None },
        }
    }

    /// The value of a named argument.
    #[must_use]
    pub fn argument(&self, name: &str) -> Option<&str> {
        let Some(Key::Named(pairs)) = &self.key else { return None };
        pairs.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// What follows the opening parenthesis.
fn key(rest: &str) -> Option<Key> {
    let inner = rest.strip_suffix(')')?;
    let mut cursor = Cursor::new(inner);
    cursor.blanks();
    if cursor.is_done() {
        return Some(Key::Named(Vec::new()));
    }
    let mut named = Vec::new();
    loop {
        cursor.blanks();
        let before = cursor.clone();
        let name = cursor.take_while(is_name);
        cursor.blanks();
        if name.is_empty() || !cursor.eat('=') {
            if !named.is_empty() {
                return None;
            }
            cursor = before;
            let one = value(&mut cursor)?;
            cursor.blanks();
            return cursor.is_done().then_some(Key::One(one));
        }
        cursor.blanks();
        named.push((name.to_owned(), value(&mut cursor)?));
        cursor.blanks();
        if cursor.is_done() {
            return Some(Key::Named(named));
        }
        if !cursor.eat(',') {
            return None;
        }
    }
}

/// A quoted text, or a bare word such as a GUID.
fn value(cursor: &mut Cursor<'_>) -> Option<String> {
    if cursor.peek() == Some('\'') {
        return cursor.quoted().ok();
    }
    let bare = cursor.take_while(|c| is_name(c) || matches!(c, '-' | '.' | ':' | '/' | '+'));
    (!bare.is_empty()).then(|| bare.to_owned())
}

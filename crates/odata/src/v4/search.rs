//! `$search`: `"displayName:xyz"` joined by AND and OR (`GRAPH 3.4`).

use super::lexer::{Cursor, SyntaxFault};
use crate::grammar::{MAX_LENGTH, MAX_NESTING};

/// A search as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// All of them.
    And(Vec<Search>),
    /// One of them.
    Or(Vec<Search>),
    /// A word of a member begins with the text.
    Term {
        /// Which member.
        member: String,
        /// The text.
        text: String,
    },
}

impl Search {
    /// Reads a whole search.
    ///
    /// # Errors
    /// [`SyntaxFault`].
    pub fn parse(text: &str) -> Result<Self, SyntaxFault> {
        if text.len() > MAX_LENGTH {
            return Err(SyntaxFault::TooLong);
        }
        let mut cursor = Cursor::new(text);
        let search = either(&mut cursor, 0)?;
        cursor.blanks();
        if cursor.is_done() { Ok(search) } else { cursor.fault() }
    }

    /// Whether a row stays; `value` answers the text of a member.
    pub fn matches(&self, value: &impl Fn(&str) -> Option<String>) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.matches(value)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(value)),
            Self::Term { member, text } => {
                let wanted = text.to_lowercase();
                value(member).is_some_and(|found| {
                    let found = found.to_lowercase();
                    let mut words = found.split(|c: char| !c.is_alphanumeric());
                    found.starts_with(&wanted) || words.any(|word| word.starts_with(&wanted))
                })
            }
        }
    }

    /// The members that are searched.
    #[must_use]
    pub fn members(&self) -> Vec<&str> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::members).collect(),
            Self::Term { member, .. } => vec![member],
        }
    }
}

fn either(cursor: &mut Cursor<'_>, nesting: usize) -> Result<Search, SyntaxFault> {
    let mut parts = vec![both(cursor, nesting)?];
    while next(cursor, "OR") {
        parts.push(both(cursor, nesting)?);
    }
    Ok(join(parts, Search::Or))
}

fn both(cursor: &mut Cursor<'_>, nesting: usize) -> Result<Search, SyntaxFault> {
    let mut parts = vec![term(cursor, nesting)?];
    while next(cursor, "AND") {
        parts.push(term(cursor, nesting)?);
    }
    Ok(join(parts, Search::And))
}

fn join(mut parts: Vec<Search>, all: fn(Vec<Search>) -> Search) -> Search {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            all(parts)
        }
        None => all(parts),
    }
}

fn next(cursor: &mut Cursor<'_>, word: &str) -> bool {
    let before = cursor.clone();
    cursor.blanks();
    let found = cursor.word(word);
    if !found {
        *cursor = before;
    }
    found
}

fn term(cursor: &mut Cursor<'_>, nesting: usize) -> Result<Search, SyntaxFault> {
    cursor.blanks();
    if cursor.eat('(') {
        if nesting == MAX_NESTING {
            return Err(SyntaxFault::TooDeep);
        }
        let inner = either(cursor, nesting + 1)?;
        cursor.blanks();
        cursor.expect(')')?;
        return Ok(inner);
    }
    let begin = cursor.at();
    cursor.expect('"')?;
    let text = cursor.take_while(|c| c != '"');
    if !cursor.eat('"') {
        return Err(SyntaxFault::OpenLiteral { at: begin });
    }
    let (member, text) = text.split_once(':').ok_or(SyntaxFault::Unexpected { at: begin })?;
    let text = text.trim();
    if member.is_empty() || text.is_empty() {
        return Err(SyntaxFault::Unexpected { at: begin });
    }
    Ok(Search::Term { member: member.trim().to_owned(), text: text.to_owned() })
}

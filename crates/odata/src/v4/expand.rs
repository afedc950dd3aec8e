//! `$select`, `$expand` and `$orderby` as written (`GRAPH 3.4`): names are not resolved.

use super::{
    lexer::{Cursor, SyntaxFault, is_name},
    options::Options,
};
use crate::grammar::MAX_LENGTH;

/// Deepest expansion within an expansion.
const MAX_DEPTH: usize = 5;

/// The names of a `$select`, in the order asked; `*` for all.
pub type Selection = Vec<String>;

/// One navigation of an `$expand`, with options of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Expansion {
    /// The navigation, or `*`.
    pub name: String,
    /// What holds within it.
    pub options: Options,
}

/// Reads a `$select`.
///
/// # Errors
/// [`SyntaxFault`].
pub fn select(text: &str) -> Result<Selection, SyntaxFault> {
    let mut cursor = bounded(text)?;
    let mut names = Vec::new();
    loop {
        cursor.blanks();
        let name = cursor.take_while(|c| is_name(c) || matches!(c, '*' | '/' | '.'));
        if name.is_empty() {
            return cursor.fault();
        }
        names.push(name.to_owned());
        cursor.blanks();
        if cursor.is_done() {
            return Ok(names);
        }
        cursor.expect(',')?;
    }
}

/// Reads an `$orderby`: paths, and whether each is descending.
///
/// # Errors
/// [`SyntaxFault`].
pub fn orderby(text: &str) -> Result<Vec<(Vec<String>, bool)>, SyntaxFault> {
    let mut cursor = bounded(text)?;
    let mut orders = Vec::new();
    loop {
        cursor.blanks();
        let path = cursor.take_while(|c| is_name(c) || c == '/');
        if path.is_empty() {
            return cursor.fault();
        }
        let path = path.split('/').map(str::to_owned).collect();
        cursor.blanks();
        let descending = cursor.word("desc");
        if !descending {
            cursor.word("asc");
        }
        orders.push((path, descending));
        cursor.blanks();
        if cursor.is_done() {
            return Ok(orders);
        }
        cursor.expect(',')?;
    }
}

/// Reads an `$expand`.
///
/// # Errors
/// [`SyntaxFault`].
pub fn expand(text: &str) -> Result<Vec<Expansion>, SyntaxFault> {
    read(text, 0)
}

pub(super) fn read(text: &str, depth: usize) -> Result<Vec<Expansion>, SyntaxFault> {
    if depth == MAX_DEPTH {
        return Err(SyntaxFault::TooDeep);
    }
    let mut cursor = bounded(text)?;
    let mut found = Vec::new();
    loop {
        cursor.blanks();
        let name = cursor.take_while(|c| is_name(c) || matches!(c, '*' | '.'));
        if name.is_empty() {
            return cursor.fault();
        }
        cursor.blanks();
        let options = match cursor.eat('(') {
            true => nested(&mut cursor, depth)?,
            false => Options::default(),
        };
        found.push(Expansion { name: name.to_owned(), options });
        cursor.blanks();
        if cursor.is_done() {
            return Ok(found);
        }
        cursor.expect(',')?;
    }
}

/// `$select=…;$expand=…)`: each option reaches to the next semicolon or the closing parenthesis of its own level.
fn nested(cursor: &mut Cursor<'_>, depth: usize) -> Result<Options, SyntaxFault> {
    let mut pairs = Vec::new();
    loop {
        cursor.blanks();
        if cursor.eat(')') {
            break;
        }
        let at = cursor.at();
        let name = cursor.take_while(is_name).to_owned();
        cursor.blanks();
        cursor.expect('=')?;
        let value = balanced(cursor)?;
        pairs.push((name, value.trim().to_owned(), at));
        if cursor.eat(')') {
            break;
        }
        cursor.expect(';')?;
    }
    Options::nested(pairs, depth)
}

fn balanced<'t>(cursor: &mut Cursor<'t>) -> Result<&'t str, SyntaxFault> {
    let rest = cursor.rest();
    let begin = cursor.at();
    let mut level = 0_usize;
    loop {
        cursor.take_while(|c| !matches!(c, '(' | ')' | ';' | '\''));
        match cursor.peek() {
            Some('\'') => {
                cursor.quoted()?;
            }
            Some('(') => {
                cursor.eat('(');
                level += 1;
            }
            Some(')') if level > 0 => {
                cursor.eat(')');
                level -= 1;
            }
            Some(';') if level > 0 => {
                cursor.eat(';');
            }
            Some(_) => break,
            None => return cursor.fault(),
        }
    }
    Ok(rest.get(..cursor.at() - begin).unwrap_or_default())
}

fn bounded(text: &str) -> Result<Cursor<'_>, SyntaxFault> {
    if text.len() > MAX_LENGTH { Err(SyntaxFault::TooLong) } else { Ok(Cursor::new(text)) }
}

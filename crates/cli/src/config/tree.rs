//! The configuration as a tree whose every node knows where it stands.

use std::{collections::BTreeMap, ops::Range};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::mistake::{Mistake, Place};

/// One step from the root towards a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Key(String),
    Item(usize),
}

/// `a.b[0].c`
pub(crate) fn spell(path: &[Step]) -> String {
    let mut out = String::new();
    for step in path {
        match step {
            Step::Key(key) if out.is_empty() => out.push_str(key),
            Step::Key(key) => {
                out.push('.');
                out.push_str(key);
            }
            Step::Item(at) => out.push_str(&format!("[{at}]")),
        }
    }
    out
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    /// From the environment: it becomes what is wanted of it.
    Word(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    /// TOML's instants: nothing here wants one.
    Instant,
    /// By place in the list, so that taking one out renames no other.
    List(BTreeMap<usize, Node>),
    Table(BTreeMap<String, Node>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

impl Node {
    pub(crate) fn table(place: Place) -> Self {
        Self { value: Value::Table(BTreeMap::new()), place }
    }

    /// Stands in for a missing value.
    pub(crate) fn blank() -> Self {
        Self { value: Value::Text(String::new()), place: Place::Nowhere }
    }

    fn child(&self, step: &Step) -> Option<&Self> {
        match (step, &self.value) {
            (Step::Key(key), Value::Table(table)) => table.get(key),
            (Step::Item(at), Value::List(list)) => list.get(at),
            _ => None,
        }
    }

    fn child_mut(&mut self, step: &Step) -> Option<&mut Self> {
        match (step, &mut self.value) {
            (Step::Key(key), Value::Table(table)) => table.get_mut(key),
            (Step::Item(at), Value::List(list)) => list.get_mut(at),
            _ => None,
        }
    }

    /// Where the value at `path` stands, or else the nearest table around it.
    pub(crate) fn place_of(&self, path: &[Step]) -> Place {
        let mut place = Place::Nowhere;
        let mut node = self;
        for step in path {
            let Some(child) = node.child(step) else {
                break;
            };
            node = child;
            place = node.place.clone();
        }
        place
    }

    /// Takes the value at `path` out; false when it is not there.
    pub(crate) fn remove(&mut self, path: &[Step]) -> bool {
        let Some((last, above)) = path.split_last() else {
            return false;
        };
        let mut node = self;
        for step in above {
            let Some(child) = node.child_mut(step) else {
                return false;
            };
            node = child;
        }
        match (last, &mut node.value) {
            (Step::Key(key), Value::Table(table)) => table.remove(key).is_some(),
            (Step::Item(at), Value::List(list)) => list.remove(at).is_some(),
            _ => false,
        }
    }

    /// Puts a node where `path` says, with the tables on the way; false when something else is in the way.
    pub(crate) fn put(&mut self, path: &[Step], new: Self) -> bool {
        let Some((last, above)) = path.split_last() else {
            return false;
        };
        let mut node = self;
        for step in above {
            let place = new.place.clone();
            node = match (step, &mut node.value) {
                (Step::Key(key), Value::Table(table)) => table.entry(key.clone()).or_insert_with(|| Self::table(place)),
                (Step::Item(at), Value::List(list)) => match list.get_mut(at) {
                    Some(item) => item,
                    None => return false,
                },
                _ => return false,
            };
        }
        match (last, &mut node.value) {
            (Step::Key(key), Value::Table(table)) => {
                table.insert(key.clone(), new);
                true
            }
            _ => false,
        }
    }
}

/// Reads TOML; every mistake of the syntax is noted, and what can be read is read.
pub(crate) fn parse(text: &str) -> (Node, Vec<Mistake>) {
    let lines = Lines::of(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    let mistakes = errors
        .iter()
        .map(|error| {
            let place = error.span().map_or(Place::Nowhere, |span| lines.place(&span));
            Mistake::new(place, Vec::new(), format!("this is no TOML: {}", error.message().replace('\n', ", ")))
        })
        .collect();
    let place = Place::Nowhere;
    (Node { value: table_of(table.get_ref(), &lines), place }, mistakes)
}

fn table_of(table: &DeTable<'_>, lines: &Lines<'_>) -> Value {
    Value::Table(table.iter().map(|(key, value)| (key.get_ref().to_string(), node_of(value, lines))).collect())
}

fn node_of(value: &Spanned<DeValue<'_>>, lines: &Lines<'_>) -> Node {
    let place = lines.place(&value.span());
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        // Beyond 64 bits it is no number that anything here could want.
        DeValue::Integer(number) => i64::from_str_radix(&number.as_str().replace('_', ""), number.radix())
            .map_or(Value::Float(f64::INFINITY), Value::Integer),
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Value::Boolean(*flag),
        DeValue::Datetime(_) => Value::Instant,
        DeValue::Array(list) => Value::List(list.iter().map(|item| node_of(item, lines)).enumerate().collect()),
        DeValue::Table(table) => table_of(table, lines),
    };
    Node { value, place }
}

/// From byte offsets to lines and columns.
struct Lines<'t> {
    text: &'t str,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        Self { text }
    }

    fn place(&self, span: &Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Place::File { line, column }
    }
}

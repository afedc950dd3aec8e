//! What is the same in each run of a command, and what is not.

use std::collections::BTreeSet;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    fill::Picks,
    snapshot::{Snapshot, Table},
    value::Value,
};

/// The rows of one command.
#[derive(Debug, Clone)]
pub struct Pattern {
    pub(super) inserted: Vec<RowPattern>,
    pub(super) updated: Vec<RowPattern>,
    pub(super) fresh: Vec<FreshId>,
}

/// One row.
#[derive(Debug, Clone)]
pub struct RowPattern {
    /// Its table.
    pub table: String,
    /// Names of its columns.
    pub columns: Vec<String>,
    /// Columns of its key.
    pub key: Vec<String>,
    /// The key names the caller's line and nothing new: a row of that key may be there already.
    pub may_be_there: bool,
    pub(super) cells: Vec<Cell>,
}

/// What a cell holds in each run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Fixed(Value),
    Id(Name),
    /// Microseconds after the run's instant.
    Instant(i64),
    /// The next number of a table that counts its rows.
    Counter,
    /// Bytes with ids as text in them.
    Leaf(Vec<u8>, Vec<(usize, Name)>),
    /// Text with ids in it.
    Words(Vec<u8>, Vec<(usize, Name)>),
    /// The hash of the so many-th leaf of the run.
    LeafHash(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    /// An id of the line.
    Pick(usize),
    /// A text of the line.
    Text(usize),
    /// A new id.
    Fresh(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FreshId {
    pub(super) seen: Uuid,
    /// Version 7: grows with time.
    pub(super) ordered: bool,
}

/// Instants of a run lie within this many microseconds of it: 400 days.
const NEAR: i64 = 400 * 86_400 * 1_000_000;

impl Pattern {
    /// What changed between two moments, in between which one command ran at `now` for the line `picks`.
    #[must_use]
    pub fn learn(before: &Snapshot, after: &Snapshot, picks: &Picks, now: Timestamp) -> Self {
        let (mut inserted, mut updated) = (Vec::new(), Vec::new());
        for (name, table) in &after.tables {
            let old = before.tables.get(name).map(|table| &table.rows);
            for (key, row) in &table.rows {
                match old.and_then(|old| old.get(key)) {
                    None => inserted.push((name, table, row)),
                    Some(was) if was != row => updated.push((name, table, row)),
                    Some(_) => {}
                }
            }
        }
        let known: BTreeSet<&Value> = before.tables.values().flat_map(|table| table.rows.values().flatten()).collect();
        let mut learner = Learner { picks, now: now.as_microsecond(), known, fresh: Vec::new(), hashes: Vec::new() };
        for (name, table, row) in &inserted {
            if *name == "leaf" {
                learner.hashes.extend(cell(table, row, "leaf_hash").cloned());
            }
        }
        let inserted = inserted.into_iter().map(|(name, table, row)| learner.row(name, table, row)).collect();
        let updated = updated.into_iter().map(|(name, table, row)| learner.row(name, table, row)).collect();
        let fresh = learner.fresh;
        Self { inserted, updated, fresh }.with_leaves(picks)
    }

    /// Rows that the command adds.
    #[must_use]
    pub fn inserted(&self) -> &[RowPattern] {
        &self.inserted
    }

    /// Rows that were there and changed: counters and heads, once a commit.
    #[must_use]
    pub fn updated(&self) -> &[RowPattern] {
        &self.updated
    }

    /// Table names and row counts, for the report.
    #[must_use]
    pub fn summary(&self) -> String {
        let tables: BTreeSet<_> = self.inserted.iter().map(|row| row.table.as_str()).collect();
        let count = |table: &str| self.inserted.iter().filter(|row| row.table == table).count();
        tables.into_iter().map(|table| format!("{} {table}", count(table))).collect::<Vec<_>>().join(", ")
    }

    /// Finds the ids that stand in texts and leaves, once all fresh ids are known.
    fn with_leaves(mut self, picks: &Picks) -> Self {
        let ids = picks.ids.iter().enumerate().map(|(at, id)| (id.to_string(), Name::Pick(at)));
        let texts = picks.texts.iter().enumerate().map(|(at, text)| (text.clone(), Name::Text(at)));
        let fresh = self.fresh.iter().enumerate().map(|(at, fresh)| (fresh.seen.to_string(), Name::Fresh(at)));
        let names: Vec<(String, Name)> = ids.chain(texts).chain(fresh).collect();
        for cell in self.inserted.iter_mut().flat_map(|row| &mut row.cells) {
            if let Cell::Leaf(bytes, places) | Cell::Words(bytes, places) = cell {
                for (text, name) in &names {
                    let found = bytes.windows(text.len()).enumerate().filter(|(_, window)| *window == text.as_bytes());
                    places.extend(found.map(|(at, _)| (at, *name)));
                }
            }
            if let Cell::Words(bytes, places) = cell
                && places.is_empty()
            {
                *cell = Cell::Fixed(Value::Text(String::from_utf8_lossy(bytes).into_owned()));
            }
        }
        self
    }
}

fn cell<'a>(table: &Table, row: &'a [Value], column: &str) -> Option<&'a Value> {
    table.columns.iter().position(|name| name == column).and_then(|at| row.get(at))
}

struct Learner<'a> {
    picks: &'a Picks,
    now: i64,
    known: BTreeSet<&'a Value>,
    fresh: Vec<FreshId>,
    hashes: Vec<Value>,
}

impl Learner<'_> {
    fn row(&mut self, name: &str, table: &Table, row: &[Value]) -> RowPattern {
        let counts = matches!(table.key.as_slice(), [key] if matches!(row.get(*key), Some(Value::Int(_))));
        let cells: Vec<Cell> = row
            .iter()
            .enumerate()
            .map(|(at, value)| match (table.columns.get(at).map(String::as_str), value) {
                (Some("leaf"), Value::Blob(bytes)) if name == "leaf" => Cell::Leaf(bytes.clone(), Vec::new()),
                (Some(_), Value::Int(_)) if counts && table.key.contains(&at) => Cell::Counter,
                _ => self.cell(value),
            })
            .collect();
        let may_be_there = table
            .key
            .iter()
            .all(|at| matches!(cells.get(*at), Some(Cell::Id(Name::Pick(_)) | Cell::Fixed(_) | Cell::Words(..))));
        let column = |at: &usize| table.columns.get(*at).cloned();
        RowPattern {
            table: name.to_owned(),
            columns: table.columns.clone(),
            key: table.key.iter().filter_map(column).collect(),
            may_be_there,
            cells,
        }
    }

    fn cell(&mut self, value: &Value) -> Cell {
        match value {
            Value::Int(number) if (number - self.now).abs() < NEAR => Cell::Instant(number - self.now),
            Value::Blob(bytes) => match (Uuid::from_slice(bytes), self.hashes.iter().position(|hash| hash == value)) {
                (Ok(id), _) => self.id(id, value),
                (_, Some(hash)) => Cell::LeafHash(hash),
                _ => Cell::Fixed(value.clone()),
            },
            Value::Text(text) => {
                // What a client calls its request is another id each time.
                if let (36, Ok(id)) = (text.len(), Uuid::try_parse(text)) {
                    self.id(id, &Value::Blob(id.as_bytes().to_vec()));
                }
                Cell::Words(text.clone().into_bytes(), Vec::new())
            }
            Value::Null | Value::Int(_) => Cell::Fixed(value.clone()),
        }
    }

    fn id(&mut self, id: Uuid, value: &Value) -> Cell {
        if let Some(at) = self.picks.ids.iter().position(|pick| *pick == id) {
            return Cell::Id(Name::Pick(at));
        }
        if self.known.contains(value) {
            return Cell::Fixed(value.clone());
        }
        let known = self.fresh.iter().position(|fresh| fresh.seen == id);
        let at = known.unwrap_or_else(|| {
            self.fresh.push(FreshId { seen: id, ordered: id.get_version_num() == 7 });
            self.fresh.len() - 1
        });
        Cell::Id(Name::Fresh(at))
    }
}

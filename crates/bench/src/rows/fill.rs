//! One run of a pattern.

use ephor_audit::{Frontier, Hash};
use ephor_engine::port::{Entropy, entropy::SystemEntropy};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    pattern::{Cell, Name, Pattern},
    value::Value,
};

/// Whose line a run is about: what is named in its rows and was there before, in an order that all runs share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picks {
    /// Who asks, for what, what it gives: ids.
    pub ids: Vec<Uuid>,
    /// Scopes: texts of the same length in all runs.
    pub texts: Vec<String>,
}

impl Picks {
    fn id(&self, at: usize) -> Uuid {
        self.ids.get(at).copied().unwrap_or_default()
    }

    fn text(&self, at: usize) -> &str {
        self.texts.get(at).map(String::as_str).unwrap_or_default()
    }
}

/// The fresh ids of one run, drawn as the engine draws them.
#[derive(Debug)]
pub struct Ids(Vec<Uuid>);

impl Ids {
    /// Draws them.
    #[must_use]
    pub fn draw(pattern: &Pattern, entropy: &SystemEntropy, now: Timestamp) -> Self {
        let draw = |ordered| if ordered { entropy.ordered_guid(now) } else { entropy.guid() };
        Self(pattern.fresh.iter().map(|fresh| draw(fresh.ordered)).collect())
    }

    fn of(&self, name: Name, picks: &Picks) -> Uuid {
        match name {
            Name::Pick(at) => picks.id(at),
            Name::Fresh(at) => self.0.get(at).copied().unwrap_or_default(),
            // A text is no id.
            Name::Text(_) => Uuid::nil(),
        }
    }
}

impl Pattern {
    /// The cells of all inserted rows of one run, row by row. Counters are left empty: the one who writes counts.
    #[must_use]
    pub fn fill(&self, picks: &Picks, ids: &Ids, now: Timestamp) -> Vec<Vec<Value>> {
        let now = now.as_microsecond();
        let hash = Value::Blob(vec![0x5a; 32]);
        let cell = |cell: &Cell| match cell {
            Cell::Fixed(value) => value.clone(),
            Cell::Id(name) => Value::Blob(ids.of(*name, picks).as_bytes().to_vec()),
            Cell::Instant(after) => Value::Int(now + after),
            Cell::Counter => Value::Null,
            Cell::Leaf(bytes, places) => Value::Blob(woven(bytes, places, ids, picks)),
            Cell::Words(bytes, places) => {
                Value::Text(String::from_utf8_lossy(&woven(bytes, places, ids, picks)).into_owned())
            }
            Cell::LeafHash(_) => hash.clone(),
        };
        self.inserted.iter().map(|row| row.cells.iter().map(cell).collect()).collect()
    }

    /// The same with true hashes, appended to the tree at `frontier`.
    #[must_use]
    pub fn fill_true(&self, picks: &Picks, ids: &Ids, now: Timestamp, frontier: &mut Frontier) -> Vec<Vec<Value>> {
        let mut rows = self.fill(picks, ids, now);
        let mut hashes = Vec::new();
        for (row, pattern) in rows.iter_mut().zip(&self.inserted) {
            let leaf = row.iter().zip(&pattern.cells).find_map(|(value, cell)| match (value, cell) {
                (Value::Blob(bytes), Cell::Leaf(..)) => Some(Hash::of_leaf(bytes)),
                _ => None,
            });
            if let Some(hash) = leaf {
                let index = i64::try_from(frontier.append(hash)).unwrap_or(i64::MAX);
                hashes.push(hash);
                for (value, cell) in row.iter_mut().zip(&pattern.cells) {
                    if *cell == Cell::Counter {
                        *value = Value::Int(index);
                    }
                }
            }
        }
        for (row, pattern) in rows.iter_mut().zip(&self.inserted) {
            for (value, cell) in row.iter_mut().zip(&pattern.cells) {
                if let Cell::LeafHash(at) = cell
                    && let Some(hash) = hashes.get(*at)
                {
                    *value = Value::Blob(hash.as_bytes().to_vec());
                }
            }
        }
        rows
    }

    /// The cells of the rows that change once a commit, as they were seen.
    #[must_use]
    pub fn fill_updated(&self) -> Vec<Vec<Value>> {
        let cell = |cell: &Cell| match cell {
            Cell::Fixed(value) => value.clone(),
            Cell::Instant(after) => Value::Int(*after),
            Cell::Counter => Value::Int(1),
            Cell::Id(_) | Cell::LeafHash(_) => Value::Null,
            Cell::Leaf(bytes, _) => Value::Blob(bytes.clone()),
            Cell::Words(bytes, _) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        };
        self.updated.iter().map(|row| row.cells.iter().map(cell).collect()).collect()
    }
}

/// What was seen, with the names of this run in the places of those that were seen.
fn woven(bytes: &[u8], places: &[(usize, Name)], ids: &Ids, picks: &Picks) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut buffer = [0; 36];
    for (at, name) in places {
        let text = match name {
            Name::Text(text) => picks.text(*text).as_bytes(),
            Name::Pick(_) | Name::Fresh(_) => ids.of(*name, picks).hyphenated().encode_lower(&mut buffer).as_bytes(),
        };
        if let Some(place) = bytes.get_mut(*at..*at + text.len()) {
            place.copy_from_slice(text);
        }
    }
    bytes
}

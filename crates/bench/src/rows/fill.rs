//! One run of a pattern.

use ephor_audit::{Frontier, Hash};
use ephor_engine::port::{Entropy, entropy::SystemEntropy};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    pattern::{Cell, Name, Pattern},
    value::Value,
};

/// Whose line a run is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picks {
    /// Who asks.
    pub principal: Uuid,
    /// For what.
    pub role: Uuid,
    /// What it gives.
    pub group: Uuid,
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
            Name::Principal => picks.principal,
            Name::Role => picks.role,
            Name::Group => picks.group,
            Name::Fresh(at) => self.0.get(at).copied().unwrap_or_default(),
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
            Cell::Leaf(bytes, places) => Value::Blob(leaf(bytes, places, ids, picks)),
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
        };
        self.updated.iter().map(|row| row.cells.iter().map(cell).collect()).collect()
    }
}

fn leaf(bytes: &[u8], places: &[(usize, Name)], ids: &Ids, picks: &Picks) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut text = [0; 36];
    for (at, name) in places {
        let id = ids.of(*name, picks).hyphenated().encode_lower(&mut text).as_bytes();
        if let Some(place) = bytes.get_mut(*at..*at + id.len()) {
            place.copy_from_slice(id);
        }
    }
    bytes
}

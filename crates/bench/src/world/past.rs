//! Long histories and large stocks, written straight into the file of a closed store: the rows that real commands leave,
//! with true leaves in a true tree.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use ephor_audit::Frontier;
use ephor_engine::port::SystemEntropy;
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::World;
use crate::{
    floor::sqlite::insert,
    rows::{Ids, Pattern, Picks},
};

/// Which runs to write.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// How many.
    pub count: u32,
    /// Instant of the first.
    pub from: Timestamp,
    /// Instant of the last.
    pub to: Timestamp,
}

/// What loading cost.
#[derive(Debug, Clone, Copy)]
pub struct Loaded {
    /// How long it took.
    pub took: Duration,
    /// Bytes of the file afterwards.
    pub bytes: u64,
}

/// Runs of one transaction.
const CHUNK: u32 = 20_000;

/// Writes `span.count` runs of `pattern`, the users of `world` taking turns. The store must be closed.
///
/// # Errors
/// When the file cannot be written, or the pattern does not fit.
pub fn load(path: &Path, pattern: &Pattern, world: &World, span: &Span) -> Result<Loaded> {
    let mut loader = Loader::open(path)?;
    loader.runs(pattern, span, |run| world.line(run % world.users, run / world.users))?;
    loader.finish()
}

/// Writes into the file of a closed store.
pub struct Loader {
    path: PathBuf,
    store: Connection,
    frontier: Frontier,
    /// Indexes that were put aside: their names, and how they are made.
    aside: BTreeMap<String, String>,
    begun: Instant,
}

impl Loader {
    /// Opens the file.
    ///
    /// # Errors
    /// When it is no store, or somebody else's.
    pub fn open(path: &Path) -> Result<Self> {
        let begun = Instant::now();
        let store = Connection::open(path)?;
        // Nothing is lost but the load itself if the machine goes down now.
        store.pragma_update(None, "synchronous", "OFF")?;
        store.pragma_update(None, "cache_size", -1024 * 1024)?;
        store.pragma_update(None, "temp_store", "MEMORY")?;
        store.set_prepared_statement_cache_capacity(64);
        let head: Vec<u8> = store.query_row("SELECT frontier FROM audit_head", (), |row| row.get(0))?;
        let frontier = Frontier::from_bytes(&head).context("the head of the audit log")?;
        Ok(Self { path: path.to_owned(), store, frontier, aside: BTreeMap::new(), begun })
    }

    /// Puts the indexes of the tables of `patterns` aside until [`finish`](Self::finish): a large stock is loaded faster,
    /// and its indexes are as dense as those of a store that was tidied up.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn indexes_later(&mut self, patterns: &[&Pattern]) -> Result<()> {
        for table in patterns.iter().flat_map(|pattern| pattern.inserted()).map(|row| row.table.as_str()) {
            let mut made = self.store.prepare(
                "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL",
            )?;
            let made = made.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let made: Vec<(String, String)> = made.collect::<Result<_, _>>()?;
            for (name, sql) in made {
                self.store.execute_batch(&format!("DROP INDEX {name}"))?;
                self.aside.insert(name, sql);
            }
        }
        Ok(())
    }

    /// Writes `span.count` runs of `pattern`, each of its own line.
    ///
    /// # Errors
    /// When the file cannot be written, or the pattern does not fit.
    pub fn runs(&mut self, pattern: &Pattern, span: &Span, line: impl Fn(u32) -> Picks) -> Result<()> {
        let inserts: Vec<String> = pattern.inserted().iter().map(insert).collect();
        let entropy = SystemEntropy::default();
        let apart = span.to.duration_since(span.from).as_micros() / i128::from(span.count.max(1));
        let apart = SignedDuration::from_micros(apart.try_into()?);
        for first in (0..span.count).step_by(CHUNK as usize) {
            let work = self.store.transaction()?;
            for run in first..span.count.min(first + CHUNK) {
                let at = span.from + apart * i32::try_from(run)?;
                let rows = pattern.fill_true(&line(run), &Ids::draw(pattern, &entropy, at), at, &mut self.frontier);
                for (insert, row) in inserts.iter().zip(rows) {
                    let mut statement = work.prepare_cached(insert)?;
                    for (place, value) in (1..).zip(&row) {
                        statement.raw_bind_parameter(place, value)?;
                    }
                    statement.raw_execute()?;
                }
            }
            let size = i64::try_from(self.frontier.size())?;
            work.execute("UPDATE audit_head SET size = ?1, frontier = ?2", (size, self.frontier.to_bytes()))?;
            work.commit()?;
        }
        Ok(())
    }

    /// Makes the indexes, and the file whole.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(self) -> Result<Loaded> {
        for sql in self.aside.values() {
            self.store.execute_batch(sql)?;
        }
        self.store.pragma_update(None, "synchronous", "FULL")?;
        self.store.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?;
        self.store.close().map_err(|(_, error)| error)?;
        Ok(Loaded { took: self.begun.elapsed(), bytes: std::fs::metadata(&self.path)?.len() })
    }
}

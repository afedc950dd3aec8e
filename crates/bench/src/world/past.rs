//! Long histories, written straight into the file of a closed store: the rows that a real past leaves, with true leaves in a
//! true tree.

use std::{
    path::Path,
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
    rows::{Ids, Pattern},
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
    let begun = Instant::now();
    let mut store = Connection::open(path)?;
    // Nothing is lost but the load itself if the machine goes down now.
    store.pragma_update(None, "synchronous", "OFF")?;
    store.pragma_update(None, "cache_size", -512 * 1024)?;
    store.pragma_update(None, "temp_store", "MEMORY")?;
    store.set_prepared_statement_cache_capacity(64);
    let inserts: Vec<String> = pattern.inserted().iter().map(insert).collect();
    let head: Vec<u8> = store.query_row("SELECT frontier FROM audit_head", (), |row| row.get(0))?;
    let mut frontier = Frontier::from_bytes(&head).context("the head of the audit log")?;
    let entropy = SystemEntropy::default();
    let apart = span.to.duration_since(span.from).as_micros() / i128::from(span.count.max(1));
    let apart = SignedDuration::from_micros(apart.try_into()?);
    for first in (0..span.count).step_by(CHUNK as usize) {
        let work = store.transaction()?;
        for run in first..span.count.min(first + CHUNK) {
            let at = span.from + apart * i32::try_from(run)?;
            let line = world.line(run % world.users, run / world.users);
            let rows = pattern.fill_true(&line, &Ids::draw(pattern, &entropy, at), at, &mut frontier);
            for (insert, row) in inserts.iter().zip(rows) {
                let mut statement = work.prepare_cached(insert)?;
                for (place, value) in (1..).zip(&row) {
                    statement.raw_bind_parameter(place, value)?;
                }
                statement.raw_execute()?;
            }
        }
        let size = i64::try_from(frontier.size())?;
        work.execute("UPDATE audit_head SET size = ?1, frontier = ?2", (size, frontier.to_bytes()))?;
        work.commit()?;
    }
    store.pragma_update(None, "synchronous", "FULL")?;
    store.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?;
    store.close().map_err(|(_, error)| error)?;
    Ok(Loaded { took: begun.elapsed(), bytes: std::fs::metadata(path)?.len() })
}

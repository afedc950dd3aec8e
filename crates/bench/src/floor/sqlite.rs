//! The bare SQLite store: one writer thread that drains its queue, writes the same rows and commits once. No decision, no
//! load, no hash, no savepoint.

use std::{path::Path, sync::Arc, thread::JoinHandle};

use anyhow::{Context as _, Result};
use ephor_engine::port::{Clock, clock::SystemClock, entropy::SystemEntropy};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::{
    measure::Client,
    rows::{Ids, Pattern, Picks, RowPattern, Value},
};

/// As many as the store's writer takes at once.
const BATCH: usize = 256;

/// A running bare store.
#[derive(Debug)]
pub struct BareSqlite {
    queue: mpsc::Sender<Job>,
    writer: JoinHandle<Result<()>>,
}

#[derive(Debug)]
struct Job {
    rows: Vec<Vec<Value>>,
    done: oneshot::Sender<()>,
}

impl BareSqlite {
    /// Opens a copy of a store, with the pragmas of the real one.
    ///
    /// # Errors
    /// When it cannot be opened, or the pattern does not fit.
    pub fn open(path: &Path, pattern: &Pattern) -> Result<Self> {
        let store = Connection::open(path)?;
        for (name, value) in [("journal_mode", "WAL"), ("synchronous", "FULL"), ("temp_store", "MEMORY")] {
            store.pragma_update(None, name, value)?;
        }
        store.pragma_update(None, "foreign_keys", true)?;
        store.pragma_update(None, "cache_size", -64 * 1024)?;
        store.pragma_update(None, "wal_autocheckpoint", 4000)?;
        store.set_prepared_statement_cache_capacity(64);
        let mut writer = Writer {
            store,
            inserts: pattern.inserted().iter().map(insert).collect(),
            counts: pattern.inserted().iter().map(|row| row.table == "leaf").collect(),
            updates: pattern.updated().iter().map(update).zip(pattern.fill_updated()).collect(),
            next: 0,
        };
        writer.next = writer.store.query_row("SELECT coalesce(max(idx), -1) + 1 FROM leaf", (), |row| row.get(0))?;
        let (queue, jobs) = mpsc::channel(4096);
        let writer = std::thread::spawn(move || writer.serve(jobs));
        Ok(Self { queue, writer })
    }

    /// A client that writes one run after the other, of the lines it is given in turn.
    #[must_use]
    pub fn client(&self, pattern: &Arc<Pattern>, entropy: &Arc<SystemEntropy>, lines: Vec<Picks>) -> BareClient {
        BareClient {
            queue: self.queue.clone(),
            pattern: Arc::clone(pattern),
            entropy: Arc::clone(entropy),
            clock: SystemClock::default(),
            lines,
            turn: 0,
        }
    }

    /// Finishes what waits.
    ///
    /// # Errors
    /// What the writer met.
    pub fn close(self) -> Result<()> {
        drop(self.queue);
        self.writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// One caller of a bare store.
#[derive(Debug)]
pub struct BareClient {
    queue: mpsc::Sender<Job>,
    pattern: Arc<Pattern>,
    entropy: Arc<SystemEntropy>,
    clock: SystemClock,
    lines: Vec<Picks>,
    turn: usize,
}

impl Client for BareClient {
    async fn turn(&mut self) -> Result<()> {
        let picks = self.lines.get(self.turn % self.lines.len()).context("a client has at least one line")?;
        self.turn += 1;
        let now = self.clock.now();
        let rows = self.pattern.fill(picks, &Ids::draw(&self.pattern, &self.entropy, now), now);
        let (done, answer) = oneshot::channel();
        self.queue.send(Job { rows, done }).await.ok().context("the bare store ended")?;
        answer.await.context("the bare store could not write")
    }
}

struct Writer {
    store: Connection,
    inserts: Vec<String>,
    counts: Vec<bool>,
    updates: Vec<(String, Vec<Value>)>,
    next: i64,
}

impl Writer {
    fn serve(&mut self, mut jobs: mpsc::Receiver<Job>) -> Result<()> {
        let mut waiting = Vec::with_capacity(BATCH);
        while let Some(first) = jobs.blocking_recv() {
            self.store.prepare_cached("BEGIN IMMEDIATE")?.raw_execute()?;
            let mut job = Some(first);
            while let Some(Job { rows, done }) = job {
                self.write(&rows)?;
                waiting.push(done);
                job = if waiting.len() < BATCH { jobs.try_recv().ok() } else { None };
            }
            for (update, cells) in &self.updates {
                self.store.prepare_cached(update)?.execute(rusqlite::params_from_iter(cells))?;
            }
            self.store.prepare_cached("COMMIT")?.raw_execute()?;
            for done in waiting.drain(..) {
                // A load that is over does not wait for its last answer.
                let _ = done.send(());
            }
        }
        Ok(())
    }

    fn write(&mut self, rows: &[Vec<Value>]) -> Result<()> {
        for ((row, insert), counts) in rows.iter().zip(&self.inserts).zip(&self.counts) {
            let mut statement = self.store.prepare_cached(insert)?;
            for (at, value) in (1..).zip(row) {
                if *counts && at == 1 {
                    statement.raw_bind_parameter(at, self.next)?;
                    self.next += 1;
                } else {
                    statement.raw_bind_parameter(at, value)?;
                }
            }
            statement.raw_execute()?;
        }
        Ok(())
    }
}

/// The statement that adds a row.
#[must_use]
pub fn insert(row: &RowPattern) -> String {
    let places: Vec<String> = (1..=row.columns.len()).map(|at| format!("?{at}")).collect();
    let or = if row.may_be_there { or_update(row) } else { String::new() };
    format!("INSERT INTO {} ({}) VALUES ({}){or}", row.table, row.columns.join(", "), places.join(", "))
}

/// What is done about a row that is there already.
pub(super) fn or_update(row: &RowPattern) -> String {
    let others = row.columns.iter().filter(|column| !row.key.contains(column));
    let sets: Vec<String> = others.map(|column| format!("{column} = excluded.{column}")).collect();
    let key = row.key.join(", ");
    if sets.is_empty() {
        format!(" ON CONFLICT ({key}) DO NOTHING")
    } else {
        format!(" ON CONFLICT ({key}) DO UPDATE SET {}", sets.join(", "))
    }
}

fn update(row: &RowPattern) -> String {
    let place = |column: &String| row.columns.iter().position(|name| name == column).unwrap_or_default() + 1;
    let pair = |column: &String| format!("{column} = ?{}", place(column));
    let sets: Vec<String> = row.columns.iter().map(pair).collect();
    let key: Vec<String> = row.key.iter().map(pair).collect();
    format!("UPDATE {} SET {} WHERE {}", row.table, sets.join(", "), key.join(" AND "))
}

//! The store: opens a database, brings its schema up to date, runs commands.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::{Fault, Location, Tx, postgres::Postgres, sqlite::Sqlite};

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// PostgreSQL: most connections of this node. A few of them are kept for [`Store::for_workers`].
    pub connections: usize,
    /// PostgreSQL: named prepared statements. Off behind a pooler that hands out a connection for each transaction.
    pub prepared_statements: bool,
    /// SQLite: threads that read.
    pub readers: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { connections: 16, prepared_statements: true, readers: 2 }
    }
}

/// An open store. Cheap to clone; all clones are one store.
#[derive(Debug, Clone)]
pub struct Store {
    backend: Arc<Backend>,
    lane: Lane,
}

/// Whose work it is: the two never wait for each other's connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Calls that somebody waits for.
    Calls,
    /// What is due.
    Workers,
}

#[derive(Debug)]
enum Backend {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Store {
    /// Opens the store, creates or migrates its schema. Close an SQLite store before it is opened again.
    ///
    /// # Errors
    /// [`Fault::InUse`], [`Fault::TooNew`], [`Fault::ChangedHistory`], [`Fault::Corrupt`], [`Fault::Unavailable`].
    pub async fn open(location: &Location) -> Result<Self, Fault> {
        Self::open_with(location, &Options::default()).await
    }

    /// As [`open`](Self::open), with options.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_with(location: &Location, options: &Options) -> Result<Self, Fault> {
        let backend = match location {
            Location::Sqlite(path) => {
                let (path, readers) = (path.clone(), options.readers);
                let opened = tokio::task::spawn_blocking(move || Sqlite::open(&path, readers)).await;
                Backend::Sqlite(opened.map_err(|error| Fault::Misuse { cause: error.to_string() })??)
            }
            Location::Postgres(url) => Backend::Postgres(Postgres::open(url, options).await?),
        };
        Ok(Self { backend: Arc::new(backend), lane: Lane::Calls })
    }

    /// The same store for work that is due: a crowd of calls, however long its queue, does not hold up the end of a grant
    /// (R1).
    #[must_use]
    pub fn for_workers(&self) -> Self {
        Self { backend: Arc::clone(&self.backend), lane: Lane::Workers }
    }

    /// Runs a command that writes. It commits when `command` answers `Ok`, and only then is the answer given. A fault rolls
    /// it back, also one that `command` met and did not pass on. `command` may run more than once.
    ///
    /// # Errors
    /// What `command` answers, or what the commit met.
    pub async fn transact<T, F>(&self, command: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Fault>> + Send + Sync + 'static,
    {
        match &*self.backend {
            Backend::Sqlite(store) => store.transact(command).await,
            Backend::Postgres(store) => store.transact(self.lane, command).await,
        }
    }

    /// Runs a command that only reads. Each statement sees what was committed when it began (SQLite: when the command
    /// began).
    ///
    /// # Errors
    /// What `command` answers; a write is a [`Fault::Misuse`].
    pub async fn read<T, F>(&self, command: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Fault>> + Send + Sync + 'static,
    {
        match &*self.backend {
            Backend::Sqlite(store) => store.read(command).await,
            Backend::Postgres(store) => store.read(self.lane, command).await,
        }
    }

    /// Another number after each change of the configuration: principals, API tokens, roles, groups, targets. What was read
    /// while it was the same is still so. `None` on PostgreSQL, where other nodes write as well.
    #[must_use]
    pub fn version(&self) -> Option<u64> {
        match &*self.backend {
            Backend::Sqlite(store) => Some(store.version()),
            Backend::Postgres(_) => None,
        }
    }

    /// True where commits leave audit leaves without a number, and the holder of the sequencer lease numbers them: on
    /// PostgreSQL (seams §16).
    #[must_use]
    pub fn numbers_later(&self) -> bool {
        matches!(*self.backend, Backend::Postgres(_))
    }

    /// Proves that the store can be written to and tells its size.
    ///
    /// # Errors
    /// As any command.
    pub async fn ping(&self) -> Result<Health, Fault> {
        self.transact(|tx| Box::pin(tx.health())).await
    }

    /// Looks through the whole file for damage (F10); answers what was found. PostgreSQL checks its pages itself.
    ///
    /// # Errors
    /// As any command.
    pub async fn check(&self) -> Result<Vec<String>, Fault> {
        self.read(|tx| Box::pin(tx.damages())).await
    }

    /// Stops taking commands, finishes those that wait, closes the database.
    pub async fn close(&self) {
        match &*self.backend {
            Backend::Sqlite(store) => store.close().await,
            Backend::Postgres(store) => store.close(),
        }
    }
}

#[cfg(test)]
impl Store {
    /// Commands that wait for the writer of SQLite.
    pub(crate) fn waiting(&self) -> usize {
        match &*self.backend {
            Backend::Sqlite(store) => store.waiting(),
            Backend::Postgres(_) => 0,
        }
    }
}

/// What [`Store::ping`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// Bytes on disk.
    pub bytes: u64,
    /// Number of audit leaves that have a number.
    pub leaves: u64,
}

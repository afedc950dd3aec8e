//! The store: opens a database, brings its schema up to date, runs commands.

use futures_util::future::BoxFuture;

use crate::{Fault, Location, Tx};

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// PostgreSQL: most connections of this node.
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
#[derive(Clone)]
pub struct Store {}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens the store, creates or migrates its schema.
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
    pub async fn open_with(_location: &Location, _options: &Options) -> Result<Self, Fault> {
        Err(Fault::Closed)
    }

    /// Runs a command that writes. It commits when `command` answers `Ok`, and only then is the answer given; any fault
    /// rolls it back. `command` may run more than once.
    ///
    /// # Errors
    /// What `command` answers, or what the commit met.
    pub async fn transact<T, F>(&self, command: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Fault>> + Send + Sync + 'static,
    {
        drop(command);
        Err(Fault::Closed)
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
        drop(command);
        Err(Fault::Closed)
    }

    /// True where commits leave audit leaves without a number, and the holder of the sequencer lease numbers them: on
    /// PostgreSQL (seams §16).
    #[must_use]
    pub fn numbers_later(&self) -> bool {
        false
    }

    /// Proves that the store can be written to and answers its size.
    ///
    /// # Errors
    /// As any command.
    pub async fn ping(&self) -> Result<Health, Fault> {
        Err(Fault::Closed)
    }

    /// Stops taking commands, finishes those that wait, closes the database.
    pub async fn close(&self) {}
}

/// What [`Store::ping`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// Bytes on disk.
    pub bytes: u64,
    /// Number of audit leaves with a number.
    pub leaves: u64,
}

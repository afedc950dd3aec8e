//! Opening the file: pragmas, schema, first look at its health.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use ephor_audit::Frontier;
use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{
    fault::{self, Constraints},
    session::Session,
};
use crate::{
    Fault,
    migrate::{self, Dialect, MIGRATIONS},
};

/// Marks the file as ours.
const APPLICATION: i64 = 0x4570_686f;

/// Prepared statements kept for each connection: more than there are.
const STATEMENTS: usize = 512;

/// Page cache in KiB, as SQLite wants it: negative. The operating system caches the file for the readers as well; theirs
/// holds the inner pages of a million requests.
const WRITER_CACHE: i64 = -64 * 1024;
const READER_CACHE: i64 = -32 * 1024;

/// Files up to this size are looked through when they are opened; larger ones on demand, for a start takes less than 2 s.
const CHECKED_SIZE: u64 = 64 << 20;

/// Where the file is and how its faults are named.
#[derive(Debug, Clone)]
pub(super) struct Place {
    path: PathBuf,
    constraints: Arc<Constraints>,
    /// How often this process has changed the configuration.
    pub(super) version: Arc<AtomicU64>,
}

impl Place {
    /// Makes or migrates the file.
    pub(super) fn new(path: &Path) -> Result<Self, Fault> {
        let plain = |error: &rusqlite::Error| fault::of(error, &Constraints::default());
        make_private(path);
        let mut connection = connect(path, false).map_err(|error| plain(&error))?;
        check(&connection, path)?;
        migrate(&mut connection)?;
        let constraints = Constraints::read(&connection).map_err(|error| plain(&error))?;
        Ok(Self { path: path.to_owned(), constraints: Arc::new(constraints), version: Arc::default() })
    }

    /// A connection that writes, with the right edge of the audit tree.
    pub(super) fn writer(&self) -> Result<Session, Fault> {
        let connection = connect(&self.path, false).map_err(|error| fault::of(&error, &self.constraints))?;
        let frontier: Vec<u8> = connection
            .query_row("SELECT frontier FROM audit_head WHERE one = 1", (), |row| row.get(0))
            .map_err(|error| fault::of(&error, &self.constraints))?;
        let frontier = Frontier::from_bytes(&frontier).map_err(|_| Fault::Inconsistent {
            table: "audit_head",
            column: "frontier",
            id: "1".to_owned(),
        })?;
        Ok(Session::new(connection, Arc::clone(&self.constraints), Some(frontier)))
    }

    /// A connection that only reads.
    pub(super) fn reader(&self) -> Result<Session, Fault> {
        let connection = connect(&self.path, true).map_err(|error| fault::of(&error, &self.constraints))?;
        Ok(Session::new(connection, Arc::clone(&self.constraints), None))
    }
}

/// A new file is its owner's alone, and so are the log and the index beside it, which SQLite makes in its likeness. What
/// keeps the file from being made is said when it is opened.
fn make_private(path: &Path) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let _ = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
}

fn connect(path: &Path, reader: bool) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(2))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A plan is made once: else SQLite makes it anew whenever a parameter changes that a partial index might care about.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cache_size", if reader { READER_CACHE } else { WRITER_CACHE })?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // See `checkpoint`.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.pragma_update(None, "query_only", reader)?;
    Ok(connection)
}

/// Refuses what is no store of ours, or a damaged one (F10).
fn check(connection: &Connection, path: &Path) -> Result<(), Fault> {
    let plain = |error: rusqlite::Error| fault::of(&error, &Constraints::default());
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0)).map_err(plain)?;
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(plain)?;
    if tables == 0 {
        return connection.pragma_update(None, "application_id", APPLICATION).map_err(plain);
    }
    if application != APPLICATION {
        return Err(Fault::Corrupt { cause: format!("{} is a database of another program", path.display()) });
    }
    let size = std::fs::metadata(path).map_or(0, |file| file.len());
    if size <= CHECKED_SIZE {
        let found: String = connection
            .query_row("SELECT quick_check FROM pragma_quick_check LIMIT 1", (), |row| row.get(0))
            .map_err(plain)?;
        if found != "ok" {
            return Err(Fault::Corrupt { cause: found });
        }
    }
    Ok(())
}

fn migrate(connection: &mut Connection) -> Result<(), Fault> {
    let plain = |error: rusqlite::Error| fault::of(&error, &Constraints::default());
    let work = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(plain)?;
    work.execute_batch(migrate::HISTORY).map_err(plain)?;
    let applied = work
        .prepare("SELECT number, sha256 FROM migration ORDER BY number")
        .and_then(|mut statement| statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
        .map_err(plain)?;
    let applied: Vec<(i64, String)> = applied;
    for migration in migrate::missing(MIGRATIONS, &applied, Dialect::Sqlite)? {
        work.execute_batch(migration.text(Dialect::Sqlite)).map_err(plain)?;
        work.execute(
            "INSERT INTO migration (number, name, sha256) VALUES (?1, ?2, ?3)",
            (migration.number, migration.name, migration.sha256(Dialect::Sqlite)),
        )
        .map_err(plain)?;
    }
    work.commit().map_err(plain)
}

//! One connection: statements answer at once.

use std::{collections::HashMap, sync::Arc};

use ephor_audit::{Frontier, Sealed};
use rusqlite::{
    CachedStatement, Connection, ToSql,
    types::{ToSqlOutput, ValueRef},
};
use uuid::Uuid;

use super::{
    checkpoint::Log,
    fault::{self, Constraints},
};
use crate::{
    Fault,
    sql::{Op, Row, Statement, Value},
    tx::meta::BUMP,
};

/// A connection, and on the writer the right edge of the audit tree.
pub(crate) struct Session {
    connection: Connection,
    constraints: Arc<Constraints>,
    // By the address of the statement: they are all statics.
    texts: HashMap<usize, Box<str>>,
    frontier: Option<Frontier>,
    failed: Option<Fault>,
    reconfigured: bool,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session(sqlite)")
    }
}

static INSERT_LEAF: Statement =
    Statement::new("leaf.insert.sqlite", "INSERT INTO leaf (idx, leaf, leaf_hash, erasable) VALUES ($1, $2, $3, $4)");

static UPDATE_HEAD: Statement =
    Statement::new("audit_head.update.sqlite", "UPDATE audit_head SET size = $1, frontier = $2 WHERE one = 1");

/// Erases the personal texts of a leaf.
pub(crate) static ERASE: Statement =
    Statement::new("leaf.erase.sqlite", "UPDATE leaf SET erasable = NULL WHERE idx = $1 AND erasable IS NOT NULL");

/// Takes the bodies of leaves away; their hashes stay.
pub(crate) static FORGET: Statement = Statement::new(
    "leaf.forget.sqlite",
    "UPDATE leaf SET leaf = NULL, erasable = NULL WHERE idx >= $1 AND idx < $2 AND leaf IS NOT NULL",
);

/// Size of the file.
pub(crate) static BYTES: Statement = Statement::new(
    "store.bytes.sqlite",
    "SELECT c.page_count * s.page_size FROM pragma_page_count() c, pragma_page_size() s",
);

/// Needs the room of an ordinary command. Equal bytes would not be written at all, and a little room is left to small
/// writes in the journal of a full disk.
pub(crate) static PROVE: Statement = Statement::new(
    "store.prove.sqlite",
    "INSERT INTO meta (key, value) VALUES ('store.room', hex(randomblob(32768))) \
     ON CONFLICT (key) DO UPDATE SET value = excluded.value",
);

/// Looks through the file.
pub(crate) static DAMAGES: Statement =
    Statement::new("store.damages.sqlite", "SELECT integrity_check FROM pragma_integrity_check");

/// Statements of this adapter.
#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&INSERT_LEAF, &UPDATE_HEAD, &ERASE, &FORGET, &BYTES, &PROVE, &DAMAGES];

impl Session {
    pub(super) fn new(connection: Connection, constraints: Arc<Constraints>, frontier: Option<Frontier>) -> Self {
        Self { connection, constraints, texts: HashMap::new(), frontier, failed: None, reconfigured: false }
    }

    pub(crate) fn rows(&mut self, statement: &'static Statement, values: &[Value]) -> Result<Vec<Row>, Fault> {
        let run = |mut prepared: CachedStatement<'_>| {
            let columns = prepared.column_count();
            let mut cursor = prepared.raw_query();
            let mut rows = Vec::new();
            while let Some(row) = cursor.next()? {
                rows.push((0..columns).map(|column| row.get_ref(column).map(value)).collect::<Result<Row, _>>()?);
            }
            Ok(rows)
        };
        self.prepared(statement, values, run)
    }

    pub(crate) fn exec(&mut self, statement: &'static Statement, values: &[Value]) -> Result<u64, Fault> {
        self.prepared(statement, values, |mut prepared| prepared.raw_execute().map(|count| count as u64))
    }

    pub(crate) fn write(&mut self, ops: Vec<Op>) -> Result<(), Fault> {
        for op in ops {
            match op {
                Op::Run(call) => {
                    self.exec(call.statement, &call.values)?;
                }
                Op::Leaf(sealed) => self.append(sealed)?,
            }
        }
        Ok(())
    }

    fn append(&mut self, sealed: Sealed) -> Result<(), Fault> {
        let frontier = self.frontier.as_mut().ok_or_else(only_reads)?;
        let index = frontier.append(sealed.leaf_hash);
        let values =
            [index.into(), sealed.leaf.into(), sealed.leaf_hash.as_bytes().as_slice().into(), sealed.erasable.into()];
        self.exec(&INSERT_LEAF, &values).map(drop)
    }

    fn prepared<T>(
        &mut self,
        statement: &'static Statement,
        values: &[Value],
        run: impl FnOnce(CachedStatement<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<T, Fault> {
        if self.frontier.is_none() && !statement.only_reads() {
            return Err(only_reads());
        }
        self.reconfigured |= std::ptr::eq(statement, &raw const BUMP);
        let address = std::ptr::from_ref(statement) as usize;
        let text = self.texts.entry(address).or_insert_with(|| statement.for_sqlite().into_boxed_str());
        let outcome = self.connection.prepare_cached(text).and_then(|mut prepared| {
            for (at, value) in (1..).zip(values) {
                prepared.raw_bind_parameter(at, value)?;
            }
            run(prepared)
        });
        outcome.map_err(|error| {
            let mut fault = fault::of(&error, &self.constraints);
            if let Fault::Misuse { cause } = &mut fault {
                *cause = format!("{}: {cause}", statement.name);
            }
            self.failed = Some(fault.clone());
            fault
        })
    }

    // What follows is for the threads.

    /// How long the log is.
    pub(super) fn log(&self) -> Result<Log, Fault> {
        self.checkpoint("PRAGMA wal_checkpoint(NOOP)")
    }

    /// Copies what the log holds into the file, as far as nobody reads or writes it. Waits for the disk.
    pub(super) fn copy_log(&self) -> Result<Log, Fault> {
        self.checkpoint("PRAGMA wal_checkpoint(PASSIVE)")
    }

    fn checkpoint(&self, text: &str) -> Result<Log, Fault> {
        let outcome = self.connection.prepare_cached(text).and_then(|mut statement| {
            // The first column says whether somebody else copies; then the others are unknown.
            statement.query_row((), |row| {
                Ok(Log {
                    pages: row.get::<_, i64>(1)?.try_into().unwrap_or(0),
                    copied: row.get::<_, i64>(2)?.try_into().unwrap_or(0),
                })
            })
        });
        outcome.map_err(|error| fault::of(&error, &self.constraints))
    }

    /// True when the configuration was changed since this was asked last.
    pub(super) const fn take_reconfigured(&mut self) -> bool {
        std::mem::replace(&mut self.reconfigured, false)
    }

    /// Runs a statement that steers the transaction.
    pub(super) fn steer(&self, text: &str) -> Result<(), Fault> {
        let outcome = self.connection.prepare_cached(text).and_then(|mut statement| statement.raw_execute());
        outcome.map(drop).map_err(|error| fault::of(&error, &self.constraints))
    }

    /// The fault of a statement of the command that just ran, whatever the command made of it.
    pub(super) fn take_failed(&mut self) -> Option<Fault> {
        self.failed.take()
    }

    /// False once SQLite has given the transaction up by itself.
    pub(super) fn is_in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    pub(super) fn frontier(&self) -> Option<Frontier> {
        self.frontier.clone()
    }

    pub(super) fn restore(&mut self, frontier: Option<Frontier>) {
        self.frontier = frontier;
    }

    /// Writes the right edge of the tree, if it is not `before` any more.
    pub(super) fn write_head(&mut self, before: Option<&Frontier>) -> Result<(), Fault> {
        let Some(frontier) = self.frontier.as_ref().filter(|now| Some(*now) != before) else { return Ok(()) };
        let values = [frontier.size().into(), frontier.to_bytes().into()];
        self.exec(&UPDATE_HEAD, &values).map(drop)
    }
}

#[cfg(test)]
impl Session {
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Lets the file grow no further, as a full disk would.
    pub(super) fn limit_pages(&self) -> Result<(), rusqlite::Error> {
        let pages: i64 = self.connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        self.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
    }
}

fn only_reads() -> Fault {
    Fault::Misuse { cause: "a command that only reads tried to write".to_owned() }
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        // No column holds one.
        ValueRef::Real(value) => Value::Text(value.to_string()),
        ValueRef::Text(value) => Value::Text(String::from_utf8_lossy(value).into_owned()),
        ValueRef::Blob(value) => Uuid::from_slice(value).map_or_else(|_| Value::Bytes(value.to_vec()), Value::Uuid),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Bool(value) => ValueRef::Integer((*value).into()),
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Uuid(value) => ValueRef::Blob(value.as_bytes()),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

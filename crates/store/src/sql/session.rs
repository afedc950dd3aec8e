//! How statements travel: the only place where the two databases differ.

use std::time::Duration;

use uuid::Uuid;

use super::{Call, Reader, Row, Statement, Value};
use ephor_audit::Sealed;

use crate::{Fault, postgres, sqlite, tx::Lock, tx::lease::Lease};

/// One write of a batch.
#[derive(Debug)]
pub(crate) enum Op {
    /// A statement.
    Run(Call),
    /// An audit leaf.
    Leaf(Sealed),
}

/// One connection inside one command. An enum, not a trait object: there are two, SQLite answers without waiting, and no
/// statement costs an allocation for its future.
#[derive(Debug)]
pub(crate) enum Session {
    Sqlite(sqlite::Session),
    Postgres(postgres::Session),
}

impl Session {
    /// Runs a statement and answers its rows.
    pub(crate) async fn rows(&mut self, statement: &'static Statement, values: Vec<Value>) -> Result<Vec<Row>, Fault> {
        match self {
            Self::Sqlite(session) => session.rows(statement, &values),
            Self::Postgres(session) => session.rows(statement, values).await,
        }
    }

    /// Runs several statements in one round trip and answers the rows of each. They do not see each other's writes.
    pub(crate) async fn rows_of<const N: usize>(&mut self, calls: [Call; N]) -> Result<[Vec<Row>; N], Fault> {
        let answers = match self {
            Self::Sqlite(session) => {
                calls.iter().map(|call| session.rows(call.statement, &call.values)).collect::<Result<Vec<_>, _>>()?
            }
            Self::Postgres(session) => session.rows_of(Vec::from(calls)).await?,
        };
        answers.try_into().map_err(|_| Fault::Misuse { cause: "one answer for each statement".to_owned() })
    }

    /// Runs one statement for each of these values, in one round trip, and answers the rows of each, in order.
    pub(crate) async fn many(
        &mut self,
        statement: &'static Statement,
        values: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Row>>, Fault> {
        match self {
            Self::Sqlite(session) => values.iter().map(|values| session.rows(statement, values)).collect(),
            Self::Postgres(session) => {
                session.rows_of(values.into_iter().map(|values| statement.with(values)).collect()).await
            }
        }
    }

    /// Runs a statement and answers how many rows it changed.
    pub(crate) async fn exec(&mut self, statement: &'static Statement, values: Vec<Value>) -> Result<u64, Fault> {
        match self {
            Self::Sqlite(session) => session.exec(statement, &values),
            Self::Postgres(session) => session.exec(statement, values).await,
        }
    }

    /// Writes all of it. PostgreSQL sends it together with whatever comes next, so a fault may show only then. No row is
    /// written by two of them.
    pub(crate) async fn write(&mut self, ops: Vec<Op>) -> Result<(), Fault> {
        match self {
            Self::Sqlite(session) => session.write(ops),
            Self::Postgres(session) => session.write(ops),
        }
    }

    /// Takes locks in an order that cannot deadlock.
    pub(crate) async fn lock(&mut self, locks: &[Lock]) -> Result<(), Fault> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(session) => session.lock(locks),
        }
    }

    /// Numbers committed leaves.
    pub(crate) async fn number_leaves(&mut self, limit: u32) -> Result<u64, Fault> {
        match self {
            Self::Sqlite(_) => Ok(0),
            Self::Postgres(session) => session.number_leaves(limit).await,
        }
    }

    /// Takes a lease.
    pub(crate) async fn lease_take(&mut self, name: &str, holder: Uuid, ttl: Duration) -> Result<Option<Lease>, Fault> {
        match self {
            // The file lock is the lease: one process, one holder.
            Self::Sqlite(_) => Ok(Some(Lease { epoch: 1, taken_over: false })),
            Self::Postgres(session) => session.lease_take(name, holder, ttl).await,
        }
    }

    /// Renews a lease.
    pub(crate) async fn lease_renew(
        &mut self,
        name: &str,
        holder: Uuid,
        epoch: u64,
        ttl: Duration,
    ) -> Result<bool, Fault> {
        match self {
            Self::Sqlite(_) => Ok(true),
            Self::Postgres(session) => session.lease_renew(name, holder, epoch, ttl).await,
        }
    }

    /// Gives a lease back.
    pub(crate) async fn lease_release(&mut self, name: &str, holder: Uuid, epoch: u64) -> Result<(), Fault> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(session) => session.lease_release(name, holder, epoch).await,
        }
    }

    /// Erases the personal texts of a leaf.
    pub(crate) async fn erase(&mut self, index: u64) -> Result<bool, Fault> {
        let values = vec![index.into()];
        let count = match self {
            Self::Sqlite(session) => session.exec(&sqlite::ERASE, &values)?,
            Self::Postgres(session) => session.exec(&postgres::ERASE, values).await?,
        };
        Ok(count > 0)
    }

    /// Leaves without a number, behind a place.
    pub(crate) async fn unnumbered(&mut self, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<Row>, Fault> {
        match self {
            Self::Sqlite(_) => Ok(Vec::new()),
            Self::Postgres(session) => session.unnumbered(after, limit).await,
        }
    }

    /// Takes the bodies of some leaves away.
    pub(crate) async fn forget(&mut self, from: u64, to: u64) -> Result<u64, Fault> {
        let values = vec![from.into(), to.into()];
        match self {
            Self::Sqlite(session) => session.exec(&sqlite::FORGET, &values),
            Self::Postgres(session) => session.exec(&postgres::FORGET, values).await,
        }
    }

    /// Bytes on disk.
    pub(crate) async fn bytes(&mut self) -> Result<u64, Fault> {
        let rows = match self {
            Self::Sqlite(session) => session.rows(&sqlite::BYTES, &[])?,
            Self::Postgres(session) => session.rows(&postgres::BYTES, vec![]).await?,
        };
        rows.into_iter().next().map_or(Ok(0), |row| Reader::new("store", row).count("bytes"))
    }

    /// Writes as much as a command does, and changes nothing that anybody reads.
    pub(crate) async fn prove(&mut self) -> Result<(), Fault> {
        match self {
            Self::Sqlite(session) => session.exec(&sqlite::PROVE, &[]).map(drop),
            Self::Postgres(session) => session.exec(&postgres::PROVE, vec![]).await.map(drop),
        }
    }

    /// What is damaged in the file; PostgreSQL looks after its own.
    pub(crate) async fn damages(&mut self) -> Result<Vec<String>, Fault> {
        let rows = match self {
            Self::Sqlite(session) => session.rows(&sqlite::DAMAGES, &[])?,
            Self::Postgres(_) => Vec::new(),
        };
        let found = rows.into_iter().map(|row| Reader::new("store", row).text("damage"));
        let found: Vec<String> = found.collect::<Result<_, _>>()?;
        Ok(found.into_iter().filter(|line| line != "ok").collect())
    }
}

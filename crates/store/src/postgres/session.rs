//! One connection inside one command. `BEGIN` travels with the first statements, writes travel with what comes next, at
//! best with `COMMIT`: a command that reads once and writes once takes two round trips.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use deadpool_postgres::{ClientWrapper, Object};
use futures_util::{TryStreamExt as _, future};
use tokio_postgres::Error;

use super::{
    fault,
    lock::{self, Keys},
    shape, value,
};
use crate::{
    Fault,
    sql::{Call, Op, Row, Statement, Value},
};

/// Longest a round trip may take; the server itself gives up after 2 s.
const ROUND_TRIP: Duration = Duration::from_secs(3);

/// Most shapes of batches kept as one statement.
const SHAPES: usize = 1024;

static INSERT_LEAF: Statement =
    Statement::new("leaf.insert.postgres", "INSERT INTO leaf (leaf, leaf_hash, erasable) VALUES ($1, $2, $3)");

/// Erases the personal texts of a leaf.
pub(crate) static ERASE: Statement = Statement::new(
    "leaf.erase.postgres",
    "UPDATE leaf SET erasable = NULL WHERE (xid, seq) IN (SELECT n.xid, n.seq FROM leaf_number n WHERE n.idx = $1) \
     AND erasable IS NOT NULL",
);

/// Takes the bodies of leaves away; their hashes stay.
pub(crate) static FORGET: Statement = Statement::new(
    "leaf.forget.postgres",
    "UPDATE leaf SET leaf = NULL, erasable = NULL WHERE (xid, seq) IN \
     (SELECT n.xid, n.seq FROM leaf_number n WHERE n.idx >= $1 AND n.idx < $2) AND leaf IS NOT NULL",
);

/// Size of the database.
pub(crate) static BYTES: Statement =
    Statement::new("store.bytes.postgres", "SELECT pg_database_size(current_database())");

/// Changes nothing, and yet is written.
pub(crate) static PROVE: Statement =
    Statement::new("store.prove.postgres", "UPDATE config_version SET version = version WHERE one = 1");

/// Statements of this adapter.
#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&INSERT_LEAF, &ERASE, &FORGET, &BYTES, &PROVE];

/// What all connections of a store share.
#[derive(Debug)]
pub(super) struct Shared {
    prepared_statements: bool,
    shapes: Mutex<HashMap<Vec<usize>, Arc<str>>>,
}

impl Shared {
    pub(super) fn new(prepared_statements: bool) -> Self {
        Self { prepared_statements, shapes: Mutex::new(HashMap::new()) }
    }

    /// The one statement for a batch; `None` for one that is too large or too rare.
    fn shape(&self, calls: &[Call]) -> Option<Arc<str>> {
        if calls.len() < 2 || calls.len() > shape::LARGEST {
            return None;
        }
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        let key = shape::key(calls);
        if let Some(text) = shapes.get(&key) {
            return Some(Arc::clone(text));
        }
        if shapes.len() >= SHAPES {
            return None;
        }
        let statements: Vec<_> = calls.iter().map(|call| call.statement).collect();
        let text: Arc<str> = shape::text(&statements).into();
        shapes.insert(key, Arc::clone(&text));
        Some(text)
    }
}

/// What a command may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Reads,
    Writes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// `BEGIN` was not sent yet.
    Idle,
    /// Inside a transaction.
    Open,
    /// Committed, rolled back, or lost.
    Over,
}

/// A connection and where its transaction stands.
pub(crate) struct Session {
    client: Option<Object>,
    shared: Arc<Shared>,
    kind: Kind,
    state: State,
    locks: Option<Keys>,
    pending: Vec<Call>,
    again: bool,
    failed: Option<Fault>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session(postgres)").field("state", &self.state).finish_non_exhaustive()
    }
}

/// A statement ready to be sent.
enum Ready<'v> {
    Steer(String),
    Named(tokio_postgres::Statement, Vec<&'v Value>),
    Typed(Arc<str>, Vec<&'v Value>),
}

/// Rows, and how many a write changed.
type Answer = (Vec<Row>, u64);

impl Session {
    pub(super) fn new(client: Object, shared: Arc<Shared>, kind: Kind) -> Self {
        Self {
            client: Some(client),
            shared,
            kind,
            state: State::Idle,
            locks: None,
            pending: Vec::new(),
            again: false,
            failed: None,
        }
    }

    pub(crate) async fn rows(&mut self, statement: &'static Statement, values: Vec<Value>) -> Result<Vec<Row>, Fault> {
        let answers = self.rows_of(vec![statement.with(values)]).await?;
        Ok(answers.into_iter().next().unwrap_or_default())
    }

    pub(crate) async fn rows_of(&mut self, calls: Vec<Call>) -> Result<Vec<Vec<Row>>, Fault> {
        let answers = self.send(&calls, false).await?;
        Ok(answers.into_iter().map(|(rows, _)| rows).collect())
    }

    pub(crate) async fn exec(&mut self, statement: &'static Statement, values: Vec<Value>) -> Result<u64, Fault> {
        let answers = self.send(&[statement.with(values)], false).await?;
        Ok(answers.first().map_or(0, |(_, count)| *count))
    }

    /// Keeps the writes until the next statement or the commit.
    pub(crate) fn write(&mut self, ops: Vec<Op>) -> Result<(), Fault> {
        if self.kind == Kind::Reads {
            return Err(only_reads());
        }
        self.pending.extend(ops.into_iter().map(|op| match op {
            Op::Run(call) => call,
            Op::Leaf(sealed) => {
                let hash = sealed.leaf_hash.as_bytes().as_slice().into();
                INSERT_LEAF.with([sealed.leaf.into(), hash, sealed.erasable.into()])
            }
        }));
        Ok(())
    }

    /// Takes locks together with whatever comes next, before it.
    pub(super) fn take_locks(&mut self, keys: Keys) -> Result<(), Fault> {
        if self.kind == Kind::Reads {
            return Err(only_reads());
        }
        self.locks = Some(keys);
        Ok(())
    }

    /// Commits what was done.
    pub(super) async fn commit(&mut self) -> Result<(), Fault> {
        // The server would turn the commit into a rollback and call that a success.
        if let Some(fault) = self.failed.take() {
            self.rollback().await;
            return Err(fault);
        }
        if self.state == State::Over || (self.state == State::Idle && self.pending.is_empty() && self.locks.is_none()) {
            return Ok(());
        }
        self.send(&[], true).await.map(drop)
    }

    /// Undoes what was done.
    pub(super) async fn rollback(&mut self) {
        self.pending.clear();
        self.locks = None;
        if self.state != State::Open {
            return;
        }
        let Some(client) = self.client.as_ref() else { return };
        if matches!(in_time(client.batch_execute("ROLLBACK")).await, Some(Ok(()))) {
            self.state = State::Over;
        } else {
            self.abandon();
        }
    }

    /// The last fault was a lost race, or a connection lost before anything could be committed.
    pub(super) const fn may_run_again(&self) -> bool {
        self.again
    }

    /// Sends `BEGIN` if it is due, the writes that wait, `calls`, and `COMMIT` if asked, without waiting between them.
    /// Answers those of `calls`.
    async fn send(&mut self, calls: &[Call], commit: bool) -> Result<Vec<Answer>, Fault> {
        if self.kind == Kind::Reads && calls.iter().any(|call| !call.statement.only_reads()) {
            return Err(only_reads());
        }
        let pending = std::mem::take(&mut self.pending);
        let locks = self.locks.take();
        let whole = self.shared.shape(&pending);
        // One statement commits by itself.
        let is_alone =
            commit && self.state == State::Idle && locks.is_none() && (whole.is_some() || pending.len() == 1);
        let is_first = self.kind == Kind::Writes && self.state == State::Idle && !is_alone;
        let mut ready = Vec::with_capacity(calls.len() + 4);
        let begin = if self.shared.prepared_statements { BEGIN } else { BEGIN_WITH_LIMITS };
        match locks.map(|keys| lock::text(&keys)) {
            Some(locks) if is_first => ready.push(Ready::Steer(format!("{begin}; {locks}"))),
            Some(locks) => ready.push(Ready::Steer(locks)),
            None if is_first => ready.push(Ready::Steer(begin.to_owned())),
            None => {}
        }
        match whole {
            Some(text) => {
                let values = pending.iter().flat_map(|call| &call.values).collect();
                ready.push(self.ready(text, values).await?);
            }
            None => {
                for call in &pending {
                    ready.push(self.ready(call.statement.sql.into(), call.values.iter().collect()).await?);
                }
            }
        }
        let before = ready.len();
        for call in calls {
            ready.push(self.ready(call.statement.sql.into(), call.values.iter().collect()).await?);
        }
        if commit && !is_alone {
            ready.push(Ready::Steer("COMMIT".to_owned()));
        }
        if is_first {
            self.state = State::Open;
        }
        let client = self.client.as_ref().ok_or_else(lost)?;
        let sent = future::join_all(ready.iter().map(|ready| run(client, ready)));
        let Some(answers) = in_time(sent).await else {
            self.abandon();
            self.failed = Some(Fault::Timeout);
            return Err(if commit { unknown("no answer to the commit in time") } else { Fault::Timeout });
        };
        let answers: Result<Vec<Answer>, Error> = answers.into_iter().collect();
        let mut answers = answers.map_err(|error| self.failed(&error, commit))?;
        if commit {
            self.state = State::Over;
        }
        answers.truncate(before + calls.len());
        Ok(answers.split_off(before))
    }

    /// What becomes of the session after a statement failed. The first one to fail tells why; those after it only say
    /// that the transaction is lost, and the server turns a commit into a rollback.
    fn failed(&mut self, error: &Error, commit: bool) -> Fault {
        let fault = fault::of(error);
        self.failed = Some(fault.clone());
        if fault::is_lost_connection(error) {
            self.abandon();
            if commit {
                return unknown(&fault.cause());
            }
            // Nothing was committed: another connection may do better.
            self.again = true;
            return fault;
        }
        self.again = fault::is_lost_race(error);
        if commit {
            if error.as_db_error().is_some() {
                self.state = State::Over;
            } else {
                // Refused on our side, while the rest was sent.
                self.abandon();
            }
        }
        fault
    }

    async fn ready<'v>(&mut self, text: Arc<str>, values: Vec<&'v Value>) -> Result<Ready<'v>, Fault> {
        if !self.shared.prepared_statements {
            return Ok(Ready::Typed(text, values));
        }
        let client = self.client.as_ref().ok_or_else(lost)?;
        let prepared = in_time(client.prepare_cached(&text)).await;
        let statement = self.checked(prepared)?;
        if statement.params().len() != values.len() {
            return Err(Fault::Misuse { cause: format!("wrong number of parameters: {text}") });
        }
        Ok(Ready::Named(statement, values))
    }

    /// Gives the connection up: it is closed, not given back.
    fn abandon(&mut self) {
        self.state = State::Over;
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }

    /// The connection inside the transaction, after all that waits was sent; for what needs its own types.
    pub(super) async fn transaction(&mut self) -> Result<&ClientWrapper, Fault> {
        if self.kind == Kind::Reads {
            return Err(only_reads());
        }
        if self.state == State::Idle || !self.pending.is_empty() || self.locks.is_some() {
            self.send(&[], false).await?;
        }
        self.client.as_deref().ok_or_else(lost)
    }

    /// Maps the outcome of something sent before the commit.
    pub(super) fn checked<T>(&mut self, outcome: Option<Result<T, Error>>) -> Result<T, Fault> {
        match outcome {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(error)) => Err(self.failed(&error, false)),
            None => {
                self.abandon();
                self.failed = Some(Fault::Timeout);
                Err(Fault::Timeout)
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Whoever waited is gone in the middle of a transaction: the connection cannot be given to anybody else.
        if self.state == State::Open {
            self.abandon();
        }
    }
}

const BEGIN: &str = "BEGIN";
const BEGIN_WITH_LIMITS: &str = "BEGIN; SET LOCAL statement_timeout = 2000; \
     SET LOCAL idle_in_transaction_session_timeout = 5000; SET LOCAL synchronous_commit = on";

async fn run(client: &ClientWrapper, ready: &Ready<'_>) -> Result<Answer, Error> {
    match ready {
        Ready::Steer(text) => client.batch_execute(text).await.map(|()| (Vec::new(), 0)),
        Ready::Named(statement, values) => collect(client.query_raw(statement, values.iter().copied()).await?).await,
        Ready::Typed(text, values) => {
            let typed = values.iter().map(|value| (*value, value::type_of(value)));
            collect(client.query_typed_raw(text, typed).await?).await
        }
    }
}

async fn collect(stream: tokio_postgres::RowStream) -> Result<Answer, Error> {
    let mut stream = std::pin::pin!(stream);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        rows.push(value::row(&row)?);
    }
    let count = stream.rows_affected().unwrap_or(0);
    Ok((rows, count))
}

/// The outcome, or nothing when it takes too long.
pub(super) async fn in_time<F: Future>(future: F) -> Option<F::Output> {
    tokio::time::timeout(ROUND_TRIP, future).await.ok()
}

fn only_reads() -> Fault {
    Fault::Misuse { cause: "a command that only reads tried to write".to_owned() }
}

fn lost() -> Fault {
    Fault::Unavailable { cause: "the connection is lost".to_owned() }
}

fn unknown(cause: &str) -> Fault {
    Fault::Unknown { cause: cause.to_owned() }
}

//! The bare PostgreSQL store: the same rows as one statement, in its own transaction, over as many connections as the real
//! store has.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context as _, Result, bail};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use ephor_engine::port::{Clock, clock::SystemClock, entropy::SystemEntropy};
use tokio_postgres::{
    NoTls,
    types::{ToSql, Type},
};
use uuid::Uuid;

use super::sqlite::or_update;
use crate::{
    measure::Client,
    rows::{Ids, Pattern, Picks, Value},
};

/// A pool and the one statement.
#[derive(Clone)]
pub struct BarePostgres {
    pool: Pool,
    statement: Arc<str>,
    pattern: Arc<Pattern>,
    entropy: Arc<SystemEntropy>,
    /// Of each row: which cells are sent, and as what.
    sent: Arc<Vec<Vec<(usize, Type)>>>,
}

impl BarePostgres {
    /// Connects and makes the statement fit the schema that is there.
    ///
    /// # Errors
    /// When the server does not answer, or the pattern does not fit.
    pub async fn open(url: &str, connections: usize, pattern: &Arc<Pattern>) -> Result<Self> {
        let manager =
            Manager::from_config(url.parse()?, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager).max_size(connections).build()?;
        let client = pool.get().await?;
        let (mut parts, mut sent, mut place) = (Vec::new(), Vec::new(), 0);
        for (number, row) in pattern.inserted().iter().enumerate() {
            let types = column_types(&client, &row.table).await?;
            let mut cells = Vec::new();
            let (mut columns, mut places) = (Vec::new(), Vec::new());
            for (at, column) in row.columns.iter().enumerate() {
                // What the database fills in by itself has no cell: the number of a leaf.
                let Some(kind) = types.get(column) else { continue };
                place += 1;
                columns.push(column.as_str());
                places.push(format!("${place}::{kind}"));
                cells.push((at, kind.clone()));
            }
            sent.push(cells);
            let or = if row.may_be_there { or_update(row) } else { String::new() };
            let insert =
                format!("INSERT INTO {} ({}) VALUES ({}){or}", row.table, columns.join(", "), places.join(", "));
            parts.push(format!("w{number} AS ({insert})"));
        }
        let statement = format!("WITH {} SELECT 1", parts.join(", "));
        client.prepare_cached(&statement).await.with_context(|| statement.clone())?;
        Ok(Self {
            pool,
            statement: statement.into(),
            pattern: Arc::clone(pattern),
            entropy: Arc::default(),
            sent: Arc::new(sent),
        })
    }

    /// A client that writes one run after the other, of the lines it is given in turn.
    #[must_use]
    pub fn client(&self, lines: Vec<Picks>) -> BareClient {
        BareClient { store: self.clone(), clock: SystemClock::default(), lines, turn: 0 }
    }
}

async fn column_types(client: &deadpool_postgres::Client, table: &str) -> Result<BTreeMap<String, Type>> {
    let rows = client
        .query(
            "SELECT column_name::text, data_type::text FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = $1",
            &[&table],
        )
        .await?;
    let mut types = BTreeMap::new();
    for row in rows {
        let kind = match row.get::<_, &str>(1) {
            "uuid" => Type::UUID,
            "bigint" => Type::INT8,
            "integer" => Type::INT4,
            "smallint" => Type::INT2,
            "boolean" => Type::BOOL,
            "text" => Type::TEXT,
            "bytea" => Type::BYTEA,
            other => bail!("{table} has a column of type {other}"),
        };
        types.insert(row.get(0), kind);
    }
    Ok(types)
}

/// One caller of a bare store.
pub struct BareClient {
    store: BarePostgres,
    clock: SystemClock,
    lines: Vec<Picks>,
    turn: usize,
}

impl Client for BareClient {
    async fn turn(&mut self) -> Result<()> {
        let picks = self.lines.get(self.turn % self.lines.len()).context("a client has at least one line")?;
        self.turn += 1;
        let now = self.clock.now();
        let pattern = &self.store.pattern;
        let rows = pattern.fill(picks, &Ids::draw(pattern, &self.store.entropy, now), now);
        let mut cells: Vec<Box<dyn ToSql + Sync + Send>> = Vec::new();
        for (row, sent) in rows.iter().zip(self.store.sent.iter()) {
            for (at, kind) in sent {
                cells.push(cell(row.get(*at).unwrap_or(&Value::Null), kind)?);
            }
        }
        let cells: Vec<&(dyn ToSql + Sync)> = cells.iter().map(|cell| &**cell as &(dyn ToSql + Sync)).collect();
        let client = self.store.pool.get().await?;
        let statement = client.prepare_cached(&self.store.statement).await?;
        client.execute(&statement, &cells).await?;
        Ok(())
    }
}

fn cell(value: &Value, kind: &Type) -> Result<Box<dyn ToSql + Sync + Send>> {
    Ok(match (value, kind) {
        (Value::Int(number), &Type::INT8) => Box::new(*number),
        (Value::Int(number), &Type::INT4) => Box::new(i32::try_from(*number)?),
        (Value::Int(number), &Type::INT2) => Box::new(i16::try_from(*number)?),
        (Value::Int(number), &Type::BOOL) => Box::new(*number != 0),
        (Value::Text(text), &Type::TEXT) => Box::new(text.clone()),
        (Value::Blob(bytes), &Type::UUID) => Box::new(Uuid::from_slice(bytes)?),
        (Value::Blob(bytes), &Type::BYTEA) => Box::new(bytes.clone()),
        (Value::Null, &Type::INT8) => Box::new(None::<i64>),
        (Value::Null, &Type::INT4) => Box::new(None::<i32>),
        (Value::Null, &Type::INT2) => Box::new(None::<i16>),
        (Value::Null, &Type::BOOL) => Box::new(None::<bool>),
        (Value::Null, &Type::TEXT) => Box::new(None::<String>),
        (Value::Null, &Type::UUID) => Box::new(None::<Uuid>),
        (Value::Null, &Type::BYTEA) => Box::new(None::<Vec<u8>>),
        (value, kind) => bail!("{value:?} does not fit a column of type {kind}"),
    })
}

//! Connecting, and bringing the schema up to date.

use std::{str::FromStr, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::{Config, NoTls, config::SslMode, types::Type};

use super::{fault, tls};
use crate::{
    Fault, Options,
    migrate::{self, Dialect, MIGRATIONS},
};

/// Longest a connection attempt may take.
const LIMIT: Duration = Duration::from_secs(2);

/// Longest a unit of work may wait for a connection that others are using: as long as the faces give a whole call. A crowd
/// is served in its turn, not sent away.
const TURN: Duration = Duration::from_secs(30);

/// Of each session: nothing waits for ever, a node that hangs inside a transaction lets go, and committed means on disk.
/// And plans are made once, of indexes alone: planning a decision costs more than running it, no plan here depends on what is
/// bound, and a plan made while a table was small must still serve when it is large.
const SESSION: &str = "-c statement_timeout=2000 -c idle_in_transaction_session_timeout=5000 -c synchronous_commit=on \
     -c plan_cache_mode=force_generic_plan -c jit=off \
     -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off";

/// Serialises migrations of all nodes.
const MIGRATION_LOCK: i64 = 0x4570_686f_7200_0001;

/// Of the connections of a node, at most so many are kept for what is due.
const WORKERS: usize = 3;

/// Two pools that connect when asked: for calls, and for what is due.
pub(super) fn pools(url: &str, options: &Options) -> Result<(Pool, Pool), Fault> {
    let workers = (options.connections / 4).clamp(1, WORKERS);
    let calls = options.connections.saturating_sub(workers).max(1);
    Ok((pool(url, options, calls)?, pool(url, options, workers)?))
}

fn pool(url: &str, options: &Options, size: usize) -> Result<Pool, Fault> {
    let unavailable = |cause: String| Fault::Unavailable { cause };
    let mut config = Config::from_str(url).map_err(|error| unavailable(error.to_string()))?;
    config.connect_timeout(LIMIT).application_name("ephor").tcp_user_timeout(LIMIT);
    if options.prepared_statements {
        // A pooler would refuse them; there they go with each transaction.
        let all = config.get_options().map_or_else(|| SESSION.to_owned(), |given| format!("{SESSION} {given}"));
        config.options(all);
    }
    let kept = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = if config.get_ssl_mode() == SslMode::Disable {
        Manager::from_config(config, NoTls, kept)
    } else {
        Manager::from_config(config, tls::connector()?, kept)
    };
    Pool::builder(manager)
        .max_size(size)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(TURN))
        .create_timeout(Some(LIMIT))
        .build()
        .map_err(|error| unavailable(error.to_string()))
}

/// Applies what is missing of the schema, alone among all nodes.
pub(super) async fn migrate(pool: &Pool) -> Result<(), Fault> {
    let mut client = pool.get().await.map_err(|error| fault::of_pool(&error))?;
    let plain = |error: tokio_postgres::Error| fault::of(&error);
    let work = client.transaction().await.map_err(plain)?;
    let unhurried = "SET LOCAL statement_timeout = 0; SET LOCAL client_min_messages = warning";
    work.batch_execute(unhurried).await.map_err(plain)?;
    work.query_typed("SELECT pg_advisory_xact_lock($1)", &[(&MIGRATION_LOCK, Type::INT8)]).await.map_err(plain)?;
    work.batch_execute(migrate::HISTORY).await.map_err(plain)?;
    let rows = work.query_typed("SELECT number, sha256 FROM migration ORDER BY number", &[]).await.map_err(plain)?;
    let applied = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    let applied: Vec<(i64, String)> = applied.collect::<Result<_, _>>().map_err(plain)?;
    for migration in migrate::missing(MIGRATIONS, &applied, Dialect::Postgres)? {
        work.batch_execute(migration.text(Dialect::Postgres)).await.map_err(plain)?;
        let (number, name, hash) = (i64::from(migration.number), migration.name, migration.sha256(Dialect::Postgres));
        work.execute_typed(
            "INSERT INTO migration (number, name, sha256) VALUES ($1, $2, $3)",
            &[(&number, Type::INT8), (&name, Type::TEXT), (&hash, Type::TEXT)],
        )
        .await
        .map_err(plain)?;
    }
    work.commit().await.map_err(plain)
}

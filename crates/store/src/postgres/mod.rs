//! PostgreSQL: pooled connections, pipelined statements, advisory locks; any number of nodes.

mod connect;
mod fault;
mod lease;
mod lock;
mod number;
mod session;
mod shape;
mod tls;
mod value;

pub(crate) use session::{BYTES, ERASE, FORGET, PROVE, Session};

use std::sync::Arc;

use deadpool_postgres::{Object, Pool};
use futures_util::future::BoxFuture;

use crate::{Fault, Options, Tx, store::Lane};
use session::{Kind, Shared};

/// How often a command is run again after a serialization failure, a deadlock or a lost connection.
const RETRIES: usize = 4;

/// An open PostgreSQL store.
#[derive(Debug)]
pub(crate) struct Postgres {
    calls: Pool,
    workers: Pool,
    shared: Arc<Shared>,
}

impl Postgres {
    /// Connects and brings the schema up to date.
    pub(crate) async fn open(url: &str, options: &Options) -> Result<Self, Fault> {
        let (calls, workers) = connect::pools(url, options)?;
        connect::migrate(&calls).await?;
        Ok(Self { calls, workers, shared: Arc::new(Shared::new(options.prepared_statements)) })
    }

    async fn tx(&self, lane: Lane, kind: Kind) -> Result<Tx, Fault> {
        let pool = match lane {
            Lane::Calls => &self.calls,
            Lane::Workers => &self.workers,
        };
        let client: Object = pool.get().await.map_err(|error| fault::of_pool(&error))?;
        Ok(Tx::postgres(Session::new(client, Arc::clone(&self.shared), kind)))
    }

    pub(crate) async fn transact<T, F>(&self, lane: Lane, command: F) -> Result<T, Fault>
    where
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Fault>> + Send + Sync,
    {
        let mut retries = RETRIES;
        loop {
            let mut tx = self.tx(lane, Kind::Writes).await?;
            let outcome = match command(&mut tx).await {
                Ok(answer) => tx.postgres_session()?.commit().await.map(|()| answer),
                Err(fault) => {
                    tx.postgres_session()?.rollback().await;
                    Err(fault)
                }
            };
            match outcome {
                Err(fault) if retries > 0 && tx.postgres_session()?.may_run_again() => {
                    tracing::debug!(cause = fault.cause(), "a command runs again");
                    retries -= 1;
                }
                outcome => return outcome,
            }
        }
    }

    pub(crate) async fn read<T, F>(&self, lane: Lane, command: F) -> Result<T, Fault>
    where
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Fault>> + Send + Sync,
    {
        let mut retries = RETRIES;
        loop {
            let mut tx = self.tx(lane, Kind::Reads).await?;
            match command(&mut tx).await {
                Err(fault) if retries > 0 && tx.postgres_session()?.may_run_again() => {
                    tracing::debug!(cause = fault.cause(), "a read runs again");
                    retries -= 1;
                }
                outcome => return outcome,
            }
        }
    }

    pub(crate) fn close(&self) {
        self.calls.close();
        self.workers.close();
    }
}

/// Statements of this adapter.
#[cfg(test)]
pub(crate) fn statements() -> Vec<&'static crate::sql::Statement> {
    [session::ALL, lease::ALL, number::ALL].concat()
}

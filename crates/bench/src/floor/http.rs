//! A bare HTTP server: one handler that makes the store's query and answers bytes made beforehand.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
};

use anyhow::Result;
use axum::{Router, body::Bytes, extract::Path, http::StatusCode, http::header, routing::get};
use ephor_domain::{id::PrincipalId, policy::Kind, provider::Provider};
use ephor_store::{Fault, Store, Tx, tx::line::Lines};
use tokio::{net::TcpListener, task::JoinHandle};
use uuid::Uuid;

/// Which query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// The roles of a principal.
    Roles,
    /// The first requests of a principal, so many.
    Requests(u32),
    /// The schedules of a principal.
    Lines(Provider, Kind),
    /// So many schedules behind a place, and the accounts of their holders.
    Page(Provider, Kind, u32),
    /// One schedule, by its key.
    Line,
}

impl Query {
    /// Makes it; answers how many rows there were.
    async fn run(self, tx: &mut Tx, id: Uuid) -> Result<usize, Fault> {
        let principal = PrincipalId::new(id);
        Ok(match self {
            Self::Roles => tx.pam_roles_of(principal).await?.len(),
            Self::Requests(limit) => tx.pam_requests_ordered(principal, None, limit).await?.len(),
            // As many as the engine looks at.
            Self::Lines(provider, kind) => tx.lines(provider, kind, &Lines::Of(principal), None, 10_000).await?.len(),
            Self::Page(provider, kind, limit) => {
                let rows = tx.lines(provider, kind, &Lines::All, Some(id), limit).await?;
                let holders: BTreeSet<_> = rows.iter().map(|row| row.line.principal).collect();
                let holders: Vec<_> = holders.into_iter().collect();
                rows.len() + tx.directory_users_of(&holders).await?.len()
            }
            Self::Line => usize::from(tx.line(id).await?.is_some()),
        })
    }
}

/// A running bare server.
#[derive(Debug)]
pub struct BareHttp {
    /// Where it listens.
    pub address: SocketAddr,
    server: JoinHandle<()>,
}

impl BareHttp {
    /// Answers every `GET /{id}` with `length` bytes, after the query.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(store: Store, query: Query, length: usize) -> Result<Self> {
        let body = Bytes::from(vec![b' '; length]);
        let handler = move |Path(id): Path<Uuid>| {
            let (store, body) = (store.clone(), body.clone());
            async move {
                let found = store.read(move |tx| Box::pin(query.run(tx, id)));
                match found.await {
                    Ok(_) => (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], body),
                    Err(_) => (StatusCode::SERVICE_UNAVAILABLE, [(header::CONTENT_TYPE, "text/plain")], Bytes::new()),
                }
            }
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let router = Router::new().route("/{id}", get(handler));
        let server = tokio::spawn(async move {
            // Ends with the benchmark.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, server })
    }

    /// The bytes of a call.
    #[must_use]
    pub fn call(id: Uuid) -> Vec<u8> {
        format!("GET /{id} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n").into_bytes()
    }

    /// Stops it.
    pub async fn stop(self) {
        self.server.abort();
        // Aborted, as asked.
        let _ = self.server.await;
    }
}

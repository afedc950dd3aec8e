//! A bare HTTP server: one handler that makes the store's query and answers bytes made beforehand.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use axum::{Router, body::Bytes, extract::Path, http::StatusCode, http::header, routing::get};
use ephor_domain::id::PrincipalId;
use ephor_store::Store;
use tokio::{net::TcpListener, task::JoinHandle};

/// Which query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// The roles of a principal.
    Roles,
    /// The first requests of a principal, so many.
    Requests(u32),
}

/// A running bare server.
#[derive(Debug)]
pub struct BareHttp {
    /// Where it listens.
    pub address: SocketAddr,
    server: JoinHandle<()>,
}

impl BareHttp {
    /// Answers every `GET /{principal}` with `length` bytes, after the query.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(store: Store, query: Query, length: usize) -> Result<Self> {
        let body = Bytes::from(vec![b' '; length]);
        let handler = move |Path(principal): Path<PrincipalId>| {
            let (store, body) = (store.clone(), body.clone());
            async move {
                let found = store.read(move |tx| {
                    Box::pin(async move {
                        Ok(match query {
                            Query::Roles => tx.pam_roles_of(principal).await?.len(),
                            Query::Requests(limit) => tx.pam_requests_ordered(principal, None, limit).await?.len(),
                        })
                    })
                });
                match found.await {
                    Ok(_) => (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], body),
                    Err(_) => (StatusCode::SERVICE_UNAVAILABLE, [(header::CONTENT_TYPE, "text/plain")], Bytes::new()),
                }
            }
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let router = Router::new().route("/{principal}", get(handler));
        let server = tokio::spawn(async move {
            // Ends with the benchmark.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, server })
    }

    /// The bytes of a call.
    #[must_use]
    pub fn call(principal: PrincipalId) -> Vec<u8> {
        format!("GET /{principal} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n").into_bytes()
    }

    /// Stops it.
    pub async fn stop(self) {
        self.server.abort();
        // Aborted, as asked.
        let _ = self.server.await;
    }
}

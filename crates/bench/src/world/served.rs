//! A world behind HTTP, put together as the product is, on a port of its own in this process.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use anyhow::{Context as _, Result, ensure};
use ephor_engine::{
    Engine, Workers,
    port::{Entropy, SystemClock, SystemEntropy},
};
use ephor_face_pam::{Options, PamFace};
use ephor_front::{Binding, Dispatcher, Owner, Server};
use ephor_identity::{Identity, Ports, Settings, StoreJournal, StoreVault, record::sealer};
use ephor_store::Store;
use tokio::{sync::oneshot, task::JoinHandle};

use super::{
    World,
    scratch::{self, JUSTIFICATION, TTL},
};
use crate::measure::{Client, http::Connection};

/// A running server with its workers.
pub struct Served {
    /// Where it listens.
    pub address: SocketAddr,
    store: Store,
    workers: Workers,
    stop: oneshot::Sender<()>,
    server: JoinHandle<ephor_front::Stopped>,
    journal: JoinHandle<()>,
}

impl Served {
    /// Serves the PAM face over `store`.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(store: Store) -> Result<Self> {
        let engine = scratch::live_engine(&store);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
        let seal = sealer(Arc::clone(&entropy));
        let (journal, work) = StoreJournal::new(store.clone(), Arc::clone(&seal));
        let ports = Ports {
            vault: Arc::new(StoreVault::new(store.clone(), seal)),
            journal: Arc::new(journal),
            clock: Arc::new(SystemClock::default()),
            entropy: Arc::clone(&entropy),
        };
        let identity = Arc::new(Identity::new(ports, Settings::default())?);
        let face = PamFace::new(engine.clone(), identity, Options::default());
        let dispatcher = Dispatcher::builder(Arc::new(move || entropy.guid())).face(Owner::Pam, face).build();
        Self::listen(&engine, dispatcher, tokio::spawn(work)).await
    }

    /// Lets callers in, and the workers begin.
    pub(super) async fn listen(engine: &Engine, dispatcher: Dispatcher, journal: JoinHandle<()>) -> Result<Self> {
        let socket = Binding::plain(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), false)?.bind().await?;
        let address = socket.local_address();
        let (stop, stopped) = oneshot::channel();
        let server = Server::new(dispatcher).listen(socket).run(async {
            // Dropped is as good as sent.
            let _ = stopped.await;
        });
        let (store, workers) = (engine.store().clone(), engine.run());
        Ok(Self { address, store, workers, stop, server: tokio::spawn(server), journal })
    }

    /// Stops all of it and closes the store.
    ///
    /// # Errors
    /// When the server panicked.
    pub async fn stop(self) -> Result<()> {
        drop(self.stop);
        self.server.await.context("the server")?;
        self.workers.stop().await;
        self.journal.abort();
        self.store.close().await;
        Ok(())
    }
}

/// One connection that makes the calls it was given, in turn.
pub struct HttpCaller {
    connection: Connection,
    calls: Vec<Vec<u8>>,
    status: Option<u16>,
    turn: usize,
}

impl HttpCaller {
    /// Connects. Every answer is to have that status, or any that says it was done.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn connect(address: SocketAddr, calls: Vec<Vec<u8>>, status: Option<u16>) -> Result<Self> {
        Ok(Self { connection: Connection::open(address).await?, calls, status, turn: 0 })
    }
}

impl Client for HttpCaller {
    async fn turn(&mut self) -> Result<()> {
        let call = self.calls.get(self.turn % self.calls.len()).context("a caller has calls")?;
        self.turn += 1;
        let answer = self.connection.exchange(call).await?;
        let is_right = self.status.map_or((200..300).contains(&answer.status), |status| answer.status == status);
        ensure!(is_right, "answered {}: {}", answer.status, String::from_utf8_lossy(answer.body));
        Ok(())
    }
}

impl World {
    /// The bytes of an activation as a program sends it.
    #[must_use]
    pub fn activation_call(&self, user: u32, turn: u32) -> Vec<u8> {
        let role = self.role(self.role_of(user, turn));
        let body =
            format!("{{\"RoleId\":\"{role}\",\"RequestedTTL\":\"{TTL}\",\"Justification\":\"{JUSTIFICATION}\"}}");
        format!(
            "POST /api/pamresources/pamrequests?v=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Accept: application/json\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.token(user),
            body.len()
        )
        .into_bytes()
    }

    /// The bytes of a list call.
    #[must_use]
    pub fn list_call(&self, user: u32, list: &str) -> Vec<u8> {
        format!(
            "GET /api/pamresources/{list}?v=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Accept: application/json\r\n\r\n",
            self.token(user)
        )
        .into_bytes()
    }
}

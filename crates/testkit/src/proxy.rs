//! A TCP proxy that breaks on demand.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::launch::LaunchError;
use crate::ports::Port;

/// What the proxy does to connections, open and new ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    /// Nothing: bytes go through.
    #[default]
    Pass,
    /// The port is closed (connection refused), and open connections are reset: the server's process is gone.
    Refuse,
    /// New connections are accepted and reset at once; open ones are reset.
    Reset,
    /// New connections are accepted, nothing moves on any: a stalled host, or a firewall that drops packets. What was sent
    /// meanwhile goes through after the next [`Fault::Pass`].
    Hang,
    /// Each piece of data waits so long before it is passed on, in either direction.
    Delay(Duration),
    /// Requests go through; of the answers each connection passes so many more bytes, then it is reset. With 0 the server
    /// has done its work and the caller does not hear of it.
    TruncateAnswers(u64),
}

impl Fault {
    const fn ends_connections(self) -> bool {
        matches!(self, Self::Refuse | Self::Reset)
    }
}

/// What every connection watches. A new epoch ends the connections of the older ones.
#[derive(Debug, Clone, Copy, Default)]
struct Orders {
    fault: Fault,
    epoch: u64,
    /// Tells a fault set anew from one that stays, so that a byte count starts again.
    version: u64,
}

/// A proxy in front of one server. Stops on drop and closes what is open.
#[derive(Debug)]
pub struct FaultProxy {
    port: Arc<Port>,
    orders: watch::Sender<Orders>,
    accepted: Arc<AtomicU64>,
    carried: Arc<AtomicU64>,
    door: Option<Door>,
    target: SocketAddr,
}

/// The listening socket and the task that owns it.
#[derive(Debug)]
struct Door {
    close: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl FaultProxy {
    /// Listens on a free loopback port and passes everything to `target`.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(target: SocketAddr) -> Result<Self, LaunchError> {
        let mut proxy = Self {
            port: Arc::new(Port::reserve()?),
            orders: watch::Sender::new(Orders::default()),
            accepted: Arc::default(),
            carried: Arc::default(),
            door: None,
            target,
        };
        proxy.open_door().await?;
        Ok(proxy)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// How many connections were accepted so far.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Acquire)
    }

    /// How many bytes of answers were passed on so far.
    #[must_use]
    pub fn answer_bytes(&self) -> u64 {
        self.carried.load(Ordering::Acquire)
    }

    /// Sets what happens from now on. When this returns, a closed port is closed and an opened one is open.
    ///
    /// # Errors
    /// When the port cannot be opened again.
    pub async fn set(&mut self, fault: Fault) -> Result<(), LaunchError> {
        self.orders.send_modify(|orders| {
            orders.fault = fault;
            orders.version += 1;
            if fault.ends_connections() {
                orders.epoch += 1;
            }
        });
        if fault == Fault::Refuse {
            self.close_door().await
        } else {
            self.open_door().await?
        }
        Ok(())
    }

    /// Resets all open connections now. New ones are treated as before.
    pub fn cut(&self) {
        self.orders.send_modify(|orders| orders.epoch += 1);
    }

    async fn open_door(&mut self) -> Result<(), LaunchError> {
        if self.door.is_some() {
            return Ok(());
        }
        let listener = TcpListener::bind(self.address()).await.map_err(LaunchError::os("opening the proxy's port"))?;
        let (close, closed) = oneshot::channel();
        let orders = self.orders.subscribe();
        let (accepted, carried, target) = (Arc::clone(&self.accepted), Arc::clone(&self.carried), self.target);
        let task = tokio::spawn(serve(listener, closed, orders, target, accepted, carried));
        self.door = Some(Door { close: Some(close), task });
        Ok(())
    }

    async fn close_door(&mut self) {
        if let Some(mut door) = self.door.take() {
            drop(door.close.take());
            // Ends once the socket is closed and the connections are reset.
            let _ = door.task.await;
        }
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        if let Some(door) = self.door.take() {
            door.task.abort();
        }
    }
}

async fn serve(
    listener: TcpListener,
    mut closed: oneshot::Receiver<()>,
    orders: watch::Receiver<Orders>,
    target: SocketAddr,
    accepted: Arc<AtomicU64>,
    carried: Arc<AtomicU64>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            _ = &mut closed => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            connection = listener.accept() => {
                let Ok((client, _)) = connection else { continue };
                accepted.fetch_add(1, Ordering::AcqRel);
                connections.spawn(carry(client, target, orders.clone(), Arc::clone(&carried)));
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// One connection, from its accept to its end.
async fn carry(
    mut client: TcpStream,
    target: SocketAddr,
    mut orders: watch::Receiver<Orders>,
    carried: Arc<AtomicU64>,
) {
    let at_start = *orders.borrow_and_update();
    let mut ended = orders.clone();
    let closed = if at_start.fault.ends_connections() {
        Err(Broken)
    } else {
        tokio::select! {
            // In this order: what was held back must not slip through when the order comes to end.
            biased;
            _ = ended.wait_for(|orders| orders.epoch != at_start.epoch) => Err(Broken),
            closed = relay(&mut client, target, orders, &carried) => closed,
        }
    };
    if closed.is_err() {
        // Makes the close that follows a reset, not a proper end.
        let _ = client.set_zero_linger();
    }
}

/// The connection is to be reset.
struct Broken;

async fn relay(
    client: &mut TcpStream,
    target: SocketAddr,
    mut orders: watch::Receiver<Orders>,
    carried: &AtomicU64,
) -> Result<(), Broken> {
    // A hanging connection does not reach the server either.
    orders.wait_for(|orders| orders.fault != Fault::Hang).await.map_err(|_| Broken)?;
    let mut server = TcpStream::connect(target).await.map_err(|_| Broken)?;
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let requests = pump(from_client, to_server, orders.clone(), None);
    let answers = pump(from_server, to_client, orders, Some(carried));
    tokio::try_join!(requests, answers).map(|_| ())
}

/// Passes one direction on until its sender closes it. `answers` counts the bytes of the direction that can be truncated.
async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut orders: watch::Receiver<Orders>,
    answers: Option<&AtomicU64>,
) -> Result<(), Broken> {
    let mut buffer = vec![0_u8; 16 * 1024];
    let mut version = orders.borrow_and_update().version;
    let mut passed = 0_u64;
    loop {
        let read = from.read(&mut buffer).await.map_err(|_| Broken)?;
        // The fault that counts is the one in force when the data is there.
        let now = *orders.wait_for(|orders| orders.fault != Fault::Hang).await.map_err(|_| Broken)?;
        if now.version != version {
            version = now.version;
            passed = 0;
        }
        let mut data = buffer.get(..read).unwrap_or_default();
        match now.fault {
            Fault::Delay(delay) => tokio::time::sleep(delay).await,
            Fault::TruncateAnswers(limit) if answers.is_some() => {
                let left = usize::try_from(limit.saturating_sub(passed)).unwrap_or(usize::MAX);
                data = data.get(..left).unwrap_or(data);
            }
            Fault::Pass | Fault::Refuse | Fault::Reset | Fault::Hang | Fault::TruncateAnswers(_) => {}
        }
        if read == 0 {
            return to.shutdown().await.map_err(|_| Broken);
        }
        to.write_all(data).await.map_err(|_| Broken)?;
        passed += data.len() as u64;
        if let Some(carried) = answers {
            carried.fetch_add(data.len() as u64, Ordering::AcqRel);
        }
        if data.len() < read {
            return Err(Broken);
        }
    }
}

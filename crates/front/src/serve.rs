//! The server: several ports, one dispatcher, and an orderly end.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use parking_lot::Mutex;
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    bind::Socket,
    call::{Scheme, Transport},
    connection::{Protocol, serve},
    dispatch::Dispatcher,
};

/// Ports and the dispatcher behind them.
#[derive(Debug)]
pub struct Server {
    dispatcher: Dispatcher,
    sockets: Vec<Socket>,
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Connections that were cut because their calls went on past the grace.
    pub cut: usize,
}

impl Server {
    /// A server for this dispatcher, without ports yet.
    #[must_use]
    pub fn new(dispatcher: Dispatcher) -> Self {
        Self { dispatcher, sockets: Vec::new() }
    }

    /// Adds a port.
    #[must_use]
    pub fn listen(mut self, socket: Socket) -> Self {
        self.sockets.push(socket);
        self
    }

    /// Serves all ports until `stop` completes; then accepts no more, lets calls in flight finish within
    /// [`crate::Limits::grace`], and cuts the rest.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Stopped {
        let limits = self.dispatcher.limits();
        let (order, ordered) = watch::channel(false);
        let places = Arc::new(Semaphore::new(limits.connections));
        let crowd = Crowd { limit: limits.connections_per_address, counts: Arc::default() };
        let ports = self.sockets.into_iter().map(|socket| {
            Port {
                socket,
                dispatcher: self.dispatcher.clone(),
                places: Arc::clone(&places),
                crowd: crowd.clone(),
                stop: ordered.clone(),
            }
            .run()
        });
        let mut ports = pin!(join_all(ports));
        let cut = tokio::select! {
            cut = &mut ports => cut,
            () = stop => {
                order.send_replace(true);
                ports.await
            }
        };
        Stopped { cut: cut.into_iter().sum() }
    }
}

struct Port {
    socket: Socket,
    dispatcher: Dispatcher,
    places: Arc<Semaphore>,
    crowd: Crowd,
    stop: watch::Receiver<bool>,
}

impl Port {
    /// Accepts until told to stop; answers how many connections had to be cut.
    async fn run(mut self) -> usize {
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                biased;
                _ = self.stop.wait_for(|stop| *stop) => break,
                Some(ended) = connections.join_next(), if !connections.is_empty() => {
                    log_panic(ended);
                    continue;
                }
                accepted = accept(&self.socket, &self.places) => accepted,
            };
            let (stream, peer, place) = accepted;
            let Some(seat) = self.seat(peer.ip()) else {
                tracing::warn!(%peer, "too many connections from one address: closed");
                continue;
            };
            let transport = Transport { peer, local: self.socket.local, scheme: self.socket.scheme() };
            let acceptor = self.socket.acceptor.clone();
            let (dispatcher, stop) = (self.dispatcher.clone(), self.stop.clone());
            connections.spawn(async move {
                let _held = (place, seat);
                greet(stream, acceptor, transport, dispatcher, stop).await;
            });
        }
        let deadline = Instant::now() + self.dispatcher.limits().grace;
        drop(self.socket);
        while let Ok(Some(ended)) = timeout_at(deadline, connections.join_next()).await {
            log_panic(ended);
        }
        let cut = connections.len();
        connections.shutdown().await;
        cut
    }

    fn seat(&self, address: IpAddr) -> Option<Seat> {
        let free = address.to_canonical().is_loopback() || self.dispatcher.is_proxy(address);
        if free { Some(Seat(None)) } else { self.crowd.enter(address) }
    }
}

fn log_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection ended in a panic");
    }
}

/// Waits for a free place, then for a peer.
async fn accept(socket: &Socket, places: &Arc<Semaphore>) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    const BREATH: Duration = Duration::from_millis(50);
    let place = Arc::clone(places).acquire_owned().await.expect("the semaphore is never closed");
    loop {
        match socket.listener.accept().await {
            Ok((stream, peer)) => {
                // Small answers must not wait for more bytes; a socket that refuses is served all the same.
                let _ = stream.set_nodelay(true);
                return (stream, peer, place);
            }
            Err(error) => {
                // Out of descriptors, or the peer is gone already: the next attempt may do better, but not at once.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

async fn greet(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    transport: Transport,
    dispatcher: Dispatcher,
    mut stop: watch::Receiver<bool>,
) {
    debug_assert_eq!(acceptor.is_some(), transport.scheme == Scheme::Https);
    let Some(acceptor) = acceptor else {
        return serve(stream, Protocol::Http1, transport, dispatcher, stop).await;
    };
    let handshake = timeout(dispatcher.limits().handshake, acceptor.accept(stream));
    let stream = tokio::select! {
        _ = stop.wait_for(|stop| *stop) => return,
        result = handshake => match result {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::debug!(peer = %transport.peer, %error, "TLS handshake failed"),
            Err(_) => return tracing::debug!(peer = %transport.peer, "TLS handshake took too long"),
        },
    };
    let protocol = match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Protocol::Http2,
        _ => Protocol::Http1,
    };
    serve(stream, protocol, transport, dispatcher, stop).await;
}

/// Who holds how many connections.
#[derive(Debug, Clone)]
struct Crowd {
    limit: usize,
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection's place in the [`Crowd`], given back on drop.
#[derive(Debug)]
struct Seat(Option<(Crowd, IpAddr)>);

impl Crowd {
    fn enter(&self, address: IpAddr) -> Option<Seat> {
        let block = block_of(address);
        let mut counts = self.counts.lock();
        let count = counts.entry(block).or_default();
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(Seat(Some((self.clone(), block))))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some((crowd, block)) = self.0.take() {
            let mut counts = crowd.counts.lock();
            if let Some(count) = counts.get_mut(&block) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(&block);
                }
            }
        }
    }
}

/// One subscriber: an IPv4 address, or the /64 of an IPv6 address.
fn block_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_only_so_many_places_and_gives_them_back() {
        let crowd = Crowd { limit: 2, counts: Arc::default() };
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        let first = crowd.enter(address("2001:db8::1"));
        let second = crowd.enter(address("2001:db8::2"));
        assert!(first.is_some() && second.is_some());
        assert!(crowd.enter(address("2001:db8::3")).is_none(), "the same /64");
        assert!(crowd.enter(address("192.0.2.1")).is_some());
        drop(first);
        assert!(crowd.enter(address("2001:db8::3")).is_some());
        drop(second);
        assert!(crowd.counts.lock().is_empty());
    }
}

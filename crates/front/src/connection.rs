//! One connection from its first byte to its last.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use axum::body::Body;
use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::{
    body::{CountedBody, TimelyBody},
    call::Transport,
    dispatch::Dispatcher,
    limits::Limits,
    stall::StallGuard,
};

/// The protocol agreed on before the first request: HTTP/2 only by ALPN under TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// How long an idle connection gets to answer our good-bye.
const FAREWELL: Duration = Duration::from_secs(5);

/// Calls in flight on one connection, and since when there are none.
#[derive(Debug, Clone)]
struct Activity(Arc<Mutex<(usize, Instant)>>);

/// A call in flight, until dropped.
#[derive(Debug)]
pub(crate) struct InFlight(Activity);

impl Activity {
    fn new() -> Self {
        Self(Arc::new(Mutex::new((0, Instant::now()))))
    }

    fn begin(&self) -> InFlight {
        self.0.lock().0 += 1;
        InFlight(self.clone())
    }

    /// When the connection will have been idle for `limit`, as it looks now.
    fn idle_at(&self, limit: Duration) -> Instant {
        match *self.0.lock() {
            (0, since) => since + limit,
            (_, _) => Instant::now() + limit,
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.0.lock();
        state.0 = state.0.saturating_sub(1);
        state.1 = Instant::now();
    }
}

/// Serves a connection until the peer closes it, it breaks a limit, or `stop` turns true and its calls are done.
pub(crate) async fn serve<I>(
    io: I,
    protocol: Protocol,
    transport: Transport,
    dispatcher: Dispatcher,
    mut stop: watch::Receiver<bool>,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = dispatcher.limits();
    let activity = Activity::new();
    let service = {
        let activity = activity.clone();
        service_fn(move |request: Request<Incoming>| {
            let in_flight = activity.begin();
            let dispatcher = dispatcher.clone();
            let mut request = request.map(|body| Body::new(TimelyBody::new(body, limits.body_read)));
            request.extensions_mut().insert(transport);
            async move {
                let response: Response<Body> = dispatcher.dispatch(request).await;
                Ok::<_, Infallible>(response.map(|body| CountedBody::new(body, in_flight)))
            }
        })
    };
    let server = builder(protocol, &limits);
    let io = TokioIo::new(StallGuard::new(io, limits.write_stall));
    let mut connection = pin!(server.serve_connection(io, service));

    let mut deadline = activity.idle_at(limits.idle);
    let mut stopping = false;
    let mut leaving = false;
    loop {
        tokio::select! {
            result = connection.as_mut() => {
                if let Err(error) = result {
                    tracing::debug!(peer = %transport.peer, %error, "connection ended early");
                }
                return;
            }
            _ = stop.wait_for(|stop| *stop), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = sleep_until(deadline) => {
                if leaving {
                    return;
                }
                deadline = activity.idle_at(limits.idle);
                if deadline <= Instant::now() {
                    leaving = true;
                    deadline = Instant::now() + FAREWELL;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

fn builder(protocol: Protocol, limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // The dispatcher holds the documented limits, so that an owner renders the refusal; these are the hard stops
    // behind them.
    let hard_stop = (limits.url_bytes + limits.header_bytes) * 2;
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read)
        .max_buf_size(hard_stop.max(64 * 1024));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(hard_stop).unwrap_or(u32::MAX))
        .keep_alive_interval(limits.idle / 2)
        .keep_alive_timeout(limits.write_stall);
    match protocol {
        Protocol::Http1 => builder.http1_only(),
        Protocol::Http2 => builder.http2_only(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use axum::{Router, routing::any};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use uuid::Uuid;

    use super::*;
    use crate::Owner;

    fn limits() -> Limits {
        Limits {
            header_read: Duration::from_secs(30),
            body_read: Duration::from_secs(20),
            write_stall: Duration::from_secs(15),
            idle: Duration::from_secs(10),
            ..Limits::default()
        }
    }

    /// A connection on the paused clock: time passes only while everybody waits.
    fn connect(limits: Limits) -> (DuplexStream, tokio::task::JoinHandle<()>, watch::Sender<bool>) {
        let ids = AtomicU64::new(1);
        let face = Router::new()
            .route("/", any(async || "hello"))
            .route("/length", any(async |body: axum::body::Bytes| body.len().to_string()))
            .route("/long", any(async || "x".repeat(1 << 20)))
            .route(
                "/slow",
                any(async || {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    "at last"
                }),
            );
        let dispatcher =
            Dispatcher::builder(Arc::new(move || Uuid::from_u128(ids.fetch_add(1, Ordering::Relaxed).into())))
                .face(Owner::Portal, face)
                .limits(limits)
                .build();
        let (client, server) = duplex(4096);
        let (order, stop) = watch::channel(false);
        let task = tokio::spawn(serve(server, Protocol::Http1, Transport::default(), dispatcher, stop));
        (client, task, order)
    }

    async fn rest(mut client: DuplexStream) -> String {
        let mut text = String::new();
        client.read_to_string(&mut text).await.expect("the connection can be read");
        text
    }

    #[tokio::test(start_paused = true)]
    async fn a_header_that_never_ends_is_cut_off() {
        let (mut client, _task, _order) = connect(Limits { idle: Duration::from_secs(3600), ..limits() });
        let began = Instant::now();
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX: ").await.expect("written");
        let _ = rest(client).await;
        assert_eq!(began.elapsed().as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_is_closed_after_its_answer() {
        let (mut client, _task, _order) = connect(limits());
        let began = Instant::now();
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("written");
        assert!(rest(client).await.ends_with("hello"));
        assert_eq!(began.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_in_flight_is_not_idle() {
        let (mut client, _task, _order) = connect(limits());
        client.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("written");
        assert!(rest(client).await.ends_with("at last"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_cut_off() {
        let (mut client, _task, _order) = connect(limits());
        let began = Instant::now();
        client.write_all(b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n").await.expect("written");
        let (mut reader, mut writer) = tokio::io::split(client);
        let drip = tokio::spawn(async move {
            for _ in 0..100 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if writer.write_all(b"x").await.is_err() {
                    break;
                }
            }
        });
        let mut line = [0; 12];
        reader.read_exact(&mut line).await.expect("an answer");
        assert_eq!(&line, b"HTTP/1.1 400");
        assert_eq!(began.elapsed().as_secs(), 20);
        drip.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_no_bytes_is_cut_off() {
        let (mut client, task, _order) = connect(limits());
        let began = Instant::now();
        client.write_all(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("written");
        task.await.expect("the connection ends");
        assert_eq!(began.elapsed().as_secs(), 15);
        drop(client);
    }

    #[tokio::test(start_paused = true)]
    async fn the_order_to_stop_lets_the_call_finish_and_closes() {
        let (mut client, task, order) = connect(limits());
        client.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("written");
        tokio::time::advance(Duration::from_secs(1)).await;
        order.send_replace(true);
        let answer = rest(client).await;
        assert!(answer.ends_with("at last"), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        task.await.expect("the connection ends");
    }
}

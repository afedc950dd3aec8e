use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, http::StatusCode, routing::any};
use ephor_front::{BindError, Binding, Dispatcher, Limits, Owner, Server, Stopped};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Notify, oneshot},
    task::JoinHandle,
};

use crate::fixture::{counted_ids, telling};

const LOOPBACK: &str = "127.0.0.1:0";

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Stopped>,
}

async fn start(dispatcher: Dispatcher) -> Running {
    let socket = Binding::plain(LOOPBACK.parse().unwrap(), false).unwrap().bind().await.unwrap();
    let address = socket.local_address();
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(Server::new(dispatcher).listen(socket).run(async {
        let _ = stopped.await;
    }));
    Running { address, stop, server }
}

/// Sends raw bytes and reads until the server closes.
async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn face(router: Router) -> Dispatcher {
    Dispatcher::builder(counted_ids()).face(Owner::Pam, router).build()
}

#[tokio::test]
async fn status_lines_carry_standard_reason_phrases() {
    let router = Router::new().route(
        "/api/pamresources/{status}",
        any(async |axum::extract::Path(status): axum::extract::Path<u16>| StatusCode::from_u16(status).unwrap()),
    );
    let running = start(face(router)).await;
    for (status, phrase) in
        [(200, "OK"), (201, "Created"), (403, "Forbidden"), (413, "Payload Too Large"), (503, "Service Unavailable")]
    {
        let request = format!("GET /api/pamresources/{status} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let answer = exchange(running.address, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} {phrase}\r\n")), "{answer}");
    }
}

#[tokio::test]
async fn an_empty_answer_has_no_content_type() {
    let running = start(face(Router::new().fallback(async || StatusCode::OK))).await;
    let request = "POST /api/pamresources/x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let answer = exchange(running.address, request).await.to_ascii_lowercase();
    assert!(answer.contains("content-length: 0\r\n"), "{answer}");
    assert!(!answer.contains("content-type"), "{answer}");
}

#[tokio::test]
async fn expect_100_continue_is_answered_before_the_body() {
    let router = Router::new().fallback(async |body: String| body);
    let running = start(face(router)).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream
        .write_all(
            b"POST /api/pamresources/x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\
              Connection: close\r\n\r\n",
        )
        .await
        .unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hello").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("hello"), "{answer}");
}

#[tokio::test]
async fn the_authority_is_the_host_as_sent() {
    let running = start(telling()).await;
    let request = "GET /api/pamresources/x HTTP/1.1\r\nHost: PRIV:80\r\nConnection: close\r\n\r\n";
    let answer = exchange(running.address, request).await;
    assert!(answer.contains("authority=http://PRIV:80 "), "{answer}");
    assert!(answer.contains("peer=127.0.0.1 "), "{answer}");
}

/// A face that says when it has been reached and answers when it may.
fn waiting() -> (Dispatcher, Arc<Notify>, Arc<Notify>) {
    let (reached, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (Arc::clone(&reached), Arc::clone(&release));
    let router = Router::new().fallback(move || async move {
        tell.notify_one();
        wait.notified().await;
        "done"
    });
    let limits = Limits { grace: Duration::from_millis(200), ..Limits::default() };
    let dispatcher = Dispatcher::builder(counted_ids()).face(Owner::Pam, router).limits(limits).build();
    (dispatcher, reached, release)
}

const CALL: &str = "GET /api/pamresources/x HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn a_graceful_stop_accepts_no_more_and_finishes_what_is_in_flight() {
    let (dispatcher, reached, release) = waiting();
    let running = start(dispatcher).await;
    let idle = TcpStream::connect(running.address).await.unwrap();
    let call = tokio::spawn(exchange(running.address, CALL));
    reached.notified().await;
    running.stop.send(()).unwrap();
    while TcpStream::connect(running.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    release.notify_one();
    let answer = call.await.unwrap();
    assert!(answer.ends_with("done"), "{answer}");
    assert_eq!(running.server.await.unwrap(), Stopped { cut: 0 });
    drop(idle);
}

#[tokio::test]
async fn a_call_that_outlasts_the_grace_is_cut() {
    let (dispatcher, reached, _release) = waiting();
    let running = start(dispatcher).await;
    let call = tokio::spawn(exchange(running.address, CALL));
    reached.notified().await;
    running.stop.send(()).unwrap();
    assert_eq!(running.server.await.unwrap(), Stopped { cut: 1 });
    assert_eq!(call.await.unwrap(), "");
}

#[tokio::test]
async fn several_ports_serve_one_dispatcher() {
    let first = Binding::plain(LOOPBACK.parse().unwrap(), false).unwrap().bind().await.unwrap();
    let second = Binding::plain("[::1]:0".parse().unwrap(), false).unwrap().bind().await;
    // A machine without IPv6 has one loopback address only.
    let second = match second {
        Ok(socket) => socket,
        Err(_) => Binding::plain(LOOPBACK.parse().unwrap(), false).unwrap().bind().await.unwrap(),
    };
    let addresses = [first.local_address(), second.local_address()];
    tokio::spawn(Server::new(telling()).listen(first).listen(second).run(std::future::pending()));
    for address in addresses {
        let answer = exchange(address, "GET /portal HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
        assert!(answer.contains("portal GET /portal"), "{answer}");
    }
}

#[tokio::test]
async fn a_port_in_use_is_one_clear_sentence() {
    let taken = Binding::plain(LOOPBACK.parse().unwrap(), false).unwrap().bind().await.unwrap();
    let address = taken.local_address();
    let error = Binding::plain(address, false).unwrap().bind().await.unwrap_err();
    assert!(matches!(error, BindError::InUse(at) if at == address));
    assert_eq!(
        error.to_string(),
        format!("{address} is already in use: stop the program that listens there, or choose another port")
    );
}

#[test]
fn plain_http_beyond_loopback_needs_the_operators_word() {
    for address in ["0.0.0.0:8086", "192.0.2.1:8086", "[::]:8086"] {
        let address = address.parse().unwrap();
        assert!(matches!(Binding::plain(address, false), Err(BindError::PlainRefused(at)) if at == address));
        assert!(Binding::plain(address, true).is_ok());
    }
    for address in ["127.0.0.1:8086", "127.9.9.9:80", "[::1]:8086"] {
        assert!(Binding::plain(address.parse().unwrap(), false).is_ok());
    }
}

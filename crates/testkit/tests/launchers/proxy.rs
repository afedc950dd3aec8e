use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ephor_testkit::proxy::{Fault, FaultProxy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A server that answers every byte with itself.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
                let _ = to.shutdown().await;
            });
        }
    });
    address
}

async fn proxy() -> FaultProxy {
    FaultProxy::start(echo().await).await.unwrap()
}

async fn ask(stream: &mut TcpStream, text: &str) -> std::io::Result<String> {
    stream.write_all(text.as_bytes()).await?;
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer).await?;
    Ok(String::from_utf8(answer).unwrap())
}

async fn rest(stream: &mut TcpStream) -> (String, Option<ErrorKind>) {
    let mut text = Vec::new();
    let end = stream.read_to_end(&mut text).await.err().map(|error| error.kind());
    (String::from_utf8(text).unwrap(), end)
}

#[tokio::test]
async fn passes_both_ways_and_closes_properly() {
    let proxy = proxy().await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ask(&mut stream, "hello").await.unwrap(), "hello");
    stream.write_all(b"last").await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(rest(&mut stream).await, ("last".to_owned(), None));
    assert_eq!((proxy.accepted(), proxy.answer_bytes()), (1, 9));
}

#[tokio::test]
async fn refuses_and_opens_the_same_port_again() {
    let mut proxy = proxy().await;
    let mut open = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ask(&mut open, "a").await.unwrap(), "a");
    proxy.set(Fault::Refuse).await.unwrap();
    assert_eq!(rest(&mut open).await, (String::new(), Some(ErrorKind::ConnectionReset)));
    let refused = TcpStream::connect(proxy.address()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    proxy.set(Fault::Pass).await.unwrap();
    let mut again = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ask(&mut again, "b").await.unwrap(), "b");
}

#[tokio::test]
async fn resets_old_and_new_connections() {
    let mut proxy = proxy().await;
    let mut open = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ask(&mut open, "a").await.unwrap(), "a");
    proxy.set(Fault::Reset).await.unwrap();
    assert_eq!(rest(&mut open).await.1, Some(ErrorKind::ConnectionReset));
    let mut new = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(rest(&mut new).await.1, Some(ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn a_hanging_connection_goes_on_where_it_stood() {
    let mut proxy = proxy().await;
    let mut old = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ask(&mut old, "a").await.unwrap(), "a");
    proxy.set(Fault::Hang).await.unwrap();
    let mut new = TcpStream::connect(proxy.address()).await.unwrap();
    for stream in [&mut old, &mut new] {
        let answer = tokio::time::timeout(Duration::from_millis(30), ask(stream, "held")).await;
        assert!(answer.is_err(), "a hanging connection answered {answer:?}");
    }
    proxy.set(Fault::Pass).await.unwrap();
    for stream in [&mut old, &mut new] {
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"held");
    }
}

#[tokio::test]
async fn what_was_held_back_dies_with_a_reset() {
    let mut proxy = proxy().await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ask(&mut stream, "a").await.unwrap(), "a");
    proxy.set(Fault::Hang).await.unwrap();
    stream.write_all(b"held").await.unwrap();
    proxy.set(Fault::Reset).await.unwrap();
    assert_eq!(rest(&mut stream).await, (String::new(), Some(ErrorKind::ConnectionReset)));
    assert_eq!(proxy.answer_bytes(), 1);
}

#[tokio::test]
async fn delays_each_piece() {
    let mut proxy = proxy().await;
    proxy.set(Fault::Delay(Duration::from_millis(20))).await.unwrap();
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let begun = Instant::now();
    assert_eq!(ask(&mut stream, "slow").await.unwrap(), "slow");
    assert!(begun.elapsed() >= Duration::from_millis(40), "there and back in {:?}", begun.elapsed());
}

#[tokio::test]
async fn truncates_answers_counted_from_the_order() {
    let mut proxy = proxy().await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ask(&mut stream, "before").await.unwrap(), "before");
    proxy.set(Fault::TruncateAnswers(3)).await.unwrap();
    stream.write_all(b"answer").await.unwrap();
    assert_eq!(rest(&mut stream).await, ("ans".to_owned(), Some(ErrorKind::ConnectionReset)));

    proxy.set(Fault::TruncateAnswers(0)).await.unwrap();
    let mut unheard = TcpStream::connect(proxy.address()).await.unwrap();
    unheard.write_all(b"done").await.unwrap();
    assert_eq!(rest(&mut unheard).await, (String::new(), Some(ErrorKind::ConnectionReset)));
}

#[tokio::test]
async fn a_cut_ends_what_is_open_and_lets_new_ones_pass() {
    let proxy = proxy().await;
    let mut open = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ask(&mut open, "a").await.unwrap(), "a");
    proxy.cut();
    assert_eq!(rest(&mut open).await.1, Some(ErrorKind::ConnectionReset));
    let mut new = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ask(&mut new, "b").await.unwrap(), "b");
}

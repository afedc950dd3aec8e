//! A socket that answers whatever it is told to.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Answers each connection with the same bytes once something came, then keeps it open. Stops on drop.
pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listener {
    pub(crate) async fn start(answer: Vec<u8>) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let requests = Arc::default();
        let task = tokio::spawn(serve(socket, answer, Arc::clone(&requests)));
        Self { address, requests, task }
    }

    /// A server that answers every HTTP request with `status` and `body`.
    pub(crate) async fn http(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::start(format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}").into_bytes()).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked so far, one text per request that came in one piece.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(socket: TcpListener, answer: Vec<u8>, requests: Arc<Mutex<Vec<String>>>) {
    let mut open = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = socket.accept().await {
        open.spawn(converse(stream, answer.clone(), Arc::clone(&requests)));
    }
}

async fn converse(mut stream: TcpStream, answer: Vec<u8>, requests: Arc<Mutex<Vec<String>>>) {
    let mut bytes = vec![0; 64 * 1024];
    let mut request = String::new();
    while let Ok(read @ 1..) = stream.read(&mut bytes).await {
        request.push_str(&String::from_utf8_lossy(bytes.get(..read).unwrap()));
        if !is_whole(&request) {
            continue;
        }
        requests.lock().unwrap().push(std::mem::take(&mut request));
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

/// True unless this is an HTTP request whose body is still to come.
fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return !request.contains("HTTP/1.1") };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.is_none_or(|length| length.parse().is_ok_and(|length: usize| body.len() >= length))
}

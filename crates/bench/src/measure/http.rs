//! A client that costs next to nothing: prebuilt calls over one kept connection, one answer at a time.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A kept HTTP/1.1 connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// Status and body of an answer; the body still in its chunks if it came in chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// What follows the head.
    pub body: &'a [u8],
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(16 * 1024) })
    }

    /// Sends `call` and waits for the whole answer.
    ///
    /// # Errors
    /// When the server hangs up, or answers what is no HTTP.
    pub async fn exchange(&mut self, call: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(call).await?;
        self.received.clear();
        loop {
            ensure!(self.stream.read_buf(&mut self.received).await? > 0, "the server hung up");
            if let Some(head) = Head::read(&self.received)? {
                let rest = self.received.get(head.length..).unwrap_or_default();
                if head.is_whole(rest) {
                    break;
                }
            }
        }
        let head = Head::read(&self.received)?.context("the head that was read before")?;
        Ok(Answer { status: head.status, body: self.received.get(head.length..).unwrap_or_default() })
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    length: usize,
    body: BodyLength,
}

#[derive(Debug, PartialEq, Eq)]
enum BodyLength {
    Known(usize),
    Chunked,
}

impl Head {
    /// The head, once it is there as a whole.
    fn read(received: &[u8]) -> Result<Option<Self>> {
        let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
        let head = std::str::from_utf8(received.get(..end).unwrap_or_default())?;
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap_or_default();
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let Some(status) = status.filter(|_| first.starts_with("HTTP/1.1 ")) else { bail!("no HTTP: {first}") };
        let mut body = BodyLength::Known(0);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("content-length") {
                body = BodyLength::Known(value.trim().parse()?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                body = BodyLength::Chunked;
            }
        }
        Ok(Some(Self { status, length: end + 4, body }))
    }

    fn is_whole(&self, rest: &[u8]) -> bool {
        match self.body {
            BodyLength::Known(length) => rest.len() >= length,
            BodyLength::Chunked => chunks_end(rest),
        }
    }
}

/// True when the chunks include the empty one that ends them.
fn chunks_end(mut rest: &[u8]) -> bool {
    loop {
        let Some(line) = rest.windows(2).position(|two| two == b"\r\n") else { return false };
        let size = rest.get(..line).and_then(|size| std::str::from_utf8(size).ok());
        let Some(size) = size.and_then(|size| usize::from_str_radix(size, 16).ok()) else { return false };
        match rest.get(line + 2 + size + 2..) {
            Some(_) if size == 0 => return true,
            Some(next) => rest = next,
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_last_byte_is_there() {
        let answer = b"HTTP/1.1 201 Created\r\ncontent-type: a/b\r\nContent-Length: 5\r\n\r\nhello";
        let head = Head::read(answer).unwrap().unwrap();
        assert_eq!((head.status, &head.body), (201, &BodyLength::Known(5)));
        assert!(head.is_whole(&answer[head.length..]));
        assert!(!head.is_whole(&answer[head.length..answer.len() - 1]));
        assert_eq!(Head::read(&answer[..30]).unwrap(), None);
        assert!(Head::read(b"SSH-2.0 x\r\n\r\n").is_err());
    }

    #[test]
    fn chunks_end_with_the_empty_one() {
        for (whole, text) in [
            (true, "0\r\n\r\n"),
            (true, "a\r\n0123456789\r\n0\r\n\r\n"),
            (false, "a\r\n0123456789\r\n0\r\n"),
            (false, "a\r\n01234"),
            (false, "a"),
            (false, ""),
        ] {
            assert_eq!(chunks_end(text.as_bytes()), whole, "{text:?}");
        }
    }
}

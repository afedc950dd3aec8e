//! How much and how long a peer may take before any face has a say.

use std::time::Duration;

/// Bounds of the listener (promise S6). Bodies and handlers have their own bounds inside each face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest request target in bytes: 16 KiB (seams §15).
    pub url_bytes: usize,
    /// Longest header block in bytes, names and values together.
    pub header_bytes: usize,
    /// A connection that is neither finishing a header nor waiting for its answer is closed after this. On HTTP/1.1
    /// it is also the longest pause between two calls.
    pub header_read: Duration,
    /// Longest TLS handshake.
    pub handshake: Duration,
    /// Longest time for the whole body of a call to arrive.
    pub body_read: Duration,
    /// Longest time a peer may refuse to take bytes of an answer.
    pub write_stall: Duration,
    /// A connection without a call in flight is closed after this.
    pub idle: Duration,
    /// Most connections at once; further ones wait to be accepted.
    pub connections: usize,
    /// Most connections of one address at once; further ones are closed. Loopback and listed proxies are free of it.
    pub connections_per_address: usize,
    /// Most concurrent HTTP/2 streams of one connection.
    pub streams: u32,
    /// After the order to stop: how long calls in flight may go on.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            url_bytes: 16 * 1024,
            header_bytes: 32 * 1024,
            header_read: Duration::from_secs(30),
            handshake: Duration::from_secs(10),
            body_read: Duration::from_secs(30),
            write_stall: Duration::from_secs(30),
            idle: Duration::from_secs(75),
            connections: 8192,
            connections_per_address: 512,
            streams: 128,
            grace: Duration::from_secs(10),
        }
    }
}

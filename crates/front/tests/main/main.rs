//! The dispatcher in process, and the server on real sockets.
#![expect(clippy::unwrap_used, reason = "tests")]

mod dispatch;
mod fixture;
mod served;
mod tls;

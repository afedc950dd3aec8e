//! The listener: sockets, TLS, path dispatch and request ids.
//!
//! It owns no rule. Size limits of bodies, time limits of handlers, panics and CORS are layers *inside* each face, so
//! that 408, 413 and 500 carry that face's envelope (seams §2); [`guard`] is what the faces share of it. What stands here is only what comes before any face
//! is known: which owner a path belongs to, who really called, under which name, and how long a slow peer may hold a
//! connection.
//!
//! A call on its way in gets these request extensions: [`call::CallId`], [`call::Peer`], [`call::Authority`],
//! [`owner::Owner`], [`call::ReceivedUri`] and, if it must not be served, [`refused::Refused`].

pub mod authority;
pub mod bind;
mod body;
pub mod call;
pub mod certificate;
mod connection;
pub mod dispatch;
pub mod fuzz;
pub mod guard;
pub mod limits;
pub mod network;
pub mod owner;
pub mod path;
pub mod problem;
pub mod refused;
pub mod serve;
mod stall;
pub mod throttle;

pub use bind::{BindError, Binding, Socket};
pub use call::{Authority, CallId, Peer, ReceivedUri, Scheme};
pub use dispatch::{Dispatcher, FaceService};
pub use guard::{Guard, Unanswered};
pub use limits::Limits;
pub use owner::Owner;
pub use refused::Refused;
pub use serve::{Server, Stopped};
pub use throttle::Throttle;

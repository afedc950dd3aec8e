//! Who calls: what the face needs to know of the identity layer.

use ephor_domain::principal::Actor;
use futures_util::future::BoxFuture;
use http::{HeaderValue, request::Parts};

/// Somebody who signed in. Whether he is a PAM user is for the engine to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who gives the orders.
    pub actor: Actor,
    /// `DOMAIN\account` from the record, whatever spelling signed in (`PAM-030`).
    pub username: String,
    /// The browser added the credentials by itself (cookie, Basic, Negotiate): forgery rules apply (`PAM 3.5`).
    pub ambient: bool,
}

/// Why nobody is known to call.
#[derive(Debug)]
pub enum Unidentified {
    /// No credentials, or wrong ones; with the challenges to answer with.
    Unknown {
        /// Values of `WWW-Authenticate`, strongest first.
        challenges: Vec<HeaderValue>,
    },
    /// Credentials that may be right, of a sort that this face never takes (an application's token).
    Unsuitable,
    /// The sign-in directory or the store did not answer in time.
    Timeout,
    /// The sign-in directory or the store is down.
    Unavailable,
}

/// Says who calls.
pub trait Identity: Send + Sync + 'static {
    /// The caller of this call.
    ///
    /// # Errors
    /// When nobody is known to call.
    fn identify<'a>(&'a self, call: &'a Parts) -> BoxFuture<'a, Result<Caller, Unidentified>>;
}

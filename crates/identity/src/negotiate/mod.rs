//! Kerberos tickets over HTTP (`Negotiate`, RFC 4559): what a token is, who judges it, and whose account it opens.
//!
//! A ticket says who somebody is and nothing more: the groups that a domain controller puts into it are not looked at.

mod desk;
pub mod keytab;
mod name;
mod realm;
pub mod token;

pub(crate) use desk::{Desk, Verdict};
pub use name::{ClientName, NameFault};
pub use realm::Realms;

/// The scheme, as it stands in headers.
pub const SCHEME: &str = "Negotiate";

/// Most bytes of a token: twice what Windows puts into one at most by default.
pub const LONGEST: usize = 96 * 1024;

/// Judges tokens. It may block for some milliseconds, so it is called off the threads that serve.
pub trait Negotiator: Send + Sync + 'static {
    /// Judges the first and only token of a client.
    ///
    /// # Errors
    /// Why it opens nothing.
    fn accept(&self, token: &[u8]) -> Result<Negotiated, NegotiationFault>;
}

/// A token that was good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// Whose ticket it is, as the library shows names: `alice@CORP.EXAMPLE`.
    pub client: String,
    /// Our own proof of who we are, for the client.
    pub answer: Option<Vec<u8>>,
}

/// Why a token opens nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NegotiationFault {
    /// It is not good: for another service, over, used before, of another key, no ticket at all.
    #[error("the ticket is refused: {cause}")]
    Refused {
        /// What the library says, for the log.
        cause: String,
    },
    /// It is the first of several. Calls stand alone here, so there is no second.
    #[error("the client wants to exchange several messages, which is not done here")]
    Incomplete,
    /// Nothing can be judged: no key tab, no key.
    #[error("tickets cannot be judged: {cause}")]
    Unavailable {
        /// What is missing, for the log.
        cause: String,
    },
}

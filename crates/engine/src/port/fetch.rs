//! Reading what an outside party publishes over HTTP: discovery documents, keys, answers of token endpoints.

use futures_util::future::BoxFuture;
use secrecy::SecretString;

/// Why there is no answer. Names no secret and no URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FetchFault(pub String);

/// An answer: its body, bounded by the adapter.
pub type Fetched<'a> = BoxFuture<'a, Result<Vec<u8>, FetchFault>>;

/// Calls an outside party. Addresses are checked by the adapter with each call: they stand in what the party said.
pub trait Fetch: Send + Sync + 'static {
    /// The body at `url`.
    fn get<'a>(&'a self, url: &'a str) -> Fetched<'a>;

    /// Posts a form; `basic` is name and secret of the client (RFC 6749, 2.3.1).
    fn post_form<'a>(
        &'a self,
        url: &'a str,
        form: Vec<(&'static str, String)>,
        basic: Option<(&'a str, &'a SecretString)>,
    ) -> Fetched<'a>;
}

//! The one way out over HTTP: bounded in time and size, no redirects, no proxies, and no address inside our own
//! network unless the endpoint says so (seams §18, F21).

mod address;
mod signature;
mod web;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ephor_engine::port::Clock;
use reqwest::{Client, Method, Response, StatusCode, header, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::time::Instant;
use url::{Host, Url};

pub use self::{address::is_inside, web::Web};
use self::{
    address::{Guard, GuardedResolver, Refused},
    signature::Signer,
};
use crate::tls::{self, TlsConfigError};

/// Bounds of one outgoing call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For the whole call, connecting included.
    pub time: Duration,
    /// Bytes of answer that are read.
    pub answer: usize,
}

impl Default for Limits {
    /// What seams §18 lays down: five seconds, 64 KiB.
    fn default() -> Self {
        Self { time: Duration::from_secs(5), answer: 64 * 1024 }
    }
}

/// An endpoint as an operator configures it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutgoingConfig {
    /// Where to call. `https://`, or `http://` with `allow_private`.
    pub url: String,
    /// Allows addresses of this machine and of private networks, and plain HTTP.
    #[serde(default)]
    pub allow_private: bool,
    /// PEM file of the authorities that may vouch for the server; without it the machine's own store counts.
    pub ca_file: Option<PathBuf>,
    /// Shared secret for signatures: `whsec_` and base64, or any text. Without it calls are not signed.
    pub secret: Option<SecretString>,
}

/// Why an endpoint cannot be used. Says what to change.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingConfigError {
    /// `url` is none of ours.
    #[error("`url` must be https://HOST/… (or http:// with `allow_private`): {0}")]
    Url(String),
    /// `url` names an address that must not be called.
    #[error("`url` names an address of this machine or a private network; set `allow_private` if that is meant")]
    Inside,
    /// The secret says it is base64 and is not.
    #[error("`secret` begins with whsec_ but the rest is not base64")]
    Secret,
    /// No TLS.
    #[error(transparent)]
    Tls(#[from] TlsConfigError),
    /// The HTTP library refused.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}

/// Why a call gave no usable answer. Texts name no secret and no URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallFault {
    /// No complete answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The name leads to an address that must not be called.
    #[error("the address is inside our own network")]
    Inside,
    /// An answer that is no success.
    #[error("HTTP status {0}")]
    Status(u16),
    /// More bytes than we read.
    #[error("the answer is too large")]
    TooLarge,
    /// No connection, or it broke.
    #[error("{0}")]
    Unreachable(String),
}

/// An endpoint that can be called.
#[derive(Clone)]
pub struct Endpoint {
    client: Client,
    base: Url,
    signer: Option<Signer>,
    clock: Arc<dyn Clock>,
    limits: Limits,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The path and query may hold a token.
        f.debug_struct("Endpoint").field("host", &self.base.host_str()).finish_non_exhaustive()
    }
}

/// What is asked in one call.
#[derive(Debug)]
pub struct Call<'a> {
    /// Segments appended to the path of the endpoint; each is escaped.
    pub path: &'a [&'a str],
    /// Stays the same when the same call is made again, so that the other side can tell repeats (Standard Webhooks).
    pub id: &'a str,
    /// JSON for a POST; a GET without.
    pub body: Option<Vec<u8>>,
}

/// One exchange in the terms of HTTP.
#[derive(Debug)]
pub(crate) struct Exchange<'a> {
    pub(crate) method: Method,
    /// Segments appended to the path of the endpoint; each is escaped.
    pub(crate) path: &'a [&'a str],
    pub(crate) query: &'a [(&'a str, &'a str)],
    /// A bearer token.
    pub(crate) token: Option<&'a SecretString>,
    /// Body and its media type.
    pub(crate) body: Option<(Vec<u8>, &'static str)>,
    /// Signs the body under this id, if the endpoint has a secret.
    pub(crate) id: Option<&'a str>,
    /// No answer counts after this.
    pub(crate) deadline: Instant,
}

/// An answer of whatever status.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    /// How long the other side wants to be left alone, as far as it says so in seconds.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

impl Endpoint {
    /// Makes one exchange; an answer of any status is an answer.
    ///
    /// # Errors
    /// When there is none, or none that we read.
    pub(crate) async fn exchange(&self, exchange: Exchange<'_>) -> Result<Answered, CallFault> {
        let mut url = self.base.clone();
        if !exchange.path.is_empty()
            && let Ok(mut path) = url.path_segments_mut()
        {
            path.pop_if_empty().extend(exchange.path);
        }
        if !exchange.query.is_empty() {
            url.query_pairs_mut().extend_pairs(exchange.query);
        }
        let mut request = self.client.request(exchange.method, url);
        let kind = exchange.body.as_ref().map_or("application/json", |(_, kind)| kind);
        request = request.header(header::ACCEPT, kind);
        if let Some(token) = exchange.token {
            request = request.bearer_auth(token.expose_secret());
        }
        if let (Some(signer), Some(id)) = (&self.signer, exchange.id) {
            let body = exchange.body.as_ref().map(|(body, _)| body.as_slice()).unwrap_or_default();
            for (name, value) in signer.headers(id, self.clock.now(), body) {
                request = request.header(name, value);
            }
        }
        if let Some((body, kind)) = exchange.body {
            request = request.header(header::CONTENT_TYPE, kind).body(body);
        }
        let exchanged = async {
            let answer = request.send().await.map_err(fault)?;
            let status = answer.status().as_u16();
            let retry_after = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
            let retry_after = retry_after.and_then(|value| value.trim().parse().ok()).map(Duration::from_secs);
            Ok(Answered { status, retry_after, body: body(answer, self.limits.answer).await? })
        };
        tokio::time::timeout_at(exchange.deadline, exchanged).await.unwrap_or(Err(CallFault::Timeout))
    }

    /// An endpoint as configured. `own` are the addresses we listen on ourselves: calling them needs `allow_private`
    /// as well.
    ///
    /// # Errors
    /// When the URL must not be called or TLS cannot be set up.
    pub fn new(
        config: &OutgoingConfig,
        own: &[SocketAddr],
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> Result<Self, OutgoingConfigError> {
        let base = Url::parse(&config.url).map_err(|error| OutgoingConfigError::Url(error.to_string()))?;
        match base.scheme() {
            "https" => {}
            "http" if config.allow_private => {}
            other => return Err(OutgoingConfigError::Url(format!("scheme {other:?}"))),
        }
        let guard = Guard {
            allow_inside: config.allow_private,
            own: own
                .iter()
                .filter(|own| Some(own.port()) == base.port_or_known_default())
                .map(SocketAddr::ip)
                .collect(),
        };
        // A literal address never comes to the resolver.
        let literal = match base.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            Some(Host::Domain(_)) => None,
            None => return Err(OutgoingConfigError::Url("no host".to_owned())),
        };
        if literal.is_some_and(|address| !guard.lets_through(address)) {
            return Err(OutgoingConfigError::Inside);
        }
        let signer = match &config.secret {
            None => None,
            Some(secret) => Some(Signer::new(secret).ok_or(OutgoingConfigError::Secret)?),
        };
        let client = client(config.ca_file.as_deref(), GuardedResolver::new(guard), limits)?;
        Ok(Self { client, base, signer, clock, limits })
    }

    /// Makes one call; answers the body of a success.
    ///
    /// # Errors
    /// What went wrong; a redirect is [`CallFault::Status`].
    pub async fn call(&self, call: Call<'_>) -> Result<Vec<u8>, CallFault> {
        let mut url = self.base.clone();
        if !call.path.is_empty()
            && let Ok(mut path) = url.path_segments_mut()
        {
            path.pop_if_empty().extend(call.path);
        }
        let method = if call.body.is_some() { Method::POST } else { Method::GET };
        let mut request = self.client.request(method, url).header(header::ACCEPT, "application/json");
        if let Some(signer) = &self.signer {
            let body = call.body.as_deref().unwrap_or_default();
            for (name, value) in signer.headers(call.id, self.clock.now(), body) {
                request = request.header(name, value);
            }
        }
        if let Some(body) = call.body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        }
        let answer = request.send().await.map_err(fault)?;
        if !answer.status().is_success() {
            return Err(CallFault::Status(answer.status().as_u16()));
        }
        if answer.status() == StatusCode::NO_CONTENT {
            return Ok(Vec::new());
        }
        body(answer, self.limits.answer).await
    }
}

fn client(ca_file: Option<&Path>, resolver: GuardedResolver, limits: Limits) -> Result<Client, OutgoingConfigError> {
    let tls = tls::client_config(ca_file)?;
    Client::builder()
        .tls_backend_preconfigured(tls.as_ref().clone())
        .dns_resolver(resolver)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .http1_only()
        .referer(false)
        .timeout(limits.time)
        .user_agent(concat!("ephor/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| OutgoingConfigError::Client(error.to_string()))
}

async fn body(mut answer: Response, most: usize) -> Result<Vec<u8>, CallFault> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(fault)? {
        if body.len() + chunk.len() > most {
            return Err(CallFault::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn fault(error: reqwest::Error) -> CallFault {
    if error.is_timeout() {
        return CallFault::Timeout;
    }
    let error = error.without_url();
    let mut words = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        if cause.is::<Refused>() {
            return CallFault::Inside;
        }
        words = cause.to_string();
        source = cause.source();
    }
    CallFault::Unreachable(words.chars().filter(|c| !c.is_control()).take(200).collect())
}

//! What an operator says of a target behind signed orders, checked once at start.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use ephor_engine::port::Clock;
use jiff::SignedDuration;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    outgoing::{Endpoint, Limits, OutgoingConfig, OutgoingConfigError},
    scim::limit,
};

/// A target behind signed HTTP orders as configured.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HookTargetConfig {
    /// Base of its paths, `https://HOST/…`; `http://` with `allow_private`.
    pub url: String,
    /// Allows addresses of this machine and of private networks, and plain HTTP.
    #[serde(default)]
    pub allow_private: bool,
    /// PEM file of the authorities that may vouch for the server; without it the machine's own store counts.
    pub ca_file: Option<PathBuf>,
    /// What orders are signed with: `whsec_` and base64 for a shared secret (HMAC), `whsk_` and base64 for an Ed25519 key of
    /// ours (its 32-byte seed), or any text as a shared secret. Either this or `secret_file`.
    #[schemars(with = "Option<String>")]
    pub secret: Option<SecretString>,
    /// File that holds the secret, read at start.
    pub secret_file: Option<PathBuf>,
    /// Limit for a whole call, connecting included; at most two seconds.
    #[serde(default = "two_seconds")]
    #[schemars(with = "String", extend("format" = "duration"))]
    pub operation_timeout: SignedDuration,
}

fn two_seconds() -> SignedDuration {
    SignedDuration::from_secs(2)
}

/// Why a configured target cannot be used. Says what to change.
#[derive(Debug, thiserror::Error)]
pub enum HookTargetConfigError {
    /// The endpoint.
    #[error(transparent)]
    Endpoint(#[from] OutgoingConfigError),
    /// No secret, or two: an order that anybody could have sent is none.
    #[error("exactly one of `secret` and `secret_file` must be set")]
    Secret,
    /// The file cannot be read.
    #[error("`secret_file` cannot be read: {0}")]
    File(String),
    /// A time limit that cannot hold.
    #[error("`operation_timeout` must be more than nothing and at most 2 s")]
    Limit,
}

/// Bytes of an answer that are read.
const MOST_BYTES: usize = 16 * 1024 * 1024;

impl HookTargetConfig {
    pub(super) fn check(
        self,
        own: &[SocketAddr],
        clock: Arc<dyn Clock>,
    ) -> Result<(Endpoint, Duration), HookTargetConfigError> {
        let operation_timeout = limit(self.operation_timeout).ok_or(HookTargetConfigError::Limit)?;
        let secret = match (self.secret, self.secret_file) {
            (Some(secret), None) => secret,
            (None, Some(file)) => {
                let text = std::fs::read_to_string(&file)
                    .map_err(|error| HookTargetConfigError::File(format!("{}: {error}", file.display())))?;
                SecretString::from(text.trim_end_matches(['\r', '\n']))
            }
            (None, None) | (Some(_), Some(_)) => return Err(HookTargetConfigError::Secret),
        };
        let outgoing = OutgoingConfig {
            url: self.url,
            allow_private: self.allow_private,
            ca_file: self.ca_file,
            secret: Some(secret),
        };
        let limits = Limits { time: operation_timeout, answer: MOST_BYTES };
        Ok((Endpoint::new(&outgoing, own, clock, limits)?, operation_timeout))
    }
}

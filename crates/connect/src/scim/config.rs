//! What an operator says of a SCIM server, checked once at start.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use ephor_engine::port::Clock;
use jiff::SignedDuration;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    ldap::{LONGEST_CALL, Password},
    outgoing::{Endpoint, Limits, OutgoingConfig, OutgoingConfigError},
};

/// A SCIM 2.0 server as configured.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScimConfig {
    /// Base of the server, `https://HOST/scim/v2`; `http://` with `allow_private`.
    pub url: String,
    /// Allows addresses of this machine and of private networks, and plain HTTP.
    #[serde(default)]
    pub allow_private: bool,
    /// PEM file of the authorities that may vouch for the server; without it the machine's own store counts.
    pub ca_file: Option<PathBuf>,
    /// Bearer token. Either this or `token_file`.
    #[schemars(with = "Option<String>")]
    pub token: Option<SecretString>,
    /// File that holds the bearer token, read at each call, so it can be changed without a restart.
    pub token_file: Option<PathBuf>,
    /// Attributes that users are found by, the first that finds one counts: of `externalId` and `userName`.
    #[serde(default = "users_by")]
    pub users_by: Vec<UserKey>,
    /// Attributes that groups are found by, the first that finds one counts: of `externalId` and `displayName`.
    #[serde(default = "groups_by")]
    pub groups_by: Vec<GroupKey>,
    /// Limit for a whole call, connecting included; at most two seconds.
    #[serde(default = "two_seconds")]
    #[schemars(with = "String", extend("format" = "duration"))]
    pub operation_timeout: SignedDuration,
}

/// What users are found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum UserKey {
    /// The id that the provisioning side gave.
    ExternalId,
    /// The login name.
    UserName,
}

/// What groups are found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum GroupKey {
    /// The id that the provisioning side gave.
    ExternalId,
    /// The name for people.
    DisplayName,
}

fn users_by() -> Vec<UserKey> {
    vec![UserKey::ExternalId, UserKey::UserName]
}

fn groups_by() -> Vec<GroupKey> {
    vec![GroupKey::ExternalId, GroupKey::DisplayName]
}

fn two_seconds() -> SignedDuration {
    SignedDuration::from_secs(2)
}

/// Why a configured server cannot be used. Says what to change.
#[derive(Debug, thiserror::Error)]
pub enum ScimConfigError {
    /// The endpoint.
    #[error(transparent)]
    Endpoint(#[from] OutgoingConfigError),
    /// No token, or two.
    #[error("exactly one of `token` and `token_file` must be set")]
    Token,
    /// Nothing to find things by.
    #[error("`users_by` and `groups_by` must name at least one attribute each")]
    Keys,
    /// A time limit that cannot hold.
    #[error("`operation_timeout` must be more than nothing and at most 2 s")]
    Limit,
}

/// Bytes of an answer that are read: a group with 100,000 members is 7 MB.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// A checked [`ScimConfig`].
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) endpoint: Endpoint,
    pub(super) token: Password,
    pub(super) users_by: Vec<&'static str>,
    pub(super) groups_by: Vec<&'static str>,
    pub(super) operation_timeout: Duration,
}

/// The limit of a call as configured, if it can hold.
pub(crate) fn limit(value: SignedDuration) -> Option<Duration> {
    Duration::try_from(value).ok().filter(|limit| !limit.is_zero() && *limit <= LONGEST_CALL)
}

impl Settings {
    pub(super) fn check(
        config: ScimConfig,
        own: &[SocketAddr],
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ScimConfigError> {
        let outgoing = OutgoingConfig {
            url: config.url,
            allow_private: config.allow_private,
            ca_file: config.ca_file,
            secret: None,
        };
        let operation_timeout = limit(config.operation_timeout).ok_or(ScimConfigError::Limit)?;
        if config.users_by.is_empty() || config.groups_by.is_empty() {
            return Err(ScimConfigError::Keys);
        }
        let token = Password::check(config.token, config.token_file).map_err(|_| ScimConfigError::Token)?;
        let limits = Limits { time: operation_timeout, answer: MOST_BYTES };
        Ok(Self {
            endpoint: Endpoint::new(&outgoing, own, clock, limits)?,
            token,
            users_by: config.users_by.into_iter().map(Into::into).collect(),
            groups_by: config.groups_by.into_iter().map(Into::into).collect(),
            operation_timeout,
        })
    }
}

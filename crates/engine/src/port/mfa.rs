//! The three-call MFA provider of `PAM 10.5`: initiate, status, failure message.

use std::collections::BTreeMap;

use ephor_domain::id::RequestId;
use futures_util::future::BoxFuture;

/// A challenge to be put to a person. The call id of the later questions is `request`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Challenge {
    /// The request that waits; also the call id.
    pub request: RequestId,
    /// Telephone number stored for the PAM user.
    pub phone_number: Option<String>,
    /// Further facts of the user and the request.
    pub attributes: BTreeMap<String, String>,
}

/// What a provider says of a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChallengeStatus {
    /// Not decided yet: ask again.
    Pending,
    /// The person proved presence.
    Success,
    /// The person did not.
    Failed,
}

/// The provider gave no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MfaFault {
    /// No answer in time.
    #[error("the MFA provider did not answer in time")]
    Timeout,
    /// An answer that is none.
    #[error("the MFA provider failed: {0}")]
    Failed(String),
}

/// A plug-in that puts challenges to people. Calls may come from several tasks at once.
pub trait MfaProvider: Send + Sync + 'static {
    /// True when a challenge without a phone number fails at once (`PAM 10.5`).
    fn needs_phone_number(&self) -> bool;

    /// Starts the challenge.
    ///
    /// # Errors
    /// When the provider gives no usable answer; the engine asks again until the MFA time-out.
    fn initiate<'a>(&'a self, challenge: &'a Challenge) -> BoxFuture<'a, Result<ChallengeStatus, MfaFault>>;

    /// Asks how the challenge stands.
    ///
    /// # Errors
    /// As [`MfaProvider::initiate`].
    fn status(&self, call: RequestId) -> BoxFuture<'_, Result<ChallengeStatus, MfaFault>>;

    /// Why the challenge failed, for the record.
    ///
    /// # Errors
    /// As [`MfaProvider::initiate`].
    fn failure_message(&self, call: RequestId) -> BoxFuture<'_, Result<String, MfaFault>>;
}

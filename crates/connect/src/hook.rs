//! An MFA provider behind HTTP: the three calls of `PAM 10.5`.
//!
//! | call | request | answer |
//! | --- | --- | --- |
//! | initiate | `POST {url}/initiate` with the challenge as JSON | `{"status": "pending" \| "success" \| "failed"}` |
//! | status | `GET {url}/status/{request id}` | the same |
//! | failure message | `GET {url}/failure-message/{request id}` | `{"message": "…"}` |
//!
//! With a secret every call is signed (see [`crate::webhook`]); the signed id is `initiate-{request id}`,
//! `status-{request id}` or `failure-message-{request id}`, so a signature cannot be used for another call.

use std::{net::SocketAddr, sync::Arc};

use ephor_domain::id::RequestId;
use ephor_engine::port::{
    Clock,
    mfa::{Challenge, ChallengeStatus, MfaFault, MfaProvider},
};
use futures_util::future::BoxFuture;
use serde::{Deserialize, de::DeserializeOwned};

use crate::outgoing::{Call, CallFault, Endpoint, Limits, OutgoingConfig, OutgoingConfigError};

/// Characters of a failure message that are kept.
const LONGEST_MESSAGE: usize = 1000;

/// An HTTP MFA provider as configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MfaHookConfig {
    /// Where it is and how calls are signed.
    pub endpoint: OutgoingConfig,
    /// A challenge without a phone number fails at once.
    #[serde(default)]
    pub needs_phone_number: bool,
}

/// An MFA provider behind HTTP.
#[derive(Debug, Clone)]
pub struct HttpMfaHook {
    endpoint: Endpoint,
    needs_phone_number: bool,
}

#[derive(Deserialize)]
struct StatusAnswer {
    status: ChallengeStatus,
}

#[derive(Deserialize)]
struct MessageAnswer {
    message: String,
}

impl HttpMfaHook {
    /// The provider as configured; `own` are the addresses we listen on ourselves.
    ///
    /// # Errors
    /// When the endpoint must not be called.
    pub fn new(config: &MfaHookConfig, own: &[SocketAddr], clock: Arc<dyn Clock>) -> Result<Self, OutgoingConfigError> {
        Self::with_limits(config, own, clock, Limits::default())
    }

    /// As [`HttpMfaHook::new`] with other limits than the usual ones.
    ///
    /// # Errors
    /// As [`HttpMfaHook::new`].
    pub fn with_limits(
        config: &MfaHookConfig,
        own: &[SocketAddr],
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> Result<Self, OutgoingConfigError> {
        let endpoint = Endpoint::new(&config.endpoint, own, clock, limits)?;
        Ok(Self { endpoint, needs_phone_number: config.needs_phone_number })
    }

    async fn ask<A: DeserializeOwned>(
        &self,
        operation: &str,
        call: Option<RequestId>,
        request: RequestId,
        body: Option<Vec<u8>>,
    ) -> Result<A, MfaFault> {
        let call = call.map(|call| call.to_string());
        let path: Vec<&str> = std::iter::once(operation).chain(call.as_deref()).collect();
        let id = format!("{operation}-{request}");
        let answer = self.endpoint.call(Call { path: &path, id: &id, body }).await.map_err(|fault| match fault {
            CallFault::Timeout => MfaFault::Timeout,
            CallFault::Inside | CallFault::Status(_) | CallFault::TooLarge | CallFault::Unreachable(_) => {
                MfaFault::Failed(fault.to_string())
            }
        })?;
        serde_json::from_slice(&answer)
            .map_err(|_| MfaFault::Failed(format!("the answer to {operation} is not what was asked for")))
    }
}

impl MfaProvider for HttpMfaHook {
    fn needs_phone_number(&self) -> bool {
        self.needs_phone_number
    }

    fn initiate<'a>(&'a self, challenge: &'a Challenge) -> BoxFuture<'a, Result<ChallengeStatus, MfaFault>> {
        Box::pin(async move {
            let body = serde_json::to_vec(challenge).map_err(|error| MfaFault::Failed(error.to_string()))?;
            let answer: StatusAnswer = self.ask("initiate", None, challenge.request, Some(body)).await?;
            Ok(answer.status)
        })
    }

    fn status(&self, call: RequestId) -> BoxFuture<'_, Result<ChallengeStatus, MfaFault>> {
        Box::pin(async move {
            let answer: StatusAnswer = self.ask("status", Some(call), call, None).await?;
            Ok(answer.status)
        })
    }

    fn failure_message(&self, call: RequestId) -> BoxFuture<'_, Result<String, MfaFault>> {
        Box::pin(async move {
            let answer: MessageAnswer = self.ask("failure-message", Some(call), call, None).await?;
            Ok(answer.message.chars().filter(|c| !c.is_control()).take(LONGEST_MESSAGE).collect())
        })
    }
}

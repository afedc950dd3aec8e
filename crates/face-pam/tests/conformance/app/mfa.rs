//! An MFA provider that says what it is told to.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use ephor_domain::id::RequestId;
use ephor_engine::port::mfa::{Challenge, ChallengeStatus, MfaFault, MfaProvider};
use futures_util::future::BoxFuture;

#[derive(Default)]
pub(crate) struct StubMfa {
    verdicts: Mutex<HashMap<RequestId, ChallengeStatus>>,
    initiated: Mutex<Vec<Challenge>>,
}

impl StubMfa {
    /// What the provider says of a request from now on; before that it is undecided.
    pub(crate) fn answer(&self, request: &str, status: ChallengeStatus) {
        let request = request.parse().unwrap();
        self.verdicts.lock().unwrap_or_else(PoisonError::into_inner).insert(request, status);
    }

    /// The requests whose challenge was put to somebody.
    pub(crate) fn initiated(&self) -> Vec<String> {
        let initiated = self.initiated.lock().unwrap_or_else(PoisonError::into_inner);
        initiated.iter().map(|challenge| challenge.request.to_string()).collect()
    }

    fn verdict(&self, request: RequestId) -> ChallengeStatus {
        let verdicts = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        verdicts.get(&request).copied().unwrap_or(ChallengeStatus::Pending)
    }
}

impl MfaProvider for StubMfa {
    fn needs_phone_number(&self) -> bool {
        true
    }

    fn initiate<'a>(&'a self, challenge: &'a Challenge) -> BoxFuture<'a, Result<ChallengeStatus, MfaFault>> {
        self.initiated.lock().unwrap_or_else(PoisonError::into_inner).push(challenge.clone());
        let verdict = self.verdict(challenge.request);
        Box::pin(async move { Ok(verdict) })
    }

    fn status(&self, call: RequestId) -> BoxFuture<'_, Result<ChallengeStatus, MfaFault>> {
        let verdict = self.verdict(call);
        Box::pin(async move { Ok(verdict) })
    }

    fn failure_message(&self, _: RequestId) -> BoxFuture<'_, Result<String, MfaFault>> {
        Box::pin(async { Ok("nobody picked up".to_owned()) })
    }
}

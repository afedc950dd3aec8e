//! A provider of proofs of presence and a notifier that do what the test says.

use std::collections::BTreeMap;

use ephor_domain::id::RequestId;
use ephor_engine::port::mfa::{Challenge, ChallengeStatus, MfaFault, MfaProvider};
use ephor_engine::port::notify::{Notification, Notifier};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;

/// Answers challenges as it is told.
#[derive(Debug, Default)]
pub struct StubMfa {
    state: Mutex<MfaState>,
}

#[derive(Debug, Default)]
struct MfaState {
    default: Option<Result<ChallengeStatus, MfaFault>>,
    initiated: BTreeMap<RequestId, Challenge>,
    calls: u64,
    needs_phone: bool,
}

impl StubMfa {
    /// From now on every question is answered so. Until then: pending.
    pub fn answer(&self, answer: Result<ChallengeStatus, MfaFault>) {
        self.state.lock().default = Some(answer);
    }

    /// From now on a challenge needs a telephone number.
    pub fn needs_phone(&self) {
        self.state.lock().needs_phone = true;
    }

    /// The challenges that were put, by request.
    #[must_use]
    pub fn initiated(&self) -> BTreeMap<RequestId, Challenge> {
        self.state.lock().initiated.clone()
    }

    fn next(&self) -> Result<ChallengeStatus, MfaFault> {
        let mut state = self.state.lock();
        state.calls += 1;
        state.default.clone().unwrap_or(Ok(ChallengeStatus::Pending))
    }
}

impl MfaProvider for StubMfa {
    fn needs_phone_number(&self) -> bool {
        self.state.lock().needs_phone
    }

    fn initiate<'a>(&'a self, challenge: &'a Challenge) -> BoxFuture<'a, Result<ChallengeStatus, MfaFault>> {
        Box::pin(async move {
            self.state.lock().initiated.insert(challenge.request, challenge.clone());
            self.next()
        })
    }

    fn status(&self, _call: RequestId) -> BoxFuture<'_, Result<ChallengeStatus, MfaFault>> {
        Box::pin(async move { self.next() })
    }

    fn failure_message(&self, _call: RequestId) -> BoxFuture<'_, Result<String, MfaFault>> {
        Box::pin(async { Ok("the person did not answer".to_owned()) })
    }
}

/// Keeps what it is told, or refuses it.
#[derive(Debug, Default)]
pub struct Notices {
    kept: Mutex<Vec<Notification>>,
    is_down: Mutex<bool>,
}

impl Notices {
    /// From now on nothing can be delivered, or everything again.
    pub fn down(&self, is_down: bool) {
        *self.is_down.lock() = is_down;
    }

    /// What was delivered, in order.
    #[must_use]
    pub fn all(&self) -> Vec<Notification> {
        self.kept.lock().clone()
    }

    /// Events that were told about a request, in order.
    #[must_use]
    pub fn about(&self, request: RequestId) -> Vec<String> {
        let kept = self.kept.lock();
        kept.iter().filter(|told| told.request == Some(request)).map(|told| told.event.clone()).collect()
    }

    /// How often an event was told.
    #[must_use]
    pub fn count(&self, event: &str) -> usize {
        self.kept.lock().iter().filter(|told| told.event == event).count()
    }
}

impl Notifier for Notices {
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            if *self.is_down.lock() {
                return Err("nobody is there".to_owned());
            }
            self.kept.lock().push(notification.clone());
            Ok(())
        })
    }
}

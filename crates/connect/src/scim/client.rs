//! Exchanges with a SCIM server, and its failures in the words of the port.

use std::time::Duration;

use ephor_engine::port::target::{FaultKind, TargetFault};
use parking_lot::Mutex;
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::{
    config::Settings,
    shape::{MEDIA, Problem},
};
use crate::outgoing::{Answered, CallFault, Exchange};

/// However long a server wants to be left alone, a removal is tried again after this (R2).
const LONGEST_REST: Duration = Duration::from_secs(60);
/// The longest piece of a server's words that is passed on.
const MOST_WORDS: usize = 300;

/// Talks to one server.
#[derive(Debug)]
pub(super) struct Client {
    settings: Settings,
    /// Until when the server asked to be left alone.
    rests_until: Mutex<Option<Instant>>,
}

impl Client {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, rests_until: Mutex::default() }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.settings.operation_timeout
    }

    /// One exchange; any answer but one that says "not now" or "not you" is an answer.
    pub(super) async fn ask(
        &self,
        deadline: Instant,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answered, TargetFault> {
        let rests = *self.rests_until.lock();
        if let Some(until) = rests.filter(|until| *until > Instant::now()) {
            let left = until.duration_since(Instant::now()).as_secs() + 1;
            return Err(of(
                FaultKind::Busy,
                format!("the server asked to be left alone for {left} s more (Retry-After)"),
            ));
        }
        let reading = timeout_at(deadline, self.settings.token.read());
        let token = reading.await.map_err(|_| of(FaultKind::Timeout, "read of `token_file`"))??;
        let body = body.map(|body| (body.to_string().into_bytes(), MEDIA));
        let exchange = Exchange { method, path, query, token: Some(&token), body, id: None, deadline };
        let answer = self.settings.endpoint.exchange(exchange).await.map_err(|fault| unanswered(&fault))?;
        match answer.status {
            429 | 503 => {
                if let Some(rest) = answer.retry_after {
                    *self.rests_until.lock() = Some(Instant::now() + rest.min(LONGEST_REST));
                }
                Err(of(FaultKind::Busy, words(&answer)))
            }
            401 => Err(of(FaultKind::Credentials, words(&answer))),
            403 => Err(of(FaultKind::Rights, words(&answer))),
            300..=399 => Err(of(FaultKind::Rejected, format!("{}: redirects are not followed", words(&answer)))),
            500.. => Err(of(FaultKind::Busy, words(&answer))),
            _ => Ok(answer),
        }
    }

    /// As [`Client::ask`] with GET, for an answer that must be a success with a body of this shape; `None` for 404.
    pub(super) async fn get<A: DeserializeOwned>(
        &self,
        deadline: Instant,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Option<A>, TargetFault> {
        let answer = self.ask(deadline, Method::GET, path, query, None).await?;
        match answer.status {
            404 => Ok(None),
            200 => parse(&answer.body).map(Some),
            _ => Err(refused(&answer)),
        }
    }
}

pub(super) fn parse<A: DeserializeOwned>(body: &[u8]) -> Result<A, TargetFault> {
    serde_json::from_slice(body).map_err(|error| of(FaultKind::Rejected, format!("the answer is not SCIM: {error}")))
}

/// A refusal of this one order.
pub(super) fn refused(answer: &Answered) -> TargetFault {
    of(FaultKind::Rejected, words(answer))
}

pub(super) fn of(kind: FaultKind, cause: impl Into<String>) -> TargetFault {
    TargetFault { kind, cause: cause.into() }
}

/// Why a call came to nothing, in the words of the port.
pub(crate) fn unanswered(fault: &CallFault) -> TargetFault {
    let kind = match fault {
        CallFault::Timeout => FaultKind::Timeout,
        CallFault::Unreachable(_) => FaultKind::Unreachable,
        CallFault::Inside | CallFault::Status(_) | CallFault::TooLarge => FaultKind::Rejected,
    };
    of(kind, fault.to_string())
}

fn words(answer: &Answered) -> String {
    let problem: Problem = serde_json::from_slice(&answer.body).unwrap_or_default();
    let said = [problem.scim_type, problem.detail].into_iter().flatten().collect::<Vec<_>>().join(": ");
    let said: String = said.chars().filter(|c| !c.is_control()).take(MOST_WORDS).collect();
    let gap = if said.is_empty() { "" } else { ": " };
    format!("HTTP status {}{gap}{said}", answer.status)
}

//! Kerberos tickets as credentials: with a call, or to sign in.

use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ephor_domain::{
    authentication::{Method, Proofs},
    principal::{Principal, PrincipalKind},
};
use ephor_store::tx::{credential::Credential, fold};
use http::{HeaderValue, header};

use crate::{
    basis::Basis,
    caller::{Accepted, Caller, Denied, Reason, Via},
    event::FailureReason,
    identity::{Identity, Presented},
    negotiate::{self, LONGEST, Verdict},
    session::SignIn,
    throttle::Subject,
};

/// What the cookie and everything else of a call does not count for.
const TICKET: Accepted =
    Accepted { basic: false, negotiate: true, session: false, api_token: false, jwt: false, carried_session: false };

impl Identity {
    /// Signs a person in with a Kerberos ticket, as [`Identity::sign_in`] does with a password: an account with second
    /// factors proves one of them before a session begins. Answers our own proof for the client besides.
    ///
    /// # Errors
    /// As [`Identity::caller`]; [`Reason::Nothing`] when there is no ticket yet, which takes a challenge.
    pub async fn sign_in_by_ticket(&self, presented: &Presented<'_>) -> Result<(SignIn, Option<HeaderValue>), Denied> {
        if !presented.headers.contains_key(header::AUTHORIZATION) {
            return Err(Denied::NotSignedIn(Reason::Nothing));
        }
        let caller = self.caller(presented, TICKET).await?;
        let proof = caller.answer().cloned();
        let proofs = Proofs::of(Method::Kerberos, self.ports.clock.now());
        Ok((self.identified(caller, proofs, Basis::default(), presented).await?, proof))
    }

    /// The caller behind what stands after `Negotiate`.
    pub(crate) async fn ticket_caller(&self, text: &str, address: IpAddr) -> Result<Caller, Denied> {
        let Some(tickets) = &self.tickets else {
            return Err(Denied::NotSignedIn(Reason::NotAccepted));
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(Denied::NotSignedIn(Reason::Nothing));
        }
        let token = (text.len() / 4 <= LONGEST / 3).then(|| STANDARD.decode(text).ok()).flatten();
        let token = token.ok_or(Denied::NotSignedIn(Reason::Malformed))?;
        let now = self.ports.clock.now();
        let attempt = match self.throttle.attempt(Subject::Ticket, address, now) {
            Ok(attempt) => attempt,
            Err(retry_after) => {
                self.failed(None, address, FailureReason::Throttled, now);
                return Err(Denied::TooMany { retry_after });
            }
        };
        let wrong = |reason: FailureReason, told: Reason| {
            self.failed(None, address, reason, now);
            Err(Denied::NotSignedIn(told))
        };
        match tickets.judge(token).await {
            Verdict::Known { username, answer } => match self.holder(&username).await {
                Ok(Some(principal)) => {
                    self.throttle.succeed(attempt, now);
                    self.known(principal, Via::Kerberos { answer: answer.as_deref().and_then(line) }, address, now)
                }
                Ok(None) => wrong(FailureReason::UnknownAccount, Reason::Wrong),
                Err(denied) => {
                    self.throttle.refund(&attempt);
                    Err(denied)
                }
            },
            Verdict::Bad => wrong(FailureReason::BadTicket, Reason::Wrong),
            Verdict::Foreign => wrong(FailureReason::ForeignTicket, Reason::Wrong),
            // Nothing was worked out, so nothing is paid for.
            Verdict::Ntlm => {
                self.throttle.refund(&attempt);
                wrong(FailureReason::Ntlm, Reason::NotAccepted)
            }
            Verdict::Unreadable => {
                self.throttle.refund(&attempt);
                Err(Denied::NotSignedIn(Reason::Malformed))
            }
            Verdict::Busy => {
                self.throttle.refund(&attempt);
                Err(Denied::Busy)
            }
            Verdict::Unavailable => {
                self.throttle.refund(&attempt);
                Err(Denied::Unanswered)
            }
        }
    }

    /// The person's account of exactly this name; other spellings are for people who type.
    async fn holder(&self, username: &str) -> Result<Option<Principal>, Denied> {
        let found = self.ports.vault.account_named(username).await?;
        let is_held = |credential: Option<&Credential>| credential.is_some_and(Credential::is_held);
        let holder = found.filter(|(_, credential)| !is_held(credential.as_ref())).map(|(principal, _)| principal);
        Ok(holder.filter(|holder| holder.kind == PrincipalKind::User && fold(&holder.username()) == fold(username)))
    }
}

/// Our proof, as a header line.
fn line(answer: &[u8]) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{} {}", negotiate::SCHEME, STANDARD.encode(answer))).ok()
}

//! Who calls, as far as it is an error not to be known (`PAM 13`).

use ephor_front::{Authority, Peer, Scheme};
use ephor_identity::{Accepted, Caller, Denied, Identity, Presented, token::Scope};
use http::{HeaderValue, StatusCode, header, request::Parts};
use std::net::{IpAddr, Ipv4Addr};

use crate::{problem::Problem, refusal::of_fault};

/// Recognises the caller. Whether he is a PAM user, and an active one, is for the engine to say: somebody unknown may
/// still ask for his own name (`PAM-021`).
///
/// # Errors
/// 401 without right credentials, 403 for a token made for something else, 408 and 503 when sign-in cannot answer.
pub(crate) async fn of(call: &Parts, identity: &Identity) -> Result<Caller, Problem> {
    let address = call.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.client);
    let secure = call.extensions.get::<Authority>().is_some_and(|authority| authority.scheme == Scheme::Https);
    let presented = Presented { headers: &call.headers, address, secure };
    let caller = match identity.caller(&presented, Accepted::PAM).await {
        Ok(caller) => caller,
        Err(Denied::Disabled(caller)) => *caller,
        Err(denied) => return Err(unknown(&denied, identity.challenges(Accepted::PAM))),
    };
    if caller.has_scope(Scope::PamUse) {
        Ok(caller)
    } else {
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            "NotAuthorized",
            "These credentials were not made for privileged access management.",
        ))
    }
}

fn unknown(denied: &Denied, challenges: Vec<HeaderValue>) -> Problem {
    let busy = |text| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", text);
    match denied {
        Denied::NotSignedIn(_) | Denied::Disabled(_) => {
            let problem = Problem::new(StatusCode::UNAUTHORIZED, "AuthenticationRequired", "You are not signed in.");
            challenges.into_iter().fold(problem, |problem, challenge| problem.with(header::WWW_AUTHENTICATE, challenge))
        }
        Denied::TooMany { retry_after } => {
            let seconds = u16::try_from(retry_after.as_secs()).unwrap_or(u16::MAX).max(1);
            busy("There were too many failed sign-ins; try again later.").retry_after(seconds)
        }
        Denied::Busy => busy("Too many people are signing in at the moment.").retry_after(1),
        Denied::Unanswered => busy("Sign-in cannot be judged at the moment.").retry_after(10),
        Denied::Unavailable(fault) => {
            tracing::error!(cause = fault.cause(), "sign-in failed");
            of_fault(fault)
        }
    }
}

#[cfg(test)]
mod tests {
    use ephor_engine::Fault;
    use ephor_identity::Reason;
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn who_is_not_known_is_told_how_to_sign_in_and_nothing_else() {
        for reason in [Reason::Nothing, Reason::Malformed, Reason::NotAccepted, Reason::Wrong, Reason::Ended] {
            let problem = unknown(&Denied::NotSignedIn(reason), Accepted::PAM.challenges());
            assert_eq!(problem.facts(), (401, "AuthenticationRequired", "You are not signed in."), "{reason:?}");
            let response = problem.into_response();
            let sent: Vec<_> = response.headers().get_all(header::WWW_AUTHENTICATE).iter().collect();
            assert_eq!(sent, ["Basic realm=\"Ephor\", charset=\"UTF-8\"", "Bearer realm=\"Ephor\""]);
        }
    }

    #[test]
    fn when_sign_in_cannot_answer_it_says_when_to_come_back() {
        let check = |denied: Denied, status: u16, code: &str, wait: Option<&str>| {
            let problem = unknown(&denied, Vec::new());
            assert_eq!((problem.facts().0, problem.facts().1), (status, code), "{denied:?}");
            assert_eq!(problem.header(&header::RETRY_AFTER).map(|wait| wait.to_str().unwrap()), wait, "{denied:?}");
        };
        let later = Denied::TooMany { retry_after: SignedDuration::from_secs(90) };
        check(later, 503, "ServiceUnavailable", Some("90"));
        check(Denied::Busy, 503, "ServiceUnavailable", Some("1"));
        check(Denied::Unanswered, 503, "ServiceUnavailable", Some("10"));
        check(Denied::Unavailable(Fault::Closed), 503, "ServiceUnavailable", Some("5"));
        check(Denied::Unavailable(Fault::Timeout), 408, "Timeout", None);
    }
}

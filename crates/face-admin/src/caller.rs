//! Who calls: by API token, or by the session of a program; never by anything a browser adds by itself (seams §2).

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
};

use axum::extract::FromRequestParts;
use ephor_domain::principal::Actor;
use ephor_front::{Authority, Peer, Scheme};
use ephor_identity::{Accepted, Caller, Denied, Presented, factor::Unproved, token::Scope};
use http::{HeaderMap, StatusCode, header, request::Parts};
use jiff::SignedDuration;

use crate::{
    face::App,
    problem::Problem,
    refusal::{of_fault, sentence},
};

/// A caller who is known and whose credentials open this face. What he may do is the engine's to say.
pub(crate) struct Signed(pub(crate) Caller);

impl Signed {
    pub(crate) fn actor(&self) -> &Actor {
        &self.0.actor
    }
}

impl FromRequestParts<App> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(call: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Bearing { headers, address, secure } = Bearing::of(call);
        let presented = Presented { headers: &headers, address, secure };
        let caller = app.identity.caller(&presented, Accepted::API).await.map_err(|denied| unknown(&denied))?;
        if caller.has_scope(Scope::Admin) {
            Ok(Self(caller))
        } else {
            Err(Problem::new(
                StatusCode::FORBIDDEN,
                "insufficient_scope",
                "These credentials were not made for administration.",
            ))
        }
    }
}

/// What a call brings before anybody has looked at it.
pub(crate) struct Bearing {
    headers: HeaderMap,
    address: IpAddr,
    secure: bool,
}

impl Bearing {
    pub(crate) fn of(call: &Parts) -> Self {
        let address = call.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.client);
        let secure = call.extensions.get::<Authority>().is_some_and(|authority| authority.scheme == Scheme::Https);
        Self { headers: call.headers.clone(), address, secure }
    }

    /// The same without what a browser adds by itself: a sign-in here leaves its cookie alone.
    pub(crate) fn without_cookies(&mut self) -> Presented<'_> {
        self.headers.remove(header::COOKIE);
        Presented { headers: &self.headers, address: self.address, secure: self.secure }
    }
}

impl FromRequestParts<App> for Bearing {
    type Rejection = Infallible;

    async fn from_request_parts(call: &mut Parts, _: &App) -> Result<Self, Infallible> {
        Ok(Self::of(call))
    }
}

/// What the wire says of a call without a caller.
pub(crate) fn unknown(denied: &Denied) -> Problem {
    match denied {
        Denied::NotSignedIn(_) | Denied::Disabled(_) => {
            let problem = Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", "You are not signed in.");
            let challenges = Accepted::API.challenges().into_iter();
            challenges.fold(problem, |problem, challenge| problem.with(header::WWW_AUTHENTICATE, challenge))
        }
        Denied::TooMany { retry_after } => {
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "There were too many failed sign-ins.")
                .retry_after(whole_seconds(*retry_after))
        }
        Denied::Busy | Denied::Unanswered => Problem::unavailable(),
        Denied::Unavailable(fault) => {
            tracing::error!(cause = fault.cause(), "sign-in failed");
            of_fault(fault)
        }
    }
}

/// What the wire says of a second factor that proved nothing.
pub(crate) fn unproved(why: Unproved) -> Problem {
    let refused = |code| Problem::new(StatusCode::FORBIDDEN, code, sentence(&why.to_string()));
    match &why {
        Unproved::Wrong => refused("mfa_failed"),
        Unproved::Replayed => refused("mfa_replayed"),
        Unproved::NotVerified => refused("user_not_verified"),
        Unproved::Copied => refused("key_disabled"),
        Unproved::Over => refused("challenge_over"),
        Unproved::NotEnrolled | Unproved::NoPasskeys => refused("mfa_not_enrolled"),
        Unproved::TooMany { retry_after } => {
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", sentence(&why.to_string()))
                .retry_after(whole_seconds(*retry_after))
        }
        Unproved::Unavailable(fault) => {
            tracing::error!(cause = fault.cause(), "a second factor could not be judged");
            of_fault(fault)
        }
    }
}

/// Rounded up: whoever comes back at that time is looked at.
fn whole_seconds(wait: SignedDuration) -> u16 {
    let seconds = wait.as_secs() + i64::from(wait.subsec_nanos() > 0);
    u16::try_from(seconds.max(1)).unwrap_or(u16::MAX)
}

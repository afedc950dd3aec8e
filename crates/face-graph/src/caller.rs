//! Who calls: by a bearer token, and nothing a browser adds by itself (`GRAPH 2.4`).

use std::net::{IpAddr, Ipv4Addr};

use ephor_domain::{id::PrincipalId, policy::Presence};
use ephor_front::Peer;
use ephor_identity::{
    Accepted, Caller, Denied, Presented, Reason,
    bearer::{TokenFault, challenge::Challenge},
    token::Scope,
};
use http::{StatusCode, header, request::Parts};

use crate::{error::GraphError, face::App};

/// The resource that stock clients know Graph by; it names nothing here and is what they expect to read.
const RESOURCE: &str = "00000003-0000-0000-c000-000000000000";

/// A caller who is known by what nothing but he himself sends.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) caller: Caller,
    presence: Presence,
}

impl Signed {
    /// The object that calls.
    pub(crate) fn id(&self) -> PrincipalId {
        self.caller.principal.id
    }

    /// An application calls for itself.
    pub(crate) fn app_only(&self) -> bool {
        self.caller.token().is_some_and(|facts| facts.app_only)
    }

    /// What the sign-in behind the call proves.
    pub(crate) fn presence(&self) -> Presence {
        self.presence.clone()
    }

    /// The token carries one of these, as delegated scope or app role, whichever counts for it. A session and an API token
    /// made for this face open all of it; what is allowed there stays the caller's own rights.
    pub(crate) fn has_any(&self, names: &[&str]) -> bool {
        let Some(facts) = self.caller.token() else { return self.caller.has_scope(Scope::GraphUse) };
        names.iter().any(|name| if facts.app_only { facts.has_role(name) } else { facts.has_scope(name) })
    }
}

/// The caller of a call.
///
/// # Errors
/// 401 with a challenge, 429, 503.
pub(crate) async fn signed(app: &App, call: &Parts) -> Result<Signed, GraphError> {
    let address = call.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.client);
    let presented = Presented { headers: &call.headers, address, secure: true };
    let caller = app.identity.caller(&presented, Accepted::GRAPH).await.map_err(|denied| unknown(app, &denied))?;
    let presence = app.identity.presence(&caller);
    Ok(Signed { caller, presence })
}

fn unknown(app: &App, denied: &Denied) -> GraphError {
    match denied {
        Denied::NotSignedIn(reason) => unauthorized(app, said(*reason)),
        Denied::Disabled(_) => unauthorized(app, "The account behind the access token is disabled."),
        Denied::TooMany { retry_after } => GraphError::too_many(retry_after.as_secs()),
        Denied::Busy | Denied::Unanswered => GraphError::unavailable(),
        Denied::Unavailable(fault) => {
            tracing::error!(cause = fault.cause(), "sign-in failed");
            GraphError::unavailable()
        }
    }
}

fn unauthorized(app: &App, message: &'static str) -> GraphError {
    let options = &app.options;
    let page = format!("{}/{}/oauth2/v2.0/authorize", options.public_url, options.tenant);
    let challenge = Challenge::bearer().with("realm", "").with("authorization_uri", &page).with("client_id", RESOURCE);
    GraphError::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message)
        .with(header::WWW_AUTHENTICATE, challenge.line())
}

fn said(reason: Reason) -> &'static str {
    match reason {
        Reason::Nothing => "Access token is empty.",
        Reason::Malformed | Reason::NotAccepted | Reason::Wrong | Reason::Ended => {
            "Access token validation failure. The Authorization header holds no bearer token of this service."
        }
        Reason::Token(fault) => match fault {
            TokenFault::Expired => "Lifetime validation failed, the token is expired.",
            TokenFault::NotYetValid => "Access token has expired or is not yet valid.",
            TokenFault::Malformed => "Access token validation failure. The token cannot be read.",
            TokenFault::Audience => "Access token validation failure. Invalid audience.",
            TokenFault::Tenant => "Access token validation failure. The token is of another tenant.",
            TokenFault::Issuer => "Access token validation failure. The issuer of the token does not count here.",
            TokenFault::Signature => "Access token validation failure. The signature of the token is wrong.",
            TokenFault::NoObject | TokenFault::UnknownObject | TokenFault::NotLinked => {
                "Access token validation failure. The token names no object of this tenant."
            }
            TokenFault::Revoked => "Access token validation failure. The token was taken back.",
            TokenFault::KeysUnavailable => "Access token validation failure. The keys of its issuer cannot be had.",
        },
    }
}

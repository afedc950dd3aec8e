//! Who calls: by a bearer token, and nothing a browser adds by itself (`ARM 4.1`, `ARM 4.2`).

use std::net::{IpAddr, Ipv4Addr};

use ephor_front::Peer;
use ephor_identity::{
    Accepted, Caller, Denied, Presented, Reason,
    bearer::{TokenFault, challenge::Challenge},
    token::Scope,
};
use http::{StatusCode, header, request::Parts};

use crate::{
    error::{Answer, ArmError},
    face::App,
};

/// The scope that a delegated token needs.
const SCOPE: &str = "user_impersonation";

/// The caller of a call: known, with credentials that open this face. That is a person's token with `user_impersonation`, an
/// application's own, a person's session that a program carries, or an API token made for this face.
///
/// # Errors
/// 401 with a challenge, 403, 429, 503.
pub(crate) async fn signed(app: &App, call: &Parts) -> Answer<Caller> {
    let address = call.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.client);
    let presented = Presented { headers: &call.headers, address, secure: true };
    let caller = app.identity.caller(&presented, Accepted::ARM).await.map_err(|denied| unknown(app, &denied))?;
    let opens = match caller.token() {
        Some(facts) => facts.app_only || facts.has_scope(SCOPE),
        None => caller.has_scope(Scope::ArmUse),
    };
    if opens {
        return Ok(caller);
    }
    Err(ArmError::new(
        StatusCode::FORBIDDEN,
        "AuthorizationFailed",
        "The token does not carry the scope user_impersonation.",
    ))
}

/// What the wire says of a call without a caller. The challenge names the tenant: clients cut it out of there.
fn unknown(app: &App, denied: &Denied) -> ArmError {
    let (code, message, because) = match denied {
        Denied::NotSignedIn(reason) => said(app, *reason),
        Denied::Disabled(_) => (
            "InvalidAuthenticationToken",
            "The account behind the access token is disabled.".to_owned(),
            Some("The account is disabled."),
        ),
        Denied::TooMany { retry_after } => return ArmError::too_many(retry_after.as_secs()),
        Denied::Busy | Denied::Unanswered => return ArmError::unavailable(),
        Denied::Unavailable(fault) => {
            tracing::error!(cause = fault.cause(), "sign-in failed");
            return ArmError::unavailable();
        }
    };
    let mut challenge = Challenge::bearer().login(&app.options.public_url, app.options.tenant);
    if let Some(because) = because {
        challenge = challenge.with("error", "invalid_token").with("error_description", because);
    }
    ArmError::new(StatusCode::UNAUTHORIZED, code, message).with(header::WWW_AUTHENTICATE, challenge.line())
}

/// Code, message, and what the challenge says of it (table of `ARM 4.2`).
fn said(app: &App, reason: Reason) -> (&'static str, String, Option<&'static str>) {
    let invalid = |because: &'static str| {
        ("InvalidAuthenticationToken", format!("The access token is invalid. {because}"), Some(because))
    };
    match reason {
        Reason::Nothing => {
            ("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.".to_owned(), None)
        }
        Reason::Malformed | Reason::NotAccepted | Reason::Wrong | Reason::Ended => {
            invalid("The Authorization header holds no bearer token of this service.")
        }
        Reason::Token(fault) => match fault {
            TokenFault::Expired => (
                "ExpiredAuthenticationToken",
                "The access token expiry UTC time is earlier than current UTC time.".to_owned(),
                Some("The token is expired."),
            ),
            TokenFault::Audience => (
                "InvalidAuthenticationTokenAudience",
                format!(
                    "The access token has been obtained for the wrong audience or resource. It should exactly match \
                     one of the allowed audiences '{0}', '{0}/'.",
                    app.options.public_url
                ),
                Some("The audience of the token is another one."),
            ),
            TokenFault::Tenant => (
                "InvalidAuthenticationTokenTenant",
                format!(
                    "The access token is from the wrong issuer. It must match the tenant '{}'.",
                    app.options.tenant
                ),
                Some("The token is of another tenant."),
            ),
            TokenFault::Malformed => invalid("The token cannot be read."),
            TokenFault::Issuer => invalid("The issuer of the token does not count here."),
            TokenFault::Signature => invalid("The signature of the token is wrong."),
            TokenFault::NotYetValid => invalid("The token is not valid yet."),
            TokenFault::NoObject | TokenFault::UnknownObject | TokenFault::NotLinked => {
                invalid("The token names no object of this tenant.")
            }
            TokenFault::Revoked => invalid("The token was taken back."),
            TokenFault::KeysUnavailable => invalid("The keys of its issuer cannot be had."),
        },
    }
}

//! What a call brings: where from, under which scheme, by whom.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
};

use axum::extract::{Form, FromRequest, FromRequestParts, Request};
use ephor_front::{Authority, Peer, Scheme};
use ephor_identity::{Accepted, Caller, Denied, NewSession, Presented, cookie};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::{
    answer::{Answer, Failed},
    face::App,
    text,
};

/// A call before anybody has looked at who makes it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    headers: HeaderMap,
    pub(crate) address: IpAddr,
    pub(crate) secure: bool,
}

impl Call {
    fn of(parts: &Parts) -> Self {
        let address = parts.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.client);
        let secure = parts.extensions.get::<Authority>().is_some_and(|authority| authority.scheme == Scheme::Https);
        Self { headers: parts.headers.clone(), address, secure }
    }

    pub(crate) fn presented(&self) -> Presented<'_> {
        Presented { headers: &self.headers, address: self.address, secure: self.secure }
    }

    /// A cookie of ours.
    pub(crate) fn cookie(&self, kind: cookie::Kind) -> Option<SecretString> {
        cookie::find_kind(kind, &self.headers, self.secure)
    }

    /// Who is signed in, if anybody is.
    pub(crate) async fn caller(&self, app: &App) -> Answer<Option<Caller>> {
        // A page takes the session and nothing else, whatever other credentials the browser adds.
        let mut headers = self.headers.clone();
        headers.remove(header::AUTHORIZATION);
        let presented = Presented { headers: &headers, address: self.address, secure: self.secure };
        match app.identity.caller(&presented, Accepted::PORTAL).await {
            Ok(caller) => Ok(Some(caller)),
            Err(Denied::NotSignedIn(_) | Denied::Disabled(_)) => Ok(None),
            Err(denied) => Err(denied.into()),
        }
    }

    /// Gives the browser a session.
    pub(crate) fn set_session(&self, session: &NewSession) -> HeaderValue {
        cookie::set(&session.secret, self.secure, session.max_age)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Call {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

/// Somebody who is signed in. Who is not goes to sign in and comes back.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) caller: Caller,
    pub(crate) call: Call,
}

impl FromRequestParts<App> for Signed {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failed> {
        let call = Call::of(parts);
        match call.caller(app).await? {
            Some(caller) => Ok(Self { caller, call }),
            None => {
                let here = parts.uri.path_and_query().map_or("/", |place| place.as_str());
                let then = if parts.method == http::Method::GET { here } else { "/" };
                Err(Failed::Elsewhere(sign_in_then(then)))
            }
        }
    }
}

/// The sign-in page, which comes back to `then`.
pub(crate) fn sign_in_then(then: &str) -> String {
    match then {
        "/" => "/portal/sign-in".to_owned(),
        _ => format!("/portal/sign-in?then={}", utf8_percent_encode(then, NON_ALPHANUMERIC)),
    }
}

/// A form that was sent.
#[derive(Debug)]
pub(crate) struct Sent<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Sent<T> {
    type Rejection = Failed;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failed> {
        match Form::<T>::from_request(request, app).await {
            Ok(Form(form)) => Ok(Self(form)),
            Err(rejected) if rejected.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Failed::page(StatusCode::PAYLOAD_TOO_LARGE, text::error::TOO_LARGE))
            }
            Err(_) => Err(Failed::page(StatusCode::BAD_REQUEST, text::error::UNREADABLE)),
        }
    }
}

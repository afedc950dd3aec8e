//! What every answer has in common: headers, and how a call fails.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use ephor_domain::Refusal;
use ephor_engine::{Denied as EngineDenied, Fault};
use ephor_front::problem::problem;
use ephor_identity::Denied;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use maud::html;

use crate::{layout, text};

/// A page, or why there is none.
pub(crate) type Answer<T = Response> = Result<T, Failed>;

/// A call that is answered with an error page, or with another place to go to.
#[derive(Debug)]
pub(crate) enum Failed {
    /// An error page.
    Page {
        /// HTTP status.
        status: StatusCode,
        /// What is wrong, for people.
        text: String,
        /// Seconds after which it may work.
        retry_after: Option<i64>,
    },
    /// Somewhere else to go to first.
    Elsewhere(String),
}

impl Failed {
    pub(crate) fn page(status: StatusCode, text: &str) -> Self {
        Self::Page { status, text: text.to_owned(), retry_after: None }
    }

    pub(crate) fn too_many(seconds: i64) -> Self {
        let text = text::too_many(seconds);
        Self::Page { status: StatusCode::TOO_MANY_REQUESTS, text, retry_after: Some(seconds) }
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        match self {
            Self::Elsewhere(place) => see_other(&place),
            Self::Page { status, text, retry_after } => {
                let page = layout::plain(
                    text::error::TITLE,
                    &html! {
                        p role="alert" { (text) }
                        p { a.button.quiet href="/" { (text::error::HOME) } }
                    },
                );
                let mut response = (status, html_of(&page)).into_response();
                if let Some(seconds) = retry_after {
                    response.headers_mut().insert(header::RETRY_AFTER, seconds.max(1).into());
                }
                response.extensions_mut().insert(Said(text));
                response
            }
        }
    }
}

/// The text of an error page, for those who want no page.
#[derive(Clone)]
struct Said(String);

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        tracing::error!(cause = fault.cause(), "a page could not be made");
        Self::page(StatusCode::SERVICE_UNAVAILABLE, text::error::UNAVAILABLE)
    }
}

impl From<Denied> for Failed {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::TooMany { retry_after } => Self::too_many(whole_seconds(retry_after)),
            Denied::Busy => Self::page(StatusCode::SERVICE_UNAVAILABLE, text::error::BUSY),
            Denied::Unanswered => Self::Page {
                status: StatusCode::SERVICE_UNAVAILABLE,
                text: text::error::UNANSWERED.to_owned(),
                retry_after: Some(10),
            },
            Denied::Unavailable(fault) => fault.into(),
            Denied::NotSignedIn(_) | Denied::Disabled(_) => Self::Elsewhere("/portal/sign-in".to_owned()),
        }
    }
}

impl From<EngineDenied> for Failed {
    fn from(denied: EngineDenied) -> Self {
        match denied {
            EngineDenied::Failed(fault) => fault.into(),
            EngineDenied::Refused(refusal) => Self::page(StatusCode::FORBIDDEN, &sentence(&refusal)),
        }
    }
}

/// A refusal's own text, which repeats nothing the caller sent, as a sentence.
pub(crate) fn sentence(refusal: &Refusal) -> String {
    let text = refusal.to_string();
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str())
}

/// Rounded up: whoever comes back at that time is looked at.
pub(crate) fn whole_seconds(wait: jiff::SignedDuration) -> i64 {
    (wait.as_secs() + i64::from(wait.subsec_nanos() > 0)).max(1)
}

/// A page as a body.
pub(crate) fn html_of(page: &maud::Markup) -> Response {
    let mut response = Response::new(Body::from(page.0.clone()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// Go there with a GET.
pub(crate) fn see_other(place: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let place = HeaderValue::from_str(place).unwrap_or_else(|_| HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, place);
    response
}

/// The caller is a browser that shows pages.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .any(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html")))
}

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// Headers of every answer; errors become problem documents for those who want no page.
pub(crate) fn finish(response: &mut Response, wants_page: bool) {
    if !wants_page && (response.status().is_client_error() || response.status().is_server_error()) {
        let said = response.extensions().get::<Said>().map_or("", |said| said.0.as_str());
        let mut plain = problem(response.status(), said);
        for name in [header::RETRY_AFTER, header::WWW_AUTHENTICATE] {
            if let Some(value) = response.headers().get(&name) {
                plain.headers_mut().insert(name, value.clone());
            }
        }
        *response = plain;
    }
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        // Forms of our own pages must name their origin, so not `no-referrer`.
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), publickey-credentials-get=(self)"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

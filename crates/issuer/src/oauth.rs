//! How the issuer says no: OAuth error JSON with the numbered words that client libraries know.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use ephor_engine::Denied;
use ephor_store::Fault;
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Why there is no token. The texts say nothing that the caller did not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    status: StatusCode,
    error: &'static str,
    number: u32,
    text: &'static str,
    suberror: Option<&'static str>,
    /// What the next request must ask for.
    claims: Option<String>,
    retry_after: Option<i64>,
    /// The client came with HTTP Basic.
    basic: bool,
}

pub(crate) type Answer<T> = Result<T, Refused>;

impl Refused {
    const fn new(error: &'static str, number: u32, text: &'static str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error,
            number,
            text,
            suberror: None,
            claims: None,
            retry_after: None,
            basic: false,
        }
    }

    const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    const fn with_suberror(mut self, word: &'static str) -> Self {
        self.suberror = Some(word);
        self
    }

    const fn with_retry(mut self, seconds: i64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    const fn client(error: &'static str, number: u32, text: &'static str) -> Self {
        Self::new(error, number, text).with_status(StatusCode::UNAUTHORIZED)
    }

    pub(crate) const FORM: Self =
        Self::new("invalid_request", 900_144, "The body must be a form in which each name stands once.");
    pub(crate) const MISSING: Self =
        Self::new("invalid_request", 900_144, "A parameter that is needed is missing or empty.");
    pub(crate) const GRANT_TYPE: Self =
        Self::new("unsupported_grant_type", 70_003, "This grant type is not supported.");
    pub(crate) const RESPONSE_TYPE: Self =
        Self::new("unsupported_response_type", 700_054, "The response type must be code.");
    pub(crate) const RESPONSE_MODE: Self =
        Self::new("invalid_request", 90_015, "The response mode must be query, fragment or form_post.");
    pub(crate) const UNKNOWN_CLIENT: Self =
        Self::new("unauthorized_client", 700_016, "There is no application with this client id.");
    pub(crate) const CLIENT: Self =
        Self::client("invalid_client", 7_000_215, "The credentials of the client are wrong.");
    pub(crate) const CLIENT_EXPIRED: Self =
        Self::client("invalid_client", 7_000_222, "The credentials of the client have ended.");
    pub(crate) const CLIENT_NEEDED: Self =
        Self::client("invalid_client", 7_000_218, "The client must prove itself with a secret or an assertion.");
    pub(crate) const ASSERTION: Self =
        Self::client("invalid_client", 700_027, "The assertion of the client does not count.");
    pub(crate) const CLIENT_DISABLED: Self = Self::client("invalid_client", 7_000_112, "The application is disabled.");
    pub(crate) const PUBLIC: Self =
        Self::new("unauthorized_client", 7_000_218, "A public client cannot act for itself.");
    pub(crate) const REDIRECT: Self =
        Self::new("invalid_request", 50_011, "The redirect address is not registered for the client.");
    pub(crate) const PKCE: Self =
        Self::new("invalid_request", 9_002_313, "A code challenge with the method S256 is needed.");
    pub(crate) const CODE: Self = Self::new("invalid_grant", 70_008, "The code is unknown or has ended.");
    pub(crate) const CODE_USED: Self =
        Self::new("invalid_grant", 54_005, "The code was redeemed before; all that came of it has ended.");
    pub(crate) const VERIFIER: Self =
        Self::new("invalid_grant", 50_148, "The code verifier does not fit the code challenge.");
    pub(crate) const CODE_REDIRECT: Self =
        Self::new("invalid_grant", 50_011, "The redirect address is not the one the code was sent to.");
    pub(crate) const REFRESH: Self =
        Self::new("invalid_grant", 700_082, "The refresh token is unknown or has ended.").with_suberror("bad_token");
    pub(crate) const REFRESH_USED: Self = Self::new(
        "invalid_grant",
        70_000,
        "The refresh token was used before; all that came of the sign-in has ended.",
    )
    .with_suberror("bad_token");
    pub(crate) const USER_DISABLED: Self = Self::new("invalid_grant", 50_057, "The account is disabled.");
    pub(crate) const SCOPE: Self =
        Self::new("invalid_scope", 70_011, "A scope is not known, or scopes of two resources are asked for.");
    pub(crate) const RESOURCE: Self = Self::new("invalid_resource", 500_011, "There is no such resource.");
    pub(crate) const CONSENT: Self =
        Self::new("invalid_grant", 65_001, "An administrator has not consented to a scope for this application.")
            .with_suberror("consent_required");
    pub(crate) const CLAIMS: Self = Self::new("invalid_request", 9_000_411, "The claims parameter cannot be read.");
    pub(crate) const PENDING: Self = Self::new("authorization_pending", 70_016, "Nobody has confirmed the code yet.");
    pub(crate) const SLOW_DOWN: Self = Self::new("slow_down", 70_016, "Ask less often.");
    pub(crate) const DECLINED: Self = Self::new("authorization_declined", 70_018, "The person refused.");
    pub(crate) const DEVICE_EXPIRED: Self = Self::new("expired_token", 70_020, "The device code has ended.");
    pub(crate) const DEVICE: Self =
        Self::new("invalid_grant", 70_018, "The device code is unknown or was redeemed before.");
    pub(crate) const PASSWORD: Self = Self::new("invalid_grant", 50_126, "The name or the password is wrong.");
    pub(crate) const PASSWORD_CLOSED: Self = Self::new(
        "unauthorized_client",
        7_000_218,
        "Signing in by password is not open to programs; use the browser or a device code.",
    );
    pub(crate) const LOGIN: Self = Self::new("login_required", 50_058, "Nobody is signed in.");
    pub(crate) const ACCESS_DENIED: Self = Self::new("access_denied", 65_004, "The person refused.");
    pub(crate) const SERVER: Self = Self::new("server_error", 90_033, "The service failed unexpectedly.")
        .with_status(StatusCode::INTERNAL_SERVER_ERROR);
    pub(crate) const UNAVAILABLE: Self =
        Self::new("temporarily_unavailable", 90_033, "The service is not available at the moment.")
            .with_status(StatusCode::SERVICE_UNAVAILABLE)
            .with_retry(5);
    pub(crate) const TOO_LARGE: Self =
        Self::new("invalid_request", 900_144, "The body is too large.").with_status(StatusCode::PAYLOAD_TOO_LARGE);
    pub(crate) const NOT_FOUND: Self =
        Self::new("invalid_request", 900_144, "There is nothing at this address.").with_status(StatusCode::NOT_FOUND);
    pub(crate) const METHOD: Self =
        Self::new("invalid_request", 900_561, "The resource does not support this HTTP method.")
            .with_status(StatusCode::METHOD_NOT_ALLOWED);
    pub(crate) const TENANT: Self =
        Self::new("invalid_request", 90_002, "There is no such tenant.").with_status(StatusCode::BAD_REQUEST);

    pub(crate) fn too_many(seconds: i64) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            retry_after: Some(seconds.max(1)),
            ..Self::new("temporarily_unavailable", 50_196, "Too many attempts; try again later.")
        }
    }

    /// The person must prove more; `claims` is what the client must ask for then.
    pub(crate) fn interaction(claims: Option<String>) -> Self {
        Self {
            suberror: Some("basic_action"),
            claims,
            ..Self::new("interaction_required", 50_076, "The person must sign in with a second factor.")
        }
    }

    /// To a client that came with HTTP Basic, or not.
    pub(crate) fn answering_basic(mut self, basic: bool) -> Self {
        self.basic = basic;
        self
    }

    /// The word for redirects.
    pub(crate) fn error(&self) -> &'static str {
        self.error
    }

    /// The text for redirects and pages.
    pub(crate) fn description(&self) -> String {
        format!("AADSTS{}: {}", self.number, self.text)
    }

    /// The text for people.
    pub(crate) fn text(&self) -> &'static str {
        self.text
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The answer; `at` and `id` are those of the call.
    pub(crate) fn render(&self, at: Timestamp, id: uuid::Uuid) -> Response {
        let instant = at.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let description = format!("{} Trace ID: {id} Correlation ID: {id} Timestamp: {instant}", self.description());
        let mut body = json!({
            "error": self.error,
            "error_description": description,
            "error_codes": [self.number],
            "timestamp": instant,
            "trace_id": id,
            "correlation_id": id,
        });
        if let Some(members) = body.as_object_mut() {
            let more = [("suberror", self.suberror.map(Value::from)), ("claims", self.claims.clone().map(Value::from))];
            members.extend(more.into_iter().filter_map(|(name, value)| value.map(|value| (name.to_owned(), value))));
        }
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        if self.basic && self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Ephor\""));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        tracing::error!(cause = fault.cause(), "a call of the issuer failed");
        match fault {
            Fault::Timeout | Fault::Unavailable { .. } | Fault::Unknown { .. } | Fault::Closed => Self::UNAVAILABLE,
            Fault::Conflict { .. }
            | Fault::Dangling { .. }
            | Fault::Inconsistent { .. }
            | Fault::TooNew { .. }
            | Fault::ChangedHistory { .. }
            | Fault::Corrupt { .. }
            | Fault::InUse
            | Fault::Misuse { .. } => Self::SERVER,
            // The store may learn of further ones.
            _ => Self::SERVER,
        }
    }
}

impl From<Denied> for Refused {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Refused(_) => Self::SERVER,
            Denied::Failed(fault) => fault.into(),
        }
    }
}

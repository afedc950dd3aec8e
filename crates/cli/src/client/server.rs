//! Talks HTTP to a server and turns its answers into outcomes.

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use reqwest::{Certificate, Client, Method, RequestBuilder, StatusCode, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::{Host, Url};
use uuid::Uuid;

use crate::exit::{Done, Failure};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who calls.
#[derive(Debug, Clone)]
pub(crate) enum Credentials {
    /// Name and password.
    Password {
        /// In any spelling the server knows.
        user: String,
        /// Sent with each call.
        password: SecretString,
    },
    /// An API token.
    Token(SecretString),
}

/// A server, and who calls it.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    client: Client,
    base: Url,
    credentials: Option<Credentials>,
}

impl Server {
    /// The server at `url`.
    pub(crate) fn new(url: &str, ca: Option<&Path>, credentials: Option<Credentials>) -> Done<Self> {
        let base = Url::parse(url).ok().filter(|base| matches!(base.scheme(), "http" | "https") && base.has_host());
        let mut base = base
            .ok_or_else(|| Failure::usage(format!("{url:?} is no server: give a URL such as https://ephor.example")))?;
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let local = is_loopback(&base);
        if base.scheme() == "http" && !local && credentials.is_some() {
            return Err(Failure::usage(format!(
                "{base} is plain HTTP to another machine: passwords and tokens would cross the network in clear; use https://"
            )));
        }
        let mut client = Client::builder()
            .redirect(redirect::Policy::none())
            .referer(false)
            .timeout(PATIENCE)
            .user_agent(concat!("ephor/", env!("CARGO_PKG_VERSION")));
        if local {
            client = client.no_proxy();
        }
        if let Some(ca) = ca {
            client = client.tls_certs_merge(certificates(ca)?);
        }
        let client = client.build().context("setting up TLS")?;
        Ok(Self { client, base, credentials })
    }

    /// URL of the server.
    pub(crate) fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Who calls.
    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// The same server, called by somebody else, or by nobody.
    pub(crate) fn called_by(&self, credentials: Option<Credentials>) -> Self {
        Self { credentials, ..self.clone() }
    }

    /// Reads.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Done<Value> {
        self.send(self.request(Method::GET, path)?.query(query)).await
    }

    /// Where a link of the server leads, on the server as it is called here: a link never takes credentials elsewhere.
    pub(crate) fn local(&self, link: &str) -> Done<String> {
        let url = self.base.join(link).context("reading a link of the server")?;
        let path = url.path().strip_prefix(self.base.path()).unwrap_or_else(|| url.path().trim_start_matches('/'));
        Ok(url.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}")))
    }

    /// Orders. Without a body nothing is sent but the order.
    pub(crate) async fn order(&self, method: Method, path: &str, body: Option<&Value>) -> Done<Value> {
        let request = self.request(method, path)?;
        self.send(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    fn request(&self, method: Method, path: &str) -> Done<RequestBuilder> {
        let url = self.base.join(path).context("building a URL")?;
        let request = self.client.request(method, url);
        Ok(match &self.credentials {
            Some(Credentials::Password { user, password }) => request.basic_auth(user, Some(password.expose_secret())),
            Some(Credentials::Token(token)) => request.bearer_auth(token.expose_secret()),
            None => request,
        })
    }

    async fn send(&self, request: RequestBuilder) -> Done<Value> {
        let answer = request.send().await.map_err(|error| self.transport(error))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|error| self.transport(error))?;
        if status.is_success() {
            if body.is_empty() {
                return Ok(Value::Null);
            }
            return serde_json::from_slice(&body)
                .with_context(|| format!("{} answers what is no JSON", self.url()))
                .map_err(Failure::from);
        }
        let refusal = refusal(status, &serde_json::from_slice(&body).unwrap_or(Value::Null), self.url());
        Err(if status == StatusCode::UNAUTHORIZED { self.unknown_caller(refusal) } else { refusal })
    }

    /// Which server did not accept what: a name from the environment or a token kept since may not be what was meant.
    fn unknown_caller(&self, refusal: Failure) -> Failure {
        let Failure::Refused { code, text } = refusal else { return refusal };
        let what = match &self.credentials {
            Some(Credentials::Password { user, .. }) => format!("name and password of {user}"),
            Some(Credentials::Token(_)) => "the token; it may have ended: sign in with `ephor login`".to_owned(),
            None => "a call without credentials".to_owned(),
        };
        Failure::Refused { code, text: format!("{text} {} does not accept {what}.", self.url()) }
    }

    fn transport(&self, error: reqwest::Error) -> Failure {
        // The URL may hold a justification or a filter.
        let error = anyhow::Error::new(error.without_url());
        Failure::Failed(error.context(format!("no answer from {}", self.url())))
    }
}

/// What an answer outside 2xx means; understands the envelope of the PAM face, those of Graph and ARM, and problem documents.
fn refusal(status: StatusCode, body: &Value, server: &str) -> Failure {
    let text_at = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    // Some refusals of Graph stand as text of JSON in the message of another one.
    let inner = text_at("/error/message").and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let inner_at = |name: &str| inner.as_ref().and_then(|inner| inner.get(name)?.as_str()).map(str::to_owned);
    let code = text_at("/odata.error/code").or_else(|| inner_at("errorCode")).or_else(|| text_at("/error/code"));
    let code = code.or_else(|| text_at("/code")).or_else(|| text_at("/title"));
    let text =
        text_at("/odata.error/message/value").or_else(|| inner_at("message")).or_else(|| text_at("/error/message"));
    let text = text.or_else(|| text_at("/detail")).or_else(|| text_at("/title"));
    let code = code.unwrap_or_else(|| status.as_u16().to_string());
    let text = text.unwrap_or_else(|| {
        let reason = status.canonical_reason().unwrap_or("an unknown status");
        format!("{server} answers {} {reason}", status.as_u16())
    });
    if status.is_client_error() {
        Failure::Refused { code, text }
    } else {
        Failure::Failed(anyhow::anyhow!("{text} ({code})"))
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn certificates(ca: &Path) -> Done<Vec<Certificate>> {
    let pem = std::fs::read(ca).map_err(|error| Failure::usage(format!("cannot read {}: {error}", ca.display())))?;
    let found = Certificate::from_pem_bundle(&pem).ok().filter(|found| !found.is_empty());
    found.ok_or_else(|| Failure::usage(format!("{} holds no PEM certificate", ca.display())))
}

/// An id that is safe in a path.
pub(crate) fn guid(text: &str, what: &str) -> Done<Uuid> {
    Uuid::try_parse(text.trim()).map_err(|_| Failure::usage(format!("{text:?} is not the id of {what}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::exit::Outcome;

    #[test]
    fn pam_121_answers_become_exit_codes() {
        let envelope =
            json!({"odata.error": {"code": "RoleNotAvailable", "message": {"lang": "en-US", "value": "No."}}});
        let refused = refusal(StatusCode::FORBIDDEN, &envelope, "s");
        assert_eq!((refused.to_string().as_str(), refused.outcome()), ("No. (RoleNotAvailable)", Outcome::Refused));

        let problem =
            json!({"title": "Conflict", "status": 409, "code": "in_use", "detail": "The user is a candidate."});
        assert_eq!(refusal(StatusCode::CONFLICT, &problem, "s").to_string(), "The user is a candidate. (in_use)");

        let broken = refusal(StatusCode::BAD_GATEWAY, &Value::Null, "https://e.example");
        assert_eq!(broken.to_string(), "https://e.example answers 502 Bad Gateway (502)");
        assert_eq!(broken.outcome(), Outcome::Failed);
    }

    #[test]
    fn whoever_is_not_accepted_is_told_where_and_as_whom() {
        let said = |credentials| {
            let server = Server::new("http://127.0.0.1:8086", None, credentials).unwrap();
            let body = json!({"code": "AuthenticationRequired", "detail": "You are not signed in."});
            server.unknown_caller(refusal(StatusCode::UNAUTHORIZED, &body, server.url())).to_string()
        };
        let password = Credentials::Password { user: "PRIV\\jen".to_owned(), password: "secret".into() };
        assert_eq!(
            said(Some(password)),
            "You are not signed in. http://127.0.0.1:8086 does not accept name and password of PRIV\\jen. \
             (AuthenticationRequired)"
        );
        assert_eq!(
            said(Some(Credentials::Token("secret".into()))),
            "You are not signed in. http://127.0.0.1:8086 does not accept the token; it may have ended: sign in with \
             `ephor login`. (AuthenticationRequired)"
        );
    }

    #[test]
    fn credentials_never_cross_the_network_in_clear() {
        let token = || Some(Credentials::Token("t".into()));
        assert!(Server::new("http://ephor.example", None, token()).is_err());
        assert!(Server::new("http://ephor.example", None, None).is_ok());
        assert!(Server::new("http://127.0.0.1:8086", None, token()).is_ok());
        assert!(Server::new("http://[::1]:8086/", None, token()).is_ok());
        assert!(Server::new("https://ephor.example", None, token()).is_ok());
        for bad in ["ephor.example", "ftp://ephor.example", ""] {
            assert!(Server::new(bad, None, None).is_err(), "{bad}");
        }
    }
}

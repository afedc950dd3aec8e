//! Calls to the addresses that an outside party names in what it publishes. Each address is judged before it is called,
//! by the same rules as a configured one.

use std::{net::SocketAddr, path::Path};

use ephor_engine::port::fetch::{Fetch, FetchFault, Fetched};
use reqwest::{Client, RequestBuilder, header};
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::{
    CallFault, Limits, OutgoingConfigError,
    address::{Guard, GuardedResolver},
    body, fault,
};

/// A way to one outside party.
#[derive(Clone)]
pub struct Web {
    client: Client,
    guard: Guard,
    limits: Limits,
}

impl std::fmt::Debug for Web {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Web").field("guard", &self.guard).finish_non_exhaustive()
    }
}

impl Web {
    /// A way that trusts the authorities in `ca_file` (without it the machine's own), and calls addresses of this machine
    /// and of private networks, our own listeners and plain HTTP only with `allow_private`.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(
        allow_private: bool,
        ca_file: Option<&Path>,
        own: &[SocketAddr],
        limits: Limits,
    ) -> Result<Self, OutgoingConfigError> {
        let guard = Guard { allow_inside: allow_private, own: own.iter().map(SocketAddr::ip).collect() };
        let client = super::client(ca_file, GuardedResolver::new(guard.clone()), limits)?;
        Ok(Self { client, guard, limits })
    }

    fn target(&self, url: &str) -> Result<Url, CallFault> {
        let url = Url::parse(url).map_err(|_| CallFault::Unreachable("no URL".to_owned()))?;
        if !(url.scheme() == "https" || self.guard.allow_inside && url.scheme() == "http") {
            return Err(CallFault::Unreachable("not https".to_owned()));
        }
        // A literal address never comes to the resolver.
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            Some(Host::Domain(_)) => None,
            None => return Err(CallFault::Unreachable("no host".to_owned())),
        };
        if literal.is_some_and(|address| !self.guard.lets_through(address)) {
            return Err(CallFault::Inside);
        }
        Ok(url)
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Vec<u8>, CallFault> {
        let answer = request.header(header::ACCEPT, "application/json").send().await.map_err(fault)?;
        if answer.status().is_success() {
            body(answer, self.limits.answer).await
        } else {
            Err(CallFault::Status(answer.status().as_u16()))
        }
    }
}

impl Fetch for Web {
    fn get<'a>(&'a self, url: &'a str) -> Fetched<'a> {
        Box::pin(async move {
            let url = self.target(url).map_err(told)?;
            self.answer(self.client.get(url)).await.map_err(told)
        })
    }

    fn post_form<'a>(
        &'a self,
        url: &'a str,
        form: Vec<(&'static str, String)>,
        basic: Option<(&'a str, &'a SecretString)>,
    ) -> Fetched<'a> {
        Box::pin(async move {
            let url = self.target(url).map_err(told)?;
            let mut request = self.client.post(url).form(&form);
            if let Some((name, secret)) = basic {
                // Both are form-encoded before they are joined (RFC 6749, 2.3.1).
                let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                request = request.basic_auth(encoded(name), Some(encoded(secret.expose_secret())));
            }
            self.answer(request).await.map_err(told)
        })
    }
}

fn told(fault: CallFault) -> FetchFault {
    FetchFault(fault.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(allow_private: bool) -> Web {
        let own = ["203.0.114.9:8443".parse().unwrap()];
        Web::new(allow_private, None, &own, Limits::default()).unwrap()
    }

    #[test]
    fn f21_what_a_party_names_is_judged_like_what_we_configure() {
        for url in ["https://127.0.0.1/keys", "https://[::1]/", "https://169.254.169.254/x", "https://203.0.114.9/"] {
            assert_eq!(web(false).target(url), Err(CallFault::Inside), "{url}");
            assert!(web(true).target(url).is_ok(), "{url}");
        }
        for url in ["http://issuer.example/", "file:///etc/passwd", "gopher://x/", "", "//x"] {
            assert!(matches!(web(false).target(url), Err(CallFault::Unreachable(_))), "{url}");
        }
        assert!(web(false).target("https://issuer.example/keys").is_ok());
    }
}

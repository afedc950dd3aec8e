//! What is known of a call before any face sees it: its id, who really sent it, and under which name.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use http::{HeaderMap, HeaderName, Uri, header, uri};
use uuid::Uuid;

use crate::{network::Network, refused::Refused};

/// The one id of a call: `request-id`, `x-ms-request-id`, log and record agree on it (seams §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallId(pub Uuid);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The URI as it was sent; the request's own URI has the canonical spelling ([`crate::path::RequestPath::canonical`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedUri(pub Uri);

/// Where a call came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Who called: the peer of the socket, or the client that a listed proxy names.
    pub client: IpAddr,
    /// The peer of the socket.
    pub socket: SocketAddr,
}

impl Peer {
    /// True when the socket's peer and the client are this machine: no proxy can make an outside caller look so.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.client.to_canonical().is_loopback() && self.socket.ip().to_canonical().is_loopback()
    }
}

/// `http` or `https`, as the client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS.
    Https,
}

impl Scheme {
    /// The scheme as it stands in a URL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Scheme and `Host` as the client used them: links in answers follow it (`PAM-004`). Never to be used for tokens or
/// mail, which take the configured public URL (seams §2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Authority {
    /// `http` or `https`.
    pub scheme: Scheme,
    /// Host and port exactly as sent; checked to be a host name with an optional port.
    pub host: String,
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)
    }
}

/// The connection a call came over. Put into the request by the server; a call without it (an in-process test) is
/// taken to come from loopback over plain HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transport {
    /// The peer of the socket.
    pub peer: SocketAddr,
    /// Our side of the socket.
    pub local: SocketAddr,
    /// `Https` over TLS.
    pub scheme: Scheme,
}

impl Default for Transport {
    fn default() -> Self {
        let nobody = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Self { peer: nobody, local: nobody, scheme: Scheme::Http }
    }
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Who called and under which name. `X-Forwarded-*` count only when the socket's peer is one of `proxies`.
///
/// # Errors
/// [`Refused::Host`] when the name under which we were called is no host name; the peer is known all the same.
pub fn origin_of_call(
    transport: &Transport,
    target: &Uri,
    headers: &HeaderMap,
    proxies: &[Network],
) -> (Peer, Result<Authority, Refused>) {
    let behind_proxy = is_proxy(transport.peer.ip(), proxies);
    let client = if behind_proxy { forwarded_client(headers, proxies) } else { None };
    let peer = Peer { client: client.unwrap_or(transport.peer.ip()), socket: transport.peer };

    let mut scheme = transport.scheme;
    let mut forwarded_host = None;
    if behind_proxy {
        match last_item(headers, &FORWARDED_PROTO) {
            Some(proto) if proto.eq_ignore_ascii_case("https") => scheme = Scheme::Https,
            Some(proto) if proto.eq_ignore_ascii_case("http") => scheme = Scheme::Http,
            _ => {}
        }
        forwarded_host = last_item(headers, &FORWARDED_HOST);
    }
    let host = match forwarded_host {
        Some(host) => check_host(host).map(str::to_owned),
        None => sent_host(target, headers, transport),
    };
    (peer, host.map(|host| Authority { scheme, host }))
}

fn is_proxy(address: IpAddr, proxies: &[Network]) -> bool {
    proxies.iter().any(|network| network.contains(address))
}

/// The nearest address in `X-Forwarded-For` that is not itself a listed proxy: everything left of it is the caller's
/// own claim.
fn forwarded_client(headers: &HeaderMap, proxies: &[Network]) -> Option<IpAddr> {
    let lines: Vec<&str> = headers.get_all(FORWARDED_FOR).iter().map(|line| line.to_str().unwrap_or("")).collect();
    let mut nearest = None;
    for item in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Some(address) = address_of(item.trim()) else {
            break;
        };
        nearest = Some(address);
        if !is_proxy(address, proxies) {
            break;
        }
    }
    nearest
}

/// An address with or without port and brackets.
fn address_of(item: &str) -> Option<IpAddr> {
    item.parse::<IpAddr>()
        .or_else(|_| item.parse::<SocketAddr>().map(|socket| socket.ip()))
        .or_else(|_| item.trim_start_matches('[').trim_end_matches(']').parse())
        .ok()
}

fn last_item<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim).filter(|item| !item.is_empty())
}

fn sent_host(target: &Uri, headers: &HeaderMap, transport: &Transport) -> Result<String, Refused> {
    // HTTP/2 has it as `:authority`, HTTP/1.1 in an absolute request target or, as usual, in `Host`.
    if let Some(authority) = target.authority() {
        return check_host(authority.as_str()).map(str::to_owned);
    }
    let mut lines = headers.get_all(header::HOST).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Ok(transport.local.to_string()),
        (Some(line), None) => line.to_str().map_err(|_| Refused::Host).and_then(check_host).map(str::to_owned),
        (Some(_), Some(_)) => Err(Refused::Host),
    }
}

fn check_host(host: &str) -> Result<&str, Refused> {
    let authority = host.parse::<uri::Authority>().map_err(|_| Refused::Host)?;
    let letters = authority.host().bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:[]".contains(&b));
    let port = match host.strip_prefix(authority.host()) {
        Some("") => true,
        Some(port) => port.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit())),
        None => false,
    };
    if letters && port && !authority.host().is_empty() { Ok(host) } else { Err(Refused::Host) }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn transport(peer: &str) -> Transport {
        Transport {
            peer: peer.parse().expect("an address"),
            local: "127.0.0.1:8086".parse().expect("an address"),
            scheme: Scheme::Http,
        }
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(*name, HeaderValue::from_str(value).expect("a header value"));
        }
        map
    }

    fn call(peer: &str, lines: &[(&'static str, &str)]) -> (String, Result<String, Refused>) {
        let proxies = ["10.0.0.0/8".parse().expect("a network")];
        let (peer, authority) = origin_of_call(&transport(peer), &Uri::from_static("/"), &headers(lines), &proxies);
        (peer.client.to_string(), authority.map(|authority| authority.to_string()))
    }

    #[test]
    fn host_is_taken_as_sent() {
        let (client, authority) = call("192.0.2.7:5000", &[("host", "PRIV.example:8086")]);
        assert_eq!(client, "192.0.2.7");
        assert_eq!(authority, Ok("http://PRIV.example:8086".to_owned()));
    }

    #[test]
    fn without_host_our_own_address_stands_in() {
        assert_eq!(call("192.0.2.7:5000", &[]).1, Ok("http://127.0.0.1:8086".to_owned()));
    }

    #[test]
    fn forwarded_headers_of_strangers_count_for_nothing() {
        let lines = [
            ("host", "ephor.example"),
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil.example"),
        ];
        let (client, authority) = call("192.0.2.7:5000", &lines);
        assert_eq!(client, "192.0.2.7");
        assert_eq!(authority, Ok("http://ephor.example".to_owned()));
    }

    #[test]
    fn a_listed_proxy_names_client_scheme_and_host() {
        let lines = [
            ("host", "inside:8086"),
            ("x-forwarded-for", "198.51.100.1, 203.0.113.9, 10.1.2.3"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "ephor.example"),
        ];
        let (client, authority) = call("10.0.0.1:5000", &lines);
        assert_eq!(client, "203.0.113.9", "the claim left of the nearest outsider is not believed");
        assert_eq!(authority, Ok("https://ephor.example".to_owned()));
    }

    #[test]
    fn several_forwarded_lines_are_one_list() {
        let lines = [("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "[2001:db8::5]:443")];
        assert_eq!(call("10.0.0.1:5000", &lines).0, "2001:db8::5");
        assert_eq!(call("10.0.0.1:5000", &[("x-forwarded-for", "unknown")]).0, "10.0.0.1");
    }

    #[test]
    fn hosts_that_are_none_are_refused() {
        for host in ["a b", "user@host", "host:port", "<b>", "a/b", "host:80:90", "\"", ""] {
            assert_eq!(call("192.0.2.7:5000", &[("host", host)]).1, Err(Refused::Host), "{host}");
        }
        assert_eq!(call("192.0.2.7:5000", &[("host", "a"), ("host", "a")]).1, Err(Refused::Host));
        assert_eq!(call("192.0.2.7:5000", &[("host", "[::1]:8086")]).1, Ok("http://[::1]:8086".to_owned()));
    }

    #[test]
    fn loopback_means_socket_and_client() {
        let peer = |client: &str, socket: &str| Peer {
            client: client.parse().expect("an address"),
            socket: socket.parse().expect("an address"),
        };
        assert!(peer("127.0.0.1", "127.0.0.1:1").is_loopback());
        assert!(peer("::ffff:127.0.0.1", "[::1]:1").is_loopback());
        assert!(!peer("203.0.113.9", "127.0.0.1:1").is_loopback());
        assert!(!peer("127.0.0.1", "10.0.0.1:1").is_loopback());
    }
}

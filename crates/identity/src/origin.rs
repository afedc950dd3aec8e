//! Web origins: scheme, host and port.

use std::{fmt, str::FromStr};

use http::Uri;

/// A web origin, in the one spelling by which origins compare.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    https: bool,
    host: String,
    port: u16,
}

/// A text that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no origin: write http:// or https://, a host, and a port if it is not the usual one, and nothing more"
)]
pub struct OriginError(String);

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || OriginError(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let authority = uri.authority().ok_or_else(wrong)?;
        // `http::Uri` gives an origin without path the path `/`.
        let bare = text.len() == "://".len() + uri.scheme_str().map_or(0, str::len) + authority.as_str().len();
        let named = !authority.host().is_empty() && !authority.as_str().contains('@');
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some("") => Some(if https { 443 } else { 80 }),
            Some(rest) => rest.strip_prefix(':').and_then(|port| port.parse::<u16>().ok()),
            None => None,
        };
        let port = port.ok_or_else(wrong)?;
        if !bare || !named {
            return Err(wrong());
        }
        Ok(Self { https, host: authority.host().to_ascii_lowercase(), port })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, usual) = if self.https { ("https", 443) } else { ("http", 80) };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == usual { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        for (text, expected) in [
            ("https://Portal.Example", "https://portal.example"),
            ("https://portal.example:443", "https://portal.example"),
            ("http://portal.example:80", "http://portal.example"),
            ("http://localhost:8090", "http://localhost:8090"),
            ("http://[::1]:8090", "http://[::1]:8090"),
        ] {
            assert_eq!(text.parse::<Origin>().map(|origin| origin.to_string()), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_origin() {
        for text in [
            "",
            "null",
            "*",
            "portal.example",
            "ftp://portal.example",
            "https://portal.example/",
            "https://portal.example/x",
            "https://user@portal.example",
            "https://portal.example:99999",
            "https://a, https://b",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }
}

//! Where a browser may be sent with a code: addresses registered beforehand and compared as they stand (RFC 9700).

use std::fmt;

/// What lives at the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RedirectKind {
    /// A server: it redeems the code with its credentials.
    Web,
    /// A page that redeems the code itself, from its own origin.
    SinglePage,
    /// A program on the person's machine.
    Native,
}

impl RedirectKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Web, Self::SinglePage, Self::Native];

    /// The word in rows and in our own API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::SinglePage => "spa",
            Self::Native => "native",
        }
    }

    /// The kind that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A registered address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Redirect {
    kind: RedirectKind,
    uri: String,
}

/// Why an address cannot be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectError {
    /// Too long, or characters that have no place in an address.
    #[error("is no address, or a very long one")]
    Form,
    /// Neither `https` nor `http` on this machine.
    #[error("must be https, or http on localhost, 127.0.0.1 or [::1]")]
    Scheme,
    /// It has a fragment, a user name, a wildcard or dot segments.
    #[error("must have no fragment, user name, wildcard or dot segment")]
    Part,
}

/// Most characters of an address.
const LONGEST: usize = 2048;

impl Redirect {
    /// Reads an address to be registered.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(kind: RedirectKind, uri: &str) -> Result<Self, RedirectError> {
        if uri.len() > LONGEST || !uri.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\<>^`{|}".contains(&byte)) {
            return Err(RedirectError::Form);
        }
        let (scheme, rest) = uri.split_once("://").ok_or(RedirectError::Scheme)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if uri.contains(['#', '*'])
            || authority.contains('@')
            || rest.split(['/', '?']).any(|part| part.starts_with("..") || part == ".")
        {
            return Err(RedirectError::Part);
        }
        if authority.is_empty() || authority.starts_with(':') {
            return Err(RedirectError::Form);
        }
        match scheme {
            "https" => {}
            "http" if is_loopback(host_of(authority)) => {}
            _ => return Err(RedirectError::Scheme),
        }
        Ok(Self { kind, uri: uri.to_owned() })
    }

    /// What lives there.
    #[must_use]
    pub fn kind(&self) -> RedirectKind {
        self.kind
    }

    /// The address as registered.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Is `asked` this address? As it stands, letter for letter; of a native address on this machine the port is free,
    /// as such a program listens where there is room (RFC 8252 7.3).
    #[must_use]
    pub fn is(&self, asked: &str) -> bool {
        if self.uri == asked {
            return true;
        }
        if self.kind != RedirectKind::Native || Self::parse(self.kind, asked).is_err() {
            return false;
        }
        match (loopback(&self.uri), loopback(asked)) {
            (Some(registered), Some(asked)) => registered == asked,
            (_, _) => false,
        }
    }

    /// The origin of a page that redeems codes itself.
    #[must_use]
    pub fn page_origin(&self) -> Option<&str> {
        if self.kind != RedirectKind::SinglePage {
            return None;
        }
        let start = self.uri.find("://")? + 3;
        let end = self.uri.get(start..)?.find(['/', '?']).map_or(self.uri.len(), |at| start + at);
        self.uri.get(..end)
    }
}

impl fmt::Display for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.word(), self.uri)
    }
}

fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, port)) if port.is_empty() || is_port(port.strip_prefix(':')) => inside,
        Some(_) => "",
        None => match authority.split_once(':') {
            Some((host, port)) if is_port(Some(port)) => host,
            Some(_) => "",
            None => authority,
        },
    }
}

fn is_port(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.parse::<u16>().is_ok())
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

/// Host and path of an `http` address on this machine, without its port; a path that is not there is `/`.
fn loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let host = host_of(authority);
    is_loopback(host).then_some((host, if path.is_empty() { "/" } else { path }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native(uri: &str) -> Redirect {
        Redirect::parse(RedirectKind::Native, uri).expect(uri)
    }

    #[test]
    fn addresses_are_judged() {
        for (uri, expected) in [
            ("https://app.example/back", Ok(())),
            ("https://app.example:8443/back?x=1", Ok(())),
            ("http://localhost", Ok(())),
            ("http://127.0.0.1:5000/x", Ok(())),
            ("http://[::1]:5000/x", Ok(())),
            ("http://app.example/back", Err(RedirectError::Scheme)),
            ("http://localhost.example/", Err(RedirectError::Scheme)),
            ("http://localhost:x/", Err(RedirectError::Scheme)),
            ("http://[::1]x/", Err(RedirectError::Scheme)),
            ("javascript:alert(1)", Err(RedirectError::Scheme)),
            ("data:text/html,x", Err(RedirectError::Scheme)),
            ("HTTPS://app.example/", Err(RedirectError::Scheme)),
            ("https://app.example/#x", Err(RedirectError::Part)),
            ("https://*.example/", Err(RedirectError::Part)),
            ("https://user@app.example/", Err(RedirectError::Part)),
            ("http://localhost@evil.example/", Err(RedirectError::Part)),
            ("https://app.example/a/../b", Err(RedirectError::Part)),
            ("https://app.example/\r\nx", Err(RedirectError::Form)),
            ("https://app.example\\@evil.example/", Err(RedirectError::Form)),
            ("https:///x", Err(RedirectError::Form)),
            ("", Err(RedirectError::Scheme)),
        ] {
            assert_eq!(Redirect::parse(RedirectKind::Web, uri).map(drop), expected, "{uri}");
        }
    }

    #[test]
    fn an_address_is_compared_as_it_stands() {
        let web = Redirect::parse(RedirectKind::Web, "https://app.example/back").expect("fit");
        assert!(web.is("https://app.example/back"));
        for asked in [
            "https://app.example/back/",
            "https://app.example/Back",
            "https://app.example/back?x=1",
            "https://app.example:443/back",
            "https://app.example/back/../evil",
            "http://app.example/back",
            "https://app.example.evil.example/back",
            "",
        ] {
            assert!(!web.is(asked), "{asked}");
        }
    }

    #[test]
    fn the_port_of_a_native_address_on_this_machine_is_free() {
        let plain = native("http://localhost");
        for asked in ["http://localhost:8400", "http://localhost:8400/", "http://localhost/"] {
            assert!(plain.is(asked), "{asked}");
        }
        for asked in [
            "http://127.0.0.1:8400",
            "https://localhost:8400",
            "http://localhost:8400/x",
            "http://localhost:8400/?x",
            "http://localhost:99999/",
            "http://localhost:8400@evil.example/",
            "http://localhost.evil.example:8400/",
        ] {
            assert!(!plain.is(asked), "{asked}");
        }
        // A server's address has its port.
        let web = Redirect::parse(RedirectKind::Web, "http://localhost/x").expect("fit");
        assert!(!web.is("http://localhost:8400/x"));
        assert!(!native("https://app.example/x").is("https://app.example:1/x"));
    }

    #[test]
    fn pages_have_an_origin() {
        let page = Redirect::parse(RedirectKind::SinglePage, "https://app.example:8443/a?b").expect("fit");
        assert_eq!(page.page_origin(), Some("https://app.example:8443"));
        assert_eq!(native("http://localhost").page_origin(), None);
    }
}

//! The session cookie: `__Host-ephor` under TLS, `ephor-plain` on plain loopback (seams §2).

use http::{HeaderMap, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};

/// What a cookie carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A session.
    Session,
    /// A sign-in between its two steps.
    Step,
    /// The secret of an enrolment link, taken out of the address.
    Enrolment,
    /// A sign-in that is away at an outside issuer.
    Trip,
}

impl Kind {
    /// The cookie's name. Browsers share cookies between ports and do not let a plain page replace a `Secure` one, so the
    /// two never have the same name.
    #[must_use]
    pub fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-ephor",
            (Self::Session, false) => "ephor-plain",
            (Self::Step, true) => "__Host-ephor-step",
            (Self::Step, false) => "ephor-plain-step",
            (Self::Enrolment, true) => "__Host-ephor-enrol",
            (Self::Enrolment, false) => "ephor-plain-enrol",
            (Self::Trip, true) => "__Host-ephor-trip",
            (Self::Trip, false) => "ephor-plain-trip",
        }
    }

    /// Most bytes of a value of ours; browsers keep 4096 with the name.
    const fn longest(self) -> usize {
        match self {
            Self::Session | Self::Step | Self::Enrolment => 128,
            Self::Trip => 4000,
        }
    }
}

/// Name of the session cookie.
#[must_use]
pub fn name(secure: bool) -> &'static str {
    Kind::Session.name(secure)
}

/// The `Set-Cookie` line that gives the browser a session for `max_age` seconds.
#[must_use]
pub fn set(secret: &SecretString, secure: bool, max_age: i64) -> HeaderValue {
    set_kind(Kind::Session, secret, secure, max_age)
}

/// The `Set-Cookie` line that gives the browser a secret for `max_age` seconds. The secret has letters that stand raw in a
/// cookie.
#[must_use]
pub fn set_kind(kind: Kind, secret: &SecretString, secure: bool, max_age: i64) -> HeaderValue {
    line(kind, secret.expose_secret(), secure, max_age)
}

/// The `Set-Cookie` line that takes the session from the browser.
#[must_use]
pub fn clear(secure: bool) -> HeaderValue {
    clear_kind(Kind::Session, secure)
}

/// The `Set-Cookie` line that takes a secret from the browser.
#[must_use]
pub fn clear_kind(kind: Kind, secure: bool) -> HeaderValue {
    line(kind, "", secure, 0)
}

fn line(kind: Kind, value: &str, secure: bool, max_age: i64) -> HeaderValue {
    let secured = if secure { "; Secure" } else { "" };
    let name = kind.name(secure);
    let text = format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secured}");
    let mut line = HeaderValue::from_str(&text).expect("our secrets are base64url or hexadecimal");
    line.set_sensitive(true);
    line
}

/// The session secret that came with a call. `None` also when it came twice with different values.
#[must_use]
pub fn find(headers: &HeaderMap, secure: bool) -> Option<SecretString> {
    find_kind(Kind::Session, headers, secure)
}

/// The same for any of our cookies.
#[must_use]
pub fn find_kind(kind: Kind, headers: &HeaderMap, secure: bool) -> Option<SecretString> {
    let wanted = kind.name(secure);
    let mut found: Option<&str> = None;
    for line in headers.get_all(header::COOKIE) {
        for pair in line.to_str().unwrap_or_default().split(';') {
            let Some((name, value)) = pair.trim().split_once('=') else {
                continue;
            };
            if name == wanted {
                if found.is_some_and(|found| found != value) {
                    return None;
                }
                found = Some(value);
            }
        }
    }
    found.filter(|value| !value.is_empty() && value.len() <= kind.longest()).map(SecretString::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: &[&'static str], secure: bool) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_static(line));
        }
        find(&headers, secure).map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn attributes() {
        let secret = SecretString::from("abc");
        assert_eq!(set(&secret, true, 60), "__Host-ephor=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(set(&secret, false, 60), "ephor-plain=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        assert_eq!(clear(true), "__Host-ephor=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
        assert!(!format!("{:?}", set(&secret, true, 60)).contains("abc"));
    }

    #[test]
    fn the_cookie_of_the_other_scheme_does_not_count() {
        assert_eq!(found(&["a=1; __Host-ephor=abc; b=2"], true), Some("abc".to_owned()));
        assert_eq!(found(&["__Host-ephor=abc"], false), None);
        assert_eq!(found(&["ephor-plain=abc"], true), None);
        assert_eq!(found(&["a=1", "ephor-plain=abc"], false), Some("abc".to_owned()));
    }

    #[test]
    fn two_different_cookies_count_as_none() {
        assert_eq!(found(&["ephor-plain=abc; ephor-plain=abd"], false), None);
        assert_eq!(found(&["ephor-plain=abc; ephor-plain=abc"], false), Some("abc".to_owned()));
        assert_eq!(found(&["ephor-plain="], false), None);
    }
}

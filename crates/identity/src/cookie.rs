//! The session cookie: `__Host-ephor` under TLS, `ephor-plain` on plain loopback (seams §2).

use http::{HeaderMap, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};

/// The cookie's name. Browsers share cookies between ports and do not let a plain page replace a `Secure` one, so the
/// two never have the same name.
#[must_use]
pub fn name(secure: bool) -> &'static str {
    if secure { "__Host-ephor" } else { "ephor-plain" }
}

/// The `Set-Cookie` line that gives the browser a session for `max_age` seconds.
#[must_use]
pub fn set(secret: &SecretString, secure: bool, max_age: i64) -> HeaderValue {
    line(secret.expose_secret(), secure, max_age)
}

/// The `Set-Cookie` line that takes the session from the browser.
#[must_use]
pub fn clear(secure: bool) -> HeaderValue {
    line("", secure, 0)
}

fn line(value: &str, secure: bool, max_age: i64) -> HeaderValue {
    let secured = if secure { "; Secure" } else { "" };
    let text = format!("{}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secured}", name(secure));
    let mut line = HeaderValue::from_str(&text).expect("a session secret is base64url");
    line.set_sensitive(true);
    line
}

/// The session secret that came with a call. `None` also when it came twice with different values.
#[must_use]
pub fn find(headers: &HeaderMap, secure: bool) -> Option<SecretString> {
    let wanted = name(secure);
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
    found.filter(|value| !value.is_empty() && value.len() <= 128).map(SecretString::from)
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

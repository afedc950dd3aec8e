//! Cross-site forgery: calls that a browser was made to send with credentials it adds by itself (`PAM 3.5`).

use http::{HeaderMap, HeaderName, Method, header};

use crate::origin::Origin;

/// What a call says of the page it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provenance<'h> {
    /// `Origin` as sent; more than one count as a foreign one.
    pub origin: Option<&'h str>,
    /// `Sec-Fetch-Site` as sent.
    pub fetch_site: Option<&'h str>,
}

/// What to do with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginVerdict {
    /// It may go on.
    Pass,
    /// 403 `OriginNotAllowed`, before anything is changed.
    Refuse,
}

impl<'h> Provenance<'h> {
    /// Reads the headers of a call.
    #[must_use]
    pub fn of(headers: &'h HeaderMap) -> Self {
        const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
        Self { origin: only(headers, &header::ORIGIN), fetch_site: only(headers, &FETCH_SITE) }
    }
}

/// The value of a header; text that fits nothing when it is sent twice or unreadable.
pub(crate) fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => None,
        (Some(value), None) => Some(value.to_str().unwrap_or("unreadable")),
        (Some(_), Some(_)) => Some("several"),
    }
}

/// Judges a call: one that may change something and carries ambient credentials must come from no page, from one of
/// our own (`own`: scheme and Host as sent, and the public URL), or from a listed one.
#[must_use]
pub fn origin_verdict(
    method: &Method,
    ambient: bool,
    provenance: Provenance<'_>,
    own: &[Origin],
    allowed: &[Origin],
) -> OriginVerdict {
    if !ambient || matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return OriginVerdict::Pass;
    }
    let acceptable = match provenance.origin {
        Some(origin) => origin.parse().is_ok_and(|origin: Origin| own.contains(&origin) || allowed.contains(&origin)),
        // Browsers send `Origin` on every such call; only something else leaves both headers out.
        None => provenance
            .fetch_site
            .is_none_or(|site| ["same-origin", "same-site", "none"].iter().any(|good| site.eq_ignore_ascii_case(good))),
    };
    if acceptable { OriginVerdict::Pass } else { OriginVerdict::Refuse }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: Method, ambient: bool, origin: Option<&str>, site: Option<&str>, expected: OriginVerdict) {
        let origins = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("an origin")).collect::<Vec<_>>();
        let own = origins(&["http://priv:8086", "https://ephor.example"]);
        let allowed = origins(&["http://portal:8090"]);
        let verdict = origin_verdict(&method, ambient, Provenance { origin, fetch_site: site }, &own, &allowed);
        assert_eq!(verdict, expected, "{method} ambient={ambient} origin={origin:?} site={site:?}");
    }

    #[test]
    fn posts_with_ambient_credentials() {
        use OriginVerdict::{Pass, Refuse};
        let post = |origin, site, expected| check(Method::POST, true, origin, site, expected);
        post(None, None, Pass);
        post(Some("http://priv:8086"), None, Pass);
        post(Some("http://PRIV:8086"), None, Pass);
        post(Some("https://ephor.example"), Some("same-origin"), Pass);
        post(Some("http://portal:8090"), Some("cross-site"), Pass);
        post(Some("http://evil.example"), None, Refuse);
        post(Some("http://evil.example"), Some("same-origin"), Refuse);
        post(Some("http://priv"), None, Refuse);
        post(Some("https://priv:8086"), None, Refuse);
        post(Some("null"), None, Refuse);
        post(Some(""), None, Refuse);
        post(Some("several"), None, Refuse);
        post(None, Some("cross-site"), Refuse);
        post(None, Some("Cross-Site"), Refuse);
        post(None, Some("same-origin"), Pass);
        post(None, Some("same-site"), Pass);
        post(None, Some("none"), Pass);
        post(None, Some("several"), Refuse);
    }

    #[test]
    fn other_calls() {
        use OriginVerdict::{Pass, Refuse};
        let foreign = Some("http://evil.example");
        check(Method::POST, false, foreign, Some("cross-site"), Pass);
        check(Method::GET, true, foreign, Some("cross-site"), Pass);
        check(Method::HEAD, true, foreign, None, Pass);
        check(Method::OPTIONS, true, foreign, None, Pass);
        check(Method::PUT, true, foreign, None, Refuse);
        check(Method::DELETE, true, foreign, None, Refuse);
    }

    #[test]
    fn two_origins_are_a_foreign_one() {
        let mut headers = HeaderMap::new();
        headers.append(header::ORIGIN, "http://priv:8086".parse().expect("a value"));
        assert_eq!(Provenance::of(&headers).origin, Some("http://priv:8086"));
        headers.append(header::ORIGIN, "http://priv:8086".parse().expect("a value"));
        assert_eq!(Provenance::of(&headers).origin, Some("several"));
        assert_eq!(Provenance::of(&headers).fetch_site, None);
    }
}

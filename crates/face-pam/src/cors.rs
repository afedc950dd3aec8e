//! Which web pages may call: CORS headers for those that may, refusal of forged calls from those that may not
//! (`PAM 3.5`).

use axum::body::Body;
use ephor_front::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header, request::Parts};

use crate::{origin::AllowedOrigins, problem::Problem};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the configuration says of origins.
#[derive(Debug, Clone)]
pub(crate) struct Cors {
    pub(crate) allowed: AllowedOrigins,
    /// The origin of the configured public URL: our own, also where a proxy hides it from us.
    pub(crate) public: Option<String>,
}

impl Cors {
    /// The origin to name in `Access-Control-Allow-Origin`: the caller's own spelling, never `*`.
    pub(crate) fn echo(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        self.allowed.contains(origin.to_str().ok()?).then(|| origin.clone())
    }

    /// Refuses a state-changing call that a foreign page may have made with credentials of the browser: such calls are
    /// CORS "simple" requests, so no preflight stands before them.
    ///
    /// # Errors
    /// 403 `OriginNotAllowed`.
    pub(crate) fn judge(&self, call: &Parts) -> Result<(), Problem> {
        let acceptable = match call.headers.get(header::ORIGIN) {
            Some(origin) => {
                origin.to_str().is_ok_and(|origin| self.allowed.contains(origin) || self.is_own(origin, call))
            }
            // Browsers send `Origin` on every POST; a call without one is no browser's unless it says so.
            None => call.headers.get(SEC_FETCH_SITE).is_none_or(|site| site.as_bytes() != b"cross-site"),
        };
        if acceptable {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            "OriginNotAllowed",
            "Pages of this origin may not make calls that change something.",
        ))
    }

    fn is_own(&self, origin: &str, call: &Parts) -> bool {
        let authority = call.extensions.get::<Authority>().and_then(|authority| {
            authority.to_string().parse::<url::Url>().ok().and_then(|url| crate::origin::of_url(&url))
        });
        [authority.as_ref(), self.public.as_ref()].into_iter().flatten().any(|own| own.eq_ignore_ascii_case(origin))
    }
}

/// Answers a preflight: no credentials needed, nothing looked at but the origin, which [`mark`] judges.
pub(crate) fn preflight() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST, OPTIONS"));
    response
}

/// Puts the CORS headers on an answer, whatever it is (`PAM-023`).
pub(crate) fn mark(response: &mut Response<Body>, echo: Option<HeaderValue>, is_preflight: bool) {
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = echo else { return };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    if is_preflight {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type, authorization"));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
}

#[cfg(test)]
mod tests {
    use ephor_front::Scheme;
    use http::Request;

    use super::*;

    fn cors() -> Cors {
        Cors {
            allowed: AllowedOrigins::new(["http://portal.example:8090"]).unwrap(),
            public: Some("https://pam.example".to_owned()),
        }
    }

    fn call(lines: &[(&'static str, &str)]) -> Parts {
        let mut request = Request::new(());
        for (name, value) in lines {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
        }
        request.extensions_mut().insert(Authority { scheme: Scheme::Http, host: "Inside.example:8086".to_owned() });
        request.into_parts().0
    }

    #[test]
    fn pam_026_027_own_and_listed_origins_may_change_something() {
        for lines in [
            &[][..],
            &[("origin", "http://portal.example:8090")],
            &[("origin", "http://inside.example:8086")],
            &[("origin", "https://pam.example")],
            &[("origin", "http://portal.example:8090"), ("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
        ] {
            assert!(cors().judge(&call(lines)).is_ok(), "{lines:?}");
        }
        for lines in [
            &[("origin", "http://evil.example")][..],
            &[("origin", "null")],
            &[("origin", "")],
            &[("origin", "http://portal.example")],
            &[("origin", "https://inside.example:8086")],
            &[("origin", "http://pam.example")],
            &[("origin", "http://evil.example"), ("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "cross-site")],
        ] {
            let refused = cors().judge(&call(lines)).unwrap_err();
            assert_eq!(refused.facts().0, 403, "{lines:?}");
            assert_eq!(refused.facts().1, "OriginNotAllowed", "{lines:?}");
        }
    }

    #[test]
    fn pam_024_only_listed_origins_are_echoed() {
        let echo = |origin: &str| cors().echo(&call(&[("origin", origin)]).headers);
        assert_eq!(echo("http://portal.example:8090").unwrap(), "http://portal.example:8090");
        for origin in ["http://evil.example", "null", "*", "http://inside.example:8086"] {
            assert_eq!(echo(origin), None, "{origin}");
        }
        assert_eq!(cors().echo(&HeaderMap::new()), None);
    }
}

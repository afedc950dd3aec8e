//! Which pages of other origins may read our answers (`PAM 3.5`, table of seams §2).

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::{forgery::only, origin::Origin};

/// What a face lets other origins do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsPolicy {
    /// Origins whose pages may call; nobody else's get any header.
    pub origins: Vec<Origin>,
    /// Their calls may carry credentials that browsers add.
    pub credentials: bool,
    /// `Access-Control-Allow-Methods`.
    pub methods: HeaderValue,
    /// `Access-Control-Allow-Headers`.
    pub headers: HeaderValue,
    /// `Access-Control-Expose-Headers`.
    pub exposed: Option<HeaderValue>,
}

impl CorsPolicy {
    /// The PAM face's: with credentials, GET and POST.
    #[must_use]
    pub fn pam(origins: Vec<Origin>) -> Self {
        Self {
            origins,
            credentials: true,
            methods: HeaderValue::from_static("GET, POST, OPTIONS"),
            headers: HeaderValue::from_static("content-type, authorization"),
            exposed: Some(HeaderValue::from_static("request-id")),
        }
    }
}

/// What CORS says of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cors {
    /// To be served; these headers go on the answer, whatever its status.
    Serve(Vec<(HeaderName, HeaderValue)>),
    /// A preflight: to be answered at once, 204 without a body, with these headers and without authentication.
    Preflight(Vec<(HeaderName, HeaderValue)>),
}

/// Decides on a call. `Vary: Origin` stands on every answer, because a cache must not give one origin another's.
#[must_use]
pub fn cors(method: &Method, headers: &HeaderMap, policy: &CorsPolicy) -> Cors {
    let mut out = vec![(header::VARY, HeaderValue::from_static("Origin"))];
    let sent = only(headers, &header::ORIGIN);
    let listed = sent.is_some_and(|sent| sent.parse().is_ok_and(|origin: Origin| policy.origins.contains(&origin)));
    // The exact text of the origin, never `*`: clients send credentials.
    if listed && let Some(origin) = headers.get(header::ORIGIN) {
        out.push((header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()));
        if policy.credentials {
            out.push((header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true")));
        }
    }
    let preflight =
        method == Method::OPTIONS && sent.is_some() && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if preflight {
        if listed {
            out.push((header::ACCESS_CONTROL_ALLOW_METHODS, policy.methods.clone()));
            out.push((header::ACCESS_CONTROL_ALLOW_HEADERS, policy.headers.clone()));
            out.push((header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600")));
        }
        return Cors::Preflight(out);
    }
    if listed && let Some(exposed) = &policy.exposed {
        out.push((header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone()));
    }
    Cors::Serve(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(method: Method, lines: &[(HeaderName, &'static str)]) -> Cors {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        let policy = CorsPolicy::pam(vec!["http://portal:8090".parse().expect("an origin")]);
        cors(&method, &headers, &policy)
    }

    fn lines(pairs: &[(&'static str, &'static str)]) -> Vec<(HeaderName, HeaderValue)> {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_listed_origin_is_echoed_as_sent() {
        for origin in ["http://portal:8090", "http://Portal:8090"] {
            assert_eq!(
                decide(Method::GET, &[(header::ORIGIN, origin)]),
                Cors::Serve(lines(&[
                    ("vary", "Origin"),
                    ("access-control-allow-origin", origin),
                    ("access-control-allow-credentials", "true"),
                    ("access-control-expose-headers", "request-id"),
                ]))
            );
        }
    }

    #[test]
    fn other_origins_get_nothing() {
        let nothing = Cors::Serve(lines(&[("vary", "Origin")]));
        assert_eq!(decide(Method::GET, &[]), nothing);
        for origin in ["http://evil.example", "null", "*", "http://portal:8091", "https://portal:8090"] {
            assert_eq!(decide(Method::POST, &[(header::ORIGIN, origin)]), nothing, "{origin}");
        }
        let twice = [(header::ORIGIN, "http://portal:8090"), (header::ORIGIN, "http://evil.example")];
        assert_eq!(decide(Method::GET, &twice), nothing);
    }

    #[test]
    fn preflight() {
        let request = [(header::ORIGIN, "http://portal:8090"), (header::ACCESS_CONTROL_REQUEST_METHOD, "POST")];
        assert_eq!(
            decide(Method::OPTIONS, &request),
            Cors::Preflight(lines(&[
                ("vary", "Origin"),
                ("access-control-allow-origin", "http://portal:8090"),
                ("access-control-allow-credentials", "true"),
                ("access-control-allow-methods", "GET, POST, OPTIONS"),
                ("access-control-allow-headers", "content-type, authorization"),
                ("access-control-max-age", "600"),
            ]))
        );
        let foreign = [(header::ORIGIN, "http://evil.example"), (header::ACCESS_CONTROL_REQUEST_METHOD, "POST")];
        assert_eq!(decide(Method::OPTIONS, &foreign), Cors::Preflight(lines(&[("vary", "Origin")])));
        let plain_options = [(header::ORIGIN, "http://evil.example")];
        assert_eq!(decide(Method::OPTIONS, &plain_options), Cors::Serve(lines(&[("vary", "Origin")])));
    }
}

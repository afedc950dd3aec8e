//! Web origins: scheme, host and port as browsers write them in `Origin`.

use url::{Origin, Url};

/// The origins whose pages may call with credentials (`PAM 3.5`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedOrigins {
    listed: Vec<String>,
}

/// A text that is no web origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginError {
    /// The text.
    pub origin: String,
}

impl std::fmt::Display for OriginError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` is not a web origin such as https://portal.example or http://portal.example:8090", self.origin)
    }
}

impl std::error::Error for OriginError {}

impl AllowedOrigins {
    /// The list of a configuration. A slash at the end and a default port do no harm.
    ///
    /// # Errors
    /// The first text that is no `http` or `https` origin; `*` is none, because callers send credentials.
    pub fn new<T: AsRef<str>>(origins: impl IntoIterator<Item = T>) -> Result<Self, OriginError> {
        let listed = origins
            .into_iter()
            .map(|text| {
                let text = text.as_ref();
                text.parse::<Url>()
                    .ok()
                    .filter(|url| matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none())
                    .and_then(|url| of_url(&url))
                    .ok_or_else(|| OriginError { origin: text.to_owned() })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { listed })
    }

    /// True for a listed origin, as a browser writes it.
    pub(crate) fn contains(&self, origin: &str) -> bool {
        self.listed.iter().any(|listed| listed.eq_ignore_ascii_case(origin))
    }
}

/// The origin of a URL, as a browser writes it; `None` for schemes without one.
pub(crate) fn of_url(url: &Url) -> Option<String> {
    match url.origin() {
        origin @ Origin::Tuple(..) if matches!(url.scheme(), "http" | "https") => Some(origin.ascii_serialization()),
        Origin::Tuple(..) | Origin::Opaque(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_compare_as_browsers_write_them() {
        let origins =
            AllowedOrigins::new(["http://Portal.example:8090/", "https://portal.example:443", "http://[::1]:80"])
                .unwrap();
        for origin in
            ["http://portal.example:8090", "HTTP://PORTAL.example:8090", "https://portal.example", "http://[::1]"]
        {
            assert!(origins.contains(origin), "{origin}");
        }
        for origin in [
            "http://portal.example",
            "https://portal.example:8090",
            "http://portal.example:8090.evil.example",
            "http://xportal.example:8090",
            "null",
            "*",
            "",
        ] {
            assert!(!origins.contains(origin), "{origin}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in
            ["*", "null", "portal.example", "ftp://x", "http://x/path", "http://x?y", "http://x/#f", "data:text/html,x"]
        {
            assert_eq!(AllowedOrigins::new([text]), Err(OriginError { origin: text.to_owned() }), "{text}");
        }
        assert_eq!(AllowedOrigins::new(Vec::<String>::new()), Ok(AllowedOrigins::default()));
    }
}

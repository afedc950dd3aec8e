//! Parameters of queries and forms: each name once, texts bounded.

use std::collections::BTreeMap;

use axum::body::Body;
use http::{Request, header, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::oauth::{Answer, Refused};

/// Most bytes of a form: a signed assertion with its certificate fits.
const MOST: usize = 64 * 1024;

/// Names and values, none of them empty: an empty parameter is as none (RFC 6749 3.1).
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Form(BTreeMap<String, String>);

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Names alone: values are passwords, codes, tokens.
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Form {
    /// Reads `name=value&…`; a name that stands twice makes it unreadable: two readers must not see two values.
    pub(crate) fn parse(text: &str) -> Answer<Self> {
        let mut form = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            if form.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Refused::FORM);
            }
        }
        form.retain(|_, value| !value.is_empty());
        Ok(Self(form))
    }

    /// The query of a call.
    pub(crate) fn query(call: &Parts) -> Answer<Self> {
        Self::parse(call.uri.query().unwrap_or_default())
    }

    /// The body of a call.
    pub(crate) async fn body(request: Request<Body>) -> Answer<(Parts, Self)> {
        let (call, body) = request.into_parts();
        let kind = call.headers.get(header::CONTENT_TYPE).and_then(|line| line.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Refused::FORM);
        }
        let bytes = match Limited::new(body, MOST).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(Refused::TOO_LARGE),
            Err(_) => return Err(Refused::FORM),
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| Refused::FORM)?;
        Ok((call, Self::parse(text)?))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn need(&self, name: &str) -> Answer<&str> {
        self.get(name).ok_or(Refused::MISSING)
    }

    /// With another value, or without one.
    pub(crate) fn with(mut self, name: &str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.0.insert(name.to_owned(), value),
            None => self.0.remove(name),
        };
        self
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// As a query.
    pub(crate) fn encoded(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_once_and_empty_is_absent() {
        let form = Form::parse("a=1&b=&c=%2F+x").unwrap();
        assert_eq!((form.get("a"), form.get("b"), form.get("c")), (Some("1"), None, Some("/ x")));
        assert_eq!(Form::parse("a=1&a=1"), Err(Refused::FORM));
        assert_eq!(Form::parse("a=1&%61=2"), Err(Refused::FORM));
        assert_eq!(Form::parse(&form.encoded()), Ok(form.clone()));
        assert_eq!(format!("{form:?}"), r#"{"a", "c"}"#);
        assert_eq!(form.need("b"), Err(Refused::MISSING));
    }
}

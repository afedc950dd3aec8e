//! Where to go afterwards: to places of our own and nowhere else.

use axum::response::Response;
use maud::html;
use serde::Deserialize;

use crate::{
    answer::{html_of, see_other},
    layout, text,
};

/// Longest place that is kept: an authorization request of a client may be long.
const LONGEST: usize = 8 * 1024;

/// A place of our own: path and query. Anything else became `/`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Then(String);

impl Default for Then {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl From<String> for Then {
    fn from(text: String) -> Self {
        // `//host` and `/\host` leave the site in browsers; what they strip or turn round is not let in at all.
        let own = text.starts_with('/')
            && !text.starts_with("//")
            && text.len() <= LONGEST
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if own { Self(text) } else { Self::default() }
    }
}

impl Then {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Goes there after a form was sent. A place beyond the portal may go on to a client's own address, and browsers hold
    /// the whole way of a form to our policy: so the way begins anew, at a page in between.
    pub(crate) fn go(&self) -> Response {
        let path = self.0.split('?').next().unwrap_or_default();
        if path == "/" || path == "/portal" || path.starts_with("/portal/") {
            return see_other(&self.0);
        }
        html_of(&layout::passing(
            text::go::TITLE,
            &self.0,
            &html! {
                p { (text::go::LEAD) }
                p { a.button href=(self.0) { (text::go::LINK) } }
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_places_of_our_own() {
        for own in ["/", "/portal/mfa", "/common/oauth2/v2.0/authorize?client_id=x&redirect_uri=http%3A%2F%2Flocalhost"]
        {
            assert_eq!(Then::from(own.to_owned()).as_str(), own);
        }
        for foreign in [
            "",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/a\\b",
            " /portal",
            "portal",
            "/a b",
            "/ä",
        ] {
            assert_eq!(Then::from(foreign.to_owned()), Then::default(), "{foreign:?}");
        }
        assert_eq!(Then::from(format!("/{}", "a".repeat(LONGEST))), Then::default());
    }
}

//! Options of a raw query string.

use crate::FilterError;
use crate::percent::{Plus, decode};

/// A raw query string, without its `?`. Options are looked up as they are asked for; those nobody asks for are ignored
/// (PAM 4.1: `$top`, `$orderby` and so on).
#[derive(Clone, Copy, Debug)]
pub struct Query<'q> {
    raw: &'q str,
}

/// Why an option could not be taken out of a query string. The texts may be shown to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The option is given more than once.
    #[error("A query option is given more than once.")]
    Duplicate,
    /// The value holds an incomplete escape or is not UTF-8.
    #[error("The value of a query option is not properly percent-encoded.")]
    Encoding,
}

impl<'q> Query<'q> {
    /// Looks at a query string.
    #[must_use]
    pub fn new(raw: &'q str) -> Self {
        Self { raw }
    }

    /// The decoded value of an option, `+` read as a blank; `None` if it is not there, empty text if it has no value.
    /// Names compare in any letter case and may be encoded (`%24filter`), so no spelling of a filter passes unnoticed.
    ///
    /// # Errors
    /// [`QueryError`] about this option; what is wrong with others does not matter here.
    pub fn option(&self, name: &str) -> Result<Option<String>, QueryError> {
        let mut values = self.raw.split('&').filter_map(|pair| {
            let (written, value) = pair.split_once('=').unwrap_or((pair, ""));
            decode(written, Plus::Blank).filter(|written| written.trim().eq_ignore_ascii_case(name)).map(|_| value)
        });
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(QueryError::Duplicate);
        }
        decode(value, Plus::Blank).map(Some).ok_or(QueryError::Encoding)
    }

    /// The text of `$filter`; an empty one is none (PAM 8).
    ///
    /// # Errors
    /// [`FilterError::Query`].
    pub fn filter(&self) -> Result<Option<String>, FilterError> {
        Ok(self.option("$filter")?.filter(|text| !text.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Query, QueryError};
    use crate::FilterError;

    fn filter(raw: &str) -> Result<Option<String>, FilterError> {
        Query::new(raw).filter()
    }

    #[test]
    fn pam_066_blanks_quotes_and_the_dollar_sign_arrive_raw_or_encoded() {
        for raw in [
            "$filter=DisplayName eq 'SQL File Access'",
            "$filter=DisplayName+eq+'SQL+File+Access'",
            "%24filter=DisplayName%20eq%20%27SQL%20File%20Access%27",
            "%24FILTER=DisplayName%09eq+%27SQL+File+Access%27&$top=1&v=1",
            "v=1&&x&$filter=DisplayName+eq+'SQL+File+Access'",
        ] {
            let text = filter(raw).unwrap().unwrap().replace('\t', " ");
            assert_eq!(text, "DisplayName eq 'SQL File Access'", "{raw}");
        }
    }

    #[test]
    fn an_empty_filter_is_none() {
        for raw in ["", "$filter=", "$filter", "filter=x", "v=1&$filters=x", "&&=&", "x=$filter"] {
            assert_eq!(filter(raw), Ok(None), "{raw}");
        }
    }

    #[test]
    fn a_filter_that_cannot_be_taken_is_an_error() {
        for (raw, error) in [
            ("$filter=a&$filter=a", QueryError::Duplicate),
            ("$filter=&%24Filter=a", QueryError::Duplicate),
            ("$filter=%", QueryError::Encoding),
            ("$filter=a%2", QueryError::Encoding),
            ("$filter=%FF", QueryError::Encoding),
        ] {
            assert_eq!(filter(raw), Err(FilterError::Query(error)), "{raw}");
        }
    }

    #[test]
    fn each_option_stands_alone() {
        let query = Query::new("a=1&b=%zz&c=2&c=3&%zz=4&d=x=y&e=%26%3D");
        assert_eq!(query.option("A"), Ok(Some("1".into())));
        assert_eq!(query.option("b"), Err(QueryError::Encoding));
        assert_eq!(query.option("c"), Err(QueryError::Duplicate));
        assert_eq!(query.option("d"), Ok(Some("x=y".into())));
        assert_eq!(query.option("e"), Ok(Some("&=".into())));
        assert_eq!(query.option("f"), Ok(None));
    }
}

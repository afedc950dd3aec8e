//! `api-version`: asked for after the caller is known and before anything is looked at (`ARM 2.6`).

use http::{StatusCode, Uri};

use crate::error::{Answer, ArmError};

/// Versions of subscriptions.
pub(crate) const SUBSCRIPTIONS: &[&str] =
    &["2022-12-01", "2022-09-01", "2021-01-01", "2020-01-01", "2019-11-01", "2016-06-01"];
/// Versions of tenants.
pub(crate) const TENANTS: &[&str] =
    &["2022-12-01", "2022-09-01", "2021-01-01", "2020-01-01", "2019-11-01", "2016-06-01"];
/// Versions of the metadata document.
pub(crate) const METADATA: &[&str] = &["2022-09-01", "2019-05-01", "2018-05-01", "2015-01-01"];

/// The version a call asks for. Names of parameters have no letter case; twice the same is once.
fn asked(uri: &Uri) -> Answer<Option<String>> {
    let mut found: Option<String> = None;
    for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        if name.eq_ignore_ascii_case("api-version") && !value.is_empty() {
            if found.as_deref().is_some_and(|found| found != value) {
                return Err(invalid("several", &[]));
            }
            found = Some(value.into_owned());
        }
    }
    Ok(found)
}

fn invalid(asked: &str, served: &[&str]) -> ArmError {
    // Only what a version is made of is repeated.
    let shown: String =
        asked.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')).take(40).collect();
    ArmError::new(
        StatusCode::BAD_REQUEST,
        "InvalidApiVersionParameter",
        format!("The api-version '{shown}' is invalid. The supported versions are '{}'.", served.join(",")),
    )
}

/// Checks the version of a call.
///
/// # Errors
/// 400 `MissingApiVersionParameter`, `InvalidApiVersionParameter`.
pub(crate) fn check(uri: &Uri, served: &'static [&'static str]) -> Answer<&'static str> {
    let Some(asked) = asked(uri)? else {
        return Err(ArmError::new(
            StatusCode::BAD_REQUEST,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ));
    };
    let found = served.iter().copied().find(|known| known.eq_ignore_ascii_case(&asked));
    found.ok_or_else(|| invalid(&asked, served))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_needed_once_and_known() {
        let check = |query: &str| {
            check(&format!("/subscriptions?{query}").parse().unwrap(), SUBSCRIPTIONS).map_err(|error| error.facts())
        };
        assert_eq!(check("api-version=2022-12-01"), Ok("2022-12-01"));
        assert_eq!(check("$filter=x&Api-Version=2016-06-01&api-version=2016-06-01"), Ok("2016-06-01"));
        assert_eq!(check(""), Err((400, "MissingApiVersionParameter")));
        assert_eq!(check("api-version="), Err((400, "MissingApiVersionParameter")));
        assert_eq!(check("api-version=1999-01-01"), Err((400, "InvalidApiVersionParameter")));
        assert_eq!(check("api-version=2022-12-01&api-version=2020-01-01"), Err((400, "InvalidApiVersionParameter")));
    }
}

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

/// Versions of privileged access.
pub(crate) const PIM: &[&str] = &[
    "2024-09-01-preview",
    "2024-02-01-preview",
    "2022-04-01",
    "2022-04-01-preview",
    "2020-10-01",
    "2020-10-01-preview",
];
/// Versions of approvals.
pub(crate) const APPROVALS: &[&str] = &["2021-01-01-preview"];
/// Versions of alerts.
pub(crate) const ALERTS: &[&str] = &["2022-08-01-preview"];
/// Versions of role definitions and permissions.
pub(crate) const ROLE_DEFINITIONS: &[&str] = &["2022-05-01-preview", "2022-04-01", "2018-01-01-preview", "2015-07-01"];
/// Versions of role assignments.
pub(crate) const ROLE_ASSIGNMENTS: &[&str] = &[
    "2022-04-01",
    "2020-10-01-preview",
    "2020-04-01-preview",
    "2018-09-01-preview",
    "2018-01-01-preview",
    "2015-07-01",
];
/// Versions of deny assignments.
pub(crate) const DENY_ASSIGNMENTS: &[&str] = &["2024-07-01-preview", "2022-04-01", "2018-07-01-preview"];
/// Versions of the catalogue of operations.
pub(crate) const PROVIDER_OPERATIONS: &[&str] = &["2022-04-01", "2018-01-01-preview", "2015-07-01"];
/// Versions of the way up for administrators of the tenant.
pub(crate) const ELEVATE_ACCESS: &[&str] = &["2015-07-01"];
/// Versions of classic administrators.
pub(crate) const CLASSIC_ADMINISTRATORS: &[&str] = &["2015-07-01", "2015-06-01"];
/// Versions of locks.
pub(crate) const LOCKS: &[&str] = &["2020-05-01", "2016-09-01", "2015-01-01"];
/// Versions of management groups.
pub(crate) const MANAGEMENT_GROUPS: &[&str] = &["2021-04-01", "2020-05-01", "2020-02-01"];
/// Versions that are named for what takes any date.
pub(crate) const ANY: &[&str] = &["2024-11-01", "2022-09-01", "2021-04-01", "2020-06-01", "2020-05-01", "2019-10-01"];

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

/// Checks the version of a call for a type that is served in these versions.
///
/// # Errors
/// As [`check`]; 400 `NoRegisteredProviderFound` for a version of another type.
pub(crate) fn check_type(uri: &Uri, kind: &str, served: &'static [&'static str]) -> Answer<String> {
    match check(uri, served) {
        Ok(version) => Ok(version.to_owned()),
        Err(error) => match asked(uri) {
            Ok(Some(asked)) if is_known_somewhere(&asked) => Err(ArmError::bad(
                "NoRegisteredProviderFound",
                format!(
                    "No registered resource provider found for location 'global' and API version '{}' for type '{kind}'. \
                     The supported api-versions are '{}'. The supported locations are 'global'.",
                    asked.to_ascii_lowercase(),
                    served.join(", ")
                ),
            )),
            _ => Err(error),
        },
    }
}

/// Checks the version of a call for what takes any date since there are versions (`ARM 1.1`).
///
/// # Errors
/// As [`check`].
pub(crate) fn check_any(uri: &Uri) -> Answer<String> {
    match asked(uri)? {
        Some(asked) if is_date(&asked) => Ok(asked),
        _ => check(uri, ANY).map(str::to_owned),
    }
}

fn is_known_somewhere(version: &str) -> bool {
    let types = [
        SUBSCRIPTIONS,
        METADATA,
        PIM,
        APPROVALS,
        ALERTS,
        ROLE_DEFINITIONS,
        ROLE_ASSIGNMENTS,
        DENY_ASSIGNMENTS,
        ELEVATE_ACCESS,
        CLASSIC_ADMINISTRATORS,
        LOCKS,
        ANY,
    ];
    types.iter().any(|served| served.iter().any(|known| known.eq_ignore_ascii_case(version)))
}

/// A date with or without a word behind it, not before 2014.
fn is_date(version: &str) -> bool {
    let (date, word) = version.split_at_checked(10).unwrap_or((version, ""));
    let fits = date.parse::<jiff::civil::Date>().is_ok_and(|date| (2014..=2099).contains(&date.year()));
    let word_fits = word.is_empty()
        || word.strip_prefix('-').is_some_and(|word| {
            !word.is_empty()
                && word.len() <= 20
                && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
        });
    date.len() == 10 && fits && word_fits
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

    #[test]
    fn a_version_of_another_type_is_told_from_one_of_none() {
        let uri = |version: &str| format!("/x?api-version={version}").parse::<Uri>().unwrap();
        let check = |version| check_type(&uri(version), "roleAssignments", ROLE_ASSIGNMENTS).map_err(|e| e.facts());
        assert_eq!(check("2018-09-01-PREVIEW"), Ok("2018-09-01-preview".to_owned()));
        assert_eq!(check("2022-12-01"), Err((400, "NoRegisteredProviderFound")));
        assert_eq!(check("1999-01-01"), Err((400, "InvalidApiVersionParameter")));
        assert_eq!(check("banana"), Err((400, "InvalidApiVersionParameter")));
        let any = |version| check_any(&uri(version)).map_err(|error| error.facts());
        assert_eq!(any("2025-04-01-preview"), Ok("2025-04-01-preview".to_owned()));
        for version in ["1999-01-01", "banana", "2021-13-01", "2021-04-01x", "20210401"] {
            assert_eq!(any(version), Err((400, "InvalidApiVersionParameter")), "{version}");
        }
    }
}

//! Scopes of directory roles: `directoryScopeId` (`GRAPH 5.6`).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::NoScope;

/// Where a directory role holds. Scopes do not contain each other: an eligibility at one serves no other (`GRAPH 10.2`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum DirectoryScope {
    /// The whole tenant: `/`.
    Tenant,
    /// An administrative unit: `/administrativeUnits/{id}`.
    AdministrativeUnit(Uuid),
    /// One application, service principal or group: `/{id}`.
    Object(Uuid),
}

const UNITS: &str = "administrativeUnits";

impl FromStr for DirectoryScope {
    type Err = NoScope;
    /// Accepts any letter case and no trailing slash.
    fn from_str(text: &str) -> Result<Self, NoScope> {
        let path = text.strip_prefix('/').ok_or(NoScope)?;
        let guid = |text: &str| hyphenated(text).ok_or(NoScope);
        match path.split_once('/') {
            None if path.is_empty() => Ok(Self::Tenant),
            None => guid(path).map(Self::Object),
            Some((word, id)) if word.eq_ignore_ascii_case(UNITS) => guid(id).map(Self::AdministrativeUnit),
            Some(_) => Err(NoScope),
        }
    }
}

impl fmt::Display for DirectoryScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant => f.write_str("/"),
            Self::AdministrativeUnit(id) => write!(f, "/{UNITS}/{id}"),
            Self::Object(id) => write!(f, "/{id}"),
        }
    }
}

impl TryFrom<String> for DirectoryScope {
    type Error = NoScope;
    fn try_from(text: String) -> Result<Self, NoScope> {
        text.parse()
    }
}
impl From<DirectoryScope> for String {
    fn from(scope: DirectoryScope) -> Self {
        scope.to_string()
    }
}

/// A GUID of 8-4-4-4-12 digits; other spellings of sixteen bytes are none on the wire.
pub(crate) fn hyphenated(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let spelled = text.parse::<DirectoryScope>().ok().map(|scope| scope.to_string());
        assert_eq!(spelled.as_deref(), expected, "{text:?}");
    }

    #[test]
    fn directory_scopes() {
        check("/", Some("/"));
        check(
            "/administrativeunits/5F5A7E2A-0000-4000-8000-00000000000A",
            Some("/administrativeUnits/5f5a7e2a-0000-4000-8000-00000000000a"),
        );
        check("/5F5A7E2A-0000-4000-8000-00000000000A", Some("/5f5a7e2a-0000-4000-8000-00000000000a"));
        for text in [
            "",
            "//",
            "/administrativeUnits",
            "/administrativeUnits/",
            "/administrativeUnits/x",
            "5f5a7e2a-0000-4000-8000-00000000000a",
            "/5f5a7e2a000040008000000000000000",
            "/{5f5a7e2a-0000-4000-8000-00000000000a}",
            "/5f5a7e2a-0000-4000-8000-00000000000a/",
            "/users/5f5a7e2a-0000-4000-8000-00000000000a",
        ] {
            check(text, None);
        }
    }
}

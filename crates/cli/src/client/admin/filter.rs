//! `--filter` of the administrators' lists: the `$filter` grammar of the PAM API (`PAM 8`, `PAM 14.3`), applied to what
//! the server answered. One that is not understood is an error, never an unfiltered list.

use ephor_odata::{Dialect, EntitySet, Field, Kind, Row, Value as Typed};
use jiff::{Timestamp, civil::Time};
use serde_json::Value;
use uuid::Uuid;

use crate::exit::{Done, Failure};

/// A property that can be filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    name: &'static str,
    kind: Kind,
}

const fn column(name: &'static str, kind: Kind) -> Field<Column> {
    Field::new(name, Column { name, kind }, kind).nullable()
}

/// `Get-PAMRole`
pub(crate) const ROLES: EntitySet<Column> = EntitySet::new(&[
    column("RoleId", Kind::Guid).aliases(&["RoleID"]),
    column("DisplayName", Kind::Text),
    column("Description", Kind::Text),
    column("TTL", Kind::Duration),
    column("AvailableFrom", Kind::TimeOfDay),
    column("AvailableTo", Kind::TimeOfDay),
    column("MFAEnabled", Kind::Bool),
    column("ApprovalEnabled", Kind::Bool),
    column("AvailabilityWindowEnabled", Kind::Bool),
    column("DisableAutoApprovalIfOwner", Kind::Bool),
]);

/// `Get-PAMUser`
pub(crate) const USERS: EntitySet<Column> = EntitySet::new(&[
    column("UserId", Kind::Guid),
    column("PersonId", Kind::Guid),
    column("Username", Kind::Text),
    column("SourceDomain", Kind::Text),
    column("SourceAccountName", Kind::Text),
    column("SourceDisplayName", Kind::Text),
    column("SourceDescription", Kind::Text),
    column("SourceEmailAddress", Kind::Text),
    column("SourcePhoneNumber", Kind::Text),
    column("SourceAccountSID", Kind::Text),
    column("PrivDomain", Kind::Text),
    column("PrivAccountName", Kind::Text),
    column("PrivDisplayName", Kind::Text),
    column("PrivDescription", Kind::Text),
    column("PrivAccountActive", Kind::Bool),
    column("PrivOnly", Kind::Bool),
    column("UserPrincipalName", Kind::Text),
]);

/// `Get-PAMGroup`
pub(crate) const GROUPS: EntitySet<Column> = EntitySet::new(&[
    column("GroupId", Kind::Guid),
    column("TargetId", Kind::Guid),
    column("SourceDomain", Kind::Text),
    column("SourceAccountName", Kind::Text),
    column("SourceAccountSID", Kind::Text),
    column("PrivAccountName", Kind::Text),
    column("PrivDisplayName", Kind::Text),
    column("PrivDescription", Kind::Text),
    column("NativeName", Kind::Text),
    column("Active", Kind::Bool),
    column("PrivOnly", Kind::Bool),
]);

/// `Get-PAMRequest`
pub(crate) const REQUESTS: EntitySet<Column> = EntitySet::new(&[
    column("RequestId", Kind::Guid).aliases(&["RequestID", "FIMRequestID"]),
    column("CreatorID", Kind::Guid),
    column("Username", Kind::Text),
    column("RoleId", Kind::Guid).aliases(&["RoleID"]),
    column("RoleName", Kind::Text),
    column("Justification", Kind::Text),
    column("CreationTime", Kind::Instant),
    column("CreationMethod", Kind::Text),
    column("ExpirationTime", Kind::Instant),
    column("RequestedTTL", Kind::Duration),
    column("RequestedTime", Kind::Instant),
    column("RequestStatus", Kind::Text).aliases(&["RequestedStatus"]),
]);

struct Listed<'v>(&'v Value);

impl Row<Column> for Listed<'_> {
    fn value(&self, column: Column) -> Typed<'_> {
        let Some(value) = self.0.get(column.name) else { return Typed::Null };
        let text = value.as_str();
        let typed = match column.kind {
            Kind::Text => text.map(Typed::Text),
            Kind::Bool => value.as_bool().map(Typed::Bool),
            Kind::Guid | Kind::WrappedGuid => text.and_then(|text| Uuid::try_parse(text).ok()).map(Typed::Guid),
            Kind::Duration => value.as_i64().map(|seconds| Typed::Seconds(seconds.into())),
            Kind::Instant => {
                text.and_then(|text| text.parse::<Timestamp>().ok()).map(|instant| Typed::Instant(instant.into()))
            }
            Kind::TimeOfDay => text.and_then(|text| text.parse::<Time>().ok()).map(Typed::Time),
        };
        // As the wire has it: no value is the sentinel, which comes before every instant.
        typed.unwrap_or(match column.kind {
            Kind::Instant => Typed::Instant(ephor_odata::Instant::Unset),
            Kind::Text | Kind::Guid | Kind::WrappedGuid | Kind::Duration | Kind::Bool | Kind::TimeOfDay => Typed::Null,
        })
    }
}

/// Keeps the rows that meet the filter.
pub(crate) fn keep(rows: &mut Vec<Value>, set: &EntitySet<Column>, filter: Option<&str>) -> Done {
    let Some(filter) = filter.filter(|text| !text.is_empty()) else { return Ok(()) };
    let predicate = set
        .filter(Dialect::V3, filter)
        .map_err(|error| Failure::usage(format!("the filter is not understood: {error}")))?;
    rows.retain(|row| predicate.matches(&Listed(row)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept(filter: &str) -> Done<Vec<Value>> {
        let mut rows = vec![
            json!({"RequestId": "1", "RequestStatus": "Active", "RequestedTTL": 600,
                "ExpirationTime": "2026-03-01T10:00:00Z"}),
            json!({"RequestId": "2", "RequestStatus": "PendingApproval", "RequestedTTL": 60, "ExpirationTime": null}),
        ];
        keep(&mut rows, &REQUESTS, Some(filter))?;
        Ok(rows.iter().map(|row| row["RequestId"].clone()).collect())
    }

    #[test]
    fn rows_are_kept_by_the_grammar_of_the_pam_api() {
        assert_eq!(kept("RequestedStatus eq 'Active'").unwrap(), ["1"]);
        assert_eq!(kept("RequestedTTL lt 600").unwrap(), ["2"]);
        assert_eq!(kept("ExpirationTime gt datetime'2026-03-01T09:59:59Z'").unwrap(), ["1"]);
        assert_eq!(kept("ExpirationTime lt datetime'2026-03-01T10:00:00Z'").unwrap(), ["2"]);
        assert_eq!(kept("").unwrap(), ["1", "2"]);
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for filter in ["Status eq 'Active'", "RequestStatus eq \"Active\"", "RequestId gt '1'", "nonsense"] {
            let failure = kept(filter).unwrap_err();
            assert_eq!(failure.outcome(), crate::exit::Outcome::Usage, "{filter}");
            assert!(failure.to_string().starts_with("the filter is not understood: "), "{failure}");
        }
    }
}

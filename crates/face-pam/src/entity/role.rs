//! O1: a role.

use ephor_domain::{
    pam::Role,
    time::instant::{PAM_SENTINEL, time_of_day_to_pam},
};
use ephor_odata::{EntitySet, Field, Kind, Row, Value};
use jiff::civil::Time;
use serde::Serialize;
use uuid::Uuid;

/// A role as its candidates see it (`PAM 6.1`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoleEntity<'a> {
    /// Key.
    #[serde(rename = "RoleId")]
    pub id: Uuid,
    /// Name, blanks at the ends kept (`PAM-036`).
    #[serde(rename = "DisplayName")]
    pub name: &'a str,
    /// Description.
    #[serde(rename = "Description")]
    pub description: Option<&'a str>,
    /// Seconds, as text.
    #[serde(rename = "TTL")]
    pub ttl: String,
    /// Time of day in the server's zone on the sentinel's date, without a zone: with one, browsers apply historic local
    /// mean time (`PAM 6.1`).
    #[serde(rename = "AvailableFrom")]
    pub from: String,
    /// As `from`.
    #[serde(rename = "AvailableTo")]
    pub to: String,
    /// A challenge is needed.
    #[serde(rename = "MFAEnabled")]
    pub mfa: bool,
    /// An approval is needed.
    #[serde(rename = "ApprovalEnabled")]
    pub approval: bool,
    /// The window is enforced.
    #[serde(rename = "AvailabilityWindowEnabled")]
    pub window_enabled: bool,
}

impl<'a> RoleEntity<'a> {
    /// What the wire shows of a role.
    #[must_use]
    pub fn of(role: &'a Role) -> Self {
        let time = |time: Option<Time>| time.map_or_else(|| PAM_SENTINEL.to_owned(), time_of_day_to_pam);
        Self {
            id: role.id.uuid(),
            name: role.name.as_str(),
            description: role.description.as_deref(),
            ttl: role.ttl.to_string(),
            from: time(role.window.map(|window| window.from())),
            to: time(role.window.map(|window| window.to())),
            mfa: role.mfa,
            approval: role.approval,
            window_enabled: role.window_enabled,
        }
    }
}

/// A property of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub enum RoleField {
    RoleId,
    DisplayName,
    Description,
    Ttl,
    AvailableFrom,
    AvailableTo,
    MfaEnabled,
    ApprovalEnabled,
    AvailabilityWindowEnabled,
}

/// What a filter on O1 may name.
pub const ROLES: EntitySet<RoleField> = EntitySet::new(&[
    Field::new("RoleId", RoleField::RoleId, Kind::Guid),
    Field::new("DisplayName", RoleField::DisplayName, Kind::Text),
    Field::new("Description", RoleField::Description, Kind::Text).nullable(),
    Field::new("TTL", RoleField::Ttl, Kind::Duration),
    Field::new("AvailableFrom", RoleField::AvailableFrom, Kind::TimeOfDay),
    Field::new("AvailableTo", RoleField::AvailableTo, Kind::TimeOfDay),
    Field::new("MFAEnabled", RoleField::MfaEnabled, Kind::Bool),
    Field::new("ApprovalEnabled", RoleField::ApprovalEnabled, Kind::Bool),
    Field::new("AvailabilityWindowEnabled", RoleField::AvailabilityWindowEnabled, Kind::Bool),
]);

impl Row<RoleField> for Role {
    fn value(&self, field: RoleField) -> Value<'_> {
        let time = |time: Option<Time>| Value::Time(time.unwrap_or(Time::midnight()));
        match field {
            RoleField::RoleId => Value::Guid(self.id.uuid()),
            RoleField::DisplayName => Value::Text(self.name.as_str()),
            RoleField::Description => Value::text(self.description.as_deref()),
            RoleField::Ttl => Value::Seconds(i128::from(self.ttl)),
            RoleField::AvailableFrom => time(self.window.map(|window| window.from())),
            RoleField::AvailableTo => time(self.window.map(|window| window.to())),
            RoleField::MfaEnabled => Value::Bool(self.mfa),
            RoleField::ApprovalEnabled => Value::Bool(self.approval),
            RoleField::AvailabilityWindowEnabled => Value::Bool(self.window_enabled),
        }
    }
}

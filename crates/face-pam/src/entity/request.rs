//! O2 and O3: a request.

use ephor_domain::{
    request::Channel,
    time::instant::{to_pam, to_pam_or_sentinel},
};
use ephor_engine::pam::PamRequest;
use ephor_odata::{EntitySet, Field, Kind, Row, Value};
use serde::Serialize;
use uuid::Uuid;

use super::filtered;

/// A request as its requester sees it (`PAM 6.2`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestEntity<'a> {
    /// Key.
    #[serde(rename = "RequestId")]
    pub id: Uuid,
    /// The PAM user who asked. The spelling differs from its neighbours' in the contract (C4).
    #[serde(rename = "CreatorID")]
    pub creator: Uuid,
    /// Reason given.
    #[serde(rename = "Justification")]
    pub justification: Option<&'a str>,
    /// Creation.
    #[serde(rename = "CreationTime")]
    pub created: String,
    /// Channel.
    #[serde(rename = "CreationMethod")]
    pub method: &'static str,
    /// End, or the sentinel (`PAM 9.4`).
    #[serde(rename = "ExpirationTime")]
    pub expiration: String,
    /// The role.
    #[serde(rename = "RoleId")]
    pub role: Uuid,
    /// Seconds asked for, as text; not what was granted.
    #[serde(rename = "RequestedTTL")]
    pub ttl: String,
    /// Start asked for.
    #[serde(rename = "RequestedTime")]
    pub start: String,
    /// One of the nine words of `PAM 9.1`.
    #[serde(rename = "RequestStatus")]
    pub status: &'static str,
}

impl<'a> RequestEntity<'a> {
    /// What the wire shows of a request.
    #[must_use]
    pub fn of(row: &'a PamRequest) -> Self {
        let request = &row.request;
        Self {
            id: request.id.uuid(),
            creator: request.requester.uuid(),
            justification: justification(row),
            created: to_pam(request.created),
            method: creation_method(request.channel),
            expiration: to_pam_or_sentinel(row.view.expiration),
            role: request.entitlement.uuid(),
            ttl: request.asked_ttl.to_string(),
            start: to_pam(request.asked_start),
            status: row.view.status.word(),
        }
    }
}

fn justification(row: &PamRequest) -> Option<&str> {
    row.request.justification.as_ref().map(|justification| justification.as_str())
}

/// `CreationMethod`: tells the web from other channels, no more (`PAM 6.2`).
const fn creation_method(channel: Channel) -> &'static str {
    match channel {
        Channel::PamRest | Channel::Portal | Channel::Graph | Channel::Arm => "PAM Web API",
        Channel::PowerShell => "PowerShell",
    }
}

/// A property of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub enum RequestField {
    RequestId,
    CreatorId,
    Justification,
    CreationTime,
    CreationMethod,
    ExpirationTime,
    RoleId,
    RequestedTtl,
    RequestedTime,
    RequestStatus,
}

/// What a filter on O3 may name. Names compare in any letter case, so `RequestID` and `RoleID` need no alias.
pub const REQUESTS: EntitySet<RequestField> = EntitySet::new(&[
    Field::new("RequestId", RequestField::RequestId, Kind::Guid),
    Field::new("CreatorID", RequestField::CreatorId, Kind::Guid),
    Field::new("Justification", RequestField::Justification, Kind::Text).nullable(),
    Field::new("CreationTime", RequestField::CreationTime, Kind::Instant),
    Field::new("CreationMethod", RequestField::CreationMethod, Kind::Text),
    Field::new("ExpirationTime", RequestField::ExpirationTime, Kind::Instant),
    Field::new("RoleId", RequestField::RoleId, Kind::Guid),
    Field::new("RequestedTTL", RequestField::RequestedTtl, Kind::Duration),
    Field::new("RequestedTime", RequestField::RequestedTime, Kind::Instant),
    Field::new("RequestStatus", RequestField::RequestStatus, Kind::Text).aliases(&["RequestedStatus"]),
]);

impl Row<RequestField> for PamRequest {
    fn value(&self, field: RequestField) -> Value<'_> {
        let request = &self.request;
        match field {
            RequestField::RequestId => Value::Guid(request.id.uuid()),
            RequestField::CreatorId => Value::Guid(request.requester.uuid()),
            RequestField::Justification => Value::text(justification(self)),
            RequestField::CreationTime => filtered(Some(request.created)),
            RequestField::CreationMethod => Value::Text(creation_method(request.channel)),
            RequestField::ExpirationTime => filtered(self.view.expiration),
            RequestField::RoleId => Value::Guid(request.entitlement.uuid()),
            RequestField::RequestedTtl => Value::Seconds(i128::from(request.asked_ttl)),
            RequestField::RequestedTime => filtered(Some(request.asked_start)),
            RequestField::RequestStatus => Value::Text(self.view.status.word()),
        }
    }
}

//! O5: a request that waits for the caller's decision.

use ephor_domain::time::instant::to_pam;
use ephor_engine::pam::read::ToApprove;
use ephor_odata::{EntitySet, Field, Kind, Row, Value};
use serde::Serialize;

use super::{Wrapped, filtered};

/// A pending approval as its approvers see it (`PAM 6.3`). The key is `approval`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToApproveEntity<'a> {
    /// Display name of the role.
    #[serde(rename = "RoleName")]
    pub role: &'a str,
    /// Account of the requester.
    #[serde(rename = "Requestor")]
    pub requester_name: &'a str,
    /// Reason given.
    #[serde(rename = "Justification")]
    pub justification: Option<&'a str>,
    /// Seconds asked for, as text.
    #[serde(rename = "RequestedTTL")]
    pub ttl: String,
    /// Start asked for.
    #[serde(rename = "RequestedTime")]
    pub start: String,
    /// Creation of the request.
    #[serde(rename = "CreationTime")]
    pub created: String,
    /// `RequestId` of O3 (C16).
    #[serde(rename = "FIMRequestID")]
    pub request: Wrapped,
    /// `CreatorID` of O3.
    #[serde(rename = "RequestorID")]
    pub requester: Wrapped,
    /// What O6 and O7 take; never the request's id.
    #[serde(rename = "ApprovalObjectID")]
    pub approval: Wrapped,
}

impl<'a> ToApproveEntity<'a> {
    /// What the wire shows of a pending approval.
    #[must_use]
    pub fn of(row: &'a ToApprove) -> Self {
        let request = &row.request;
        Self {
            role: &row.role,
            requester_name: &row.requester.account,
            justification: justification(row),
            ttl: request.asked_ttl.to_string(),
            start: to_pam(request.asked_start),
            created: to_pam(request.created),
            request: Wrapped { value: request.id.uuid() },
            requester: Wrapped { value: request.requester.uuid() },
            approval: Wrapped { value: row.approval.id.uuid() },
        }
    }
}

fn justification(row: &ToApprove) -> Option<&str> {
    row.request.justification.as_ref().map(|justification| justification.as_str())
}

/// A property of a pending approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the wire")]
pub enum ToApproveField {
    RoleName,
    Requestor,
    Justification,
    RequestedTtl,
    RequestedTime,
    CreationTime,
    FimRequestId,
    RequestorId,
    ApprovalObjectId,
}

/// What a filter on O5 may name; the three ids as `Name/Value`.
pub const TO_APPROVE: EntitySet<ToApproveField> = EntitySet::new(&[
    Field::new("RoleName", ToApproveField::RoleName, Kind::Text),
    Field::new("Requestor", ToApproveField::Requestor, Kind::Text),
    Field::new("Justification", ToApproveField::Justification, Kind::Text).nullable(),
    Field::new("RequestedTTL", ToApproveField::RequestedTtl, Kind::Duration),
    Field::new("RequestedTime", ToApproveField::RequestedTime, Kind::Instant),
    Field::new("CreationTime", ToApproveField::CreationTime, Kind::Instant),
    Field::new("FIMRequestID", ToApproveField::FimRequestId, Kind::WrappedGuid),
    Field::new("RequestorID", ToApproveField::RequestorId, Kind::WrappedGuid),
    Field::new("ApprovalObjectID", ToApproveField::ApprovalObjectId, Kind::WrappedGuid),
]);

impl Row<ToApproveField> for ToApprove {
    fn value(&self, field: ToApproveField) -> Value<'_> {
        let request = &self.request;
        match field {
            ToApproveField::RoleName => Value::Text(&self.role),
            ToApproveField::Requestor => Value::Text(&self.requester.account),
            ToApproveField::Justification => Value::text(justification(self)),
            ToApproveField::RequestedTtl => Value::Seconds(i128::from(request.asked_ttl)),
            ToApproveField::RequestedTime => filtered(Some(request.asked_start)),
            ToApproveField::CreationTime => filtered(Some(request.created)),
            ToApproveField::FimRequestId => Value::Guid(request.id.uuid()),
            ToApproveField::RequestorId => Value::Guid(request.requester.uuid()),
            ToApproveField::ApprovalObjectId => Value::Guid(self.approval.id.uuid()),
        }
    }
}

//! PAM 8 as tables: what a filter keeps, and what is refused where.

mod kept;
mod refused;
mod walked;

use jiff::civil::Time;
use uuid::{Uuid, uuid};

use crate::{DateTime, Dialect, EntitySet, Field, FilterError, Kind, Row, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum F {
    RequestId,
    Justification,
    CreationTime,
    ExpirationTime,
    RoleId,
    RequestedTtl,
    Ttl,
    Status,
    DisplayName,
    MfaEnabled,
    AvailableFrom,
    RequestorId,
}

/// Fields of all three listed types in one set.
const SET: EntitySet<F> = EntitySet::new(&[
    Field::new("RequestId", F::RequestId, Kind::Guid).aliases(&["RequestID"]),
    Field::new("Justification", F::Justification, Kind::Text).nullable(),
    Field::new("CreationTime", F::CreationTime, Kind::Instant),
    Field::new("ExpirationTime", F::ExpirationTime, Kind::Instant),
    Field::new("RoleId", F::RoleId, Kind::Guid).aliases(&["RoleID"]),
    Field::new("RequestedTTL", F::RequestedTtl, Kind::Duration),
    Field::new("TTL", F::Ttl, Kind::Duration),
    Field::new("RequestStatus", F::Status, Kind::Text).aliases(&["RequestedStatus"]),
    Field::new("DisplayName", F::DisplayName, Kind::Text),
    Field::new("MFAEnabled", F::MfaEnabled, Kind::Bool),
    Field::new("AvailableFrom", F::AvailableFrom, Kind::TimeOfDay),
    Field::new("RequestorID", F::RequestorId, Kind::WrappedGuid),
]);

const SQL_ROLE: Uuid = uuid!("0a1b2c3d-4e5f-6789-abcd-ef0123456789");
const HR_ROLE: Uuid = uuid!("8c6a1f0e-0000-4000-8000-00000000000f");
const JEN: Uuid = uuid!("11111111-2222-3333-4444-55555555abcd");
const PAT: Uuid = uuid!("99999999-2222-3333-4444-55555555abcd");

#[derive(Clone)]
struct Item {
    name: &'static str,
    justification: Option<&'static str>,
    created: &'static str,
    expires: &'static str,
    role: Uuid,
    requested_ttl: i128,
    status: &'static str,
    role_name: &'static str,
    mfa: bool,
    from: Time,
    requestor: Uuid,
}

impl Row<F> for Item {
    fn value(&self, field: F) -> Value<'_> {
        let instant = |text| Value::Instant(DateTime::parse(text).unwrap().instant());
        match field {
            F::RequestId | F::RoleId => Value::Guid(self.role),
            F::Justification => Value::text(self.justification),
            F::CreationTime => instant(self.created),
            F::ExpirationTime => instant(self.expires),
            F::RequestedTtl | F::Ttl => Value::Seconds(self.requested_ttl),
            F::Status => Value::Text(self.status),
            F::DisplayName => Value::Text(self.role_name),
            F::MfaEnabled => Value::Bool(self.mfa),
            F::AvailableFrom => Value::Time(self.from),
            F::RequestorId => Value::Guid(self.requestor),
        }
    }
}

/// An active, an expired and a pending request.
fn items() -> [Item; 3] {
    let active = Item {
        name: "active",
        justification: Some("fix Jen's table"),
        created: "2015-06-20T04:49:32.431Z",
        expires: "2015-06-20T05:49:32.431Z",
        role: SQL_ROLE,
        requested_ttl: 3600,
        status: "Active",
        role_name: "SQL File Access",
        mfa: true,
        from: Time::constant(8, 0, 0, 0),
        requestor: JEN,
    };
    let expired = Item {
        name: "expired",
        justification: None,
        created: "2015-01-10T00:00:00Z",
        expires: "2015-01-10T02:00:00Z",
        requested_ttl: 7200,
        status: "Expired",
        from: Time::midnight(),
        ..active.clone()
    };
    let pending = Item {
        name: "pending",
        justification: Some("x"),
        created: "2015-07-13T04:49:32.432Z",
        expires: "0001-01-01T00:00:00",
        role: HR_ROLE,
        requested_ttl: 900,
        status: "PendingApproval",
        role_name: "HR ",
        mfa: false,
        from: Time::constant(8, 30, 0, 0),
        requestor: PAT,
    };
    [active, expired, pending]
}

/// The names of the items a filter keeps, in order.
fn kept(text: &str) -> String {
    let predicate = SET.filter(Dialect::V3, text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    let names: Vec<_> = items().iter().filter(|item| predicate.matches(*item)).map(|item| item.name).collect();
    names.join(" ")
}

fn check_kept(cases: &[(&str, &str)]) {
    for (text, names) in cases {
        assert_eq!(kept(text), *names, "{text}");
    }
}

fn refused(text: &str) -> FilterError {
    SET.filter(Dialect::V3, text).expect_err(text)
}

/// Filter texts with `@` where the error is.
fn check_refused(error: fn(usize) -> FilterError, cases: &[&str]) {
    for marked in cases {
        let offset = marked.find('@').expect("each case marks its error");
        assert_eq!(refused(&marked.replacen('@', "", 1)), error(offset), "{marked}");
    }
}

fn syntax(offset: usize) -> FilterError {
    FilterError::Syntax { offset }
}

//! What the wire shows of each entity: exactly these properties, in this order, in this spelling (`PAM 6`), and what of
//! them a `$filter` may name (`PAM 8`).

mod request;
mod role;
mod to_approve;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

pub use request::{REQUESTS, RequestEntity, RequestField};
pub use role::{ROLES, RoleEntity, RoleField};
pub use to_approve::{TO_APPROVE, ToApproveEntity, ToApproveField};

/// An identifier inside an object, as O5 writes its three ids (`PAM 5`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Wrapped {
    /// The identifier.
    #[serde(rename = "Value")]
    pub value: Uuid,
}

/// The signed-in account (`PAM 6.4`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionEntity<'a> {
    /// `DOMAIN\account`.
    #[serde(rename = "Username")]
    pub username: &'a str,
}

/// An instant that may be missing, as filters compare it: the sentinel lies before every real instant (`PAM 8`).
fn filtered(instant: Option<Timestamp>) -> ephor_odata::Value<'static> {
    ephor_odata::Value::Instant(instant.map_or(ephor_odata::Instant::Unset, ephor_odata::Instant::from))
}

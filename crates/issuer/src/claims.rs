//! What our tokens say (`ARM 4.1`, `GRAPH 2.4`): clients read some of it themselves.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ephor_domain::principal::Principal;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

/// The claims of an access token.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AccessClaims {
    pub(crate) aud: String,
    pub(crate) iss: String,
    pub(crate) iat: i64,
    pub(crate) nbf: i64,
    pub(crate) exp: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) acrs: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) amr: Vec<String>,
    pub(crate) appid: String,
    /// How the client proved itself: 0 not at all, 1 by a secret, 2 by an assertion.
    pub(crate) appidacr: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auth_time: Option<i64>,
    pub(crate) idtyp: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    pub(crate) oid: Uuid,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) roles: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scp: Option<String>,
    /// The family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<String>,
    pub(crate) sub: Uuid,
    pub(crate) tid: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unique_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) upn: Option<String>,
    pub(crate) uti: String,
    pub(crate) ver: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) xms_cc: Vec<&'static str>,
}

/// The claims of an id token.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct IdClaims {
    pub(crate) aud: String,
    pub(crate) iss: String,
    pub(crate) iat: i64,
    pub(crate) nbf: i64,
    pub(crate) exp: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) amr: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auth_time: Option<i64>,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nonce: Option<String>,
    pub(crate) oid: Uuid,
    pub(crate) preferred_username: String,
    pub(crate) sub: Uuid,
    pub(crate) tid: Uuid,
    pub(crate) ver: &'static str,
}

/// The name a person is known by to clients.
pub(crate) fn sign_in_name(principal: &Principal) -> String {
    principal.upn.clone().unwrap_or_else(|| principal.username())
}

/// `client_info` of the token answer: what client libraries name the account by.
pub(crate) fn client_info(object: Uuid, tenant: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(json!({"uid": object, "utid": tenant}).to_string())
}

/// Seconds since 1970.
pub(crate) fn seconds(at: Timestamp) -> i64 {
    at.as_second()
}

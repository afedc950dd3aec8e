//! Signed assertions of clients (RFC 7523): the private half of a registered key, and each assertion once.

use ephor_identity::{
    client_key,
    jose::{Compact, strict::Object},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{
    client::Client,
    face::App,
    oauth::{Answer, Refused},
    secrets::{self, Purpose},
};

/// `client_assertion_type`.
pub(crate) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Longest life of an assertion: so long it is remembered.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);

/// How far a client's clock may be apart from ours.
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);

/// Whom an assertion names, unverified: only to choose whose keys to look at.
pub(crate) fn subject(text: &str) -> Option<String> {
    let claims = Compact::parse(text).ok()?.unverified_claims().ok()?;
    claims.get("sub").and_then(Value::as_str).map(str::to_owned)
}

impl App {
    /// Checks a client's assertion and uses it up.
    pub(crate) async fn check_assertion(&self, client: &Client, text: &str, tenant: &str) -> Answer<()> {
        let now = self.now();
        let compact = Compact::parse(text).map_err(|_| Refused::ASSERTION)?;
        // A name of a key is a hint of the client's; its keys are few, and each says itself what it is for.
        let signed = client
            .keys(now)
            .any(|key| client_key::verifying(&key.public_key).is_some_and(|key| compact.is_signed_by(&key)));
        if !signed {
            return Err(Refused::ASSERTION);
        }
        let claims = compact.unverified_claims().map_err(|_| Refused::ASSERTION)?;
        let expires = checked(&claims, client, &self.assertion_audiences(tenant), now).ok_or(Refused::ASSERTION)?;
        let id = claims.get("jti").and_then(Value::as_str).filter(|id| !id.is_empty()).ok_or(Refused::ASSERTION)?;
        let hash = secrets::hash(Purpose::Assertion, &format!("{} {id}", client.id));
        let kept = expires.saturating_add(LEEWAY).unwrap_or(expires);
        if self.ledger.use_assertion(hash, kept).await? { Ok(()) } else { Err(Refused::ASSERTION) }
    }

    /// What an assertion may be made for: our issuer, or the token endpoint in a spelling of ours.
    fn assertion_audiences(&self, tenant: &str) -> Vec<String> {
        let tenants =
            [tenant.to_owned(), self.settings.tenant.to_string(), "common".to_owned(), "organizations".to_owned()];
        let endpoints = ["oauth2/v2.0/token", "oauth2/token", "v2.0"];
        let all = tenants.iter().flat_map(|tenant| endpoints.map(|path| self.settings.endpoint(tenant, path)));
        all.chain([self.settings.issuer()]).collect()
    }
}

/// When the assertion ends, if its claims are as they must be.
fn checked(claims: &Object, client: &Client, audiences: &[String], now: Timestamp) -> Option<Timestamp> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let is_client = |name| text(name).is_some_and(|text| text.eq_ignore_ascii_case(&client.id.to_string()));
    if !is_client("iss") || !is_client("sub") {
        return None;
    }
    let audience = match claims.get("aud")? {
        Value::String(one) => one.as_str(),
        // One, and ours: what is made for others as well, others can use as well.
        Value::Array(all) => match all.as_slice() {
            [one] => one.as_str()?,
            _ => return None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    };
    if !audiences.iter().any(|ours| ours == audience) {
        return None;
    }
    let instant = |name: &str| -> Result<Option<Timestamp>, ()> {
        match claims.get(name) {
            None => Ok(None),
            Some(value) => {
                let seconds = value.as_i64().ok_or(())?;
                Timestamp::from_second(seconds).map(Some).map_err(|_| ())
            }
        }
    };
    let expires = instant("exp").ok()??;
    let late = now.saturating_sub(LEEWAY).unwrap_or(now);
    let early = now.saturating_add(LEEWAY).unwrap_or(now);
    if expires <= late || expires > now.saturating_add(LONGEST + LEEWAY).unwrap_or(now) {
        return None;
    }
    for name in ["nbf", "iat"] {
        if instant(name).ok()?.is_some_and(|at| at > early) {
            return None;
        }
    }
    Some(expires)
}

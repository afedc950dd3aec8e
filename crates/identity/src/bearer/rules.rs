//! When the claims of a token count: a function of the claims and of the clock.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::claims::Claims;

/// How far the clocks of two of our nodes may be apart.
pub const LEEWAY_OWN: SignedDuration = SignedDuration::from_secs(5);

/// How far an outside issuer's clock may be apart from ours.
pub const LEEWAY_OUTSIDE: SignedDuration = SignedDuration::from_secs(60);

/// Why a token does not count. Each face has its own words for it; the variants follow the finest table (`ARM 4.2`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TokenFault {
    /// No signed token: form, size, header, a claim of a wrong type, a way of signing that does not count.
    #[error("the token cannot be read")]
    Malformed,
    /// Nobody's whose tokens count here.
    #[error("the token comes from an issuer that does not count here")]
    Issuer,
    /// Not signed by a key of its issuer.
    #[error("the signature of the token is wrong")]
    Signature,
    /// Its time is over.
    #[error("the token is expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// Made for somebody else.
    #[error("the token was made for another audience")]
    Audience,
    /// Another tenant's.
    #[error("the token belongs to another tenant")]
    Tenant,
    /// Names no object.
    #[error("the token names no object")]
    NoObject,
    /// Names an object that is not there, or not of the kind the token is for.
    #[error("the token names an object that is not there")]
    UnknownObject,
    /// The outside identity is not linked to an account here.
    #[error("the identity behind the token is not linked to an account")]
    NotLinked,
    /// Taken back, with everything that stems from the same sign-in.
    #[error("the token was taken back")]
    Revoked,
    /// The issuer's keys cannot be had at the moment.
    #[error("the keys of the token's issuer cannot be had")]
    KeysUnavailable,
}

/// The `iss` of our own tokens.
#[must_use]
pub fn own_issuer(public_url: &str, tenant: Uuid) -> String {
    format!("{}/{tenant}/v2.0", public_url.trim_end_matches('/'))
}

/// What the claims of our own tokens must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// Our tenant.
    pub tenant: Uuid,
    /// Our `iss`.
    pub issuer: String,
    audiences: BTreeSet<String>,
}

impl TokenRules {
    /// The rules of a server that is reached at `public_url`; `aliases` are further audiences, for clients with fixed
    /// hosts.
    #[must_use]
    pub fn new(public_url: &str, tenant: Uuid, aliases: impl IntoIterator<Item = String>) -> Self {
        let plain = |audience: &str| audience.trim_end_matches('/').to_owned();
        let mut audiences: BTreeSet<String> = aliases.into_iter().map(|alias| plain(&alias)).collect();
        audiences.insert(plain(public_url));
        audiences.remove("");
        Self { tenant, issuer: own_issuer(public_url, tenant), audiences }
    }

    /// The accepted audiences without a slash at the end; each counts with one as well.
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        self.audiences.iter().map(String::as_str)
    }

    /// True when this audience is one of ours, with or without one slash at its end.
    #[must_use]
    pub fn is_ours(&self, audience: &str) -> bool {
        self.audiences.contains(audience.strip_suffix('/').unwrap_or(audience))
    }

    /// Checks a token of ours whose signature is right.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn check(&self, claims: &Claims, now: Timestamp) -> Result<(), TokenFault> {
        if claims.issuer != self.issuer {
            return Err(TokenFault::Issuer);
        }
        is_in_time(claims, now, LEEWAY_OWN)?;
        if !claims.audiences.iter().any(|audience| self.is_ours(audience)) {
            return Err(TokenFault::Audience);
        }
        if claims.tenant != Some(self.tenant) {
            return Err(TokenFault::Tenant);
        }
        if claims.object.is_none() { Err(TokenFault::NoObject) } else { Ok(()) }
    }
}

/// Checks `exp` and `nbf`.
pub(crate) fn is_in_time(claims: &Claims, now: Timestamp, leeway: SignedDuration) -> Result<(), TokenFault> {
    if now.duration_since(claims.expires) >= leeway {
        return Err(TokenFault::Expired);
    }
    let begins = claims.not_before.into_iter().chain(claims.issued).max();
    if begins.is_some_and(|begins| begins.duration_since(now) > leeway) {
        return Err(TokenFault::NotYetValid);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::uuid;

    use super::*;

    const TENANT: Uuid = uuid!("6f2a0000-0000-4000-8000-000000000001");
    const NOW: i64 = 1_900_000_000;

    fn rules() -> TokenRules {
        TokenRules::new("https://ephor.example:8443/", TENANT, ["https://graph.example/".to_owned(), String::new()])
    }

    fn check(change: &[(&str, Value)], expected: Result<(), TokenFault>) {
        let mut claims = json!({
            "iss": format!("https://ephor.example:8443/{TENANT}/v2.0"),
            "aud": "https://ephor.example:8443",
            "tid": TENANT,
            "oid": TENANT,
            "iat": NOW,
            "nbf": NOW,
            "exp": NOW + 3600,
        });
        for (name, value) in change {
            claims[*name] = value.clone();
        }
        let claims = Claims::read(claims.as_object().unwrap()).unwrap();
        assert_eq!(rules().check(&claims, Timestamp::from_second(NOW).unwrap()), expected, "{change:?}");
    }

    #[test]
    fn a_good_token_and_its_audiences() {
        check(&[], Ok(()));
        for good in ["https://ephor.example:8443/", "https://graph.example", "https://graph.example/"] {
            check(&[("aud", json!(good))], Ok(()));
            check(&[("aud", json!(["other", good]))], Ok(()));
        }
        for bad in ["", "/", "https://ephor.example:8443//", "https://ephor.example", "https://graph.example/x"] {
            check(&[("aud", json!(bad))], Err(TokenFault::Audience));
        }
        check(&[("aud", json!([]))], Err(TokenFault::Audience));
    }

    #[test]
    fn time_is_ours_with_five_seconds_of_leeway() {
        check(&[("exp", json!(NOW - 4))], Ok(()));
        check(&[("exp", json!(NOW - 5))], Err(TokenFault::Expired));
        check(&[("nbf", json!(NOW + 5))], Ok(()));
        check(&[("nbf", json!(NOW + 6))], Err(TokenFault::NotYetValid));
        check(&[("iat", json!(NOW + 6))], Err(TokenFault::NotYetValid));
        check(&[("exp", json!(-1))], Err(TokenFault::Expired));
    }

    #[test]
    fn issuer_tenant_and_object() {
        check(&[("iss", json!("https://ephor.example:8443"))], Err(TokenFault::Issuer));
        check(&[("tid", json!(Uuid::nil()))], Err(TokenFault::Tenant));
        check(&[("tid", Value::Null)], Err(TokenFault::Tenant));
        check(&[("oid", Value::Null)], Err(TokenFault::NoObject));
        // Expired goes before what else is wrong: the client is to fetch a new one.
        check(&[("exp", json!(1)), ("aud", json!("x"))], Err(TokenFault::Expired));
    }
}

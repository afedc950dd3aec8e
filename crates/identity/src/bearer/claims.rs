//! The claims of a token, typed. A claim of a wrong type is a token of a wrong form.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::jose::strict::Object;

/// Claims that counted as read; whether they hold is [`super::TokenRules`]'s to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// `iss`.
    pub issuer: String,
    /// `aud`, one or several.
    pub audiences: Vec<String>,
    /// `sub`.
    pub subject: Option<String>,
    /// `tid`.
    pub tenant: Option<Uuid>,
    /// `oid`.
    pub object: Option<Uuid>,
    /// `exp`.
    pub expires: Timestamp,
    /// `nbf`.
    pub not_before: Option<Timestamp>,
    /// `iat`.
    pub issued: Option<Timestamp>,
    /// `auth_time`: when the person was last asked who he is.
    pub authenticated: Option<Timestamp>,
    /// `scp`: delegated scopes; for outside issuers also `scope`.
    pub scopes: Option<BTreeSet<String>>,
    /// `roles`: app roles.
    pub roles: BTreeSet<String>,
    /// `appid`, else `azp`: the application that holds the token.
    pub client: Option<String>,
    /// `idtyp`: `user` or `app`.
    pub kind: Option<String>,
    /// `amr`: how the person proved who he is.
    pub methods: BTreeSet<String>,
    /// `acr`: how well, in the issuer's words.
    pub strength: Option<String>,
    /// `acrs`: authentication contexts, an array or words of a text.
    pub contexts: BTreeSet<String>,
    /// `xms_cc`: what the client can do; `cp1` is to follow a claims challenge.
    pub capabilities: BTreeSet<String>,
    /// `sid`: the family of the token, which ends as one.
    pub family: Option<String>,
    /// `uti`, else `jti`: the token itself.
    pub id: Option<String>,
    /// `nonce`, in an id token.
    pub nonce: Option<String>,
    /// `email`, when `email_verified` is true.
    pub mail: Option<String>,
}

/// A claim is missing or has a wrong type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the claim {0} is missing or has a wrong type")]
pub struct Unreadable(pub &'static str);

impl Claims {
    /// The claims in this object.
    ///
    /// # Errors
    /// [`Unreadable`]: the first claim that is missing or has a wrong type.
    pub fn read(object: &Object) -> Result<Self, Unreadable> {
        let claims = Reader(object);
        let is_mail_verified = object.get("email_verified") == Some(&Value::Bool(true));
        Ok(Self {
            issuer: claims.text("iss")?.ok_or(Unreadable("iss"))?,
            audiences: claims.list("aud")?.unwrap_or_default(),
            subject: claims.text("sub")?,
            tenant: claims.guid("tid")?,
            object: claims.guid("oid")?,
            expires: claims.instant("exp")?.ok_or(Unreadable("exp"))?,
            not_before: claims.instant("nbf")?,
            issued: claims.instant("iat")?,
            authenticated: claims.instant("auth_time")?,
            scopes: match claims.words("scp")? {
                Some(scopes) => Some(scopes),
                None => claims.words("scope")?,
            },
            roles: claims.list("roles")?.unwrap_or_default().into_iter().collect(),
            client: match claims.text("appid")? {
                Some(client) => Some(client),
                None => claims.text("azp")?,
            },
            kind: claims.text("idtyp")?,
            methods: claims.words("amr")?.unwrap_or_default(),
            strength: claims.text("acr")?,
            contexts: claims.words("acrs")?.unwrap_or_default(),
            capabilities: claims.words("xms_cc")?.unwrap_or_default(),
            family: claims.text("sid")?,
            id: match claims.text("uti")? {
                Some(id) => Some(id),
                None => claims.text("jti")?,
            },
            nonce: claims.text("nonce")?,
            mail: claims.text("email")?.filter(|_| is_mail_verified),
        })
    }
}

struct Reader<'o>(&'o Object);

impl Reader<'_> {
    fn text(&self, name: &'static str) -> Result<Option<String>, Unreadable> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => Err(Unreadable(name)),
        }
    }

    fn guid(&self, name: &'static str) -> Result<Option<Uuid>, Unreadable> {
        let text = self.text(name)?;
        text.map(|text| Uuid::try_parse(&text).map_err(|_| Unreadable(name))).transpose()
    }

    /// Seconds since 1970, whole or not.
    fn instant(&self, name: &'static str) -> Result<Option<Timestamp>, Unreadable> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let wrong = |_| Unreadable(name);
        if let Some(seconds) = value.as_i64() {
            return Timestamp::from_second(seconds).map(Some).map_err(wrong);
        }
        let seconds = value.as_f64().filter(|seconds| seconds.is_finite() && seconds.abs() < 1e12);
        #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
        let millis = seconds.map(|seconds| (seconds * 1000.0) as i64).ok_or(Unreadable(name))?;
        Timestamp::from_millisecond(millis).map(Some).map_err(wrong)
    }

    /// One text or an array of texts.
    fn list(&self, name: &'static str) -> Result<Option<Vec<String>>, Unreadable> {
        match self.0.get(name) {
            Some(Value::Array(items)) => {
                let texts = items.iter().map(|item| item.as_str().map(str::to_owned).ok_or(Unreadable(name)));
                texts.collect::<Result<_, _>>().map(Some)
            }
            None | Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                Ok(self.text(name)?.map(|text| vec![text]))
            }
        }
    }

    /// Words of a text, or an array of texts.
    fn words(&self, name: &'static str) -> Result<Option<BTreeSet<String>>, Unreadable> {
        match self.0.get(name) {
            Some(Value::String(text)) => Ok(Some(text.split_ascii_whitespace().map(str::to_owned).collect())),
            None | Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Ok(self.list(name)?.map(|words| words.into_iter().collect()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Result<Claims, Unreadable> {
        Claims::read(value.as_object().unwrap())
    }

    #[test]
    fn claims_come_in_the_spellings_of_the_issuers() {
        let oid = "6F2A0000-0000-4000-8000-000000000001";
        let claims = read(json!({
            "iss": "i", "aud": "a", "exp": 10, "nbf": 1.5, "oid": oid, "scp": "b a", "azp": "c", "acrs": "c1 c2",
            "amr": ["pwd", "mfa"], "xms_cc": ["cp1"], "unknown": {"x": 1},
        }))
        .unwrap();
        assert_eq!(claims.audiences, ["a"]);
        assert_eq!(claims.not_before.unwrap().as_millisecond(), 1500);
        assert_eq!(claims.object.unwrap().to_string(), oid.to_lowercase());
        assert_eq!(claims.scopes, Some(["a".to_owned(), "b".to_owned()].into()));
        assert_eq!(claims.client.as_deref(), Some("c"));
        assert_eq!(claims.contexts, ["c1".to_owned(), "c2".to_owned()].into());
        assert!(claims.methods.contains("mfa") && claims.capabilities.contains("cp1"));
        let more =
            json!({"iss": "i", "aud": ["a", "b"], "exp": 10, "appid": "x", "azp": "y", "scope": "s", "sid": "any"});
        let more = read(more).unwrap();
        assert_eq!((more.audiences.len(), more.client.as_deref(), more.family.as_deref()), (2, Some("x"), Some("any")));
        assert_eq!(more.scopes, Some(["s".to_owned()].into()));
    }

    #[test]
    fn a_claim_of_a_wrong_type_spoils_the_token() {
        let with = |name: &str, value: Value| {
            let mut claims = json!({"iss": "i", "aud": "a", "exp": 10});
            claims[name] = value;
            read(claims)
        };
        for (name, value) in [
            ("iss", json!(1)),
            ("aud", json!([1])),
            ("exp", json!("10")),
            ("exp", json!(1e300)),
            ("exp", json!(i64::MAX)),
            ("exp", json!(null)),
            ("oid", json!("x")),
            ("tid", json!([])),
            ("scp", json!({})),
            ("roles", json!([[]])),
            ("amr", json!([1])),
            ("acrs", json!(1)),
            ("auth_time", json!(true)),
        ] {
            assert_eq!(with(name, value.clone()).unwrap_err().0, name, "{name} {value}");
        }
    }
}

//! What a 401 tells a client about bearer tokens: the parts that the faces have in common (`GRAPH 2.4`, `ARM 4.2`).

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use http::HeaderValue;
use serde_json::{Value, json};

/// A `WWW-Authenticate` line of the scheme `Bearer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    line: String,
}

impl Challenge {
    /// The bare scheme.
    #[must_use]
    pub fn bearer() -> Self {
        Self { line: "Bearer".to_owned() }
    }

    /// With one more parameter. The value is our own text or a URL; characters that could end it are left out.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        let value: String = value.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).collect();
        let separator = if self.line.len() == "Bearer".len() { "" } else { "," };
        self.line.push_str(&format!("{separator} {name}=\"{value}\""));
        self
    }

    /// With the page of the tenant's login, from which clients learn the tenant.
    #[must_use]
    pub fn login(self, public_url: &str, tenant: uuid::Uuid) -> Self {
        self.with("authorization_uri", &format!("{}/{tenant}", public_url.trim_end_matches('/')))
    }

    /// With what the next token must show: SDKs fetch one once and repeat the call.
    #[must_use]
    pub fn insufficient(self, claims: &ClaimsChallenge) -> Self {
        self.with("error", "insufficient_claims").with("claims", &claims.encoded())
    }

    /// The header line.
    #[must_use]
    pub fn line(&self) -> HeaderValue {
        HeaderValue::from_str(&self.line).expect("only printable ASCII is put in")
    }
}

/// What the next access token must show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimsChallenge(Value);

impl ClaimsChallenge {
    /// An authentication context: `c1`.
    #[must_use]
    pub fn context(context: &str) -> Self {
        Self(json!({"access_token": {"acrs": {"essential": true, "value": context}}}))
    }

    /// A second factor.
    #[must_use]
    pub fn second_factor() -> Self {
        Self(json!({"access_token": {"amr": {"essential": true, "values": ["mfa"]}}}))
    }

    /// The JSON text, as the 400 form of GRAPH 10.4 carries it.
    #[must_use]
    pub fn json(&self) -> String {
        self.0.to_string()
    }

    /// Base64 with padding. The JSON has no character that base64 and base64url spell differently, so clients of both
    /// kinds read it.
    #[must_use]
    pub fn encoded(&self) -> String {
        URL_SAFE.encode(self.json())
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use uuid::uuid;

    use super::*;

    #[test]
    fn challenges_read_as_the_clients_expect() {
        let tenant = uuid!("6f2a0000-0000-4000-8000-000000000001");
        let line = Challenge::bearer().login("https://e.example/", tenant).with("error", "invalid_token").line();
        assert_eq!(
            line,
            "Bearer authorization_uri=\"https://e.example/6f2a0000-0000-4000-8000-000000000001\", error=\"invalid_token\""
        );
        let context = ClaimsChallenge::context("c1");
        assert_eq!(context.json(), r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#);
        let line = Challenge::bearer().with("realm", "").insufficient(&context).line();
        assert_eq!(
            line,
            "Bearer realm=\"\", error=\"insufficient_claims\", claims=\"eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJlc3NlbnRpYWwiOnRydWUsInZhbHVlIjoiYzEifX19\""
        );
    }

    #[test]
    fn both_spellings_of_base64_are_one() {
        for number in 1..=99 {
            for challenge in [ClaimsChallenge::context(&format!("c{number}")), ClaimsChallenge::second_factor()] {
                assert_eq!(challenge.encoded(), STANDARD.encode(challenge.json()));
            }
        }
    }

    #[test]
    fn no_value_ends_its_line() {
        let line = Challenge::bearer().with("x", "a\"b\\c\r\nd\u{e9}").line();
        assert_eq!(line, "Bearer x=\"abcd\"");
    }
}

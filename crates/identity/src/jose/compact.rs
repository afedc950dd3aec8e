//! The compact form of a signed token: three parts of base64url.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{algorithm::Algorithm, jwk::VerifyingKey, strict};

/// Most bytes of a token; longer ones are refused before anything is decoded.
pub const LONGEST: usize = 16 * 1024;

/// Most bytes of the encoded header.
const LONGEST_HEADER: usize = 4 * 1024;

/// Most bytes of a key's name.
const LONGEST_KID: usize = 256;

/// A text is no signed token of ours to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Longer than [`LONGEST`].
    #[error("the token is too long")]
    TooLong,
    /// Not three parts of base64url.
    #[error("the token is not three parts of base64url")]
    Form,
    /// The header is no JSON object in which each name stands once, or its members have wrong types.
    #[error("the header of the token cannot be read")]
    Header,
    /// `alg` names nothing that counts here: `none`, a shared secret, something unknown.
    #[error("the token is signed in a way that does not count here")]
    Algorithm,
    /// `crit` asks for something that nobody here knows.
    #[error("the token asks for an extension that is not known here")]
    Critical,
    /// The claims are no JSON object in which each name stands once.
    #[error("the claims of the token cannot be read")]
    Claims,
}

/// A token taken apart; nothing is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compact<'t> {
    /// What it says it is signed with.
    pub algorithm: Algorithm,
    /// Name of the key.
    pub kid: Option<String>,
    /// What the signature is over.
    signed: &'t [u8],
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'t> Compact<'t> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`Malformed`]; claims are looked at only after the signature.
    pub fn parse(token: &'t str) -> Result<Self, Malformed> {
        if token.len() > LONGEST {
            return Err(Malformed::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Malformed::Form)?;
        let (header, payload) = signed.split_once('.').ok_or(Malformed::Form)?;
        if payload.contains('.') {
            return Err(Malformed::Form);
        }
        if header.len() > LONGEST_HEADER {
            return Err(Malformed::TooLong);
        }
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Malformed::Form);
        let header = strict::object(&decode(header)?).map_err(|_| Malformed::Header)?;
        if header.contains_key("crit") {
            return Err(Malformed::Critical);
        }
        let algorithm = header.get("alg").and_then(Value::as_str).ok_or(Malformed::Header)?;
        let algorithm = algorithm.parse().map_err(|_| Malformed::Algorithm)?;
        let kid = match header.get("kid") {
            None => None,
            Some(Value::String(kid)) if kid.len() <= LONGEST_KID => Some(kid.clone()),
            Some(_) => return Err(Malformed::Header),
        };
        let (payload, signature) = (decode(payload)?, decode(signature)?);
        Ok(Self { algorithm, kid, signed: signed.as_bytes(), payload, signature })
    }

    /// The claims as they stand, unverified: only to choose whose keys to look at.
    ///
    /// # Errors
    /// [`Malformed::Claims`].
    pub fn unverified_claims(&self) -> Result<strict::Object, Malformed> {
        strict::object(&self.payload).map_err(|_| Malformed::Claims)
    }

    /// True when `key` signed this token with the algorithm that the key is for.
    #[must_use]
    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        key.verifies(self.algorithm, self.signed, &self.signature)
    }
}

/// The token with this header and these claims; `sign` makes the signature over what it is given.
pub fn write<E>(header: &Value, claims: &[u8], sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>) -> Result<String, E> {
    let mut token = URL_SAFE_NO_PAD.encode(header.to_string());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let signature = sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str) -> String {
        format!("{}.{}.AAAA", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn tokens_are_taken_apart() {
        let text = token(r#"{"alg":"RS256","kid":"k","typ":"JWT","jku":"https://evil.example"}"#, r#"{"a":1}"#);
        let compact = Compact::parse(&text).unwrap();
        assert_eq!((compact.algorithm, compact.kid.as_deref()), (Algorithm::Rs256, Some("k")));
        assert_eq!(compact.unverified_claims().unwrap().get("a"), Some(&1.into()));
        assert_eq!(compact.signature, [0, 0, 0]);
    }

    #[test]
    fn what_cannot_be_a_token_of_ours_is_refused() {
        let check = |text: &str, expected: Malformed| assert_eq!(Compact::parse(text), Err(expected), "{text}");
        for alg in ["none", "None", "HS256", "HS512", "rs256", "RS384", "ES512", ""] {
            check(&token(&format!(r#"{{"alg":"{alg}"}}"#), "{}"), Malformed::Algorithm);
        }
        check(&token(r#"{"alg":"RS256","alg":"none"}"#, "{}"), Malformed::Header);
        check(&token(r#"{"alg":["RS256"]}"#, "{}"), Malformed::Header);
        check(&token(r#"{"kid":"a"}"#, "{}"), Malformed::Header);
        check(&token(r#"{"alg":"RS256","kid":1}"#, "{}"), Malformed::Header);
        check(&token(&format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(257)), "{}"), Malformed::Header);
        check(&token(r#"{"alg":"RS256","crit":["b64"],"b64":false}"#, "{}"), Malformed::Critical);
        check("[]", Malformed::Form);
        check("", Malformed::Form);
        check("a.b", Malformed::Form);
        check("e30.e30.e30.e30.e30", Malformed::Form);
        check("e30=.e30.AAAA", Malformed::Form);
        check("e3 0.e30.AAAA", Malformed::Form);
        check(&"a".repeat(LONGEST + 1), Malformed::TooLong);
        check(&token(&format!(r#"{{"alg":"RS256","x":"{}"}}"#, "x".repeat(LONGEST_HEADER)), "{}"), Malformed::TooLong);
        let twice = token(r#"{"alg":"RS256"}"#, r#"{"oid":"a","oid":"b"}"#);
        assert_eq!(Compact::parse(&twice).unwrap().unverified_claims(), Err(Malformed::Claims));
    }
}

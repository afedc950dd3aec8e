//! Public keys: read from JSON, written to JSON, and what they verify.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaParameters, RsaPublicKeyComponents,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::algorithm::Algorithm;

/// A public key in the form of RFC 7517, with the members that count here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Jwk {
    /// `RSA`, `EC`, `OKP`.
    pub kty: String,
    /// `sig`, when the key says what it is for.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// The one algorithm it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// Modulus of an RSA key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// Exponent of an RSA key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
    /// Curve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// First coordinate, or the whole key on Ed25519.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// Second coordinate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
}

/// A key that cannot be used here. Others of its set may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// Its kind, curve or algorithm does not count here, or it is not for signatures.
    #[error("a key of a kind that is not used here")]
    Kind,
    /// A member is missing or no base64url.
    #[error("a member of the key is missing or cannot be read")]
    Member,
    /// The numbers are no key, or one too short to trust or too long to bear.
    #[error("the numbers of the key are no key that can be trusted")]
    Numbers,
}

/// Most bytes of a modulus: 4096 bits. Longer keys cost time on every call.
const LONGEST_MODULUS: usize = 512;

/// Fewest bytes of a modulus: 2048 bits.
const SHORTEST_MODULUS: usize = 256;

impl Jwk {
    fn member(value: Option<&String>) -> Result<Vec<u8>, JwkError> {
        URL_SAFE_NO_PAD.decode(value.ok_or(JwkError::Member)?).map_err(|_| JwkError::Member)
    }

    /// The name that follows from the key itself (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let canonical = match self.kty.as_str() {
            "RSA" => serde_json::json!({"e": text(&self.e), "kty": "RSA", "n": text(&self.n)}),
            "EC" => serde_json::json!({"crv": text(&self.crv), "kty": "EC", "x": text(&self.x), "y": text(&self.y)}),
            kty => serde_json::json!({"crv": text(&self.crv), "kty": kty, "x": text(&self.x)}),
        };
        // serde_json keeps names in order of the alphabet, as the rule wants them.
        URL_SAFE_NO_PAD.encode(Sha256::digest(canonical.to_string()))
    }
}

/// A public key ready to verify, with the algorithms it is for.
pub struct VerifyingKey {
    uses: Vec<(Algorithm, ParsedPublicKey)>,
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.uses.iter().map(|(algorithm, _)| algorithm)).finish()
    }
}

impl VerifyingKey {
    /// The key in `jwk`. It is for the algorithm that it names; an RSA key that names none verifies both RSA algorithms,
    /// as the large issuers publish theirs.
    ///
    /// # Errors
    /// [`JwkError`].
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, JwkError> {
        if jwk.purpose.as_deref().is_some_and(|purpose| purpose != "sig") {
            return Err(JwkError::Kind);
        }
        let named: Option<Algorithm> = jwk.alg.as_deref().map(str::parse).transpose().map_err(|_| JwkError::Kind)?;
        let possible: &[Algorithm] = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => &[Algorithm::Rs256, Algorithm::Ps256],
            ("EC", Some("P-256")) => &[Algorithm::Es256],
            ("OKP", Some("Ed25519")) => &[Algorithm::EdDsa],
            _ => return Err(JwkError::Kind),
        };
        let uses: Vec<_> = possible
            .iter()
            .filter(|algorithm| named.is_none_or(|named| named == **algorithm))
            .map(|algorithm| parsed(*algorithm, jwk).map(|key| (*algorithm, key)))
            .collect::<Result<_, _>>()?;
        if uses.is_empty() { Err(JwkError::Kind) } else { Ok(Self { uses }) }
    }

    /// True when `signature` over `message` is this key's, made with `algorithm`, and the key is for that algorithm.
    #[must_use]
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let key = self.uses.iter().find(|(use_, _)| *use_ == algorithm);
        key.is_some_and(|(_, key)| key.verify_sig(message, signature).is_ok())
    }
}

fn parsed(algorithm: Algorithm, jwk: &Jwk) -> Result<ParsedPublicKey, JwkError> {
    let rsa = |parameters: &'static RsaParameters| {
        let (n, e) = (Jwk::member(jwk.n.as_ref())?, Jwk::member(jwk.e.as_ref())?);
        if !(SHORTEST_MODULUS..=LONGEST_MODULUS).contains(&n.len()) || e.len() > 4 {
            return Err(JwkError::Numbers);
        }
        RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters).map_err(|_| JwkError::Numbers)
    };
    match algorithm {
        Algorithm::Rs256 => rsa(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Ps256 => rsa(&RSA_PSS_2048_8192_SHA256),
        Algorithm::Es256 => {
            let (x, y) = (Jwk::member(jwk.x.as_ref())?, Jwk::member(jwk.y.as_ref())?);
            if x.len() != 32 || y.len() != 32 {
                return Err(JwkError::Numbers);
            }
            let point = [&[4], x.as_slice(), y.as_slice()].concat();
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| JwkError::Numbers)
        }
        Algorithm::EdDsa => ParsedPublicKey::new(&ED25519, Jwk::member(jwk.x.as_ref())?).map_err(|_| JwkError::Numbers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 7638, section 3.1.
    fn rsa() -> Jwk {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        Jwk { kty: "RSA".to_owned(), n: Some(n.to_owned()), e: Some("AQAB".to_owned()), ..Jwk::default() }
    }

    #[test]
    fn a_thumbprint_is_that_of_the_rfc() {
        assert_eq!(rsa().thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn a_key_is_for_the_algorithm_it_names() {
        let uses = |jwk: &Jwk| VerifyingKey::from_jwk(jwk).map(|key| format!("{key:?}"));
        assert_eq!(uses(&rsa()), Ok("[Rs256, Ps256]".to_owned()));
        let named = |alg: &str| Jwk { alg: Some(alg.to_owned()), ..rsa() };
        assert_eq!(uses(&named("PS256")), Ok("[Ps256]".to_owned()));
        for alg in ["HS256", "none", "ES256", "RSA-OAEP"] {
            assert_eq!(uses(&named(alg)), Err(JwkError::Kind), "{alg}");
        }
        assert_eq!(uses(&Jwk { purpose: Some("enc".to_owned()), ..rsa() }), Err(JwkError::Kind));
        assert_eq!(uses(&Jwk { kty: "oct".to_owned(), ..rsa() }), Err(JwkError::Kind));
        assert_eq!(uses(&Jwk { n: Some("AQAB".to_owned()), ..rsa() }), Err(JwkError::Numbers));
        assert_eq!(uses(&Jwk { n: None, ..rsa() }), Err(JwkError::Member));
        assert_eq!(uses(&Jwk { e: Some("!".to_owned()), ..rsa() }), Err(JwkError::Member));
        let long = URL_SAFE_NO_PAD.encode([0xff; 513]);
        assert_eq!(uses(&Jwk { n: Some(long), ..rsa() }), Err(JwkError::Numbers));
        let ec = Jwk {
            kty: "EC".to_owned(),
            crv: Some("P-256".to_owned()),
            x: Some(URL_SAFE_NO_PAD.encode([1; 32])),
            ..Jwk::default()
        };
        assert_eq!(uses(&ec), Err(JwkError::Member));
        let off = Jwk { y: ec.x.clone(), ..ec };
        assert_eq!(uses(&off), Err(JwkError::Numbers), "not on the curve");
    }
}

//! What fuzzing asks of tokens: any bytes, no panic, and nothing unsigned that counts.

use std::sync::OnceLock;

use crate::{
    bearer::Claims,
    jose::{Algorithm, Compact, Jwk, LONGEST, VerifyingKey},
    keys::PrivateKey,
};

/// Words worth trying.
pub const DICTIONARY: &[&str] = &[
    "eyJhbGciOiJFUzI1NiJ9",
    "eyJhbGciOiJub25lIn0",
    "eyJhbGciOiJIUzI1NiJ9",
    ".",
    "e30",
    "{\"alg\":\"RS256\",\"kid\":\"",
    "\"crit\"",
    "\"exp\":",
    "\"aud\":[",
    "\"scp\"",
    "\"acrs\"",
    "\"kty\":\"RSA\"",
    "\"kty\":\"EC\",\"crv\":\"P-256\"",
    "\"kty\":\"OKP\",\"crv\":\"Ed25519\"",
    "AQAB",
];

/// A token: taken apart, its claims read, its signature looked at under a key that never signed it.
///
/// # Panics
/// When a token is too long and yet read, or counts as signed.
pub fn fuzz_token(bytes: &[u8]) {
    static KEYS: OnceLock<Vec<VerifyingKey>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let public = |algorithm| PrivateKey::generate(algorithm).and_then(|key| key.public());
        let keys = [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa].map(public);
        keys.into_iter().filter_map(|jwk| VerifyingKey::from_jwk(&jwk.ok()?).ok()).collect()
    });
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(compact) = Compact::parse(text) else { return };
    assert!(text.len() <= LONGEST, "too long");
    if let Ok(claims) = compact.unverified_claims() {
        let _ = Claims::read(&claims);
    }
    assert!(!keys.iter().any(|key| compact.is_signed_by(key)), "signed by nobody");
}

/// Claims, as JSON.
pub fn fuzz_claims(bytes: &[u8]) {
    if let Ok(object) = crate::jose::strict::object(bytes) {
        let _ = Claims::read(&object);
    }
}

/// A public key, as JSON.
pub fn fuzz_key(bytes: &[u8]) {
    if let Ok(jwk) = serde_json::from_slice::<Jwk>(bytes) {
        let _ = jwk.thumbprint();
        let _ = VerifyingKey::from_jwk(&jwk);
    }
}

//! What fuzzing asks of tokens and tickets: any bytes, no panic, and nothing unsigned that counts.

use std::sync::OnceLock;

use crate::{
    bearer::Claims,
    jose::{Algorithm, Compact, Jwk, LONGEST, VerifyingKey},
    keys::PrivateKey,
    negotiate::{ClientName, keytab, token},
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

/// Words worth trying in tickets and key tabs; bytes beyond ASCII come from the mutations.
pub const SPNEGO_DICTIONARY: &[&str] = &[
    "NTLMSSP\0",
    "\x06\x06\x2b\x06\x01\x05\x05\x02",
    "\x06\x09\x2a",
    "\x06\x0a\x2b\x06\x01\x04\x01",
    "\x60\x06",
    "\x30\x06",
    "\x04\x04",
    "\x05\x02",
    "HTTP/",
    "@CORP.TEST",
    "\\@",
];

/// What stands behind `Negotiate`, and a name as the library shows it.
///
/// # Panics
/// When something without a Kerberos mechanism in it is taken for a ticket, or a name of several parts for a person's.
pub fn fuzz_negotiate(bytes: &[u8]) {
    const MECHANISMS: [&[u8]; 2] = [b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02", b"\x2a\x86\x48\x82\xf7\x12\x01\x02\x02"];
    if token::kind(bytes) == token::Kind::Ticket {
        assert!(!bytes.starts_with(b"NTLMSSP"), "NTLM is no ticket");
        let named = |mechanism: &&[u8]| bytes.windows(mechanism.len()).any(|part| part == *mechanism);
        assert!(MECHANISMS.iter().any(named), "a ticket of no mechanism");
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(name) = ClientName::parse(text)
    {
        assert!(!name.account.contains(['@', '/', '\\']), "{name}");
        assert_eq!(name.to_string(), text, "a name is shown as it was read");
    }
}

/// A key tab.
pub fn fuzz_keytab(bytes: &[u8]) {
    let _ = keytab::entries(bytes);
}

//! Secrets of our own making: 256 random bits, shown once, stored as a hash.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ephor_engine::port::Entropy;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// What a secret is for; the same text is another secret elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The cookie of a session.
    Session,
    /// An API token.
    ApiToken,
    /// An enrolment link.
    Enrolment,
    /// One step of a sign-in or enrolment that takes several.
    Ceremony,
    /// A recovery code.
    RecoveryCode,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Session => b"ephor session\0",
            Self::ApiToken => b"ephor api token\0",
            Self::Enrolment => b"ephor enrolment\0",
            Self::Ceremony => b"ephor ceremony\0",
            Self::RecoveryCode => b"ephor recovery code\0",
        }
    }
}

/// The SHA-256 of a secret: what the store knows. 256 random bits need no slow hash.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash of a secret as it was sent.
    #[must_use]
    pub fn of(purpose: Purpose, secret: &SecretString) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(purpose.label());
        hasher.update(secret.expose_secret().as_bytes());
        Self(hasher.finalize().into())
    }

    /// The bytes for the store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The first eight bytes in hexadecimal: names a session to its owner without giving it away.
    #[must_use]
    pub fn handle(&self) -> String {
        handle_of(&self.0)
    }
}

/// [`SecretHash::handle`] of a stored hash.
#[must_use]
pub fn handle_of(hash: &[u8]) -> String {
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretHash({})", self.handle())
    }
}

/// A fresh secret with `prefix` before it: 43 characters that stand raw in headers and URLs.
#[must_use]
pub fn fresh(entropy: &dyn Entropy, prefix: &str) -> SecretString {
    let mut bytes = Zeroizing::new([0; 32]);
    entropy.fill(bytes.as_mut());
    let mut text = String::with_capacity(prefix.len() + 43);
    text.push_str(prefix);
    URL_SAFE_NO_PAD.encode_string(bytes.as_ref(), &mut text);
    text.into()
}

#[cfg(test)]
mod tests {
    use ephor_engine::port::SeededEntropy;

    use super::*;

    #[test]
    fn a_secret_has_256_bits_and_a_hash_for_its_purpose_alone() {
        let entropy = SeededEntropy::new(1);
        let secret = fresh(&entropy, "eph_");
        assert_eq!(secret.expose_secret().len(), 47);
        assert!(secret.expose_secret().starts_with("eph_"));
        assert_ne!(secret.expose_secret(), fresh(&entropy, "eph_").expose_secret());
        let hash = SecretHash::of(Purpose::ApiToken, &secret);
        assert_eq!(hash, SecretHash::of(Purpose::ApiToken, &secret));
        assert_ne!(hash, SecretHash::of(Purpose::Session, &secret));
        assert_eq!(hash.handle().len(), 16);
        assert!(!format!("{secret:?} {hash:?}").contains(secret.expose_secret()));
    }
}

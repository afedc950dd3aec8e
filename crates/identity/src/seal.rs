//! Secrets that the store must keep readable (private keys, TOTP secrets), sealed: AES-256-GCM under a key that is not in
//! the store. A stolen copy of the database opens none of them.
//!
//! Each purpose has a key of its own, and each value is bound to the row it stands in: it opens nowhere else.

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, KeyType, Prk, Salt},
};
use ephor_engine::port::Entropy;
use zeroize::Zeroizing;

/// What a value is sealed for; the same bytes are another value elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedFor {
    /// The private half of a key that signs tokens.
    SigningKey,
    /// The secret of a one-time code generator.
    Totp,
    /// What a browser carries between two steps of a sign-in elsewhere.
    SignInState,
}

impl SealedFor {
    fn label(self) -> &'static [u8] {
        match self {
            Self::SigningKey => b"ephor seal: signing key",
            Self::Totp => b"ephor seal: totp",
            Self::SignInState => b"ephor seal: sign-in state",
        }
    }
}

/// A value does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It was sealed under another key: the file of the sealing key was exchanged or belongs to another store.
    #[error("it was sealed under another key than the one in the file of the sealing key")]
    OtherKey,
    /// It was changed, or stands in a row or a column that it was not sealed for.
    #[error("it was changed or moved after it was sealed")]
    Damaged,
}

/// What every sealed value begins with: the form of the rest.
const FORM: u8 = 1;

/// Bytes that name the key.
const NAME: usize = 8;

/// Bytes before the encrypted ones.
const HEAD: usize = 1 + NAME + NONCE_LEN;

/// Bytes that sealing adds.
pub const OVERHEAD: usize = HEAD + 16;

/// Seals and opens.
#[derive(Clone)]
pub struct Sealer {
    master: std::sync::Arc<Prk>,
    name: [u8; NAME],
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({})", self.key_name())
    }
}

/// Thirty-two bytes.
struct Thirty2;

impl KeyType for Thirty2 {
    fn len(&self) -> usize {
        32
    }
}

impl Sealer {
    /// A sealer with this key: 32 unpredictable bytes.
    #[must_use]
    pub fn new(master: &[u8; 32]) -> Self {
        let master = Salt::new(HKDF_SHA256, b"ephor sealing key 1").extract(master);
        let full = derive(&master, b"name of the key");
        let mut name = [0; NAME];
        name.iter_mut().zip(full.iter()).for_each(|(to, from)| *to = *from);
        Self { master: std::sync::Arc::new(master), name }
    }

    /// Names the key without giving it away: 16 hexadecimal digits.
    #[must_use]
    pub fn key_name(&self) -> String {
        self.name.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Seals `plain` for the row named `row` (table and key, e.g. `factor/6f0c…`).
    #[must_use]
    pub fn seal(&self, purpose: SealedFor, row: &str, plain: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD);
        sealed.push(FORM);
        sealed.extend_from_slice(&self.name);
        sealed.extend_from_slice(&nonce);
        let mut body = plain.to_vec();
        self.key(purpose)
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(row.as_bytes()), &mut body)
            .expect("AES-GCM seals any value of a row");
        sealed.append(&mut body);
        sealed
    }

    /// Opens what [`Sealer::seal`] sealed for this purpose and row.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open(&self, purpose: SealedFor, row: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (head, body) = sealed.split_at_checked(HEAD).ok_or(SealError::Damaged)?;
        let (form, head) = head.split_first().ok_or(SealError::Damaged)?;
        let (name, nonce) = head.split_at_checked(NAME).ok_or(SealError::Damaged)?;
        if *form != FORM {
            return Err(SealError::Damaged);
        }
        if name != self.name {
            return Err(SealError::OtherKey);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Damaged)?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self
            .key(purpose)
            .open_in_place(nonce, Aad::from(row.as_bytes()), &mut body)
            .map_err(|_| SealError::Damaged)?
            .len();
        body.truncate(length);
        Ok(body)
    }

    fn key(&self, purpose: SealedFor) -> LessSafeKey {
        let key = derive(&self.master, purpose.label());
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_ref()).expect("32 bytes are a key of AES-256"))
    }
}

fn derive(master: &Prk, label: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let info = [label];
    master.expand(&info, Thirty2).and_then(|okm| okm.fill(key.as_mut())).expect("HKDF-SHA-256 gives 32 bytes");
    key
}

#[cfg(test)]
mod tests {
    use ephor_engine::port::SeededEntropy;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_opens_for_its_row_and_purpose_alone() {
        let sealer = Sealer::new(&[7; 32]);
        let entropy = SeededEntropy::new(1);
        let sealed = sealer.seal(SealedFor::Totp, "factor/1", b"secret", &entropy);
        assert_eq!(sealed.len(), 6 + OVERHEAD);
        assert_eq!(sealer.open(SealedFor::Totp, "factor/1", &sealed).unwrap().as_slice(), b"secret");
        assert_eq!(sealer.open(SealedFor::Totp, "factor/2", &sealed), Err(SealError::Damaged));
        assert_eq!(sealer.open(SealedFor::SigningKey, "factor/1", &sealed), Err(SealError::Damaged));
        let other = Sealer::new(&[8; 32]);
        assert_eq!(other.open(SealedFor::Totp, "factor/1", &sealed), Err(SealError::OtherKey));
        assert_ne!(other.key_name(), sealer.key_name());
        assert_ne!(sealed, sealer.seal(SealedFor::Totp, "factor/1", b"secret", &entropy), "a nonce each time");
        assert_eq!(format!("{sealer:?}"), format!("Sealer({})", sealer.key_name()));
    }

    proptest! {
        #[test]
        fn no_changed_byte_opens(plain in proptest::collection::vec(any::<u8>(), 0..64), at in any::<prop::sample::Index>(), bit in 0_u32..8) {
            let sealer = Sealer::new(&[7; 32]);
            let mut sealed = sealer.seal(SealedFor::Totp, "row", &plain, &SeededEntropy::new(1));
            let opened = sealer.open(SealedFor::Totp, "row", &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
            let at = at.index(sealed.len());
            sealed[at] ^= 1_u8 << bit;
            prop_assert!(sealer.open(SealedFor::Totp, "row", &sealed).is_err());
        }

        #[test]
        fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(Sealer::new(&[7; 32]).open(SealedFor::Totp, "row", &bytes).is_err());
        }
    }
}

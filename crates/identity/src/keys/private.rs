//! The private half of a key that signs tokens.

use std::fmt;

use aws_lc_rs::{
    encoding::AsDer as _,
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::jose::{Algorithm, Jwk};

/// The numbers are no key, or the cryptographic library has no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signing key cannot be made, read or used")]
pub struct Unusable;

/// A private key, for one algorithm.
pub struct PrivateKey {
    algorithm: Algorithm,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl PrivateKey {
    /// A fresh key, RSA with 2048 bits. Takes a tenth of a second for RSA: not on a thread that serves. The randomness is
    /// the cryptographic library's own: it takes none from outside.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn generate(algorithm: Algorithm) -> Result<Self, Unusable> {
        let pair = match algorithm {
            Algorithm::Rs256 | Algorithm::Ps256 => {
                Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| Unusable)?)
            }
            Algorithm::Es256 => {
                Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| Unusable)?)
            }
            Algorithm::EdDsa => Pair::Ed(Ed25519KeyPair::generate().map_err(|_| Unusable)?),
        };
        Ok(Self { algorithm, pair })
    }

    /// The key in a PKCS #8 document.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn from_pkcs8(algorithm: Algorithm, document: &[u8]) -> Result<Self, Unusable> {
        let pair = match algorithm {
            Algorithm::Rs256 | Algorithm::Ps256 => Pair::Rsa(RsaKeyPair::from_pkcs8(document).map_err(|_| Unusable)?),
            Algorithm::Es256 => {
                Pair::Ec(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document).map_err(|_| Unusable)?)
            }
            Algorithm::EdDsa => Pair::Ed(Ed25519KeyPair::from_pkcs8(document).map_err(|_| Unusable)?),
        };
        Ok(Self { algorithm, pair })
    }

    /// The key as a PKCS #8 document.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Unusable> {
        let bytes = match &self.pair {
            Pair::Rsa(pair) => pair.as_der().map_err(|_| Unusable)?.as_ref().to_vec(),
            Pair::Ec(pair) => pair.to_pkcs8v1().map_err(|_| Unusable)?.as_ref().to_vec(),
            Pair::Ed(pair) => pair.to_pkcs8v1().map_err(|_| Unusable)?.as_ref().to_vec(),
        };
        Ok(Zeroizing::new(bytes))
    }

    /// What it signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public half, named by its thumbprint.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn public(&self) -> Result<Jwk, Unusable> {
        let text = |bytes: &[u8]| Some(URL_SAFE_NO_PAD.encode(bytes));
        let mut jwk = match &self.pair {
            Pair::Rsa(pair) => {
                let (n, e) = numbers(pair.public_key().as_ref()).ok_or(Unusable)?;
                Jwk { kty: "RSA".to_owned(), n: text(n), e: text(e), ..Jwk::default() }
            }
            Pair::Ec(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = point.get(1..).and_then(|point| point.split_at_checked(32)).ok_or(Unusable)?;
                let crv = Some("P-256".to_owned());
                Jwk { kty: "EC".to_owned(), crv, x: text(x), y: text(y), ..Jwk::default() }
            }
            Pair::Ed(pair) => {
                let crv = Some("Ed25519".to_owned());
                Jwk { kty: "OKP".to_owned(), crv, x: text(pair.public_key().as_ref()), ..Jwk::default() }
            }
        };
        jwk.kid = Some(jwk.thumbprint());
        jwk.alg = Some(self.algorithm.to_string());
        jwk.purpose = Some("sig".to_owned());
        Ok(jwk)
    }

    /// The signature over `message`.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unusable> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let padding = if self.algorithm == Algorithm::Ps256 { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                pair.sign(padding, &random, message, &mut signature).map_err(|_| Unusable)?;
                Ok(signature)
            }
            Pair::Ec(pair) => Ok(pair.sign(&random, message).map_err(|_| Unusable)?.as_ref().to_vec()),
            Pair::Ed(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

/// Modulus and exponent of an `RSAPublicKey` (RFC 8017, A.1.1), without leading zeros.
fn numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, _) = element(der, 0x30)?;
    let (n, rest) = element(sequence, 0x02)?;
    let (e, _) = element(rest, 0x02)?;
    let plain = |bytes: &'_ [u8]| bytes.iter().position(|byte| *byte != 0);
    Some((n.get(plain(n)?..)?, e.get(plain(e)?..)?))
}

/// Content of the first element, if it has this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (head, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *head != tag {
        return None;
    }
    if *length < 0x80 {
        return rest.split_at_checked(usize::from(*length));
    }
    let (digits, rest) = rest.split_at_checked(usize::from(*length & 0x7f))?;
    let length = digits.iter().try_fold(0_usize, |sum, byte| sum.checked_mul(256)?.checked_add(usize::from(*byte)))?;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::VerifyingKey;

    #[test]
    fn each_kind_signs_for_its_own_public_half_and_survives_a_document() {
        for algorithm in [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa] {
            let key = PrivateKey::generate(algorithm).unwrap();
            let public = key.public().unwrap();
            let verifying = VerifyingKey::from_jwk(&public).unwrap();
            assert_eq!(format!("{verifying:?}"), format!("[{algorithm:?}]"));
            let read = PrivateKey::from_pkcs8(algorithm, &key.to_pkcs8().unwrap()).unwrap();
            assert_eq!(read.public().unwrap(), public);
            let signature = read.sign(b"message").unwrap();
            assert!(verifying.verifies(algorithm, b"message", &signature));
            assert!(!verifying.verifies(algorithm, b"Message", &signature));
            let others = [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa];
            for other in others.into_iter().filter(|other| *other != algorithm) {
                assert!(!verifying.verifies(other, b"message", &signature), "{other}");
                assert!(PrivateKey::from_pkcs8(other, b"nonsense").is_err());
            }
            assert_eq!(public.kid, Some(public.thumbprint()));
            assert!(!format!("{key:?}").contains("pkcs"));
        }
    }

    #[test]
    fn only_an_rsa_public_key_has_numbers() {
        assert_eq!(numbers(&[0x30, 7, 2, 2, 0, 0x81, 2, 1, 3]), Some((&[0x81][..], &[3][..])));
        for bad in
            [&[][..], &[0x30], &[0x30, 5, 2, 1], &[0x30, 0x84, 255, 255, 255, 255], &[0x31, 0], &[0x30, 4, 2, 1, 0, 2]]
        {
            assert_eq!(numbers(bad), None, "{bad:?}");
        }
    }
}

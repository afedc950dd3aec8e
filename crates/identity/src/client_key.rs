//! Public keys of applications: read from a certificate or a bare key, kept as JSON Web Key.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer, pem::PemObject};
use sha2::{Digest, Sha256};
use x509_parser::{
    prelude::{FromDer, X509Certificate},
    public_key::PublicKey,
    x509::SubjectPublicKeyInfo,
};

use crate::jose::{Jwk, VerifyingKey};

/// Most bytes of the text.
const LONGEST: usize = 32 * 1024;

/// A public key of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientKey {
    /// The key as JSON Web Key, for [`verifying`].
    pub jwk: String,
    /// SHA-256 of the certificate, or of the bare key.
    pub thumbprint: Vec<u8>,
    /// When the certificate ends; a bare key has no end of its own.
    pub not_after: Option<Timestamp>,
}

/// A text holds no key that counts here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientKeyError {
    /// No PEM with one certificate or public key.
    #[error("must be PEM with a certificate or a public key")]
    Form,
    /// A private key: it should never have left its owner.
    #[error("holds a private key: replace that key, and give the public half alone")]
    Private,
    /// A kind or length that does not count here.
    #[error("must be RSA of 2048 to 4096 bits, P-256 or Ed25519")]
    Kind,
}

/// Reads the first certificate or public key in `pem`.
///
/// # Errors
/// [`ClientKeyError`].
pub fn read(pem: &str) -> Result<ClientKey, ClientKeyError> {
    if pem.len() > LONGEST {
        return Err(ClientKeyError::Form);
    }
    if pem.contains("PRIVATE KEY") {
        return Err(ClientKeyError::Private);
    }
    if let Ok(der) = CertificateDer::from_pem_slice(pem.as_bytes()) {
        let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| ClientKeyError::Form)?;
        let not_after = Timestamp::from_second(certificate.validity().not_after.timestamp()).ok();
        return key(certificate.public_key(), &der, not_after);
    }
    let der = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).map_err(|_| ClientKeyError::Form)?;
    let (_, bare) = SubjectPublicKeyInfo::from_der(&der).map_err(|_| ClientKeyError::Form)?;
    key(&bare, &der, None)
}

fn key(of: &SubjectPublicKeyInfo<'_>, der: &[u8], not_after: Option<Timestamp>) -> Result<ClientKey, ClientKeyError> {
    const ED25519: &str = "1.3.101.112";
    let text = |bytes: &[u8]| Some(URL_SAFE_NO_PAD.encode(bytes));
    let jwk = match of.parsed().map_err(|_| ClientKeyError::Kind)? {
        PublicKey::RSA(rsa) => Jwk {
            kty: "RSA".to_owned(),
            n: text(without_zeros(rsa.modulus)),
            e: text(without_zeros(rsa.exponent)),
            ..Jwk::default()
        },
        PublicKey::EC(point) => {
            let coordinates = point.data().strip_prefix(&[4]).filter(|both| both.len() == 64);
            let (x, y) = coordinates.and_then(|both| both.split_at_checked(32)).ok_or(ClientKeyError::Kind)?;
            Jwk { kty: "EC".to_owned(), crv: Some("P-256".to_owned()), x: text(x), y: text(y), ..Jwk::default() }
        }
        PublicKey::Unknown(bytes) if of.algorithm.algorithm.to_id_string() == ED25519 => {
            Jwk { kty: "OKP".to_owned(), crv: Some("Ed25519".to_owned()), x: text(bytes), ..Jwk::default() }
        }
        PublicKey::DSA(_) | PublicKey::GostR3410(_) | PublicKey::GostR3410_2012(_) | PublicKey::Unknown(_) => {
            return Err(ClientKeyError::Kind);
        }
    };
    VerifyingKey::from_jwk(&jwk).map_err(|_| ClientKeyError::Kind)?;
    let jwk = serde_json::to_string(&jwk).map_err(|_| ClientKeyError::Form)?;
    Ok(ClientKey { jwk, thumbprint: Sha256::digest(der).to_vec(), not_after })
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    number.get(start..).unwrap_or_default()
}

/// The key that [`ClientKey::jwk`] holds.
#[must_use]
pub fn verifying(jwk: &str) -> Option<VerifyingKey> {
    let jwk: Jwk = serde_json::from_str(jwk).ok()?;
    VerifyingKey::from_jwk(&jwk).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EC: &str = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1gpKFa1CkXKeb9E2AT6WfvD7p5cP\n\
        KEYTEK2b4c0c5M3xj6vCLU33GLdFy6dCGRbdsmGd3dRcVKu6XG+2M7QD3Q==\n\
        -----END PUBLIC KEY-----\n";

    #[test]
    fn texts_without_a_key_are_refused() {
        assert_eq!(read(""), Err(ClientKeyError::Form));
        assert_eq!(read("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), Err(ClientKeyError::Form));
        assert_eq!(
            read("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            Err(ClientKeyError::Private)
        );
        assert_eq!(read(&"x".repeat(LONGEST + 1)), Err(ClientKeyError::Form));
        // A point that is not on the curve.
        assert_eq!(read(EC).map(drop).unwrap_err(), ClientKeyError::Kind);
    }

    #[test]
    fn certificates_are_read() {
        let pair = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&pair).unwrap();
        let key = read(&certificate.pem()).unwrap();
        assert!(key.not_after.is_some());
        assert_eq!(key.thumbprint, Sha256::digest(certificate.der()).to_vec());
        assert!(verifying(&key.jwk).is_some());
        let bare = read(&pair.public_key_pem()).unwrap();
        assert_eq!((bare.jwk, bare.not_after), (key.jwk, None));
        assert!(verifying("{}").is_none());
    }
}

//! The section of tokens and of those who make them.

use std::path::PathBuf;

use ephor_identity::{KeySettings, jose::Algorithm, keys::Rotation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::Period;

/// Signed tokens: our own, and whose count besides.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    /// File of the key that seals private keys and secrets of second factors in the store, made at the first start. All
    /// nodes of one store need the same file; without it nothing sealed can be read. Default: `sealing.key` in `data_dir`.
    pub sealing_key_file: Option<PathBuf>,
    /// What our own tokens are signed with. Most clients expect RS256.
    pub signing_algorithm: SigningAlgorithm,
    /// How long a key signs before the next one takes its turn.
    pub key_period: Period,
    /// Audiences that count besides `public_url`: for clients that ask for tokens of a fixed host. With or without a slash
    /// at the end is the same.
    pub audiences: Vec<String>,
}

/// What tokens are signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum SigningAlgorithm {
    /// RSA with 2048 bits, PKCS #1 v1.5.
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    /// RSA with 2048 bits, PSS.
    #[serde(rename = "PS256")]
    Ps256,
    /// ECDSA on P-256.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            sealing_key_file: None,
            signing_algorithm: SigningAlgorithm::default(),
            key_period: Period(Rotation::default().period),
            audiences: Vec::new(),
        }
    }
}

impl Identity {
    /// As the keys take them.
    #[must_use]
    pub fn keys(&self) -> KeySettings {
        let algorithm = match self.signing_algorithm {
            SigningAlgorithm::Rs256 => Algorithm::Rs256,
            SigningAlgorithm::Ps256 => Algorithm::Ps256,
            SigningAlgorithm::Es256 => Algorithm::Es256,
            SigningAlgorithm::EdDsa => Algorithm::EdDsa,
        };
        KeySettings { algorithm, rotation: Rotation { period: self.key_period.0, ..Rotation::default() } }
    }
}

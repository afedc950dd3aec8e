//! The algorithms that count.

use serde::{Deserialize, Serialize};

/// A signature algorithm of RFC 7518 and RFC 8037.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    Serialize,
    Deserialize,
)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[strum(serialize = "RS256")]
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PSS with SHA-256.
    #[strum(serialize = "PS256")]
    #[serde(rename = "PS256")]
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    #[strum(serialize = "ES256")]
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519.
    #[strum(serialize = "EdDSA")]
    #[serde(rename = "EdDSA")]
    EdDsa,
}

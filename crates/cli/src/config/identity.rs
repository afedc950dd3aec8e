//! The section of tokens and of those who make them.

use std::{collections::BTreeMap, path::PathBuf};

use ephor_domain::application::Known;
use ephor_identity::{
    KeySettings,
    jose::Algorithm,
    keys::Rotation,
    outside::{Client, Mapping, OutsideSettings},
};
use schemars::JsonSchema;
use secrecy::SecretString;
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
    /// Public clients of common tools that people may sign in with although nobody registered them. An empty list switches
    /// all of them off.
    pub known_clients: Vec<KnownClient>,
    /// Outside issuers whose tokens count, and with which people sign in, by name.
    #[serde(skip_serializing)]
    pub issuers: BTreeMap<String, Issuer>,
}

/// A public client of a common tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KnownClient {
    /// `az`, and the developer credentials of the SDKs.
    AzureCli,
    /// Azure PowerShell.
    AzurePowershell,
    /// Microsoft Graph PowerShell and command line.
    GraphCommandLine,
}

impl KnownClient {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::AzureCli, Self::AzurePowershell, Self::GraphCommandLine];

    /// As the issuer takes it.
    #[must_use]
    pub const fn known(self) -> Known {
        match self {
            Self::AzureCli => Known::AzureCli,
            Self::AzurePowershell => Known::AzurePowerShell,
            Self::GraphCommandLine => Known::GraphCommandLine,
        }
    }
}

/// An outside issuer (OpenID Connect). Its identities are accounts here only where they are linked.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// Its `iss`, exactly; `.well-known/openid-configuration` is looked for below it.
    pub issuer: String,
    /// Audiences of its bearer tokens that count here; without one, none of them counts.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// Who Ephor is there. Without it, people do not sign in with this issuer. The address to come back to is
    /// `/portal/sign-in/callback` below `public_url`.
    pub client_id: Option<String>,
    /// Ephor's secret there. Better: `client_secret_file`. Without a secret, PKCE alone proves who asks.
    #[schemars(with = "Option<String>")]
    pub client_secret: Option<SecretString>,
    /// File that holds the secret; one line end after it is not part of it.
    pub client_secret_file: Option<PathBuf>,
    /// What is asked for beside `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Allows addresses of this machine and of private networks, and plain HTTP.
    #[serde(default)]
    pub allow_private: bool,
    /// PEM file of the authorities that may vouch for it; without it the machine's own store counts.
    pub ca_file: Option<PathBuf>,
    /// Mail domains for which this issuer's word on a verified mail address is Ephor's own: an account of that sign-in
    /// name needs no link. Whoever administers the issuer can then become anybody of the domain.
    #[serde(default)]
    pub authoritative_for: Vec<String>,
    /// What the issuer's words count for. Without it they say who somebody is, and nothing else.
    #[serde(default)]
    pub mapping: IssuerMapping,
}

/// What the words of an issuer count for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IssuerMapping {
    /// Words of `amr` that mean a second factor.
    pub mfa_methods: Vec<String>,
    /// Words of `acr` that mean a second factor.
    pub mfa_strengths: Vec<String>,
    /// Words of `acrs` or `acr`, and the authentication context (`c1` … `c99`) each stands for.
    pub contexts: BTreeMap<String, String>,
    /// Words of `scp` or `scope`, and the scopes each stands for: `Pam.Use`, `Ephor.Admin`.
    pub scopes: BTreeMap<String, Vec<String>>,
    /// Words of `roles`, and the app roles each stands for.
    pub roles: BTreeMap<String, Vec<String>>,
}

impl Issuer {
    /// As identity takes it; the secret may come from its file.
    #[must_use]
    pub fn settings(&self, secret: Option<SecretString>) -> OutsideSettings {
        let mapping = &self.mapping;
        OutsideSettings {
            issuer: self.issuer.clone(),
            audiences: self.audiences.clone(),
            client: self.client_id.clone().map(|id| Client { id, secret, scopes: self.scopes.clone() }),
            mapping: Mapping {
                mfa_methods: mapping.mfa_methods.iter().cloned().collect(),
                mfa_strengths: mapping.mfa_strengths.iter().cloned().collect(),
                contexts: mapping.contexts.clone(),
                scopes: mapping.scopes.clone(),
                roles: mapping.roles.clone(),
            },
            authoritative_for: self.authoritative_for.clone(),
        }
    }
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
            known_clients: KnownClient::ALL.to_vec(),
            issuers: BTreeMap::new(),
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

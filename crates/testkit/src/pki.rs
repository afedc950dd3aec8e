//! A certificate authority for test listeners.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};

use crate::launch::LaunchError;

/// An authority with its own key. Its certificates have no practical end.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate with its private key, both as PEM text.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// The private key (PKCS #8).
    pub key: String,
}

fn broken(error: rcgen::Error) -> LaunchError {
    LaunchError::failed("certificate authority", error.to_string())
}

impl Authority {
    /// An authority of the given name.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn new(name: &str) -> Result<Self, LaunchError> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(broken)?;
        Ok(Self { issuer: CertifiedIssuer::self_signed(params, key).map_err(broken)? })
    }

    /// The authority's own certificate as PEM: what clients must trust.
    #[must_use]
    pub fn certificate(&self) -> String {
        self.issuer.pem()
    }

    /// A server certificate for the given host names and addresses.
    ///
    /// # Errors
    /// When a name cannot stand in a certificate.
    pub fn issue(&self, names: &[&str]) -> Result<Identity, LaunchError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names.clone()).map_err(broken)?;
        params.distinguished_name.push(DnType::CommonName, names.first().map_or("test", String::as_str));
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(broken)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(broken)?;
        Ok(Identity { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    /// Writes `ca.pem`, `server.pem` and `server.key` for `localhost` and 127.0.0.1 into a directory.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write_server_files(&self, directory: &Path) -> Result<(), LaunchError> {
        let identity = self.issue(&["localhost", "127.0.0.1"])?;
        let files =
            [("ca.pem", self.certificate()), ("server.pem", identity.certificate), ("server.key", identity.key)];
        for (name, text) in files {
            std::fs::write(directory.join(name), text).map_err(LaunchError::os(format!("writing {name}")))?;
        }
        Ok(())
    }
}

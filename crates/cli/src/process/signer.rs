//! The key that signs checkpoints of the audit log: a file of its own, made at the first start.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use ephor_audit::key::SigningKey;
use ephor_engine::{AuditSigner, port::Entropy};

use super::key_file::{self, KeyFileError};

/// Why checkpoints cannot be signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignerError {
    /// The file of the key.
    #[error("the audit log: {0}")]
    Key(#[from] KeyFileError),
    /// The public key beside it cannot be written.
    #[error("the public key of the audit log {}: {cause}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The log's name is not possible.
    #[error("audit.origin: {0}")]
    Name(#[from] ephor_audit::key::KeyError),
}

/// The signer with the key in `path`, which is made if it is not there; beside it stands the public key, for whoever
/// verifies.
pub(crate) fn load_or_make(path: &Path, origin: &str, entropy: &dyn Entropy) -> Result<AuditSigner, SignerError> {
    let seed = key_file::load_or_make(path, entropy)?;
    let signer = signer(origin, *seed)?;
    let public = path.with_extension("pub");
    let text = format!("{}\n", signer.key.verifying_key());
    if fs::read_to_string(&public).ok().as_deref() != Some(&text) {
        fs::write(&public, text).map_err(|cause| SignerError::File { path: public, cause })?;
    }
    Ok(signer)
}

/// The signer with the key in `path`; `None` if there is none.
pub(crate) fn load(path: &Path, origin: &str) -> Result<Option<AuditSigner>, SignerError> {
    key_file::load(path)?.map(|seed| signer(origin, *seed)).transpose()
}

fn signer(origin: &str, seed: [u8; 32]) -> Result<AuditSigner, SignerError> {
    Ok(AuditSigner { origin: origin.to_owned(), key: Arc::new(SigningKey::from_seed(origin, seed)?) })
}

#[cfg(test)]
mod tests {
    use ephor_engine::port::SeededEntropy;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys").join("audit.key");
        assert!(load(&path, "a.example/audit").unwrap().is_none());
        let entropy = SeededEntropy::new(1);
        let made = load_or_make(&path, "a.example/audit", &entropy).unwrap();
        let again = load_or_make(&path, "a.example/audit", &entropy).unwrap();
        assert_eq!(made.key.verifying_key(), again.key.verifying_key());
        let public = fs::read_to_string(path.with_extension("pub")).unwrap();
        assert_eq!(public.trim_end(), made.key.verifying_key().to_string());
    }
}

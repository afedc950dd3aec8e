//! The key that signs checkpoints of the audit log: a file of its own, made at the first start.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use ephor_audit::key::SigningKey;
use ephor_engine::{AuditSigner, port::Entropy};
use zeroize::Zeroizing;

/// Why checkpoints cannot be signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignerError {
    /// The file cannot be read or written.
    #[error("the key of the audit log {}: {cause}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The file holds something else.
    #[error("{} is no key of an audit log: it must hold 64 hexadecimal digits", .0.display())]
    NoKey(PathBuf),
    /// Others can read it.
    #[error("the key of the audit log {} can be read by others: chmod 600 it", .0.display())]
    Open(PathBuf),
    /// The log's name is not possible.
    #[error("audit.origin: {0}")]
    Name(#[from] ephor_audit::key::KeyError),
}

/// The signer with the key in `path`, which is made if it is not there; beside it stands the public key, for whoever
/// verifies.
pub(crate) fn load_or_make(path: &Path, origin: &str, entropy: &dyn Entropy) -> Result<AuditSigner, SignerError> {
    let file = |cause| SignerError::File { path: path.to_owned(), cause };
    let mut seed = Zeroizing::new([0; 32]);
    match read(path)? {
        Some(read) => *seed = *read,
        None => {
            entropy.fill(&mut *seed);
            write_new(path, &seed).map_err(file)?;
        }
    }
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
    read(path)?.map(|seed| signer(origin, *seed)).transpose()
}

fn signer(origin: &str, seed: [u8; 32]) -> Result<AuditSigner, SignerError> {
    Ok(AuditSigner { origin: origin.to_owned(), key: Arc::new(SigningKey::from_seed(origin, seed)?) })
}

fn read(path: &Path) -> Result<Option<Zeroizing<[u8; 32]>>, SignerError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(SignerError::File { path: path.to_owned(), cause }),
    };
    if fs::metadata(path).is_ok_and(|meta| meta.mode() & 0o077 != 0) {
        return Err(SignerError::Open(path.to_owned()));
    }
    let no_key = || SignerError::NoKey(path.to_owned());
    let digits = text.trim();
    if digits.len() != 64 || !digits.is_ascii() {
        return Err(no_key());
    }
    let mut seed = Zeroizing::new([0; 32]);
    for (at, byte) in seed.iter_mut().enumerate() {
        let pair = digits.get(2 * at..2 * at + 2).ok_or_else(no_key)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| no_key())?;
    }
    Ok(Some(seed))
}

fn write_new(path: &Path, seed: &[u8; 32]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut text = Zeroizing::new(String::with_capacity(65));
    for byte in seed {
        text.push_str(&format!("{byte:02x}"));
    }
    text.push('\n');
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

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
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let public = fs::read_to_string(path.with_extension("pub")).unwrap();
        assert_eq!(public.trim_end(), made.key.verifying_key().to_string());

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(load(&path, "a"), Err(SignerError::Open(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "abc").unwrap();
        assert!(matches!(load(&path, "a"), Err(SignerError::NoKey(_))));
    }
}

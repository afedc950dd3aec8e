//! Keys that stand in files of their own: 32 bytes in hexadecimal, for their owner's eyes alone.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use ephor_engine::port::Entropy;
use zeroize::Zeroizing;

/// The bytes of a key.
pub(crate) type KeyBytes = Zeroizing<[u8; 32]>;

/// Why a key's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    /// The file cannot be read or written.
    #[error("the key {}: {cause}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The file holds something else.
    #[error("{} is no key: it must hold 64 hexadecimal digits", .0.display())]
    NoKey(PathBuf),
    /// Others can read it.
    #[error("the key {} can be read by others: chmod 600 it", .0.display())]
    Open(PathBuf),
}

/// The key in `path`, which is made if it is not there.
pub(crate) fn load_or_make(path: &Path, entropy: &dyn Entropy) -> Result<KeyBytes, KeyFileError> {
    if let Some(key) = load(path)? {
        return Ok(key);
    }
    let mut key = Zeroizing::new([0; 32]);
    entropy.fill(&mut *key);
    match write_new(path, &key) {
        Ok(()) => Ok(key),
        // Another process was first.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            load(path)?.ok_or_else(|| KeyFileError::NoKey(path.to_owned()))
        }
        Err(cause) => Err(KeyFileError::File { path: path.to_owned(), cause }),
    }
}

/// The key in `path`; `None` if there is none.
pub(crate) fn load(path: &Path) -> Result<Option<KeyBytes>, KeyFileError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(KeyFileError::File { path: path.to_owned(), cause }),
    };
    if fs::metadata(path).is_ok_and(|meta| meta.mode() & 0o077 != 0) {
        return Err(KeyFileError::Open(path.to_owned()));
    }
    let no_key = || KeyFileError::NoKey(path.to_owned());
    let digits = text.trim();
    if digits.len() != 64 || !digits.is_ascii() {
        return Err(no_key());
    }
    let mut key = Zeroizing::new([0; 32]);
    for (at, byte) in key.iter_mut().enumerate() {
        let pair = digits.get(2 * at..2 * at + 2).ok_or_else(no_key)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| no_key())?;
    }
    Ok(Some(key))
}

/// Makes a folder, and those above it, for their owner's eyes alone. One that is there stays as it is.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn write_new(path: &Path, key: &KeyBytes) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let mut text = Zeroizing::new(String::with_capacity(65));
    for byte in key.iter() {
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
    fn a_key_is_made_once_and_must_be_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys").join("a.key");
        assert!(load(&path).unwrap().is_none());
        let entropy = SeededEntropy::new(1);
        let made = load_or_make(&path, &entropy).unwrap();
        assert_eq!(*load_or_make(&path, &entropy).unwrap(), *made);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(load(&path), Err(KeyFileError::Open(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "abc").unwrap();
        assert!(matches!(load(&path), Err(KeyFileError::NoKey(_))));
    }
}

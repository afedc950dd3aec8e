//! One process, one store: a lock that the operating system takes back when the process dies.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use crate::Fault;

/// Takes the lock beside the file; held as long as the answer lives.
pub(super) fn acquire(path: &Path) -> Result<File, Fault> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let unavailable = |error: std::io::Error| Fault::Unavailable { cause: format!("{}: {error}", name.display()) };
    let file = File::options().create(true).truncate(false).write(true).open(&name).map_err(unavailable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Fault::InUse),
        Err(TryLockError::Error(error)) => Err(unavailable(error)),
    }
}

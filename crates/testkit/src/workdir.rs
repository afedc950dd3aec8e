//! Work directories: short paths, removed on drop, swept by the next test when their owner was killed.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::launch::LaunchError;
use crate::process;

const OWNER: &str = "owner.lock";
const PROCESSES: &str = "processes";

/// A directory of one component. Removed on drop, after the component that lives in it.
#[derive(Debug)]
pub struct WorkDir {
    path: PathBuf,
    /// Locked as long as the owner lives, whatever way it ends.
    _owner: File,
}

/// `…/ephor-test-UID`, which all tests of one user share. Entered by other users too: PostgreSQL refuses to be root.
pub(crate) fn root() -> Result<PathBuf, LaunchError> {
    let root = std::env::temp_dir().join(format!("ephor-test-{}", rustix::process::getuid().as_raw()));
    std::fs::create_dir_all(&root).map_err(LaunchError::os("creating the directory of test components"))?;
    Ok(root)
}

/// Held while work directories are made and swept, so that none is taken for stale between its birth and its lock.
fn registry(root: &Path) -> Result<File, LaunchError> {
    let file = lock_file(&root.join("registry.lock"))?;
    file.lock().map_err(LaunchError::os("locking the registry of work directories"))?;
    Ok(file)
}

fn lock_file(path: &Path) -> Result<File, LaunchError> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(LaunchError::os(format!("opening {}", path.display())))
}

impl WorkDir {
    /// A fresh directory whose name starts with `kind`. The first call of a process sweeps what killed tests left behind.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn new(kind: &str) -> Result<Self, LaunchError> {
        static SWEPT: Once = Once::new();
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let root = root()?;
        let registry = registry(&root)?;
        SWEPT.call_once(|| sweep(&root));
        let path = root.join(format!("{kind}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir(&path).map_err(LaunchError::os(format!("creating {}", path.display())))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
            .map_err(LaunchError::os("opening the work directory to other users"))?;
        let owner = lock_file(&path.join(OWNER))?;
        owner.lock().map_err(LaunchError::os("locking the work directory"))?;
        drop(registry);
        Ok(Self { path, _owner: owner })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path inside it.
    #[must_use]
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// Notes a child process, for the sweep.
    pub(crate) fn note_process(&self, id: u32) -> Result<(), LaunchError> {
        let Some(started) = process::start_time(id) else { return Ok(()) };
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.join(PROCESSES))
            .map_err(LaunchError::os("opening the list of processes"))?;
        writeln!(file, "{id} {started}").map_err(LaunchError::os("writing the list of processes"))
    }
}

impl Drop for WorkDir {
    fn drop(&mut self) {
        // Left for the sweep if it fails; a destructor has nobody to tell.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Removes the directories whose owner is gone, and the processes they name.
fn sweep(root: &Path) {
    for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
        let path = entry.path();
        if !path.is_dir() || path.file_name().is_some_and(|name| name == "ports") {
            continue;
        }
        let abandoned = match File::open(path.join(OWNER)) {
            Ok(owner) => owner.try_lock().is_ok(),
            Err(_) => true,
        };
        if abandoned {
            end_processes(&path);
            let _ = std::fs::remove_dir_all(&path);
        }
    }
}

/// Kills the noted processes that still are the ones that were noted: a number may have been given to another since.
fn end_processes(directory: &Path) {
    let noted = std::fs::read_to_string(directory.join(PROCESSES)).unwrap_or_default();
    for line in noted.lines() {
        let Some((id, started)) = line.split_once(' ') else { continue };
        if let (Ok(id), Ok(started)) = (id.parse(), started.parse::<u64>())
            && process::start_time(id) == Some(started)
        {
            process::kill_tree(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_dropped_directory_is_gone() {
        let directory = WorkDir::new("unit").unwrap();
        let path = directory.path().to_path_buf();
        std::fs::write(directory.join("file"), "x").unwrap();
        drop(directory);
        assert!(!path.exists());
    }

    #[test]
    fn a_sweep_takes_the_abandoned_and_spares_the_owned() {
        let apart = WorkDir::new("sweep").unwrap();
        let (dead, owned) = (apart.join("dead"), apart.join("owned"));
        for path in [&dead, &owned] {
            std::fs::create_dir(path).unwrap();
        }
        let lock = lock_file(&owned.join(OWNER)).unwrap();
        lock.lock().unwrap();
        lock_file(&dead.join(OWNER)).unwrap();
        let mut left_over = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let started = process::start_time(left_over.id()).unwrap();
        std::fs::write(dead.join(PROCESSES), format!("{} {started}\n", left_over.id())).unwrap();
        // The same number with another start time is somebody else's process.
        std::fs::write(owned.join(PROCESSES), format!("{} 1\n", std::process::id())).unwrap();

        sweep(apart.path());

        assert!(!dead.exists());
        assert!(owned.exists());
        assert!(!left_over.wait().unwrap().success());
        end_processes(&owned);
    }
}

//! What all benchmarks are given, and what they all do.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use ephor_engine::port::{Clock, SystemClock};
use ephor_store::Store;
use ephor_testkit::WorkDir;
use jiff::Timestamp;
use tokio::runtime::Runtime;

use crate::{
    measure::Load,
    world::{World, scratch},
};

/// How a run is to be done.
#[derive(Debug, Clone)]
pub struct Context {
    /// Smaller and shorter: to see that it works, not to publish.
    pub quick: bool,
    /// Where large stores are kept for the next run, if they are.
    pub stores: Option<PathBuf>,
}

impl Context {
    /// One measurement.
    #[must_use]
    pub fn load(&self) -> Load {
        let seconds =
            |warm, measured| Load { warm: Duration::from_millis(warm), measured: Duration::from_millis(measured) };
        if self.quick { seconds(300, 1000) } else { seconds(1000, 4000) }
    }

    /// One of many measurements.
    #[must_use]
    pub fn short(&self) -> Load {
        if self.quick {
            self.load()
        } else {
            Load { warm: Duration::from_millis(500), measured: Duration::from_millis(2000) }
        }
    }

    /// How often figure and floor take turns; the middle one counts.
    #[must_use]
    pub fn rounds(&self) -> usize {
        if self.quick { 1 } else { 3 }
    }

    /// Says to whoever waits what is being done.
    #[expect(clippy::print_stderr, reason = "a benchmark takes minutes, and people watch")]
    pub fn say(&self, what: &str) {
        eprintln!("   {what}");
    }
}

/// The runtime that a server has: as many workers as cores.
pub(super) fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

pub(super) fn now() -> Timestamp {
    SystemClock::default().now()
}

/// A loaded store in its own directory, closed, to be copied for each measurement.
pub(super) struct Template<W = World> {
    pub(super) world: W,
    pub(super) directory: Arc<WorkDir>,
    pub(super) path: PathBuf,
    pub(super) load_time: Duration,
}

impl Template {
    pub(super) async fn make(world: World) -> Result<Self> {
        Self::with(world, async |world, store| world.load(store, now()).await).await
    }
}

impl<W> Template<W> {
    pub(super) async fn with(world: W, load: impl AsyncFnOnce(&W, &Store) -> Result<()>) -> Result<Self> {
        let directory = Arc::new(WorkDir::new("bench")?);
        let path = directory.join("template.db");
        let begun = Instant::now();
        let store = Store::open(&scratch::sqlite(&path)).await?;
        load(&world, &store).await?;
        store.close().await;
        flush(&path)?;
        Ok(Self { world, directory, path, load_time: begun.elapsed() })
    }

    /// A store that an earlier run loaded, which stays where it is.
    pub(super) fn kept(world: W, path: PathBuf) -> Result<Self> {
        Ok(Self { world, directory: Arc::new(WorkDir::new("bench")?), path, load_time: Duration::ZERO })
    }

    /// Moves the loaded store to where the next run finds it.
    pub(super) fn keep(&mut self, path: PathBuf) -> Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::copy(&self.path, &path)?;
        remove(&self.path)?;
        self.path = path;
        Ok(())
    }

    /// A copy of the file under another name, flushed, so that nobody pays for it later.
    pub(super) fn copy(&self, name: &str) -> Result<PathBuf> {
        let path = self.directory.join(name);
        remove(&path)?;
        std::fs::copy(&self.path, &path)?;
        std::fs::File::open(&path)?.sync_all()?;
        Ok(path)
    }
}

/// Moves what a closed store left in its log into its file, so that the file alone is the store.
fn flush(path: &Path) -> Result<()> {
    let store = rusqlite::Connection::open(path)?;
    store.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?;
    store.close().map_err(|(_, error)| error.into())
}

/// Removes a store's files.
pub(super) fn remove(path: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

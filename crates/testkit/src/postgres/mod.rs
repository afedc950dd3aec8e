//! PostgreSQL: a fresh database per test on a shared cluster, or a private cluster to stop and crash.
//!
//! The shared cluster is the one that `EPHOR_TEST_POSTGRES` names (`cargo xtask test` starts it for the whole run), else one
//! that the first test of this process starts and the last one stops.

mod cluster;
mod database;
mod template;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

pub use self::cluster::{Cluster, ClusterOptions};
pub use self::database::Database;
pub use self::template::Template;
use crate::launch::{LaunchError, Unavailable};

/// Names the shared cluster: `postgresql://USER@HOST:PORT/postgres` of a superuser.
pub const SHARED_URL: &str = "EPHOR_TEST_POSTGRES";

const PACKAGE: &str = "postgresql";

/// The shared cluster.
#[derive(Debug)]
pub struct Postgres;

impl Postgres {
    /// A fresh database on the shared cluster: a copy of its [`Template`] if there is one, else empty. Dropped on drop.
    ///
    /// # Errors
    /// [`LaunchError::Unavailable`] without the Debian package `postgresql`.
    pub fn database() -> Result<Database, LaunchError> {
        Database::create(server()?, &template::name())
    }

    /// A fresh database on the shared cluster, empty in any case: for tests of the migrations. Dropped on drop.
    ///
    /// # Errors
    /// As [`database`](Self::database).
    pub fn empty_database() -> Result<Database, LaunchError> {
        Database::create(server()?, database::EMPTY)
    }
}

fn server() -> Result<database::Server, LaunchError> {
    match std::env::var(SHARED_URL) {
        Ok(url) => Ok(database::Server::Elsewhere(url)),
        Err(_) => Ok(database::Server::Here(shared_cluster()?)),
    }
}

/// The cluster of this process, alive as long as one database of it is.
fn shared_cluster() -> Result<Arc<Cluster>, LaunchError> {
    static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(cluster) = shared.upgrade() {
        return Ok(cluster);
    }
    let cluster = Arc::new(Cluster::start(&ClusterOptions::default())?);
    *shared = Arc::downgrade(&cluster);
    Ok(cluster)
}

/// Where a program of the server stands. Never taken from the search path: what is there may be a wrapper with its own ideas
/// of users and clusters.
fn program(name: &'static str) -> Result<PathBuf, Unavailable> {
    let version = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("bin/initdb").is_file() && path.join("bin").join(name).is_file())
        .collect();
    versions.sort_by_key(version);
    versions.pop().map(|path| path.join("bin").join(name)).ok_or(Unavailable { program: name, package: PACKAGE })
}

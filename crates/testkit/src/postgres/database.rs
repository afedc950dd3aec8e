//! A database that lasts as long as one test.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Cluster, program};
use crate::launch::LaunchError;
use crate::process;

/// `template1` may not be in use while it is copied; this one never is.
pub(super) const EMPTY: &str = "template0";

/// Where the database is.
#[derive(Debug)]
pub(super) enum Server {
    /// On a cluster that somebody else keeps, given by the URL of one of its databases.
    Elsewhere(String),
    /// On a cluster of this process, kept alive by its databases.
    Here(Arc<Cluster>),
}

impl Server {
    pub(super) fn url(&self, database: &str) -> String {
        match self {
            Self::Elsewhere(url) => with_database(url, database),
            Self::Here(cluster) => cluster.url(database),
        }
    }
}

/// Replaces the database in a URL: the path, not the parameters after it.
fn with_database(url: &str, database: &str) -> String {
    let (address, parameters) = url.split_once('?').map_or((url, String::new()), |(a, p)| (a, format!("?{p}")));
    let authority = address.find("://").map_or(0, |position| position + 3);
    let server = match address.get(authority..).and_then(|rest| rest.find('/')) {
        Some(slash) => address.get(..authority + slash).unwrap_or(address),
        None => address,
    };
    format!("{server}/{database}{parameters}")
}

/// A fresh database. Dropped on drop, with whatever is still connected to it.
#[derive(Debug)]
pub struct Database {
    name: String,
    url: String,
    server: Server,
}

impl Database {
    /// A copy of the database `template` if there is one, else empty.
    pub(super) fn create(server: Server, template: &str) -> Result<Self, LaunchError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let id = std::process::id();
        // With the start time: on a long-lived cluster an earlier process of our number may have left its database.
        let started = process::start_time(id).unwrap_or_default();
        let name = format!("ephor_test_{id}_{started}_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let statement = format!(
            "SELECT format('CREATE DATABASE %I TEMPLATE %I', '{name}', \
             coalesce((SELECT datname FROM pg_database WHERE datname = '{template}'), '{EMPTY}')) \\gexec\n"
        );
        sql(&server.url("postgres"), &statement)?;
        Ok(Self { url: server.url(&name), name, server })
    }

    /// `postgresql://USER@HOST:PORT/NAME`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The name of the database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs SQL through `psql`, an outside witness, and returns what it printed, without headings.
    ///
    /// # Errors
    /// With what `psql` said when a statement fails.
    pub fn sql(&self, statements: &str) -> Result<String, LaunchError> {
        sql(&self.url, statements)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Server::Here(cluster) = &self.server
            && Arc::strong_count(cluster) == 1
        {
            // The whole cluster goes with its last database.
            return;
        }
        let statement = format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name);
        // A crashed server cannot drop anything; its directory goes anyway.
        let _ = sql(&self.server.url("postgres"), &statement);
    }
}

/// Feeds statements to `psql`; stops at the first that fails.
pub(super) fn sql(url: &str, statements: &str) -> Result<String, LaunchError> {
    // psql waits for ever on a server that accepts and stays silent.
    let mut child = Command::new("timeout")
        .arg("60")
        .arg(program("psql")?)
        .args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-", url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(LaunchError::os("starting psql"))?;
    let mut input = child.stdin.take().expect("the pipe was asked for");
    // psql closes its input when a statement fails; its own words say more than the broken pipe.
    let _ = input.write_all(statements.as_bytes());
    drop(input);
    let output = child.wait_with_output().map_err(LaunchError::os("waiting for psql"))?;
    if !output.status.success() {
        return Err(LaunchError::failed("psql", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_url_is_replaced() {
        for (given, expected) in [
            ("postgresql://postgres@127.0.0.1:5432/postgres", "postgresql://postgres@127.0.0.1:5432/t"),
            ("postgresql://postgres@127.0.0.1:5432", "postgresql://postgres@127.0.0.1:5432/t"),
            ("postgresql://h/db?host=/tmp/x", "postgresql://h/t?host=/tmp/x"),
        ] {
            assert_eq!(with_database(given, "t"), expected);
        }
    }
}

//! One PostgreSQL cluster in a work directory.

use std::fs::File;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;

use super::{Database, database, program};
use crate::launch::{LaunchError, Unavailable, log_tail};
use crate::ports::Port;
use crate::probe;
use crate::process::Process;
use crate::workdir::WorkDir;

const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// The account that runs the server when the tests run as root, which PostgreSQL refuses to be.
const SERVER_ACCOUNT: &str = "postgres";

/// How a cluster keeps its data.
#[derive(Debug, Clone, Default)]
pub struct ClusterOptions {
    /// Keeps fsync: for measurements, and to test what a power loss would leave. Without it a killed server still loses
    /// nothing that it acknowledged, for the operating system lives on.
    pub durable: bool,
    /// More lines for `postgresql.conf`.
    pub extra_config: String,
}

/// A running cluster with the superuser `postgres`, whom it trusts on the loopback. Stopped and removed on drop.
#[derive(Debug)]
pub struct Cluster {
    // Dropped before the directory it writes to.
    process: Option<Process>,
    port: Port,
    account: Option<Account>,
    directory: WorkDir,
}

/// The user and group numbers to run as.
#[derive(Debug, Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

impl Cluster {
    /// Makes a cluster and starts it.
    ///
    /// # Errors
    /// [`LaunchError::Unavailable`] without the Debian package `postgresql`.
    pub fn start(options: &ClusterOptions) -> Result<Self, LaunchError> {
        let initdb = program("initdb")?;
        program("psql")?;
        let directory = WorkDir::new("postgres")?;
        let account = server_account(directory.path())?;
        let port = Port::reserve()?;
        if let Some(account) = account {
            chown(directory.path(), Some(account.user), Some(account.group))
                .map_err(LaunchError::os("giving the work directory to the server's account"))?;
        }
        let mut cluster = Self { process: None, port, account, directory };
        let made = cluster
            .command(initdb)
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--pgdata"])
            .arg(cluster.data())
            .output()
            .map_err(LaunchError::os("running initdb"))?;
        if !made.status.success() {
            return Err(LaunchError::failed("initdb", String::from_utf8_lossy(&made.stderr)));
        }
        cluster.configure(options)?;
        cluster.start_again()?;
        Ok(cluster)
    }

    /// Starts a stopped or killed server again, on the same port with the same data. Nothing happens if it runs.
    ///
    /// # Errors
    /// When it is not ready in time.
    pub fn start_again(&mut self) -> Result<(), LaunchError> {
        if let Some(process) = &mut self.process
            && process.ended()?.is_none()
        {
            return Ok(());
        }
        let log_path = self.directory.join("log");
        let log = File::options()
            .create(true)
            .append(true)
            .open(&log_path)
            .map_err(LaunchError::os("opening the log of postgres"))?;
        let more_log = log.try_clone().map_err(LaunchError::os("sharing the log of postgres"))?;
        let mut command = self.command(program("postgres")?);
        command.arg("-D").arg(self.data()).stdout(log).stderr(more_log);
        let lock_file = self.data().join("postmaster.pid");
        let process = self.process.insert(Process::spawn("postgres", &mut command, &self.directory)?);
        let id = process.id().to_string();
        let ready = probe::until(START_LIMIT, || {
            if let Some(status) = process.ended()? {
                return Err(LaunchError::failed("postgres", format!("{status}\n{}", log_tail(&log_path))));
            }
            // The server keeps its state in the last line of this file; an old file names an old process.
            let state = std::fs::read_to_string(&lock_file).unwrap_or_default();
            let mut lines = state.lines();
            Ok((lines.next() == Some(&id) && lines.nth(6).is_some_and(|line| line.trim() == "ready")).then_some(()))
        })?;
        ready.ok_or_else(|| LaunchError::NotReady { program: "postgres".to_owned(), detail: log_tail(&log_path) })
    }

    /// Stops the server in good order, disconnecting its clients. Data and port stay for [`start_again`](Self::start_again).
    ///
    /// # Errors
    /// When it had to be killed.
    pub fn stop(&mut self) -> Result<(), LaunchError> {
        match self.process.take() {
            Some(mut process) => process.end_by(Signal::INT, STOP_LIMIT).map(drop),
            None => Ok(()),
        }
    }

    /// Kills the server and every session of it (SIGKILL). Data and port stay for [`start_again`](Self::start_again), which
    /// then recovers.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Freezes the server and its sessions: connections stay open, nothing answers.
    ///
    /// # Errors
    /// When it is not running.
    pub fn pause(&self) -> Result<(), LaunchError> {
        self.running()?.pause()
    }

    /// Lets a paused server go on.
    ///
    /// # Errors
    /// When it is not running.
    pub fn resume(&self) -> Result<(), LaunchError> {
        self.running()?.resume()
    }

    fn running(&self) -> Result<&Process, LaunchError> {
        self.process.as_ref().ok_or_else(|| LaunchError::failed("postgres", "is stopped"))
    }

    /// `postgresql://postgres@127.0.0.1:PORT/DATABASE`.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://postgres@{}/{database}", self.port.address())
    }

    /// The port, for a proxy in front.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port.number()
    }

    /// A fresh, empty database on this cluster. It keeps the cluster alive.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn database(self: &Arc<Self>) -> Result<Database, LaunchError> {
        Database::create(database::Server::Here(Arc::clone(self)), database::EMPTY)
    }

    /// Runs SQL in one of its databases through `psql` and returns what it printed, without headings.
    ///
    /// # Errors
    /// With what `psql` said when a statement fails.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String, LaunchError> {
        database::sql(&self.url(database), statements)
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn configure(&self, options: &ClusterOptions) -> Result<(), LaunchError> {
        let path = self.data().join("postgresql.conf");
        let mut text = std::fs::read_to_string(&path).map_err(LaunchError::os("reading postgresql.conf"))?;
        text.push_str(&format!(
            "\nlisten_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{}'\nmax_connections = 400\n",
            self.port.number(),
            self.directory.path().display()
        ));
        if !options.durable {
            text.push_str("fsync = off\nfull_page_writes = off\n");
        }
        text.push_str(&options.extra_config);
        std::fs::write(&path, text).map_err(LaunchError::os("writing postgresql.conf"))
    }

    /// A command that runs as the server's account, in the work directory, without input.
    fn command(&self, program: PathBuf) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.directory.path()).stdin(Stdio::null());
        command.env("HOME", self.directory.path()).env("LC_ALL", "C");
        if let Some(account) = self.account {
            command.uid(account.user).gid(account.group);
        }
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // An immediate shutdown also takes the shared memory away, which a killed server leaves to the next one.
        if let Some(mut process) = self.process.take() {
            let _ = process.end_by(Signal::QUIT, STOP_LIMIT);
        }
    }
}

/// Whom to run as: the package's account if we are root, else ourselves.
fn server_account(directory: &Path) -> Result<Option<Account>, LaunchError> {
    let owner = std::fs::metadata(directory).map_err(LaunchError::os("looking at the work directory"))?;
    if owner.uid() != 0 {
        return Ok(None);
    }
    let accounts = std::fs::read_to_string("/etc/passwd").map_err(LaunchError::os("reading /etc/passwd"))?;
    accounts
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find_map(|fields| match fields.as_slice() {
            [name, _, user, group, ..] if *name == SERVER_ACCOUNT => {
                Some(Account { user: user.parse().ok()?, group: group.parse().ok()? })
            }
            _ => None,
        })
        .map(Some)
        .ok_or(LaunchError::Unavailable(Unavailable { program: "account postgres", package: super::PACKAGE }))
}

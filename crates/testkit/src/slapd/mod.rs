//! An OpenLDAP server with a small company in it.
//!
//! Entries: `ou=people`, `ou=groups`, `ou=services` and `ou=policies` below `dc=corp,dc=test`; the administrator
//! `cn=admin` and an ordinary service account `uid=connector,ou=services` that may write below `ou=groups` only.

mod config;
mod ldif;
mod options;
mod seed;
mod witness;

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

pub use self::options::{Account, Group, GroupKind, SlapdOptions};
pub use self::witness::RecordedChange;
use crate::launch::{LaunchError, Unavailable, find_program, log_tail};
use crate::pki::Authority;
use crate::ports::Port;
use crate::probe;
use crate::process::Process;
use crate::workdir::WorkDir;

/// The suffix of the directory.
pub const BASE: &str = "dc=corp,dc=test";
/// The administrator, whom no access rule binds.
pub const ADMIN_DN: &str = "cn=admin,dc=corp,dc=test";
/// The administrator's password.
pub const ADMIN_PASSWORD: &str = "admin-secret";
/// A service account that may write groups and read the rest.
pub const CONNECTOR_DN: &str = "uid=connector,ou=services,dc=corp,dc=test";
/// The service account's password.
pub const CONNECTOR_PASSWORD: &str = "connector-secret";

const PACKAGE: &str = "slapd";
const CLIENT_PACKAGE: &str = "ldap-utils";
const START_LIMIT: Duration = Duration::from_secs(20);
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// A running directory server. Stopped and removed on drop.
#[derive(Debug)]
pub struct Slapd {
    // Dropped before the directory it writes to.
    process: Option<Process>,
    program: PathBuf,
    port: Port,
    tls_port: Option<Port>,
    directory: WorkDir,
}

impl Slapd {
    /// Starts a server, seeds it and waits until it answers.
    ///
    /// # Errors
    /// [`LaunchError::Unavailable`] without the Debian packages `slapd` and `ldap-utils`.
    pub fn start(options: SlapdOptions) -> Result<Self, LaunchError> {
        let program = find_program("slapd", PACKAGE)?;
        let seeder = find_program("slapadd", PACKAGE)?;
        find_program("ldapsearch", CLIENT_PACKAGE)?;
        let directory = WorkDir::new("slapd")?;
        for name in ["data", "log"] {
            std::fs::create_dir(directory.join(name)).map_err(LaunchError::os("creating the database directory"))?;
        }
        let with_tls = options.tls || options.require_tls;
        if with_tls {
            Authority::new("test directory CA")?.write_server_files(directory.path())?;
        }
        let files = [
            ("local.schema", config::LOCAL_SCHEMA.to_owned()),
            ("slapd.conf", config::slapd_conf(directory.path(), &options)),
            ("seed.ldif", seed::ldif(&options)),
        ];
        for (name, text) in files {
            std::fs::write(directory.join(name), text).map_err(LaunchError::os(format!("writing {name}")))?;
        }
        let seeded = Command::new(seeder)
            .args(["-q", "-b", BASE, "-f"])
            .arg(directory.join("slapd.conf"))
            .arg("-l")
            .arg(directory.join("seed.ldif"))
            .output()
            .map_err(LaunchError::os("running slapadd"))?;
        if !seeded.status.success() {
            return Err(LaunchError::failed("slapadd", String::from_utf8_lossy(&seeded.stderr)));
        }
        let tls_port = with_tls.then(Port::reserve).transpose()?;
        let mut slapd = Self { process: None, program, port: Port::reserve()?, tls_port, directory };
        slapd.start_again()?;
        Ok(slapd)
    }

    /// Starts a stopped or killed server again, on the same port with the same data. Nothing happens if it runs.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub fn start_again(&mut self) -> Result<(), LaunchError> {
        if let Some(process) = &mut self.process
            && process.ended()?.is_none()
        {
            return Ok(());
        }
        let log_path = self.directory.join("slapd.log");
        let log = File::options()
            .create(true)
            .append(true)
            .open(&log_path)
            .map_err(LaunchError::os("opening the log of slapd"))?;
        let mut urls = format!("{} {}", self.url(), self.local_url());
        if let Some(url) = self.ldaps_url() {
            urls = format!("{urls} {url}");
        }
        // Any debug level keeps the server in the foreground, where it is our child.
        let mut command = Command::new(&self.program);
        command.args(["-d", "0", "-h", &urls, "-f"]).arg(self.directory.join("slapd.conf"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let process = self.process.insert(Process::spawn("slapd", &mut command, &self.directory)?);
        let port = self.port.address();
        let answers = probe::until(START_LIMIT, || {
            if let Some(status) = process.ended()? {
                return Err(LaunchError::failed("slapd", format!("{status}\n{}", log_tail(&log_path))));
            }
            // The sockets listen long before the databases are open; only an answer counts.
            if std::net::TcpStream::connect(port).is_err() {
                return Ok(None);
            }
            Ok(Some(()))
        })?;
        let not_ready = || LaunchError::NotReady { program: "slapd".to_owned(), detail: log_tail(&log_path) };
        answers.ok_or_else(not_ready)?;
        if self.values(BASE, &["dc"])?.is_none() {
            return Err(not_ready());
        }
        Ok(())
    }

    /// Stops the server in good order. Data and ports stay for [`start_again`](Self::start_again).
    ///
    /// # Errors
    /// When it had to be killed.
    pub fn stop(&mut self) -> Result<(), LaunchError> {
        match self.process.take() {
            Some(mut process) => process.end_by(Signal::INT, STOP_LIMIT).map(drop),
            None => Ok(()),
        }
    }

    /// Kills the server (SIGKILL). Data and ports stay for [`start_again`](Self::start_again).
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Freezes the server: connections stay open, nothing answers.
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
        self.process.as_ref().ok_or_else(|| LaunchError::failed("slapd", "is stopped"))
    }

    /// `ldap://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ldap://{}", self.port.address())
    }

    /// `ldaps://127.0.0.1:PORT`; `None` without TLS. The certificate names `localhost` too, but OpenLDAP's own clients
    /// read that as the name of this machine.
    #[must_use]
    pub fn ldaps_url(&self) -> Option<String> {
        self.tls_port.as_ref().map(|port| format!("ldaps://{}", port.address()))
    }

    /// The plain port, for a proxy in front.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port.number()
    }

    /// The authority that signed the server's certificate (PEM); `None` without TLS.
    #[must_use]
    pub fn ca_path(&self) -> Option<PathBuf> {
        self.tls_port.as_ref().map(|_| self.directory.join("ca.pem"))
    }

    /// The suffix.
    #[must_use]
    pub const fn base(&self) -> &'static str {
        BASE
    }

    /// The administrator's name.
    #[must_use]
    pub const fn admin_dn(&self) -> &'static str {
        ADMIN_DN
    }

    /// The administrator's password.
    #[must_use]
    pub const fn admin_password(&self) -> &'static str {
        ADMIN_PASSWORD
    }

    /// The socket in the work directory, which needs neither port nor TLS.
    fn local_url(&self) -> String {
        format!("ldapi://{}", self.directory.join("ldapi").display().to_string().replace('/', "%2F"))
    }
}

/// `uid=UID,ou=people,…`.
#[must_use]
pub fn user_dn(uid: &str) -> String {
    format!("uid={uid},ou=people,{BASE}")
}

/// `cn=NAME,ou=groups,…`.
#[must_use]
pub fn group_dn(name: &str) -> String {
    format!("cn={name},ou=groups,{BASE}")
}

/// Whether a directory can be started here.
///
/// # Errors
/// Names the first missing program.
pub fn available() -> Result<(), Unavailable> {
    find_program("slapd", PACKAGE)?;
    find_program("ldapsearch", CLIENT_PACKAGE).map(drop)
}

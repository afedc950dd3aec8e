//! An MIT key distribution centre with a small realm in it, and clients that hold tickets of it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::launch::{LaunchError, find_program, log_tail};
use crate::ports::Port;
use crate::probe;
use crate::process::Process;
use crate::workdir::WorkDir;

const START_LIMIT: Duration = Duration::from_secs(20);

/// What to start. [`Default`] is the realm `CORP.TEST` with `alice` and `bob`, and the service `HTTP/localhost`.
#[derive(Debug, Clone)]
pub struct KdcOptions {
    /// Name of the realm.
    pub realm: String,
    /// Names of people; the password of `NAME` is `NAME-pw`.
    pub people: Vec<String>,
    /// Services whose keys go into the key tab.
    pub services: Vec<String>,
}

impl Default for KdcOptions {
    fn default() -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self { realm: "CORP.TEST".to_owned(), people: owned(&["alice", "bob"]), services: owned(&["HTTP/localhost"]) }
    }
}

/// A running key distribution centre. Stopped and removed on drop.
#[derive(Debug)]
pub struct Kdc {
    // Dropped before the directory it writes to.
    _process: Process,
    _port: Port,
    realm: String,
    directory: WorkDir,
}

impl Kdc {
    /// Makes a realm, starts it and waits until it listens.
    ///
    /// # Errors
    /// [`LaunchError::Unavailable`] without the Debian packages `krb5-kdc`, `krb5-admin-server` and `krb5-user`.
    pub fn start(options: &KdcOptions) -> Result<Self, LaunchError> {
        let program = find_program("krb5kdc", "krb5-kdc")?;
        let maker = find_program("kdb5_util", "krb5-kdc")?;
        let keeper = find_program("kadmin.local", "krb5-admin-server")?;
        find_program("kinit", "krb5-user")?;
        let directory = WorkDir::new("krb5")?;
        let port = Port::reserve()?;
        let (place, realm) = (directory.path(), &options.realm);
        let files = [("krb5.conf", client_config(realm, &port)), ("kdc.conf", server_config(place, realm, &port))];
        for (name, text) in files {
            std::fs::write(directory.join(name), text).map_err(LaunchError::os(format!("writing {name}")))?;
        }
        let surrounded = |program: &Path| {
            let mut command = Command::new(program);
            command.env("KRB5_CONFIG", place.join("krb5.conf")).env("KRB5_KDC_PROFILE", place.join("kdc.conf"));
            command
        };
        let made = surrounded(&maker).args(["create", "-s", "-P", "master", "-r", realm]).output();
        done("kdb5_util", &made.map_err(LaunchError::os("running kdb5_util"))?)?;
        let people = options.people.iter().map(|name| format!("addprinc -pw {name}-pw {name}\n"));
        let services = options.services.iter().map(|name| {
            format!("addprinc -randkey {name}\nktadd -k {} {name}\n", place.join("service.keytab").display())
        });
        let orders: String = people.chain(services).collect();
        fed("kadmin.local", surrounded(&keeper).args(["-r", realm]), &orders)?;

        let log = directory.join("krb5kdc.log");
        let output = File::create(&log).map_err(LaunchError::os("creating the log of krb5kdc"))?;
        let mut command = surrounded(&program);
        command.args(["-n", "-r", realm]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(output);
        let mut process = Process::spawn("krb5kdc", &mut command, &directory)?;
        let listens = probe::until(START_LIMIT, || {
            if let Some(status) = process.ended()? {
                return Err(LaunchError::failed("krb5kdc", format!("{status}\n{}", log_tail(&log))));
            }
            Ok(std::net::TcpStream::connect(port.address()).ok().map(drop))
        })?;
        listens.ok_or_else(|| LaunchError::NotReady { program: "krb5kdc".to_owned(), detail: log_tail(&log) })?;
        Ok(Self { _process: process, _port: port, realm: realm.clone(), directory })
    }

    /// The realm.
    #[must_use]
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// `krb5.conf` of clients and services.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.directory.join("krb5.conf")
    }

    /// The key tab with the keys of the services.
    #[must_use]
    pub fn keytab(&self) -> PathBuf {
        self.directory.join("service.keytab")
    }

    /// Tickets of a person, by password.
    ///
    /// # Errors
    /// When the password is wrong or nobody answers.
    pub fn sign_in(&self, person: &str, password: &str) -> Result<Tickets, LaunchError> {
        Tickets::fetch(&self.config(), &format!("{person}@{}", self.realm), password)
    }
}

/// The tickets of one person. Gone on drop.
#[derive(Debug)]
pub struct Tickets {
    config: PathBuf,
    directory: WorkDir,
}

impl Tickets {
    /// Signs in with `kinit`.
    ///
    /// # Errors
    /// What `kinit` says.
    pub fn fetch(config: &Path, principal: &str, password: &str) -> Result<Self, LaunchError> {
        let tickets = Self { config: config.to_owned(), directory: WorkDir::new("tickets")? };
        fed("kinit", tickets.surround(&mut Command::new("kinit")).arg(principal), &format!("{password}\n"))?;
        Ok(tickets)
    }

    /// Nobody's: a client that was never signed in.
    ///
    /// # Errors
    /// When no directory can be made.
    pub fn none(config: &Path) -> Result<Self, LaunchError> {
        Ok(Self { config: config.to_owned(), directory: WorkDir::new("tickets")? })
    }

    /// A command that holds these tickets.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        self.surround(&mut command);
        command
    }

    /// `curl --negotiate` with these tickets.
    #[must_use]
    pub fn curl(&self) -> Command {
        let mut command = self.command("curl");
        command.args(["--negotiate", "-u", ":", "-s", "-S", "-i", "--max-time", "30"]);
        command
    }

    fn surround<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let cache = format!("FILE:{}", self.directory.join("cache").display());
        command.env("KRB5_CONFIG", &self.config).env("KRB5CCNAME", cache)
    }
}

/// Runs a program to its end with something on standard input.
fn fed(name: &str, command: &mut Command, input: &str) -> Result<(), LaunchError> {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(LaunchError::os(format!("running {name}")))?;
    // Dropped at the end of the statement, so that the program sees the end.
    let sent = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    sent.transpose().map_err(LaunchError::os(format!("writing to {name}")))?;
    let output = child.wait_with_output().map_err(LaunchError::os(format!("running {name}")))?;
    done(name, &output)
}

fn done(name: &str, output: &std::process::Output) -> Result<(), LaunchError> {
    if output.status.success() {
        return Ok(());
    }
    Err(LaunchError::failed(name, format!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr))))
}

fn client_config(realm: &str, port: &Port) -> String {
    format!(
        "[libdefaults]\n default_realm = {realm}\n dns_lookup_realm = false\n dns_lookup_kdc = false\n \
         dns_canonicalize_hostname = false\n rdns = false\n udp_preference_limit = 1\n\
         [realms]\n {realm} = {{\n  kdc = {}\n }}\n[domain_realm]\n localhost = {realm}\n",
        port.address()
    )
}

fn server_config(place: &Path, realm: &str, port: &Port) -> String {
    let (place, address) = (place.display(), port.address());
    format!(
        "[kdcdefaults]\n kdc_listen = {address}\n kdc_tcp_listen = {address}\n\
         [realms]\n {realm} = {{\n  database_name = {place}/principal\n  key_stash_file = {place}/stash\n  \
         acl_file = {place}/kadm5.acl\n  max_life = 10h\n  \
         supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal\n }}\n\
         [logging]\n kdc = FILE:{place}/kdc.log\n"
    )
}

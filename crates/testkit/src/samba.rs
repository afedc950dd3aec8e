//! A Samba domain controller for Active Directory: LDAPS, and Kerberos with tickets that hold a PAC.
//!
//! Clients of Active Directory expect fixed ports, so each controller has a loopback address of its own, and needs root.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::krb5::Tickets;
use crate::launch::{LaunchError, find_program, log_tail};
use crate::pki::Authority;
use crate::probe;
use crate::process::Process;
use crate::workdir::WorkDir;

const START_LIMIT: Duration = Duration::from_secs(60);
const REALM: &str = "CORP.TEST";
/// Nobody else's: one controller at a time.
const ADDRESS: &str = "127.0.0.77";
/// The password of `Administrator`.
pub const ADMIN_PASSWORD: &str = "Passw0rd!23";

/// A running domain controller of `CORP.TEST`, with alice and bob (`NAME-Passw0rd1`) and the service account `svc-http`,
/// which is `HTTP/localhost`. Stopped and removed on drop.
#[derive(Debug)]
pub struct Samba {
    // Dropped before the directory it writes to.
    _process: Process,
    directory: WorkDir,
    /// One controller at a time on this machine.
    _turn: File,
}

impl Samba {
    /// Makes a domain and starts its controller; takes ten seconds and more.
    ///
    /// # Errors
    /// [`LaunchError::Unavailable`] without the Debian packages named, or for others than root.
    pub fn start() -> Result<Self, LaunchError> {
        let program = find_program("samba", "samba-ad-dc")?;
        let tool = find_program("samba-tool", "samba-common-bin")?;
        find_program("kinit", "krb5-user")?;
        let missing = |program, package| crate::launch::Unavailable { program, package };
        if !std::path::Path::new("/usr/share/samba/setup/ad-schema").is_dir() {
            return Err(missing("the schema of Samba", "samba-ad-provision").into());
        }
        if !rustix::process::getuid().is_root() {
            return Err(missing("a domain controller for others than root", "none").into());
        }
        let lock = crate::workdir::root()?.join("samba.lock");
        let turn = File::options().create(true).truncate(false).write(true).open(lock);
        let turn = turn.map_err(LaunchError::os("opening the lock of Samba"))?;
        turn.lock().map_err(LaunchError::os("waiting for another Samba"))?;

        let directory = WorkDir::new("samba")?;
        let place = directory.path().display().to_string();
        let run = |arguments: &[&str]| {
            let mut command = Command::new(&tool);
            command.args(arguments).env("KRB5_CONFIG", directory.join("krb5.conf")).stdin(Stdio::null());
            if let Some(preload) = eat_my_data() {
                command.env("LD_PRELOAD", preload);
            }
            let output = command.output().map_err(LaunchError::os("running samba-tool"))?;
            if output.status.success() {
                return Ok(());
            }
            let said =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            Err(LaunchError::failed("samba-tool", format!("{arguments:?}\n{said}")))
        };
        std::fs::write(directory.join("krb5.conf"), client_config()).map_err(LaunchError::os("writing krb5.conf"))?;
        run(&[
            "domain",
            "provision",
            "--targetdir",
            &place,
            "--realm",
            REALM,
            "--domain",
            "CORP",
            "--server-role",
            "dc",
            "--dns-backend",
            "NONE",
            "--adminpass",
            ADMIN_PASSWORD,
            "--host-name",
            "dc1",
            "--host-ip",
            ADDRESS,
            &format!("--option=interfaces={ADDRESS}/8"),
            "--option=bind interfaces only=yes",
        ])?;
        let authority = Authority::new("test domain CA")?;
        let identity = authority.issue(&["dc1.corp.test", "localhost", ADDRESS])?;
        let files = [
            ("ca.pem", authority.certificate()),
            ("dc.pem", identity.certificate),
            ("dc.key", identity.key),
            ("etc/smb.conf", server_config(&place)),
        ];
        for (name, text) in files {
            std::fs::write(directory.join(name), text).map_err(LaunchError::os(format!("writing {name}")))?;
        }
        restrict(&directory.join("dc.key"))?;
        std::fs::create_dir_all(directory.join("run")).map_err(LaunchError::os("creating a directory"))?;
        let configured = directory.join("etc/smb.conf").display().to_string();
        for name in ["alice", "bob", "svc-http"] {
            run(&["user", "create", name, &format!("{name}-Passw0rd1"), "-s", &configured])?;
        }
        run(&["spn", "add", "HTTP/localhost", "svc-http", "-s", &configured])?;
        let keytab = directory.join("service.keytab").display().to_string();
        run(&["domain", "exportkeytab", &keytab, "--principal", "HTTP/localhost", "-s", &configured])?;

        let log = directory.join("samba.out");
        let output = File::create(&log).map_err(LaunchError::os("creating the log of samba"))?;
        let mut command = Command::new(&program);
        command.args(["-i", "-M", "single", "-s", &configured, "--debug-stdout"]);
        command
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .stdout(output)
            .env("KRB5_CONFIG", directory.join("krb5.conf"));
        if let Some(preload) = eat_my_data() {
            command.env("LD_PRELOAD", preload);
        }
        let mut process = Process::spawn("samba", &mut command, &directory)?;
        for port in [636_u16, 88] {
            let listens = probe::until(START_LIMIT, || {
                if let Some(status) = process.ended()? {
                    return Err(LaunchError::failed("samba", format!("{status}\n{}", log_tail(&log))));
                }
                Ok(std::net::TcpStream::connect((ADDRESS, port)).ok().map(drop))
            })?;
            listens.ok_or_else(|| LaunchError::NotReady { program: "samba".to_owned(), detail: log_tail(&log) })?;
        }
        Ok(Self { _process: process, directory, _turn: turn })
    }

    /// Where LDAPS answers.
    #[must_use]
    pub fn ldaps_url(&self) -> String {
        format!("ldaps://{ADDRESS}")
    }

    /// The authority that signed the controller's certificate (PEM).
    #[must_use]
    pub fn ca_path(&self) -> PathBuf {
        self.directory.join("ca.pem")
    }

    /// `krb5.conf` of clients and services.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.directory.join("krb5.conf")
    }

    /// The key tab with the key of `HTTP/localhost`.
    #[must_use]
    pub fn keytab(&self) -> PathBuf {
        self.directory.join("service.keytab")
    }

    /// Tickets of a person, by password.
    ///
    /// # Errors
    /// When the password is wrong or nobody answers.
    pub fn sign_in(&self, person: &str, password: &str) -> Result<Tickets, LaunchError> {
        Tickets::fetch(&self.config(), &format!("{person}@{REALM}"), password)
    }

    /// The root of the domain.
    #[must_use]
    pub fn base(&self) -> &'static str {
        "DC=corp,DC=test"
    }

    /// The name of the domain controller in its certificate.
    #[must_use]
    pub fn address(&self) -> &'static str {
        ADDRESS
    }

    /// The values of an attribute of the objects that meet a filter, as the directory's own database has them: nothing
    /// that the server says counts.
    ///
    /// # Errors
    /// [`LaunchError::Unavailable`] without ldb-tools; what they say.
    pub fn values(&self, filter: &str, attribute: &str) -> Result<Vec<String>, LaunchError> {
        let output = self.ldb("ldbsearch", &["-b", self.base(), filter, attribute], None)?;
        // Long lines go on in the next one, behind a space.
        let unfolded = output.replace("\n ", "");
        let prefix = format!("{}: ", attribute.to_lowercase());
        Ok(unfolded
            .lines()
            .filter(|line| line.to_lowercase().starts_with(&prefix))
            .filter_map(|line| line.get(prefix.len()..).map(str::to_owned))
            .collect())
    }

    /// Changes the directory's own database: somebody else's doing.
    ///
    /// # Errors
    /// As [`Samba::values`].
    pub fn change(&self, ldif: &str) -> Result<(), LaunchError> {
        let file = self.directory.join("change.ldif");
        std::fs::write(&file, ldif).map_err(LaunchError::os("writing a change"))?;
        self.ldb("ldbmodify", &[], Some(&file)).map(drop)
    }

    fn ldb(
        &self,
        program: &'static str,
        arguments: &[&str],
        file: Option<&std::path::Path>,
    ) -> Result<String, LaunchError> {
        let mut command = Command::new(find_program(program, "ldb-tools")?);
        command.arg("-H").arg(self.directory.join("private/sam.ldb")).args(arguments).args(file).stdin(Stdio::null());
        let output = command.output().map_err(LaunchError::os(format!("running {program}")))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Err(LaunchError::failed(program, said))
    }

    /// A key tab with the key of an account, and the account's principal. The service `ldap` is then known by the
    /// controller's address as well, which has no name that could be looked up.
    ///
    /// # Errors
    /// What `samba-tool` says.
    pub fn keytab_of(&self, account: &str) -> Result<(PathBuf, String), LaunchError> {
        let file = self.directory.join(format!("{account}.keytab"));
        let principal = format!("{account}@{REALM}");
        self.tool(&["spn", "add", &format!("ldap/{ADDRESS}"), "DC1$"])?;
        self.tool(&["domain", "exportkeytab", &file.display().to_string(), "--principal", &principal])?;
        Ok((file, principal))
    }

    /// Runs `samba-tool` on the domain's own files.
    ///
    /// # Errors
    /// What it says.
    pub fn tool(&self, arguments: &[&str]) -> Result<(), LaunchError> {
        let mut command = Command::new(find_program("samba-tool", "samba-common-bin")?);
        command.args(arguments).arg("-s").arg(self.directory.join("etc/smb.conf")).stdin(Stdio::null());
        let output = command.output().map_err(LaunchError::os("running samba-tool"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(LaunchError::failed("samba-tool", String::from_utf8_lossy(&output.stderr)))
    }
}

/// Saves waiting for the disk, where it is installed.
fn eat_my_data() -> Option<PathBuf> {
    let library = PathBuf::from("/usr/lib/x86_64-linux-gnu/libeatmydata.so");
    library.is_file().then_some(library)
}

/// Samba takes no key that others may read.
fn restrict(path: &std::path::Path) -> Result<(), LaunchError> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(LaunchError::os("chmod of a key"))
}

fn client_config() -> String {
    format!(
        "[libdefaults]\n default_realm = {REALM}\n dns_lookup_realm = false\n dns_lookup_kdc = false\n \
         dns_canonicalize_hostname = false\n rdns = false\n udp_preference_limit = 1\n\
         [realms]\n {REALM} = {{\n  kdc = {ADDRESS}\n }}\n[domain_realm]\n localhost = {REALM}\n"
    )
}

fn server_config(place: &str) -> String {
    let lines = [
        "workgroup = CORP".to_owned(),
        format!("realm = {REALM}"),
        "netbios name = DC1".to_owned(),
        "server role = active directory domain controller".to_owned(),
        "bind interfaces only = yes".to_owned(),
        format!("interfaces = {ADDRESS}/8"),
        format!("private dir = {place}/private"),
        format!("state directory = {place}/state"),
        format!("cache directory = {place}/cache"),
        format!("lock directory = {place}"),
        format!("binddns dir = {place}/bind-dns"),
        format!("pid directory = {place}/run"),
        format!("ncalrpc dir = {place}/ncalrpc"),
        format!("ntp signd socket directory = {place}/ntp_signd"),
        format!("winbindd socket directory = {place}/winbindd"),
        format!("log file = {place}/log.%m"),
        "server services = ldap, cldap, kdc".to_owned(),
        "disable netbios = yes".to_owned(),
        // Tickets inside TLS, as other domain controllers take them.
        "ldap server require strong auth = allow_sasl_over_tls".to_owned(),
        format!("tls keyfile = {place}/dc.key"),
        format!("tls certfile = {place}/dc.pem"),
        format!("tls cafile = {place}/ca.pem"),
        "panic action =".to_owned(),
    ];
    format!("[global]\n{}\n", lines.map(|line| format!("\t{line}")).join("\n"))
}

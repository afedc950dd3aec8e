//! Installs what the tests need and the machine lacks. Quick when nothing is missing.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::step;

/// A program the tests start, or a file they need (`*` stands for any text in one part), and the Debian package that brings
/// it.
const PACKAGES: &[(&str, &str)] = &[
    ("slapd", "slapd"),
    ("ldapsearch", "ldap-utils"),
    ("psql", "postgresql"),
    ("strace", "strace"),
    ("wrk", "wrk"),
    ("python3", "python3"),
    ("chromium", "chromium"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("curl", "curl"),
    ("krb5kdc", "krb5-kdc"),
    ("kadmin.local", "krb5-admin-server"),
    ("kinit", "krb5-user"),
    ("samba", "samba"),
    ("samba-tool", "samba-common-bin"),
    (AD_SCHEMA, "samba-ad-provision"),
    (LDB_MODULES, "samba-dsdb-modules"),
    ("krb5-config", "libkrb5-dev"),
    (LIBCLANG, "libclang-dev"),
];

/// What a domain controller is made from.
const AD_SCHEMA: &str = "/usr/share/samba/setup/ad-schema";

/// What a domain controller keeps its directory with.
const LDB_MODULES: &str = "/usr/lib/*/samba/ldb/samba_dsdb.so";

/// What reads the C headers of the Kerberos library.
const LIBCLANG: &str = "/usr/lib/llvm-*/lib/libclang.so";

/// The package that lets Python make virtual environments; probed by doing it.
const VENV_PACKAGE: &str = "python3-venv";

/// The API tester, from PyPI.
const SCHEMATHESIS: &str = "schemathesis>=4,<5";

/// Clients that sign in at the demo, from PyPI.
const CLIENTS: &[&str] = &["msal==1.39.0", "azure-identity==1.27.0", "msgraph-sdk==1.65.0"];

/// The released ARM SDK and the next one, each with a name of its own: one environment holds but one of them.
const ARM_SDKS: [(&str, &[&str]); 2] = [
    ("arm-sdk-4", &["azure-identity==1.27.0", "azure-mgmt-authorization==4.0.0"]),
    ("arm-sdk-5", &["azure-identity==1.27.0", "azure-mgmt-authorization==5.0.0b2"]),
];

/// The same, large.
const AZURE_CLI: &[&str] = &["azure-cli==2.91.0"];

pub(crate) fn run() -> Result<()> {
    let mut missing: Vec<&str> =
        PACKAGES.iter().filter(|(program, _)| !installed(program)).map(|(_, package)| *package).collect();
    let environments = schemathesis().is_file() && clients_are_there();
    if !environments && !can_make_environments() {
        missing.push(VENV_PACKAGE);
    }
    if missing.is_empty() {
        println!("setup: all Debian packages are there");
    } else {
        install(&missing)?;
    }
    install_schemathesis()?;
    install_browser_tools()?;
    install_clients_of_javascript()?;
    install_clients()?;
    ARM_SDKS.iter().try_for_each(|(name, packages)| install_into(&tool(name), packages))
}

/// The arguments of cargo that build all there is, as far as this machine can: Kerberos needs the headers of a library.
pub(crate) fn features() -> &'static [&'static str] {
    let can = installed("krb5-config") && installed(LIBCLANG);
    if can { &["--features", "ephor-cli/kerberos"] } else { &[] }
}

/// Where [`run`] puts what drives the browser.
pub(crate) fn browser_tools() -> PathBuf {
    step::target_directory().join("tools/browser")
}

fn install_browser_tools() -> Result<()> {
    install_locked(&step::root().join("crates/portal/tests/browser"), &browser_tools())
}

/// Where [`run`] puts clients of JavaScript.
pub(crate) fn clients_of_javascript() -> PathBuf {
    step::target_directory().join("tools/clients-js")
}

fn install_clients_of_javascript() -> Result<()> {
    install_locked(&step::root().join("crates/cli/tests/clients/js"), &clients_of_javascript())
}

/// Exactly what the lock file in `from` names, without running anything that the packages bring along.
fn install_locked(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("creating {}", to.display()))?;
    let mut stale = !to.join("node_modules").is_dir();
    for name in ["package.json", "package-lock.json"] {
        let wanted = std::fs::read(from.join(name)).with_context(|| format!("reading {name}"))?;
        if std::fs::read(to.join(name)).ok().as_ref() != Some(&wanted) {
            std::fs::write(to.join(name), wanted).with_context(|| format!("writing {name}"))?;
            stale = true;
        }
    }
    if !stale {
        println!("setup: {} is there", to.display());
        return Ok(());
    }
    println!("setup: installing npm packages into {}", to.display());
    let quietly = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    step::run(step::command("npm").args(quietly).current_dir(to))
}

/// The Python into which [`run`] puts the clients.
pub(crate) fn clients_python() -> PathBuf {
    clients().join("bin/python")
}

fn clients() -> PathBuf {
    step::target_directory().join("tools/clients")
}

fn clients_are_there() -> bool {
    holds(&clients(), CLIENTS) && ARM_SDKS.iter().all(|(name, packages)| holds(&tool(name), packages))
}

fn tool(name: &str) -> PathBuf {
    step::target_directory().join("tools").join(name)
}

/// The Pythons that have the released ARM SDK and the next one.
pub(crate) fn arm_sdks() -> [PathBuf; 2] {
    ARM_SDKS.map(|(name, _)| tool(name).join("bin/python"))
}

/// A file beside an environment says which versions are in it.
fn holds(environment: &Path, packages: &[&str]) -> bool {
    std::fs::read_to_string(environment.join("installed")).is_ok_and(|text| text == packages.join(" "))
}

fn install_clients() -> Result<()> {
    install_into(&clients(), CLIENTS)
}

/// The `az` that [`install_azure_cli`] brings.
pub(crate) fn az() -> PathBuf {
    azure_cli().join("bin/az")
}

fn azure_cli() -> PathBuf {
    step::target_directory().join("tools/azure-cli")
}

/// Only the long tests want it: it is half a gigabyte.
pub(crate) fn install_azure_cli() -> Result<()> {
    install_into(&azure_cli(), AZURE_CLI)
}

fn install_into(environment: &Path, packages: &[&str]) -> Result<()> {
    if holds(environment, packages) {
        println!("setup: {} is there", packages.join(", "));
        return Ok(());
    }
    println!("setup: installing {} into {}", packages.join(", "), environment.display());
    step::run(step::command("python3").args(["-m", "venv", "--clear"]).arg(environment))?;
    step::run(step::command(environment.join("bin/pip")).args(["install", "--quiet"]).args(packages))?;
    std::fs::write(environment.join("installed"), packages.join(" ")).context("noting what is installed")
}

/// Where [`run`] puts the API tester.
pub(crate) fn schemathesis() -> PathBuf {
    environment().join("bin/schemathesis")
}

fn environment() -> PathBuf {
    step::target_directory().join("tools/schemathesis")
}

fn installed(program: &str) -> bool {
    // The server's programs are not on the search path.
    if program == "psql" {
        return std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .any(|version| version.path().join("bin/initdb").is_file() && version.path().join("bin/psql").is_file());
    }
    if let Some((before, after)) = program.split_once('*') {
        return std::fs::read_dir(Path::new(before).parent().unwrap_or(Path::new("/")))
            .into_iter()
            .flatten()
            .flatten()
            .any(|entry| entry.path().join(after.split_once('/').unwrap_or_default().1).exists());
    }
    if program.starts_with('/') {
        return Path::new(program).exists();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(system).any(|directory| directory.join(program).is_file())
}

fn can_make_environments() -> bool {
    step::exists(step::command("python3").args(["-c", "import ensurepip, venv"]))
}

fn install(packages: &[&str]) -> Result<()> {
    let line = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    if !is_root()? {
        bail!("as root: apt-get update && {line}");
    }
    println!("setup: installing {}", packages.join(" "));
    let _stopped = ServicesStayStopped::new()?;
    let lock = ["-q", "-o", "DPkg::Lock::Timeout=300"];
    step::run(step::command("apt-get").args(lock).arg("update"))?;
    step::run(
        step::command("apt-get")
            .args(lock)
            .args(["install", "-y", "--no-install-recommends"])
            .args(packages)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

fn is_root() -> Result<bool> {
    Ok(step::output(step::command("id").arg("-u"))?.trim() == "0")
}

/// Keeps Debian from starting the servers it installs: the tests start their own. A rule that is there already stays.
struct ServicesStayStopped {
    rule: Option<PathBuf>,
}

impl ServicesStayStopped {
    fn new() -> Result<Self> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = Path::new("/usr/sbin/policy-rc.d");
        if path.exists() {
            return Ok(Self { rule: None });
        }
        let file = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o755).open(path);
        std::io::Write::write_all(&mut file.context("writing policy-rc.d")?, b"#!/bin/sh\nexit 101\n")?;
        Ok(Self { rule: Some(path.to_path_buf()) })
    }
}

impl Drop for ServicesStayStopped {
    fn drop(&mut self) {
        if let Some(rule) = &self.rule {
            // If it stays, Debian starts no services: visible, and harmless to the tests.
            let _ = std::fs::remove_file(rule);
        }
    }
}

fn install_schemathesis() -> Result<()> {
    if schemathesis().is_file() {
        println!("setup: schemathesis is there");
        return Ok(());
    }
    println!("setup: installing schemathesis into {}", environment().display());
    step::run(step::command("python3").args(["-m", "venv", "--clear"]).arg(environment()))?;
    step::run(step::command(environment().join("bin/pip")).args(["install", "--quiet", SCHEMATHESIS]))
}

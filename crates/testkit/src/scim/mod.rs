//! Two SCIM servers that nobody of us wrote: PyPI `scim2-server`, which answers a PATCH with nothing, and npm
//! `scimmy-routers`, which answers it with the group. Each package is installed once for all tests of a machine.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::launch::{LaunchError, Unavailable, find_program, log_tail};
use crate::ports::Port;
use crate::probe;
use crate::process::Process;
use crate::workdir::WorkDir;

/// The bearer token that opens them.
pub const TOKEN: &str = "a-token-of-tests";

const SCRIPT: &str = include_str!("scimmy.mjs");
const READY: Duration = Duration::from_secs(30);

/// Whose server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Make {
    /// PyPI `scim2-server`.
    Scim2Server,
    /// npm `scimmy-routers`.
    Scimmy,
}

/// A running server, empty at the start. Stopped on drop.
#[derive(Debug)]
pub struct Scim {
    process: Option<Process>,
    make: Make,
    folder: PathBuf,
    port: Port,
    directory: WorkDir,
}

impl Scim {
    /// Starts a server.
    ///
    /// # Errors
    /// [`LaunchError::Unavailable`] without python or node, or their packages.
    pub fn start(make: Make) -> Result<Self, LaunchError> {
        let folder = match make {
            Make::Scim2Server => python()?,
            Make::Scimmy => node()?,
        };
        let mut server = Self { process: None, make, folder, port: Port::reserve()?, directory: WorkDir::new("scim")? };
        server.start_again()?;
        Ok(server)
    }

    /// Stops it; it forgets everything.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts it anew, empty.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub fn start_again(&mut self) -> Result<(), LaunchError> {
        self.stop();
        let log = self.directory.join("server.log");
        let output = File::create(&log).map_err(LaunchError::os("creating a log"))?;
        let port = self.port.number().to_string();
        let mut command = match self.make {
            Make::Scim2Server => {
                let mut command = Command::new(self.folder.join("bin/scim2-server"));
                command.args(["--port", &port, "--bearer-token", TOKEN]);
                command
            }
            Make::Scimmy => {
                let mut command = Command::new(find_program("node", "nodejs")?);
                command.arg(self.folder.join("server.mjs")).args([&port, TOKEN]);
                command
            }
        };
        let errors = output.try_clone().map_err(LaunchError::os("creating a log"))?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let mut process = Process::spawn("SCIM server", &mut command, &self.directory)?;
        let address = self.port.address();
        let ready = probe::until(READY, || {
            if let Some(status) = process.ended()? {
                return Err(LaunchError::failed("SCIM server", format!("{status}\n{}", log_tail(&log))));
            }
            Ok(std::net::TcpStream::connect(address).ok().map(drop))
        })?;
        ready.ok_or_else(|| LaunchError::NotReady { program: "SCIM server".to_owned(), detail: log_tail(&log) })?;
        self.process = Some(process);
        Ok(())
    }

    /// The base of its resources.
    #[must_use]
    pub fn url(&self) -> String {
        let below = match self.make {
            Make::Scim2Server => "",
            Make::Scimmy => "/scim/v2",
        };
        format!("http://{}{below}", self.port.address())
    }

    /// What it answers to a GET, asked beside everything of ours.
    ///
    /// # Errors
    /// [`LaunchError::Unavailable`] without curl.
    pub fn get(&self, path: &str) -> Result<serde_json::Value, LaunchError> {
        let authorization = format!("Authorization: Bearer {TOKEN}");
        let output = Command::new(find_program("curl", "curl")?)
            .args(["-s", "-H", &authorization, &format!("{}/{path}", self.url())])
            .output()
            .map_err(LaunchError::os("running curl"))?;
        serde_json::from_slice(&output.stdout).map_err(|error| LaunchError::failed("SCIM server", error.to_string()))
    }
}

/// A folder for a package, locked while somebody installs it.
fn folder(name: &str) -> Result<(PathBuf, File), LaunchError> {
    let folder = std::env::temp_dir().join(name);
    fs::create_dir_all(&folder).map_err(LaunchError::os("making the folder of a package"))?;
    let lock = File::create(folder.join("lock")).map_err(LaunchError::os("locking a package"))?;
    lock.lock().map_err(LaunchError::os("locking a package"))?;
    Ok((folder, lock))
}

fn install(program: &Path, arguments: &[&str], at: &Path) -> Result<bool, LaunchError> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(at)
        .stdin(Stdio::null())
        .output()
        .map_err(LaunchError::os("installing a package"))?;
    Ok(output.status.success())
}

fn python() -> Result<PathBuf, LaunchError> {
    let (folder, _lock) = folder("ephor-test-scim2-server")?;
    if !folder.join("bin/scim2-server").exists() {
        let python = find_program("python3", "python3")?;
        let is_installed = install(&python, &["-m", "venv", "."], &folder)?
            && install(&folder.join("bin/pip"), &["install", "--quiet", "scim2-server"], &folder)?;
        if !is_installed {
            return Err(Unavailable { program: "scim2-server", package: "PyPI scim2-server" }.into());
        }
    }
    Ok(folder)
}

fn node() -> Result<PathBuf, LaunchError> {
    let (folder, _lock) = folder("ephor-test-scimmy-routers")?;
    if !folder.join("node_modules/scimmy-routers/package.json").exists() {
        let npm = find_program("npm", "npm")?;
        fs::write(folder.join("package.json"), "{\"private\":true,\"type\":\"module\"}\n")
            .map_err(LaunchError::os("writing package.json"))?;
        let packages = ["install", "--no-audit", "--no-fund", "--silent", "scimmy-routers@1", "express@4"];
        if !install(&npm, &packages, &folder)? {
            return Err(Unavailable { program: "scimmy-routers", package: "npm scimmy-routers" }.into());
        }
    }
    fs::write(folder.join("server.mjs"), SCRIPT).map_err(LaunchError::os("writing the SCIM server"))?;
    Ok(folder)
}

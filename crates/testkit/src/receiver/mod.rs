//! A receiver of signed orders, written in another language after the description alone.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::launch::{LaunchError, find_program, log_tail};
use crate::ports::Port;
use crate::probe;
use crate::process::Process;
use crate::workdir::WorkDir;

/// The secret it shares with whoever sends it orders.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

const SCRIPT: &str = include_str!("receiver.py");
const READY: Duration = Duration::from_secs(15);

/// A running receiver without groups and accounts. Stopped on drop.
#[derive(Debug)]
pub struct Receiver {
    _process: Process,
    port: Port,
    _directory: WorkDir,
}

impl Receiver {
    /// Starts one.
    ///
    /// # Errors
    /// [`LaunchError::Unavailable`] without python.
    pub fn start() -> Result<Self, LaunchError> {
        let python = find_program("python3", "python3")?;
        let directory = WorkDir::new("receiver")?;
        let script = directory.join("receiver.py");
        std::fs::write(&script, SCRIPT).map_err(LaunchError::os("writing the receiver"))?;
        let log = directory.join("receiver.log");
        let output = File::create(&log).map_err(LaunchError::os("creating a log"))?;
        let port = Port::reserve()?;
        let mut command = Command::new(python);
        command.arg(&script).arg(port.number().to_string()).arg(SECRET);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(output);
        let mut process = Process::spawn("receiver", &mut command, &directory)?;
        let ready = probe::until(READY, || {
            if let Some(status) = process.ended()? {
                return Err(LaunchError::failed("receiver", format!("{status}\n{}", log_tail(&log))));
            }
            Ok(std::net::TcpStream::connect(port.address()).ok().map(drop))
        })?;
        ready.ok_or_else(|| LaunchError::NotReady { program: "receiver".to_owned(), detail: log_tail(&log) })?;
        Ok(Self { _process: process, port, _directory: directory })
    }

    /// Where it takes orders.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.port.address())
    }

    /// What it holds and what it was told: `groups`, `accounts`, `log`.
    ///
    /// # Errors
    /// [`LaunchError::Unavailable`] without curl.
    pub fn state(&self) -> Result<serde_json::Value, LaunchError> {
        self.curl(&[&format!("http://{}/", self.port.address())])
    }

    /// Sets how it behaves: `later`, `busy` and `lose_answers` for so many orders, `readonly`.
    ///
    /// # Errors
    /// [`LaunchError::Unavailable`] without curl.
    pub fn behave(&self, mode: &serde_json::Value) -> Result<(), LaunchError> {
        self.curl(&["-d", &mode.to_string(), &format!("http://{}/mode", self.port.address())]).map(drop)
    }

    fn curl(&self, arguments: &[&str]) -> Result<serde_json::Value, LaunchError> {
        let mut command = Command::new(find_program("curl", "curl")?);
        let output = command.arg("-s").args(arguments).output().map_err(LaunchError::os("running curl"))?;
        serde_json::from_slice(&output.stdout).map_err(|error| LaunchError::failed("receiver", error.to_string()))
    }
}

//! One of our own binaries, started, watched and killed as an operator would.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::launch::{LaunchError, log_tail};
use crate::process::Process;
use crate::workdir::WorkDir;

const READY_LIMIT: Duration = Duration::from_secs(30);

/// A program to run.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    directory: Option<PathBuf>,
    ready_limit: Duration,
}

impl Program {
    /// The program at `path`; a test of the crate that builds it has `env!("CARGO_BIN_EXE_name")`.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            directory: None,
            ready_limit: READY_LIMIT,
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Runs it in a directory other than ours.
    #[must_use]
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// How long [`Running::wait_for_json`] waits; 30 seconds unless said otherwise.
    #[must_use]
    pub const fn ready_limit(mut self, limit: Duration) -> Self {
        self.ready_limit = limit;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self) -> Result<Running, LaunchError> {
        let work = WorkDir::new("program")?;
        let name = self.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let errors = File::create(work.join("stderr")).map_err(LaunchError::os("creating a file for stderr"))?;
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let mut process = Process::spawn(&name, &mut command, &work)?;
        let output = process.child_mut().stdout.take().expect("the pipe was asked for");
        let (sender, lines) = channel();
        // Reads on to the end whoever listens, so that the program never blocks on a full pipe.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Ok(Running { name, process, lines, work, ready_limit: self.ready_limit })
    }

    /// Starts it and waits for the first JSON object it prints: its word that it is ready.
    ///
    /// # Errors
    /// When it ends or stays silent; with the end of its stderr.
    pub fn start_until_json(&self) -> Result<(Running, serde_json::Value), LaunchError> {
        let mut running = self.start()?;
        let ready = running.wait_for_json()?;
        Ok((running, ready))
    }

    /// Runs it to its end: exit status, standard output, standard error.
    ///
    /// # Errors
    /// When it cannot be started or still runs after `limit`.
    pub fn run(&self, limit: Duration) -> Result<Finished, LaunchError> {
        let mut running = self.start()?;
        let status = running.process.wait(limit)?;
        // The reader ends with the pipe, so this ends too.
        let lines: Vec<String> = running.lines.iter().collect();
        Ok(Finished { status, stdout: lines.join("\n"), stderr: running.stderr() })
    }
}

/// What a program left when it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output, without the last line end.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// A running program. Killed on drop.
#[derive(Debug)]
pub struct Running {
    name: String,
    process: Process,
    lines: Receiver<String>,
    work: WorkDir,
    ready_limit: Duration,
}

impl Running {
    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The next JSON object on its standard output; other lines are passed over.
    ///
    /// # Errors
    /// When the program ends or stays silent; with the end of its stderr.
    pub fn wait_for_json(&mut self) -> Result<serde_json::Value, LaunchError> {
        let deadline = Instant::now() + self.ready_limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    if let Ok(value @ serde_json::Value::Object(_)) = serde_json::from_str(&line) {
                        return Ok(value);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(LaunchError::NotReady { program: self.name.clone(), detail: self.stderr_tail() });
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(LaunchError::failed(&*self.name, format!("ended early\n{}", self.stderr_tail())));
                }
            }
        }
    }

    /// The lines of standard output that nobody has taken yet.
    pub fn take_lines(&mut self) -> Vec<String> {
        self.lines.try_iter().collect()
    }

    /// All it has written to standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        std::fs::read(self.stderr_path()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    fn stderr_tail(&self) -> String {
        log_tail(&self.stderr_path())
    }

    fn stderr_path(&self) -> PathBuf {
        self.work.join("stderr")
    }

    /// A directory that goes with the program.
    #[must_use]
    pub fn scratch(&self) -> &Path {
        self.work.path()
    }

    /// Asks it to end (SIGTERM) and waits for it.
    ///
    /// # Errors
    /// When it had not ended within `limit` and was killed.
    pub fn terminate(&mut self, limit: Duration) -> Result<ExitStatus, LaunchError> {
        self.process.terminate(limit)
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// When it still runs after `limit`.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus, LaunchError> {
        self.process.wait(limit)
    }

    /// Its exit status if it has ended.
    ///
    /// # Errors
    /// When the operating system cannot say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>, LaunchError> {
        self.process.ended()
    }

    /// Kills it (SIGKILL), as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Freezes it (SIGSTOP), as a stalled host would.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pause(&self) -> Result<(), LaunchError> {
        self.process.pause()
    }

    /// Lets it go on (SIGCONT).
    ///
    /// # Errors
    /// When it has ended.
    pub fn resume(&self) -> Result<(), LaunchError> {
        self.process.resume()
    }
}

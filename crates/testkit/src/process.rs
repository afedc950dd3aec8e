//! A child process that does not outlive its handle.

use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::launch::LaunchError;
use crate::probe;
use crate::workdir::WorkDir;

/// How long a signal may take to show.
const PROMPT: Duration = Duration::from_secs(10);

/// A running child. Killed and reaped on drop.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
}

impl Process {
    /// Starts `command` and notes it in the work directory.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn spawn(name: &str, command: &mut Command, directory: &WorkDir) -> Result<Self, LaunchError> {
        let child = command.spawn().map_err(LaunchError::os(format!("starting {name}")))?;
        let process = Self { name: name.to_owned(), child };
        directory.note_process(process.id())?;
        Ok(process)
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The pipes of the child.
    pub(crate) fn child_mut(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The exit status if the process has ended.
    ///
    /// # Errors
    /// When the operating system cannot say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>, LaunchError> {
        self.child.try_wait().map_err(LaunchError::os(format!("looking after {}", self.name)))
    }

    /// Waits until the process ends by itself.
    ///
    /// # Errors
    /// [`LaunchError::NotReady`] when it still runs after `limit`.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus, LaunchError> {
        probe::until(limit, || self.ended())?.ok_or_else(|| LaunchError::NotReady {
            program: self.name.clone(),
            detail: format!("still running after {limit:?}"),
        })
    }

    /// Asks the process to end (SIGTERM) and waits for it; SIGKILL when it has not ended within `limit`.
    ///
    /// # Errors
    /// When it had to be killed.
    pub fn terminate(&mut self, limit: Duration) -> Result<ExitStatus, LaunchError> {
        self.end_by(Signal::TERM, limit)
    }

    pub(crate) fn end_by(&mut self, signal: Signal, limit: Duration) -> Result<ExitStatus, LaunchError> {
        if let Some(status) = self.ended()? {
            return Ok(status);
        }
        self.signal(signal);
        // A stopped process does not see the request before it runs again.
        self.signal(Signal::CONT);
        let ended = self.wait(limit);
        if ended.is_err() {
            self.kill();
        }
        ended
    }

    /// Ends the process and its children at once (SIGKILL), as a crash would.
    pub fn kill(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            kill_tree(self.child.id());
        }
        let _ = self.child.wait();
    }

    /// Freezes the process and its children (SIGSTOP): connections stay open, nothing answers.
    ///
    /// # Errors
    /// When the process has not stopped in time.
    pub fn pause(&self) -> Result<(), LaunchError> {
        self.signal(Signal::STOP);
        self.wait_for_state(|state| state == 'T')?;
        for child in children(self.id()) {
            signal(child, Signal::STOP);
        }
        Ok(())
    }

    /// Lets a paused process and its children run again (SIGCONT).
    ///
    /// # Errors
    /// When the process still stands in time.
    pub fn resume(&self) -> Result<(), LaunchError> {
        for child in children(self.id()) {
            signal(child, Signal::CONT);
        }
        self.signal(Signal::CONT);
        self.wait_for_state(|state| state != 'T')
    }

    fn wait_for_state(&self, wanted: impl Fn(char) -> bool) -> Result<(), LaunchError> {
        let seen =
            probe::until::<_, LaunchError>(PROMPT, || Ok(Stat::of(self.id()).filter(|stat| wanted(stat.state))))?;
        seen.map(|_| ()).ok_or_else(|| LaunchError::failed(&*self.name, "did not follow a signal"))
    }

    fn signal(&self, number: Signal) {
        signal(self.id(), number);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn signal(id: u32, number: Signal) {
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // Gone already is as good.
        let _ = kill_process(pid, number);
    }
}

/// Kills a process and everything it started. The parent is stopped first so that it starts nothing more meanwhile.
pub(crate) fn kill_tree(id: u32) {
    signal(id, Signal::STOP);
    for child in children(id) {
        kill_tree(child);
    }
    signal(id, Signal::KILL);
}

/// The direct children of a process.
fn children(parent: u32) -> Vec<u32> {
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|id| Stat::of(*id).is_some_and(|stat| stat.parent == parent))
        .collect()
}

/// When a process was started, in clock ticks since boot: with its number, who it is.
pub(crate) fn start_time(id: u32) -> Option<u64> {
    Stat::of(id).map(|stat| stat.started)
}

/// What `/proc/ID/stat` says.
struct Stat {
    state: char,
    parent: u32,
    started: u64,
}

impl Stat {
    fn of(id: u32) -> Option<Self> {
        let line = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The second field is the program's name in brackets and may hold anything, also brackets.
        let mut fields = line.rsplit_once(") ")?.1.split(' ');
        Some(Self {
            state: fields.next()?.chars().next()?,
            parent: fields.next()?.parse().ok()?,
            started: fields.nth(17)?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;

    fn cat(directory: &WorkDir) -> Process {
        let mut command = Command::new("cat");
        Process::spawn("cat", command.stdin(Stdio::piped()).stdout(Stdio::null()), directory).unwrap()
    }

    #[test]
    fn a_dropped_process_is_gone() {
        let directory = WorkDir::new("unit").unwrap();
        let process = cat(&directory);
        let id = process.id();
        assert!(start_time(id).is_some());
        drop(process);
        assert_eq!(start_time(id), None);
    }

    #[test]
    fn a_process_is_gone_after_a_panic() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let outcome = std::thread::spawn(move || {
            let directory = WorkDir::new("unit").unwrap();
            let process = cat(&directory);
            sender.send(process.id()).unwrap();
            assert!(process.id() == 0, "a test fails here");
        })
        .join();
        assert!(outcome.is_err());
        assert_eq!(start_time(receiver.recv().unwrap()), None);
    }

    #[test]
    fn pause_stops_and_resume_lets_go() {
        let directory = WorkDir::new("unit").unwrap();
        let process = cat(&directory);
        process.pause().unwrap();
        assert_eq!(Stat::of(process.id()).unwrap().state, 'T');
        process.resume().unwrap();
        assert_ne!(Stat::of(process.id()).unwrap().state, 'T');
    }

    #[test]
    fn a_paused_process_still_terminates() {
        use std::os::unix::process::ExitStatusExt as _;
        let directory = WorkDir::new("unit").unwrap();
        let mut process = cat(&directory);
        process.pause().unwrap();
        assert_eq!(process.terminate(PROMPT).unwrap().signal(), Some(15));
    }

    #[test]
    fn kill_takes_the_children_along() {
        let directory = WorkDir::new("unit").unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "cat | cat"]).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut process = Process::spawn("sh", &mut command, &directory).unwrap();
        let two = |found: Vec<u32>| (found.len() == 2).then_some(found);
        let family = probe::until::<_, LaunchError>(PROMPT, || Ok(two(children(process.id())))).unwrap().unwrap();
        process.kill();
        // Orphans that have ended stay listed until process 1 takes note of it.
        let ended = |id: &u32| Stat::of(*id).is_none_or(|stat| stat.state == 'Z');
        let gone = || Ok::<_, LaunchError>(family.iter().all(ended).then_some(()));
        assert_eq!(probe::until(PROMPT, gone).unwrap(), Some(()));
    }
}

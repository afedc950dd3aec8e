//! What can go wrong while a component starts, and what a test does when it is not installed.

use std::path::Path;
#[cfg(any(test, feature = "directory"))]
use std::path::PathBuf;

/// A program that a launcher needs is not on this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{program} is not installed (Debian package {package})")]
pub struct Unavailable {
    /// The program that was looked for.
    pub program: &'static str,
    /// The Debian package that brings it.
    pub package: &'static str,
}

/// Why a component did not start, stop or answer.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The component is not installed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The operating system refused something.
    #[error("{doing}")]
    Os {
        /// What was being done.
        doing: String,
        /// The refusal.
        #[source]
        source: std::io::Error,
    },
    /// A program ran and failed.
    #[error("{program} failed: {detail}")]
    Failed {
        /// The program.
        program: String,
        /// Exit status and what it printed.
        detail: String,
    },
    /// A program started and was not ready in time.
    #[error("{program} was not ready in time: {detail}")]
    NotReady {
        /// The program.
        program: String,
        /// What was waited for, with the end of its log.
        detail: String,
    },
}

impl LaunchError {
    /// Wraps an operating system error with what was being done.
    pub(crate) fn os(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Os { doing, source }
    }

    pub(crate) fn failed(program: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Failed { program: program.into(), detail: detail.into() }
    }
}

/// The environment variable that turns a missing component into a failure.
pub(crate) const REQUIRE_COMPONENTS: &str = "EPHOR_REQUIRE_COMPONENTS";

/// Takes what a launcher answered: the component, or `None` after one printed line when it is not installed.
///
/// ```no_run
/// # use ephor_testkit::{available_or_skip, slapd::{Slapd, SlapdOptions}};
/// let Some(slapd) = available_or_skip(Slapd::start(SlapdOptions::default())) else { return };
/// # drop(slapd);
/// ```
///
/// # Panics
/// When the component is installed and failed to start, and when it is missing although
/// `EPHOR_REQUIRE_COMPONENTS=1` is set.
#[track_caller]
#[expect(clippy::panic, clippy::print_stderr, reason = "speaks to the test runner: a failed start is a failed test")]
pub fn available_or_skip<T>(started: Result<T, LaunchError>) -> Option<T> {
    let required = std::env::var(REQUIRE_COMPONENTS).is_ok_and(|value| value == "1");
    match started {
        Ok(component) => Some(component),
        Err(LaunchError::Unavailable(missing)) if !required => {
            eprintln!("skipped: {missing}");
            None
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
            panic!("{error}{cause}")
        }
    }
}

/// Where `program` stands: the search path, then the directories of system programs that an ordinary path leaves out.
#[cfg(any(test, feature = "directory"))]
pub(crate) fn find_program(program: &'static str, package: &'static str) -> Result<PathBuf, Unavailable> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(system)
        .map(|directory| directory.join(program))
        .find(|file| file.is_file())
        .ok_or(Unavailable { program, package })
}

/// The last lines of a log, to put into an error.
pub(crate) fn log_tail(path: &Path) -> String {
    let text = std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(15)).copied().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_names_its_package() {
        let missing = find_program("no-such-program", "some-package").unwrap_err();
        assert_eq!(missing.to_string(), "no-such-program is not installed (Debian package some-package)");
    }

    #[test]
    fn system_directories_are_searched_too() {
        assert!(find_program("sh", "dash").is_ok());
    }

    #[test]
    #[should_panic(expected = "thing failed: status 3")]
    fn a_failed_start_is_never_a_skip() {
        available_or_skip::<()>(Err(LaunchError::failed("thing", "status 3")));
    }
}

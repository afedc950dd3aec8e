//! How a command ends: the exit codes of `PAM 14.3`.

use std::{fmt, io, process::ExitCode};

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line, a file it names or the configuration is wrong: exit code 1.
    Usage(String),
    /// The server says no (4xx): exit code 2.
    Refused {
        /// The server's word for the reason.
        code: String,
        /// The server's sentence.
        text: String,
    },
    /// The server or the way to it is broken, or this machine is: exit code 3.
    Failed(anyhow::Error),
    /// Several things were asked and the worst of the outcomes, each already told, was this one.
    Told(Outcome),
}

/// What an exit code stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// All done.
    Done,
    /// Asked in the wrong way.
    Usage,
    /// Refused by the server.
    Refused,
    /// Server or transport failed.
    Failed,
}

/// What commands answer.
pub(crate) type Done<T = ()> = Result<T, Failure>;

impl Failure {
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    /// What the exit code will say.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Usage(_) => Outcome::Usage,
            Self::Refused { .. } => Outcome::Refused,
            Self::Failed(_) => Outcome::Failed,
            Self::Told(outcome) => *outcome,
        }
    }

    /// The sentence for standard error; nothing if all is told.
    pub(crate) fn sentence(&self) -> Option<String> {
        match self {
            Self::Told(_) => None,
            Self::Usage(_) | Self::Refused { .. } | Self::Failed(_) => Some(self.to_string()),
        }
    }

    /// True when the reader of our output went away, as `head` does: nothing to complain about.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        match self {
            Self::Failed(error) => error
                .chain()
                .filter_map(|cause| cause.downcast_ref::<io::Error>())
                .any(|error| error.kind() == io::ErrorKind::BrokenPipe),
            Self::Usage(_) | Self::Refused { .. } | Self::Told(_) => false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) => f.write_str(text),
            Self::Refused { code, text } if code.is_empty() => f.write_str(text),
            Self::Refused { code, text } => write!(f, "{text} ({code})"),
            // One line with all causes.
            Self::Failed(error) => write!(f, "{error:#}"),
            Self::Told(outcome) => write!(f, "{outcome:?}"),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Done => 0,
            Outcome::Usage => 1,
            Outcome::Refused => 2,
            Outcome::Failed => 3,
        })
    }
}

/// Collects the outcomes of several orders given in one command: every one is tried, each failure is told at once, and
/// the worst decides the exit code.
#[derive(Debug, Default)]
pub(crate) struct Several {
    worst: Option<Outcome>,
}

impl Several {
    /// Takes one outcome; `of` names the order in the complaint. A failed server or transport ends the whole: the rest
    /// would only wait for the same.
    pub(crate) fn take(&mut self, of: &str, outcome: Done) -> Done {
        match outcome {
            Ok(()) => Ok(()),
            Err(failure @ Failure::Failed(_)) => Err(failure),
            Err(failure) => {
                self.tell(of, &failure);
                Ok(())
            }
        }
    }

    /// Tells a failure that does not end the whole, whatever it is; `of` names what failed.
    pub(crate) fn tell(&mut self, of: &str, failure: &Failure) {
        crate::output::complain(&format!("{of}: {failure}"));
        self.worst = self.worst.max(Some(failure.outcome()));
    }

    /// The same of a failure whose sentence names what failed.
    pub(crate) fn tell_plain(&mut self, failure: &Failure) {
        crate::output::complain(&failure.to_string());
        self.worst = self.worst.max(Some(failure.outcome()));
    }

    /// The end of the whole.
    pub(crate) fn finish(self) -> Done {
        self.worst.map_or(Ok(()), |worst| Err(Failure::Told(worst)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_several_outcomes_decides() {
        let mut several = Several::default();
        several.take("a", Ok(())).unwrap();
        several.take("b", Err(Failure::Refused { code: "X".to_owned(), text: "no".to_owned() })).unwrap();
        several.take("c", Err(Failure::usage("bad"))).unwrap();
        assert_eq!(several.finish().unwrap_err().outcome(), Outcome::Refused);
        assert!(Several::default().finish().is_ok());
    }

    #[test]
    fn a_broken_transport_ends_the_whole_at_once() {
        let failure = Several::default().take("a", Err(anyhow::anyhow!("no route").into())).unwrap_err();
        assert_eq!(failure.outcome(), Outcome::Failed);
    }

    #[test]
    fn a_closed_pipe_is_told_from_other_trouble() {
        let pipe: Failure = io::Error::from(io::ErrorKind::BrokenPipe).into();
        assert!(pipe.is_closed_pipe());
        assert!(!Failure::from(io::Error::from(io::ErrorKind::NotFound)).is_closed_pipe());
    }
}

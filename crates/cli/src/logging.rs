//! The process's log: one line an event, on standard error, as JSON for machines or readable for people.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::config::{Log, LogFormat};

/// The log cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The filter cannot be read.
    #[error("log.filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// There is a log already.
    #[error("the log is set up already")]
    Already,
}

/// Sets the process's log up, once.
///
/// # Errors
/// When the filter cannot be read, or there is a log already.
pub fn init(log: &Log) -> Result<(), LoggingError> {
    let filter = EnvFilter::builder().parse(&log.filter)?;
    let registry = tracing_subscriber::registry().with(filter);
    let done = if is_json(log.format, io::stderr().is_terminal()) {
        let lines = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
        registry.with(lines.with_writer(io::stderr)).try_init()
    } else {
        let lines = fmt::layer().compact().with_target(true).with_ansi(io::stderr().is_terminal());
        registry.with(lines.with_writer(io::stderr)).try_init()
    };
    done.map_err(|_| LoggingError::Already)
}

fn is_json(format: LogFormat, terminal: bool) -> bool {
    match format {
        LogFormat::Json => true,
        LogFormat::Pretty => false,
        LogFormat::Auto => !terminal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_get_json_and_people_get_lines() {
        for (format, terminal, json) in [
            (LogFormat::Auto, true, false),
            (LogFormat::Auto, false, true),
            (LogFormat::Json, true, true),
            (LogFormat::Pretty, false, false),
        ] {
            assert_eq!(is_json(format, terminal), json, "{format:?} {terminal}");
        }
    }

    #[test]
    fn the_log_is_set_up_once() {
        assert!(matches!(init(&Log { filter: "info==x".to_owned(), ..Log::default() }), Err(LoggingError::Filter(_))));
        assert!(init(&Log::default()).is_ok());
        assert!(matches!(init(&Log::default()), Err(LoggingError::Already)));
    }
}

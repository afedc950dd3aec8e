//! Questions to the person at the terminal.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, IsTerminal as _, Write as _},
};

use anyhow::Context as _;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroize as _;

use crate::exit::{Done, Failure};

/// Asks for a secret without showing it; nothing where there is no terminal.
pub(crate) fn secret(question: &str) -> Done<Option<SecretString>> {
    let Ok(terminal) = OpenOptions::new().read(true).write(true).open("/dev/tty") else {
        return Ok(None);
    };
    let quiet = Quiet::begin(&terminal)?;
    (&terminal).write_all(question.as_bytes()).context("asking for a password")?;
    let mut line = String::new();
    BufReader::new(&terminal).read_line(&mut line).context("reading a password")?;
    drop(quiet);
    (&terminal).write_all(b"\n").context("asking for a password")?;
    let secret = SecretString::from(line.trim_end_matches(['\r', '\n']));
    line.zeroize();
    Ok(Some(secret))
}

/// Asks twice for a new secret, without showing it.
pub(crate) fn new_secret(question: &str) -> Done<SecretString> {
    let ask = |question: &str| {
        secret(question)?
            .ok_or_else(|| Failure::usage("there is no terminal to ask for a password: give it on standard input"))
    };
    let (first, second) = (ask(question)?, ask("Once more: ")?);
    if first.expose_secret() == second.expose_secret() {
        Ok(first)
    } else {
        Err(Failure::usage("the two are not the same: nothing was done"))
    }
}

/// A terminal that does not echo until this is dropped.
struct Quiet<'t> {
    terminal: &'t File,
    before: Termios,
}

impl<'t> Quiet<'t> {
    fn begin(terminal: &'t File) -> Done<Self> {
        let before = tcgetattr(terminal).context("asking the terminal")?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &silent).context("silencing the terminal")?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}

/// Asks whether to go on. Without `force` the answer is read from standard input; silence is a no.
pub(crate) fn confirm(what: &str, force: bool) -> Done {
    if force {
        return Ok(());
    }
    let mut err = io::stderr().lock();
    write!(err, "{what}? [y/N] ").and_then(|()| err.flush()).context("asking for a confirmation")?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).context("reading the confirmation")?;
    if !io::stdin().is_terminal() {
        let _ = writeln!(err);
    }
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        Ok(())
    } else {
        Err(Failure::usage("not confirmed: nothing was done. Answer y, or give --force"))
    }
}

//! Where the server is and who calls: command line, environment, then the profile that `ephor login` left.

use std::{io::Read as _, path::PathBuf};

use anyhow::Context as _;
use secrecy::SecretString;

use super::{
    profile::{self, Profile},
    prompt,
    server::{Credentials, Server},
};
use crate::exit::{Done, Failure};

/// Where `ephor demo` serves, and the port of the original (`PAM 2`).
pub(crate) const DEFAULT_SERVER: &str = "http://127.0.0.1:8086";

/// Which server, and as whom.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// URL of the server [default: of the profile, else http://127.0.0.1:8086]
    #[arg(long, global = true, value_name = "URL", env = "EPHOR_SERVER")]
    pub(crate) server: Option<String>,
    /// PEM file of the authority that vouches for the server, beside those of this machine
    #[arg(long, global = true, value_name = "FILE", env = "EPHOR_CA")]
    pub(crate) ca: Option<PathBuf>,
    /// Account to sign in with: DOMAIN\account, account or account@domain. The password comes from EPHOR_PASSWORD, from
    /// --password-stdin or is asked for
    #[arg(long, global = true, value_name = "NAME", env = "EPHOR_USER")]
    pub(crate) user: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long, global = true)]
    pub(crate) password_stdin: bool,
    /// Profile file [default: $XDG_CONFIG_HOME/ephor/profile.toml]
    #[arg(long, global = true, value_name = "FILE", env = "EPHOR_PROFILE")]
    pub(crate) profile: Option<PathBuf>,
}

/// The environment variable with the password.
pub(crate) const PASSWORD: &str = "EPHOR_PASSWORD";

/// The environment variable with an API token.
pub(crate) const TOKEN: &str = "EPHOR_TOKEN";

impl Connection {
    /// The server to talk to, with credentials.
    pub(crate) fn open(&self) -> Done<Server> {
        let profile = self.stored()?;
        let credentials = self.credentials(&profile)?;
        self.server(&profile, Some(credentials))
    }

    /// The server with these credentials.
    pub(crate) fn server(&self, profile: &Profile, credentials: Option<Credentials>) -> Done<Server> {
        let url = self.server.as_deref().or(profile.server.as_deref()).unwrap_or(DEFAULT_SERVER);
        Server::new(url, self.ca.as_ref().or(profile.ca.as_ref()).map(PathBuf::as_path), credentials)
    }

    /// What is stored; nothing if nothing is.
    pub(crate) fn stored(&self) -> Done<Profile> {
        Profile::load(&self.profile_path()?)
    }

    /// Where the profile is.
    pub(crate) fn profile_path(&self) -> Done<PathBuf> {
        match &self.profile {
            Some(path) => Ok(path.clone()),
            None => profile::default_path(),
        }
    }

    fn credentials(&self, profile: &Profile) -> Done<Credentials> {
        // An account named on the command line is meant, whatever token lies around.
        if self.user.is_none() {
            if let Some(token) = environment(TOKEN) {
                return Ok(Credentials::Token(token));
            }
            if let Some(token) = &profile.token {
                return profile.may_use_token(self.server.as_deref()).map(|()| Credentials::Token(token.clone()));
            }
        }
        let user = self.user.clone().or_else(|| profile.user.clone()).ok_or_else(|| {
            Failure::usage("who calls? Give --user NAME, set EPHOR_TOKEN, or sign in once with `ephor login`")
        })?;
        let password = self.password(&user)?;
        Ok(Credentials::Password { user, password })
    }

    /// The password of `user`: standard input if asked for, environment, or the person at the terminal.
    pub(crate) fn password(&self, user: &str) -> Done<SecretString> {
        if self.password_stdin {
            return first_line();
        }
        if let Some(password) = environment(PASSWORD) {
            return Ok(password);
        }
        prompt::secret(&format!("Password of {user}: "))?
            .ok_or_else(|| Failure::usage("a password is needed: set EPHOR_PASSWORD or give --password-stdin"))
    }
}

/// The first line of standard input, for a secret; the rest stays for whoever reads on.
pub(crate) fn first_line() -> Done<SecretString> {
    let mut line = Vec::new();
    for byte in std::io::stdin().lock().bytes() {
        let byte = byte.context("reading the password from standard input")?;
        if byte == b'\n' {
            break;
        }
        line.push(byte);
        if line.len() > 4096 {
            return Err(Failure::usage("the password on standard input is too long"));
        }
    }
    let line = String::from_utf8(line).map_err(|_| Failure::usage("the password on standard input is no text"))?;
    let line = line.strip_suffix('\r').unwrap_or(&line);
    if line.is_empty() {
        return Err(Failure::usage("standard input holds no password"));
    }
    Ok(line.into())
}

fn environment(name: &str) -> Option<SecretString> {
    std::env::var(name).ok().filter(|value| !value.is_empty()).map(SecretString::from)
}

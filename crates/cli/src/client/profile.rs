//! The profile that `ephor login` leaves: server, account and token, readable by its owner alone.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::exit::{Done, Failure};

/// What is remembered between commands. Never a password.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// URL of the server.
    pub(crate) server: Option<String>,
    /// PEM file of its authority.
    pub(crate) ca: Option<PathBuf>,
    /// Account.
    pub(crate) user: Option<String>,
    /// API token of that account.
    pub(crate) token: Option<SecretString>,
    /// Id of that token, to take it back by.
    pub(crate) token_id: Option<String>,
}

#[derive(Serialize)]
struct Stored<'a> {
    server: Option<&'a str>,
    ca: Option<&'a Path>,
    user: Option<&'a str>,
    token: Option<&'a str>,
    token_id: Option<&'a str>,
}

/// `$XDG_CONFIG_HOME/ephor/profile.toml`, else below `~/.config`.
pub(crate) fn default_path() -> Done<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_CONFIG_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".config")))
        .map(|folder| folder.join("ephor").join("profile.toml"))
        .ok_or_else(|| Failure::usage("there is no HOME to keep a profile in: give --profile FILE"))
}

impl Profile {
    /// The profile in this file; an empty one if there is none.
    pub(crate) fn load(path: &Path) -> Done<Self> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Failure::usage(format!("cannot read the profile {}: {error}", path.display()))),
        };
        let mode = fs::metadata(path).map(|meta| meta.mode()).unwrap_or(0o600);
        if mode & 0o077 != 0 {
            return Err(Failure::usage(format!(
                "the profile {} can be read by others: chmod 600 it, and sign in again",
                path.display()
            )));
        }
        // The text holds a token: the complaint names the place only.
        toml::from_str(&text)
            .map_err(|error| Failure::usage(format!("the profile {} is broken: {}", path.display(), error.message())))
    }

    /// Writes the profile, readable by its owner alone from the first byte on.
    pub(crate) fn store(&self, path: &Path) -> Done {
        let stored = Stored {
            server: self.server.as_deref(),
            ca: self.ca.as_deref(),
            user: self.user.as_deref(),
            token: self.token.as_ref().map(|token| token.expose_secret()),
            token_id: self.token_id.as_deref(),
        };
        let text = toml::to_string(&stored).context("writing the profile")?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        }
        let fresh = path.with_extension("toml.new");
        let write = || -> io::Result<()> {
            let _ = fs::remove_file(&fresh);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, path)
        };
        write().with_context(|| format!("writing the profile {}", path.display()))?;
        Ok(())
    }

    /// A stored token goes to the server that gave it and to no other.
    pub(crate) fn may_use_token(&self, server: Option<&str>) -> Done {
        match (server, &self.server) {
            (Some(asked), Some(stored)) if asked.trim_end_matches('/') != stored.trim_end_matches('/') => {
                Err(Failure::usage(format!(
                    "the stored sign-in is for {stored}, not for {asked}: give --user NAME or sign in there with \
                     `ephor login`"
                )))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_profile_comes_back_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ephor").join("profile.toml");
        assert!(Profile::load(&path).unwrap().token.is_none());
        let profile = Profile {
            server: Some("https://ephor.example".to_owned()),
            token: Some("secret".into()),
            ..Profile::default()
        };
        profile.store(&path).unwrap();
        profile.store(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let read = Profile::load(&path).unwrap();
        assert_eq!(read.token.unwrap().expose_secret(), "secret");
        assert_eq!(read.server.as_deref(), Some("https://ephor.example"));

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Profile::load(&path).unwrap_err().to_string().contains("can be read by others"));
    }

    #[test]
    fn a_stored_token_goes_to_its_own_server_only() {
        let profile = Profile { server: Some("https://a.example/".to_owned()), ..Profile::default() };
        assert!(profile.may_use_token(None).is_ok());
        assert!(profile.may_use_token(Some("https://a.example")).is_ok());
        assert!(profile.may_use_token(Some("https://b.example")).is_err());
    }
}

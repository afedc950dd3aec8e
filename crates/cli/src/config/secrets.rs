//! Secrets that stand in files of their own. Read at start, so that the configuration itself holds none.

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
};

use ephor_connect::{MfaHookConfig, OutgoingConfig};
use ephor_store::Location;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::sections::Config;

/// What the files added. Passwords of LDAP targets are not here: their connector reads them at each sign-in.
#[derive(Clone)]
pub struct Resolved {
    /// Where the store is.
    pub store: Location,
    /// The MFA provider.
    pub mfa_hook: Option<MfaHookConfig>,
    /// Our secrets at outside issuers, by their names.
    pub issuers: BTreeMap<String, SecretString>,
    /// Where notifications are posted.
    pub webhook: Option<OutgoingConfig>,
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolved").field("store", &self.store).finish_non_exhaustive()
    }
}

/// A secret's file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {}: {cause}", path.display())]
pub struct SecretError {
    /// The key that names the file.
    pub key: String,
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub cause: io::Error,
}

/// Reads the files that the configuration names.
///
/// # Errors
/// All files that cannot be used.
pub fn resolve(config: &Config) -> Result<Resolved, Vec<SecretError>> {
    let mut errors = Vec::new();
    let mut secret = |key: &str, given: Option<&SecretString>, path: Option<&Path>| match (given, path) {
        (Some(given), _) => Some(given.clone()),
        (None, Some(path)) => match read(path) {
            Ok(secret) => Some(secret),
            Err(cause) => {
                errors.push(SecretError { key: key.to_owned(), path: path.to_owned(), cause });
                None
            }
        },
        (None, None) => None,
    };
    let mfa_hook = config.mfa_hook.as_ref().map(|hook| MfaHookConfig {
        endpoint: OutgoingConfig {
            url: hook.url.clone(),
            allow_private: hook.allow_private,
            ca_file: hook.ca_file.clone(),
            secret: secret("mfa_hook.secret_file", hook.secret.as_ref(), hook.secret_file.as_deref()),
        },
        needs_phone_number: hook.needs_phone_number,
    });
    let webhook = config.notifications.webhook.as_ref().map(|hook| OutgoingConfig {
        url: hook.url.clone(),
        allow_private: hook.allow_private,
        ca_file: hook.ca_file.clone(),
        secret: secret("notifications.webhook.secret_file", hook.secret.as_ref(), hook.secret_file.as_deref()),
    });
    let mut issuers = BTreeMap::new();
    for (name, issuer) in &config.identity.issuers {
        let key = format!("identity.issuers.{name}.client_secret_file");
        let found = secret(&key, issuer.client_secret.as_ref(), issuer.client_secret_file.as_deref());
        issuers.extend(found.map(|found| (name.clone(), found)));
    }
    let url = secret("store.url_file", None, config.store.url_file.as_deref());
    let store = match (&config.store.url, url) {
        (Some(url), _) => url.0.clone(),
        (None, None) => Location::Sqlite(config.data_dir.join("ephor.db")),
        (None, Some(url)) => match url.expose_secret().trim().parse() {
            Ok(location) => location,
            Err(error) => {
                errors.push(SecretError {
                    key: "store.url_file".to_owned(),
                    path: config.store.url_file.clone().unwrap_or_default(),
                    cause: io::Error::new(io::ErrorKind::InvalidData, error),
                });
                Location::Sqlite(config.data_dir.join("ephor.db"))
            }
        },
    };
    if errors.is_empty() { Ok(Resolved { store, mfa_hook, issuers, webhook }) } else { Err(errors) }
}

/// Reads a secret; one line end after it is not part of it.
fn read(path: &Path) -> io::Result<SecretString> {
    let text = Zeroizing::new(std::fs::read_to_string(path)?);
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    let secret = secret.strip_suffix('\r').unwrap_or(secret);
    if secret.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is empty"));
    }
    Ok(secret.into())
}

#[cfg(test)]
mod tests {
    use super::super::load;
    use super::*;

    fn config(text: &str) -> Config {
        load("ephor.toml", text, []).expect("a good configuration")
    }

    #[test]
    fn files_are_read_and_what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("written");
            path.display().to_string()
        };
        let url = file("url", "postgres://ephor:secret@db/ephor\n");
        let hook = file("hook", "line\r\n");
        let text =
            format!("store.url_file = '{url}'\n[mfa_hook]\nurl = 'https://mfa.example'\nsecret_file = '{hook}'\n");
        let resolved = resolve(&config(&text)).expect("readable");
        assert_eq!(resolved.store, Location::Postgres("postgres://ephor:secret@db/ephor".to_owned()));
        let secret = resolved.mfa_hook.as_ref().and_then(|hook| hook.endpoint.secret.clone()).expect("a secret");
        assert_eq!(secret.expose_secret(), "line");
        assert!(!format!("{resolved:?}").contains("secret"));

        let empty = file("empty", "\n");
        let text = format!(
            "store.url_file = '{empty}'\n[notifications.webhook]\nurl = 'https://a.example'\nsecret_file = '/nowhere'\n"
        );
        let errors = resolve(&config(&text)).expect_err("unreadable");
        let keys: Vec<&str> = errors.iter().map(|error| error.key.as_str()).collect();
        assert_eq!(keys, ["notifications.webhook.secret_file", "store.url_file"]);
        assert_eq!(errors[1].to_string(), format!("store.url_file: {empty}: the file is empty"));
    }

    #[test]
    fn the_default_store_is_a_file_in_the_data_folder() {
        let resolved = resolve(&config("data_dir = '/srv/ephor'")).expect("nothing to read");
        assert_eq!(resolved.store, Location::Sqlite("/srv/ephor/ephor.db".into()));
    }
}

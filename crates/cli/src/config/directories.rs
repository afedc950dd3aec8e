//! The sections of those who vouch for people besides: directories with passwords, and Kerberos.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use ephor_connect::DirectoryConfig;
use ephor_identity::{
    directory::FailureLimit,
    negotiate::keytab::{self, Entry},
};
use ephor_kerberos::KerberosSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::Period;

/// A directory in which people have their passwords. Accounts of its domains that have no password here sign in with
/// that; a password here goes before it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// The domains whose accounts it has: the part of `DOMAIN\account` before the backslash.
    pub domains: Vec<String>,
    /// So many wrong passwords of one account reach the directory within `failure_window`, wherever they come from. Must
    /// be fewer than the directory locks accounts after, or whoever guesses here locks people out there. Each node counts
    /// for itself.
    #[serde(default = "four")]
    pub failures: u32,
    /// See `failures`. At least as long as the directory remembers wrong passwords.
    #[serde(default = "half_an_hour")]
    pub failure_window: Period,
    /// How it is reached by LDAP.
    pub ldap: DirectoryConfig,
}

fn four() -> u32 {
    FailureLimit::default().most
}

fn half_an_hour() -> Period {
    Period(FailureLimit::default().window)
}

impl Directory {
    /// As identity takes it.
    #[must_use]
    pub fn limit(&self) -> FailureLimit {
        FailureLimit { most: self.failures, window: self.failure_window.0 }
    }
}

/// Kerberos tickets (`Negotiate`) on the PAM API and in the portal. Needs a program that was built with the feature
/// `kerberos`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kerberos {
    /// Key tab with the key of `HTTP/host`, read at each sign-in.
    pub keytab_file: PathBuf,
    /// The service that tickets must be for: `HTTP/ephor.example.com`, with or without `@REALM`. Without it, every `HTTP`
    /// service of the key tab counts.
    pub service: Option<String>,
    /// Realms whose people may sign in, in capital letters as Kerberos spells them, and the domain that the accounts of
    /// each have here. Tickets of all other realms are refused, trusted or not.
    pub realms: BTreeMap<String, String>,
}

impl Kerberos {
    /// As the judge of tickets takes it.
    #[must_use]
    pub fn settings(&self, data_dir: &Path) -> KerberosSettings {
        KerberosSettings {
            keytab: self.keytab_file.clone(),
            service: self.service.clone(),
            replay_cache: Some(data_dir.join("kerberos.rcache")),
        }
    }

    /// The keys with which tickets can be judged.
    ///
    /// # Errors
    /// A sentence on what is wrong with the key tab and what to do about it.
    pub fn keys(&self) -> Result<Vec<Entry>, String> {
        let path = self.keytab_file.display();
        let bytes = std::fs::read(&self.keytab_file).map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                format!("{path} is not there: make a key tab for HTTP/HOST at the domain controller and copy it here")
            } else if error.kind() == io::ErrorKind::PermissionDenied {
                format!(
                    "{path} cannot be read by the user this runs as: make it his (chown) and nobody else's (chmod 600)"
                )
            } else {
                format!("{path} cannot be read: {error}")
            }
        })?;
        let all = keytab::entries(&bytes)
            .map_err(|fault| format!("{path}: {fault}: make it anew, and copy it as a binary file"))?;
        let (ours, others): (Vec<Entry>, Vec<Entry>) = all.into_iter().partition(|entry| self.is_ours(entry));
        if !ours.is_empty() {
            return Ok(ours);
        }
        let wanted = self.service.clone().unwrap_or_else(|| "HTTP/HOST".to_owned());
        let mut names: Vec<&str> = others.iter().map(|entry| entry.principal.as_str()).collect();
        names.dedup();
        Err(match names.as_slice() {
            [] => format!("{path} holds no key: export the key of {wanted} into it"),
            names => format!(
                "{path} holds no key of {wanted}, only of {}: give the service account that name (setspn, or samba-tool \
                 spn add) and export the key again; letter case counts",
                names.join(", ")
            ),
        })
    }

    fn is_ours(&self, entry: &Entry) -> bool {
        let Some((name, _)) = entry.principal.split_once('@') else { return false };
        match &self.service {
            Some(service) if service.contains('@') => *service == entry.principal,
            Some(service) => service == name,
            None => name.starts_with("HTTP/"),
        }
    }
}

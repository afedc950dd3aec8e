//! What an operator says of an LDAP target, checked once at start.

use std::{path::PathBuf, time::Duration};

use jiff::SignedDuration;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::server::{Access, Identity, Password, Server, Way};
use crate::{dn, tls::TlsConfigError};

/// The longest any call to a target may take (seams §17: a new lease holder counts on it).
pub const LONGEST_CALL: Duration = Duration::from_secs(2);

/// An LDAP target as configured. Durations are written `"2s"` or `"PT2S"`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LdapConfig {
    /// `ldap://host[:389]` or `ldaps://host[:636]`.
    pub url: String,
    /// Changes an `ldap://` connection to TLS before anything is said on it.
    #[serde(default)]
    pub start_tls: bool,
    /// Allows `ldap://` without StartTLS to a host that is not this machine. Passwords then cross the network in clear.
    #[serde(default)]
    pub allow_plain: bool,
    /// PEM file of the authorities that may vouch for the server; without it the machine's own store counts.
    pub ca_file: Option<PathBuf>,
    /// Who we are at the target.
    pub bind_dn: String,
    /// Our password. Either this or `password_file`.
    #[schemars(with = "Option<String>")]
    pub password: Option<SecretString>,
    /// File that holds our password, read at each sign-in, so it can be changed without a restart. One trailing line
    /// end is not part of the password.
    pub password_file: Option<PathBuf>,
    /// The root of everything we look at.
    pub base_dn: String,
    /// Container of accounts, relative to `base_dn`; empty for `base_dn` itself.
    #[serde(default = "defaults::people_ou")]
    pub people_ou: String,
    /// Container of groups, relative to `base_dn`; empty for `base_dn` itself.
    #[serde(default = "defaults::groups_ou")]
    pub groups_ou: String,
    /// Object classes of accounts we create.
    #[serde(default = "defaults::user_object_classes")]
    pub user_object_classes: Vec<String>,
    /// Attribute that holds the login name; also the naming attribute of accounts we create.
    #[serde(default = "defaults::login_attribute")]
    pub login_attribute: String,
    /// Makes accounts we create POSIX accounts as well.
    pub posix: Option<PosixAccounts>,
    /// Object class of groups we create.
    #[serde(default)]
    pub new_group_class: NewGroupClass,
    /// Name that stands in for a member in groups whose schema demands at least one. It is put in when the last real
    /// member goes, taken out when one comes, and never counts as a member. Nobody may be able to sign in as it.
    /// Default: `cn=ephor-placeholder` below `base_dn`.
    pub placeholder_member: Option<String>,
    /// How the target marks a disabled account.
    #[serde(default)]
    pub account_state: AccountState,
    /// Limit for connecting, TLS included; at most two seconds.
    #[serde(default = "defaults::timeout")]
    #[schemars(with = "String", extend("format" = "duration"))]
    pub connect_timeout: SignedDuration,
    /// Limit for a whole call, connecting included; at most two seconds.
    #[serde(default = "defaults::timeout")]
    #[schemars(with = "String", extend("format" = "duration"))]
    pub operation_timeout: SignedDuration,
}

/// What accounts need to be POSIX accounts (RFC 2307).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PosixAccounts {
    /// Primary group of every account we create.
    pub gid_number: u32,
    /// Lowest user number we give out.
    #[serde(default = "defaults::first_uid_number")]
    pub first_uid_number: u32,
    /// Folder in which home folders lie.
    #[serde(default = "defaults::home")]
    pub home: String,
    /// Login shell.
    #[serde(default = "defaults::shell")]
    pub shell: String,
}

/// Object class of groups we create.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NewGroupClass {
    /// `groupOfMembers` where the schema has it, else `groupOfNames`.
    #[default]
    Auto,
    /// May be empty.
    GroupOfMembers,
    /// Demands one member: the placeholder.
    GroupOfNames,
    /// Demands one member: the placeholder.
    GroupOfUniqueNames,
}

/// How a target marks a disabled account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AccountState {
    /// It has no such state.
    #[default]
    None,
    /// `pwdAccountLockedTime: 000001010000Z` of the password policy draft: locked until an administrator unlocks.
    PwdAccountLockedTime,
}

mod defaults {
    use jiff::SignedDuration;

    pub(super) fn people_ou() -> String {
        "ou=people".to_owned()
    }
    pub(super) fn groups_ou() -> String {
        "ou=groups".to_owned()
    }
    pub(super) fn user_object_classes() -> Vec<String> {
        vec!["inetOrgPerson".to_owned()]
    }
    pub(super) fn login_attribute() -> String {
        "uid".to_owned()
    }
    pub(super) fn timeout() -> SignedDuration {
        SignedDuration::from_secs(2)
    }
    pub(super) fn first_uid_number() -> u32 {
        200_000
    }
    pub(super) fn home() -> String {
        "/home".to_owned()
    }
    pub(super) fn shell() -> String {
        "/bin/bash".to_owned()
    }
}

/// Why a configured target cannot be used. Says what to change.
#[derive(Debug, thiserror::Error)]
pub enum LdapConfigError {
    /// `url` is none of ours.
    #[error("`url` must be ldap://HOST or ldaps://HOST: {0}")]
    Url(String),
    /// A password would cross the network in clear.
    #[error("`url` is plain ldap:// to another machine: use ldaps://, `start_tls` or, knowingly, `allow_plain`")]
    Plain,
    /// A setting that must be a distinguished name is none.
    #[error("`{setting}` is not a distinguished name: {value:?}")]
    Name {
        /// Which.
        setting: &'static str,
        /// What it says.
        value: String,
    },
    /// No password, or two.
    #[error("exactly one of `password` and `password_file` must be set")]
    Password,
    /// No proof of who we are, or several.
    #[error("exactly one of `password`, `password_file` and `keytab_file` must be set")]
    Proof,
    /// A key tab goes with a principal.
    #[error("`bind_name` must be a Kerberos principal, account@REALM, where `keytab_file` is set: {0:?}")]
    Principal(String),
    /// The key tab cannot be used.
    #[error("`keytab_file`: {0}")]
    KeyTab(String),
    /// Built without the library.
    #[error(
        "`keytab_file`: this program was built without Kerberos: install libkrb5-dev and libclang-dev, and build it with \
         `--features kerberos`"
    )]
    NoKerberos,
    /// A time limit that cannot hold.
    #[error("`{0}` must be more than nothing and at most 2 s")]
    Limit(&'static str),
    /// No TLS.
    #[error(transparent)]
    Tls(#[from] TlsConfigError),
}

/// A checked [`LdapConfig`].
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) access: Access,
    pub(super) people: String,
    pub(super) groups: String,
    pub(super) base_dn: String,
    pub(super) user_object_classes: Vec<String>,
    pub(super) login_attribute: String,
    pub(super) posix: Option<PosixAccounts>,
    pub(super) new_group_class: NewGroupClass,
    pub(super) placeholder: String,
    pub(super) placeholder_key: String,
    pub(super) account_state: AccountState,
    pub(super) operation_timeout: Duration,
}

impl Settings {
    pub(super) fn check(config: LdapConfig) -> Result<Self, LdapConfigError> {
        let way = Way {
            url: &config.url,
            start_tls: config.start_tls,
            allow_plain: config.allow_plain,
            ca_file: config.ca_file.as_deref(),
            connect_timeout: limit("connect_timeout", config.connect_timeout)?,
        };
        let server = Server::check(&way)?;
        let password = Password::check(config.password, config.password_file)?;
        let base_dn = name("base_dn", config.base_dn)?;
        let placeholder = config.placeholder_member.unwrap_or_else(|| format!("cn=ephor-placeholder,{base_dn}"));
        let placeholder = name("placeholder_member", placeholder)?;
        Ok(Self {
            access: Access { server, identity: Identity::Simple { name: name("bind_dn", config.bind_dn)?, password } },
            people: name("people_ou", below(&config.people_ou, &base_dn))?,
            groups: name("groups_ou", below(&config.groups_ou, &base_dn))?,
            base_dn,
            user_object_classes: config.user_object_classes,
            login_attribute: config.login_attribute,
            posix: config.posix,
            new_group_class: config.new_group_class,
            placeholder_key: dn::key(&placeholder),
            placeholder,
            account_state: config.account_state,
            operation_timeout: limit("operation_timeout", config.operation_timeout)?,
        })
    }
}

pub(super) fn name(setting: &'static str, value: String) -> Result<String, LdapConfigError> {
    if dn::is_valid(&value) { Ok(value) } else { Err(LdapConfigError::Name { setting, value }) }
}

pub(super) fn below(relative: &str, base: &str) -> String {
    if relative.trim().is_empty() { base.to_owned() } else { format!("{relative},{base}") }
}

pub(super) fn limit(setting: &'static str, value: SignedDuration) -> Result<Duration, LdapConfigError> {
    Duration::try_from(value)
        .ok()
        .filter(|limit| !limit.is_zero() && *limit <= LONGEST_CALL)
        .ok_or(LdapConfigError::Limit(setting))
}

#[cfg(test)]
mod tests {
    use super::{LdapConfig, LdapConfigError, Settings};

    fn config(lines: &str) -> LdapConfig {
        let minimal = "bind_dn = 'cn=svc,dc=demo'\nbase_dn = 'dc=demo'\n";
        toml::from_str(&format!("{minimal}{lines}")).unwrap()
    }

    fn error(lines: &str) -> LdapConfigError {
        Settings::check(config(lines)).unwrap_err()
    }

    #[test]
    fn a_short_configuration_is_enough() {
        let settings = Settings::check(config("url = 'ldap://127.0.0.1:3890'\npassword = 'x'")).unwrap();
        assert_eq!(settings.people, "ou=people,dc=demo");
        assert_eq!(settings.groups, "ou=groups,dc=demo");
        assert_eq!(settings.login_attribute, "uid");
        assert_eq!(settings.placeholder, "cn=ephor-placeholder,dc=demo");
        assert_eq!(settings.operation_timeout, super::LONGEST_CALL);
        assert!(!settings.access.server.is_encrypted());
    }

    #[test]
    fn what_cannot_work_is_refused_with_the_reason() {
        let plain = "url = 'ldap://directory.example'\npassword = 'x'\n";
        assert!(matches!(error(plain), LdapConfigError::Plain));
        assert!(Settings::check(config(&format!("{plain}allow_plain = true"))).is_ok());
        assert!(matches!(error("url = 'http://127.0.0.1'\npassword = 'x'"), LdapConfigError::Url(_)));
        assert!(matches!(error("url = 'ldap://localhost'"), LdapConfigError::Password));
        let local = "url = 'ldap://localhost'\npassword = 'x'\n";
        assert!(matches!(error(&format!("{local}password_file = 'y'")), LdapConfigError::Password));
        assert!(matches!(
            error(&format!("{local}operation_timeout = '3s'")),
            LdapConfigError::Limit("operation_timeout")
        ));
        assert!(matches!(error(&format!("{local}connect_timeout = '0s'")), LdapConfigError::Limit("connect_timeout")));
        assert!(matches!(
            error(&format!("{local}people_ou = 'people'")),
            LdapConfigError::Name { setting: "people_ou", .. }
        ));
        assert!(matches!(
            error("url = 'ldaps://localhost'\npassword = 'x'\nca_file = '/nonexistent.pem'"),
            LdapConfigError::Tls(_)
        ));
    }

    #[test]
    fn unknown_settings_are_refused() {
        let text = "url = 'ldap://localhost'\npassword = 'x'\nbind_dn = 'cn=a'\nbase_dn = 'dc=b'\nusername = 'x'";
        assert!(toml::from_str::<LdapConfig>(text).is_err());
    }

    #[test]
    fn the_password_does_not_reach_a_log() {
        let settings = Settings::check(config("url = 'ldap://localhost'\npassword = 'hunter2'")).unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}

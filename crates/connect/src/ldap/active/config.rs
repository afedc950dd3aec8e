//! What an operator says of a domain, checked once at start.

use std::{path::PathBuf, time::Duration};

use jiff::SignedDuration;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::super::{
    config::{LdapConfigError, below, limit, name},
    server::{Access, Identity, Password, Server, Way},
    tickets::Tickets,
};

/// An Active Directory domain as configured. Durations are written `"2s"` or `"PT2S"`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActiveDirectoryConfig {
    /// `ldaps://dc.corp.example[:636]` or `ldap://dc.corp.example[:389]`: one domain controller that takes writes, by the
    /// name in its certificate.
    pub url: String,
    /// Changes an `ldap://` connection to TLS before anything is said on it.
    #[serde(default)]
    pub start_tls: bool,
    /// Allows `ldap://` without StartTLS to a host that is not this machine. Passwords then cross the network in clear.
    /// With a key tab it is not needed: the connection is encrypted by Kerberos.
    #[serde(default)]
    pub allow_plain: bool,
    /// PEM file of the authorities that may vouch for the server; without it the machine's own store counts.
    pub ca_file: Option<PathBuf>,
    /// Who we are there: `account@domain`, `DOMAIN\account` or a distinguished name. With a key tab: the principal,
    /// `account@REALM`.
    pub bind_name: String,
    /// Our password. One of this, `password_file` and `keytab_file`.
    #[schemars(with = "Option<String>")]
    pub password: Option<SecretString>,
    /// File that holds our password, read at each sign-in, so it can be changed without a restart.
    pub password_file: Option<PathBuf>,
    /// Key tab with the key of `bind_name`: sign-in by Kerberos, without a password on the wire.
    pub keytab_file: Option<PathBuf>,
    /// The root of the domain, `DC=corp,DC=example`.
    pub base_dn: String,
    /// Where accounts are looked for, relative to `base_dn`; empty for the whole domain.
    #[serde(default)]
    pub people_ou: String,
    /// Where groups are looked for, relative to `base_dn`; empty for the whole domain.
    #[serde(default)]
    pub groups_ou: String,
    /// Where accounts that we create go, relative to `base_dn`.
    #[serde(default = "users")]
    pub new_people_ou: String,
    /// Where groups that we create go, relative to `base_dn`.
    #[serde(default = "users")]
    pub new_groups_ou: String,
    /// Tells the directory when a membership ends, where it can end one by itself.
    #[serde(default = "yes")]
    pub native_expiry: bool,
    /// Limit for connecting, TLS included; at most two seconds.
    #[serde(default = "two_seconds")]
    #[schemars(with = "String", extend("format" = "duration"))]
    pub connect_timeout: SignedDuration,
    /// Limit for a whole call, connecting included; at most two seconds.
    #[serde(default = "two_seconds")]
    #[schemars(with = "String", extend("format" = "duration"))]
    pub operation_timeout: SignedDuration,
}

fn users() -> String {
    "CN=Users".to_owned()
}

fn yes() -> bool {
    true
}

fn two_seconds() -> SignedDuration {
    SignedDuration::from_secs(2)
}

/// A checked [`ActiveDirectoryConfig`].
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) access: Access,
    pub(super) base_dn: String,
    pub(super) people: String,
    pub(super) groups: String,
    pub(super) new_people: String,
    pub(super) new_groups: String,
    pub(super) native_expiry: bool,
    pub(super) operation_timeout: Duration,
}

impl Settings {
    pub(super) fn check(config: ActiveDirectoryConfig) -> Result<Self, LdapConfigError> {
        let by_ticket = config.keytab_file.is_some();
        let server = Server::check(&Way {
            url: &config.url,
            start_tls: config.start_tls,
            // What a ticket opens is encrypted by it.
            allow_plain: config.allow_plain || by_ticket,
            ca_file: config.ca_file.as_deref(),
            connect_timeout: limit("connect_timeout", config.connect_timeout)?,
        })?;
        let identity = match (config.keytab_file, config.password, config.password_file) {
            (Some(keytab), None, None) => Identity::Kerberos(Tickets::check(config.bind_name, keytab)?),
            (None, password, file) => {
                let password = Password::check(password, file).map_err(|_| LdapConfigError::Proof)?;
                if config.bind_name.trim().is_empty() {
                    return Err(LdapConfigError::Name { setting: "bind_name", value: config.bind_name });
                }
                Identity::Simple { name: config.bind_name, password }
            }
            (Some(_), _, _) => return Err(LdapConfigError::Proof),
        };
        let base_dn = name("base_dn", config.base_dn)?;
        Ok(Self {
            access: Access { server, identity },
            people: name("people_ou", below(&config.people_ou, &base_dn))?,
            groups: name("groups_ou", below(&config.groups_ou, &base_dn))?,
            new_people: name("new_people_ou", below(&config.new_people_ou, &base_dn))?,
            new_groups: name("new_groups_ou", below(&config.new_groups_ou, &base_dn))?,
            base_dn,
            native_expiry: config.native_expiry,
            operation_timeout: limit("operation_timeout", config.operation_timeout)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::super::config::LdapConfigError, ActiveDirectoryConfig, Settings};

    fn check(lines: &str) -> Result<Settings, LdapConfigError> {
        let minimal = "bind_name = 'ephor@corp.test'\nbase_dn = 'DC=corp,DC=test'\n";
        let config: ActiveDirectoryConfig = toml::from_str(&format!("{minimal}{lines}")).unwrap();
        Settings::check(config)
    }

    #[test]
    fn a_short_configuration_is_enough() {
        let settings = check("url = 'ldap://127.0.0.1'\npassword = 'hunter2'").unwrap();
        assert_eq!(settings.people, "DC=corp,DC=test");
        assert_eq!(settings.new_people, "CN=Users,DC=corp,DC=test");
        assert!(settings.native_expiry);
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn one_proof_of_who_we_are_is_asked_for() {
        let url = "url = 'ldap://127.0.0.1'\n";
        for lines in ["", "password = 'x'\npassword_file = 'y'", "password = 'x'\nkeytab_file = 'y'"] {
            assert!(matches!(check(&format!("{url}{lines}")), Err(LdapConfigError::Proof)), "{lines}");
        }
        assert!(matches!(check("url = 'ldap://dc.corp.test'\npassword = 'x'"), Err(LdapConfigError::Plain)));
    }
}

//! What an operator says of a directory that checks passwords, checked once at start.

use std::{path::PathBuf, time::Duration};

use jiff::SignedDuration;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    super::{
        config::{LONGEST_CALL, LdapConfigError, name},
        server::{Access, Identity, Password, Server, Way},
    },
    name::Template,
};

/// The longest question.
const LONGEST_QUESTION: Duration = Duration::from_secs(10);

/// A directory that checks passwords, as configured.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectoryConfig {
    /// `ldap://host[:389]` or `ldaps://host[:636]`.
    pub url: String,
    /// Changes an `ldap://` connection to TLS before anything is said on it.
    #[serde(default)]
    pub start_tls: bool,
    /// Allows `ldap://` without StartTLS to a host that is not this machine. Everybody's passwords then cross the network
    /// in clear.
    #[serde(default)]
    pub allow_plain: bool,
    /// PEM file of the authorities that may vouch for the server; without it the machine's own store counts.
    pub ca_file: Option<PathBuf>,
    /// The name that people bind with, with `{account}` for their account name: `uid={account},ou=people,dc=example,dc=com`,
    /// `{account}@example.com` or `EXAMPLE\{account}`. Without it, people are searched for.
    pub bind_as: Option<String>,
    /// Where people are searched for, with everything below.
    pub base_dn: Option<String>,
    /// The attribute of the account name: `sAMAccountName` in Active Directory.
    #[serde(default = "uid")]
    pub account_attribute: String,
    /// Who searches.
    pub bind_dn: Option<String>,
    /// His password. Either this or `password_file`.
    #[schemars(with = "Option<String>")]
    pub password: Option<SecretString>,
    /// File that holds his password, read at each of his sign-ins. One trailing line end is not part of it.
    pub password_file: Option<PathBuf>,
    /// Limit for a whole question, connecting included; at most ten seconds.
    #[serde(default = "five_seconds")]
    #[schemars(with = "String", extend("format" = "duration"))]
    pub timeout: SignedDuration,
}

fn uid() -> String {
    "uid".to_owned()
}

fn five_seconds() -> SignedDuration {
    SignedDuration::from_secs(5)
}

impl DirectoryConfig {
    /// A directory whose people bind with a name that follows from their account name.
    #[must_use]
    pub fn template(url: &str, bind_as: &str) -> Self {
        Self {
            url: url.to_owned(),
            start_tls: false,
            allow_plain: false,
            ca_file: None,
            bind_as: Some(bind_as.to_owned()),
            base_dn: None,
            account_attribute: uid(),
            bind_dn: None,
            password: None,
            password_file: None,
            timeout: five_seconds(),
        }
    }
}

/// Why a configured directory cannot be used. Says what to change.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryConfigError {
    /// Both ways to find people, or neither.
    #[error("set either `bind_as`, or `base_dn` and `bind_dn` with its password")]
    Finder,
    /// The template makes no names.
    #[error(
        "`bind_as` must hold {{account}} once, in a distinguished name, in an address such as {{account}}@example.com, or \
         behind a domain such as EXAMPLE\\{{account}}"
    )]
    Template,
    /// No attribute is called so.
    #[error("`account_attribute` must be the name of an attribute, such as uid or sAMAccountName")]
    Attribute,
    /// A time limit that cannot hold.
    #[error("`timeout` must be more than nothing and at most 10 s")]
    Limit,
    /// Where it is, or who we are there.
    #[error(transparent)]
    Ldap(#[from] LdapConfigError),
}

/// A checked [`DirectoryConfig`].
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) server: Server,
    pub(super) finder: Finder,
    pub(super) timeout: Duration,
}

/// How the name to bind with is found.
#[derive(Debug)]
pub(super) enum Finder {
    /// It follows from the account name.
    Template(Template),
    /// By looking.
    Search(Search),
}

/// Where and as whom people are searched for.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) access: Access,
    pub(super) base_dn: String,
    pub(super) account_attribute: String,
}

impl Checked {
    pub(super) fn check(config: DirectoryConfig) -> Result<Self, DirectoryConfigError> {
        let timeout = Duration::try_from(config.timeout).map_err(|_| DirectoryConfigError::Limit)?;
        if timeout.is_zero() || timeout > LONGEST_QUESTION {
            return Err(DirectoryConfigError::Limit);
        }
        let server = || {
            let way = Way {
                url: &config.url,
                start_tls: config.start_tls,
                allow_plain: config.allow_plain,
                ca_file: config.ca_file.as_deref(),
                connect_timeout: timeout.min(LONGEST_CALL),
            };
            Server::check(&way)
        };
        let finder = match (&config.bind_as, &config.base_dn, &config.bind_dn) {
            (Some(template), None, None) if config.password.is_none() && config.password_file.is_none() => {
                Finder::Template(Template::parse(template).ok_or(DirectoryConfigError::Template)?)
            }
            (None, Some(base_dn), Some(bind_dn)) => {
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
                if config.account_attribute.is_empty() || !config.account_attribute.chars().all(plain) {
                    return Err(DirectoryConfigError::Attribute);
                }
                // Active Directory takes `name@domain` and `DOMAIN\name` in the place of a distinguished name.
                let bind_dn = match bind_dn.contains(['@', '\\']) && !bind_dn.contains('=') {
                    true => bind_dn.clone(),
                    false => name("bind_dn", bind_dn.clone())?,
                };
                let password = Password::check(config.password.clone(), config.password_file.clone())?;
                Finder::Search(Search {
                    access: Access { server: server()?, identity: Identity::Simple { name: bind_dn, password } },
                    base_dn: name("base_dn", base_dn.clone())?,
                    account_attribute: config.account_attribute.clone(),
                })
            }
            _ => return Err(DirectoryConfigError::Finder),
        };
        Ok(Self { server: server()?, finder, timeout })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(lines: &str) -> String {
        let config = toml::from_str(&format!("url = 'ldap://127.0.0.1'\n{lines}")).expect("readable");
        Checked::check(config).expect_err("refused").to_string()
    }

    #[test]
    fn what_cannot_work_is_refused_with_the_reason() {
        let search = "base_dn = 'dc=corp'\nbind_dn = 'cn=ephor,dc=corp'\n";
        assert!(error("").starts_with("set either `bind_as`"));
        assert!(error(&format!("{search}bind_as = '{{account}}@corp'\npassword = 'x'")).starts_with("set either"));
        assert!(error("bind_as = 'uid={account},dc=corp'\npassword = 'x'").starts_with("set either"));
        assert!(error("bind_as = 'uid=alice,dc=corp'").starts_with("`bind_as` must hold {account}"));
        assert!(error(search).starts_with("exactly one of `password`"));
        assert!(error(&format!("{search}password = 'x'\ntimeout = '11s'")).starts_with("`timeout`"));
        assert!(
            error(&format!("{search}password = 'x'\naccount_attribute = 'a)(b'")).starts_with("`account_attribute`")
        );
        let plain = toml::from_str("url = 'ldap://elsewhere'\nbind_as = '{account}@corp'").expect("readable");
        assert!(matches!(Checked::check(plain), Err(DirectoryConfigError::Ldap(LdapConfigError::Plain))));
    }
}

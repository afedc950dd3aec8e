//! The sections of the file. Every key has a default or may be absent; the comments here are the reference.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use ephor_connect::{ActiveDirectoryConfig, HookTargetConfig, LdapConfig, ScimConfig, TargetConfig};
use ephor_domain::{
    authentication::{Requirement, Strength},
    policy::context::ContextClass,
};
use ephor_front::network::Network;
use ephor_identity::Origin;
use ephor_store::Location;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{
    directories::{Directory, Kerberos},
    identity::Identity,
    pam::Pam,
    values::{Period, Text, one_or_many},
};

/// The keys of the root, for the environment.
pub(crate) const ROOT_KEYS: [&str; 21] = [
    "public_url",
    "data_dir",
    "allowed_origins",
    "trusted_proxies",
    "allow_plain_http",
    "http",
    "https",
    "tls",
    "limits",
    "store",
    "sign_in",
    "identity",
    "directories",
    "kerberos",
    "targets",
    "mfa_hook",
    "notifications",
    "pam",
    "schedules",
    "audit",
    "log",
];

/// The whole configuration.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "Ephor configuration")]
pub struct Config {
    /// Where people reach Ephor: in links of mail, challenges, tokens and metadata. Must be set as soon as Ephor listens
    /// beyond loopback; else the first listening address is taken.
    pub public_url: Option<Text<Origin>>,
    /// Folder of everything Ephor keeps in files.
    pub data_dir: PathBuf,
    /// Origins of web pages that may call the PAM API with the credentials of their users.
    pub allowed_origins: Vec<Text<Origin>>,
    /// Proxies whose `X-Forwarded-For`, `-Proto` and `-Host` headers are believed.
    pub trusted_proxies: Vec<Text<Network>>,
    /// Allows plain HTTP beyond loopback. Only with something in front that speaks TLS: passwords would cross the network
    /// in clear.
    pub allow_plain_http: bool,
    /// Plain HTTP.
    pub http: Http,
    /// HTTP over TLS.
    pub https: Https,
    /// Certificate for HTTPS.
    pub tls: Tls,
    /// Bounds of the listener.
    pub limits: Limits,
    /// Where state is kept.
    pub store: Store,
    /// Sessions, tokens and passwords.
    pub sign_in: SignIn,
    /// Signed tokens: our own, and whose count besides.
    pub identity: Identity,
    /// Directories in which people have their passwords, by name.
    #[serde(skip_serializing)]
    pub directories: BTreeMap<String, Directory>,
    /// Kerberos tickets on the PAM API and in the portal.
    pub kerberos: Option<Kerberos>,
    /// Directories that Ephor writes memberships into, by name.
    #[serde(skip_serializing)]
    pub targets: BTreeMap<String, Target>,
    /// A provider of MFA challenges behind HTTP.
    pub mfa_hook: Option<MfaHook>,
    /// Who is told what.
    pub notifications: Notifications,
    /// What the PAM provider of a new store begins with.
    pub pam: Pam,
    /// Schedules of directory roles, groups and resources.
    pub schedules: Schedules,
    /// The audit log.
    pub audit: Audit,
    /// The log of the process, on standard error.
    pub log: Log,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            public_url: None,
            data_dir: PathBuf::from("/var/lib/ephor"),
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            allow_plain_http: false,
            http: Http::default(),
            https: Https::default(),
            tls: Tls::default(),
            limits: Limits::default(),
            store: Store::default(),
            sign_in: SignIn::default(),
            identity: Identity::default(),
            directories: BTreeMap::new(),
            kerberos: None,
            targets: BTreeMap::new(),
            mfa_hook: None,
            notifications: Notifications::default(),
            pam: Pam::default(),
            schedules: Schedules::default(),
            audit: Audit::default(),
            log: Log::default(),
        }
    }
}

/// Plain HTTP: on loopback, or with `allow_plain_http`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Addresses to listen on, one or a list; an empty list switches plain HTTP off.
    #[serde(deserialize_with = "one_or_many")]
    #[schemars(extend("type" = ["array", "string"]))]
    pub listen: Vec<Text<SocketAddr>>,
}

impl Default for Http {
    fn default() -> Self {
        Self { listen: vec![Text(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8086))] }
    }
}

/// HTTP over TLS: HTTP/1.1 and HTTP/2.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Https {
    /// Addresses to listen on, one or a list.
    #[serde(deserialize_with = "one_or_many")]
    #[schemars(extend("type" = ["array", "string"]))]
    pub listen: Vec<Text<SocketAddr>>,
}

/// The certificate of HTTPS.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// PEM file with the certificate and those that vouch for it, the server's first.
    pub cert_file: Option<PathBuf>,
    /// PEM file with the private key, not encrypted.
    pub key_file: Option<PathBuf>,
    /// How often both files are looked at for a change; SIGHUP does it at once.
    pub reload: Period,
}

impl Default for Tls {
    fn default() -> Self {
        Self { cert_file: None, key_file: None, reload: Period::seconds(60) }
    }
}

/// Bounds of the listener: how much and how long a peer may take.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Longest time for the header of a call, and on HTTP/1.1 the longest pause between two calls.
    pub header_read: Period,
    /// Longest time for the body of a call.
    pub body_read: Period,
    /// A connection without a call in flight is closed after this.
    pub idle: Period,
    /// Longest time a peer may refuse to take bytes of an answer.
    pub write_stall: Period,
    /// Most connections at once.
    pub connections: u32,
    /// Most connections of one address at once; loopback and trusted proxies are free of it.
    pub connections_per_address: u32,
    /// After the order to stop: how long calls in flight may go on.
    pub grace: Period,
    /// Most calls of one caller a second on the Graph API; further ones are told to come back a second later. 0 is no
    /// limit. Each node counts for itself.
    pub calls_per_second: u32,
}

impl Default for Limits {
    fn default() -> Self {
        let limits = ephor_front::Limits::default();
        let period = |time: std::time::Duration| Period::seconds(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            header_read: period(limits.header_read),
            body_read: period(limits.body_read),
            idle: period(limits.idle),
            write_stall: period(limits.write_stall),
            connections: count(limits.connections),
            connections_per_address: count(limits.connections_per_address),
            grace: period(limits.grace),
            calls_per_second: 0,
        }
    }
}

impl Limits {
    /// As the listener takes them.
    #[must_use]
    pub fn front(&self) -> ephor_front::Limits {
        let count = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        ephor_front::Limits {
            header_read: self.header_read.std(),
            body_read: self.body_read.std(),
            idle: self.idle.std(),
            write_stall: self.write_stall.std(),
            connections: count(self.connections),
            connections_per_address: count(self.connections_per_address),
            grace: self.grace.std(),
            ..ephor_front::Limits::default()
        }
    }
}

/// Where state is kept.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// `sqlite:PATH` for one node, `postgres://USER@HOST/DATABASE` for any number. Default: `ephor.db` in `data_dir`.
    pub url: Option<Text<Location>>,
    /// File that holds the URL, for one with a password in it. Instead of `url`.
    pub url_file: Option<PathBuf>,
    /// PostgreSQL: most connections of this node.
    pub connections: u32,
    /// PostgreSQL: named prepared statements. To be switched off behind a pooler that hands out a connection for each
    /// transaction.
    pub prepared_statements: bool,
    /// SQLite: threads that read.
    pub readers: u32,
}

impl Default for Store {
    fn default() -> Self {
        Self { url: None, url_file: None, connections: 16, prepared_statements: true, readers: 2 }
    }
}

impl Store {
    /// As the store takes them.
    #[must_use]
    pub fn options(&self) -> ephor_store::Options {
        let count = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        ephor_store::Options {
            connections: count(self.connections),
            prepared_statements: self.prepared_statements,
            readers: count(self.readers),
        }
    }
}

/// Sessions, tokens and passwords.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SignIn {
    /// A session ends after this long without a call.
    pub session_idle: Period,
    /// A session ends after this in any case.
    pub session_absolute: Period,
    /// Longest life of an API token, at most 90 days.
    pub token_life: Period,
    /// Fewest characters of a new password.
    pub password_length: u32,
    /// The first second factor of an account may be enrolled after a sign-in by password alone. Else it takes an
    /// enrolment link: whoever guesses a password must not be able to add a factor of his own.
    pub first_factor_by_password: bool,
    /// An approver who has a second factor may decide with a password or a Kerberos ticket alone (`Basic`, `Negotiate` at
    /// the PAM API). Else he decides after a sign-in that asks for the factor: in the portal, by `ephor`, with a token.
    pub basic_decides: bool,
    /// What each authentication context (`c1` to `c99`) asks for. A context that is not named asks for a second factor
    /// of the last ten minutes.
    #[schemars(with = "BTreeMap<String, Context>")]
    pub contexts: BTreeMap<ContextClass, Context>,
}

/// What an authentication context asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Context {
    /// `mfa`: any second factor; `passkey`: a passkey and nothing else.
    pub strength: ContextStrength,
    /// The proof counts so long.
    pub max_age: Period,
}

/// How much an authentication context asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContextStrength {
    /// Any second factor.
    #[default]
    Mfa,
    /// A passkey and nothing else.
    Passkey,
}

impl Default for Context {
    fn default() -> Self {
        Self { strength: ContextStrength::Mfa, max_age: Period(Requirement::DEFAULT.max_age) }
    }
}

impl Context {
    fn requirement(self) -> Requirement {
        let strength = match self.strength {
            ContextStrength::Mfa => Strength::Mfa,
            ContextStrength::Passkey => Strength::Passkey,
        };
        Requirement { strength, max_age: self.max_age.0 }
    }
}

impl Default for SignIn {
    fn default() -> Self {
        let settings = ephor_identity::Settings::default();
        Self {
            session_idle: Period(settings.session_idle),
            session_absolute: Period(settings.session_absolute),
            token_life: Period(settings.token_life),
            password_length: u32::try_from(settings.password_length).unwrap_or(u32::MAX),
            first_factor_by_password: settings.first_factor_by_password,
            basic_decides: settings.basic_decides,
            contexts: BTreeMap::new(),
        }
    }
}

impl SignIn {
    /// As sign-in takes them.
    #[must_use]
    pub fn settings(&self) -> ephor_identity::Settings {
        ephor_identity::Settings {
            session_idle: self.session_idle.0,
            session_absolute: self.session_absolute.0,
            token_life: self.token_life.0,
            password_length: usize::try_from(self.password_length).unwrap_or(usize::MAX),
            first_factor_by_password: self.first_factor_by_password,
            basic_decides: self.basic_decides,
            contexts: self.contexts.iter().map(|(class, context)| (*class, context.requirement())).collect(),
            ..ephor_identity::Settings::default()
        }
    }
}

/// A directory that Ephor writes memberships into. Its name has letters, digits and hyphens.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What is done about memberships that others add or remove there.
    #[serde(default)]
    pub mode: TargetMode,
    /// An LDAP directory. Each target has one of these tables.
    pub ldap: Option<LdapConfig>,
    /// An Active Directory domain.
    pub active_directory: Option<ActiveDirectoryConfig>,
    /// A SCIM 2.0 server.
    pub scim: Option<ScimConfig>,
    /// Anything else, by signed orders.
    pub webhook: Option<HookTargetConfig>,
}

impl Target {
    /// The one way it is reached; `None` when there is none, or several.
    #[must_use]
    pub fn way(&self) -> Option<TargetConfig> {
        let ways = [
            self.ldap.clone().map(|config| TargetConfig::Ldap(Box::new(config))),
            self.active_directory.clone().map(|config| TargetConfig::ActiveDirectory(Box::new(config))),
            self.scim.clone().map(|config| TargetConfig::Scim(Box::new(config))),
            self.webhook.clone().map(|config| TargetConfig::Webhook(Box::new(config))),
        ];
        let mut ways = ways.into_iter().flatten();
        ways.next().filter(|_| ways.next().is_none())
    }
}

/// What is done about memberships that others add or remove at a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TargetMode {
    /// They are reported.
    #[default]
    ReportOnly,
    /// They are corrected.
    Authoritative,
}

impl From<TargetMode> for ephor_store::tx::target::Mode {
    fn from(mode: TargetMode) -> Self {
        match mode {
            TargetMode::ReportOnly => Self::ReportOnly,
            TargetMode::Authoritative => Self::Authoritative,
        }
    }
}

/// A provider of MFA challenges behind HTTP.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MfaHook {
    /// Where it is: `https://`, or `http://` with `allow_private`.
    pub url: String,
    /// Allows addresses of this machine and of private networks, and plain HTTP.
    #[serde(default)]
    pub allow_private: bool,
    /// PEM file of the authorities that may vouch for it; without it the machine's own store counts.
    pub ca_file: Option<PathBuf>,
    /// Secret that calls are signed with. Better: `secret_file`.
    #[serde(skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub secret: Option<SecretString>,
    /// File that holds the secret; one line end after it is not part of it.
    pub secret_file: Option<PathBuf>,
    /// A challenge for a person without a telephone number fails at once.
    #[serde(default)]
    pub needs_phone_number: bool,
}

/// Who is told what.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Notifications {
    /// Where notifications are posted; without it they go to the log.
    pub webhook: Option<Webhook>,
}

/// Where notifications are posted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where it is: `https://`, or `http://` with `allow_private`.
    pub url: String,
    /// Allows addresses of this machine and of private networks, and plain HTTP.
    #[serde(default)]
    pub allow_private: bool,
    /// PEM file of the authorities that may vouch for it; without it the machine's own store counts.
    pub ca_file: Option<PathBuf>,
    /// Secret that posts are signed with. Better: `secret_file`.
    #[serde(skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub secret: Option<SecretString>,
    /// File that holds the secret; one line end after it is not part of it.
    pub secret_file: Option<PathBuf>,
}

/// Schedules of directory roles, groups and resources.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Schedules {
    /// Days a finished request is kept. One behind a schedule that is in force or to come is not finished.
    pub request_retention_days: u32,
}

impl Default for Schedules {
    fn default() -> Self {
        Self { request_retention_days: 45 }
    }
}

/// The audit log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    /// Name of the log in checkpoints. Default: host and port of `public_url`.
    pub origin: Option<String>,
    /// File of the key that signs checkpoints, made at the first start. Default: `audit.key` in `data_dir`.
    pub key_file: Option<PathBuf>,
    /// File to which every checkpoint is appended, best on another machine's disk: against it roll-back and truncation
    /// of the log can be proved.
    pub checkpoint_file: Option<PathBuf>,
    /// Days the bodies of records are kept; their hashes stay for ever.
    pub retention_days: u32,
}

impl Default for Audit {
    fn default() -> Self {
        Self { origin: None, key_file: None, checkpoint_file: None, retention_days: 400 }
    }
}

/// The log of the process, on standard error.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `json` for machines, `pretty` for people, `auto` for whichever reads standard error.
    pub format: LogFormat,
    /// What is logged, e.g. `info` or `info,ephor_engine=debug`.
    pub filter: String,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// `pretty` on a terminal, else `json`.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// One readable line.
    Pretty,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::default(), filter: "info".to_owned() }
    }
}

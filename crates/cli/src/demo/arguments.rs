//! The arguments of `ephor demo`.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use secrecy::SecretString;

/// How to run the demo.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Address of the plain listener; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8086")]
    pub(super) http: SocketAddr,
    /// Address of the TLS listener; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    pub(super) https: SocketAddr,
    /// Keep everything in this folder, and go on there the next time [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// `sqlite` for a file in the folder, or postgres://USER@HOST/DATABASE
    #[arg(long, value_name = "STORE", default_value = "sqlite")]
    pub(super) store: String,
    /// Print one line of JSON with everything a test needs once it serves; the log goes to standard error
    #[arg(long)]
    pub(super) json: bool,
    /// Let time stand still until POST /demo/clock moves it
    #[arg(long)]
    pub(super) simulated_clock: bool,
    /// Most calls of one caller a second on the Graph API; 0 is no limit
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(super) calls_per_second: u32,
    /// Put MFA challenges to this provider
    #[arg(long, value_name = "URL")]
    pub(super) mfa_hook: Option<String>,
    /// What is logged, e.g. info or ephor_engine=debug [default: warn, with --json info]
    #[arg(long, value_name = "FILTER", env = "EPHOR_LOG__FILTER")]
    pub(super) log: Option<String>,
    /// Keep people and groups in this LDAP directory: below ou=people and ou=groups, made there if they are missing
    #[arg(long, value_name = "URL", requires = "ldap_bind", requires = "ldap_base", help_heading = "Directory")]
    pub(super) ldap: Option<String>,
    /// Whom to be there
    #[arg(long, value_name = "DN", requires = "ldap", help_heading = "Directory")]
    pub(super) ldap_bind: Option<String>,
    /// Password there; better given in the environment
    #[arg(
        long,
        value_name = "PASSWORD",
        requires = "ldap",
        env = "EPHOR_LDAP_PASSWORD",
        hide_env_values = true,
        help_heading = "Directory"
    )]
    pub(super) ldap_password: Option<SecretString>,
    /// Root of the directory
    #[arg(long, value_name = "DN", requires = "ldap", help_heading = "Directory")]
    pub(super) ldap_base: Option<String>,
}

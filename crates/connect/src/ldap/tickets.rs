//! Sign-in at a directory by Kerberos, with a key tab (SASL GSSAPI, RFC 4752).

use std::path::PathBuf;

use ephor_engine::port::target::TargetFault;
use ldap3::{Ldap, LdapResult};

use super::config::LdapConfigError;

/// A principal whose key is in a key tab.
#[derive(Debug, Clone)]
pub(super) struct Tickets {}

impl Tickets {
    pub(super) fn check(_: String, _: PathBuf) -> Result<Self, LdapConfigError> {
        Err(LdapConfigError::NoKerberos)
    }

    #[expect(clippy::unused_async, reason = "as where the library is")]
    pub(super) async fn sign_in(&self, _: Ldap, _: &str) -> Result<LdapResult, TargetFault> {
        Err(super::fault::rejected(LdapConfigError::NoKerberos.to_string()))
    }
}

//! Sign-in at a directory by Kerberos, with a key tab (SASL GSSAPI, RFC 4752).

#[cfg(feature = "kerberos")]
pub(super) use self::built::Tickets;
#[cfg(not(feature = "kerberos"))]
pub(super) use self::missing::Tickets;

#[cfg(feature = "kerberos")]
mod built {
    use std::path::PathBuf;

    use ephor_engine::port::target::{FaultKind, TargetFault};
    use ephor_kerberos::Initiator;
    use ldap3::{Ldap, LdapError, LdapResult};

    use super::super::config::LdapConfigError;

    /// A principal whose key is in a key tab.
    #[derive(Debug, Clone)]
    pub(in crate::ldap) struct Tickets(Initiator);

    impl Tickets {
        pub(in crate::ldap) fn check(principal: String, keytab: PathBuf) -> Result<Self, LdapConfigError> {
            if !principal.contains('@') {
                return Err(LdapConfigError::Principal(principal));
            }
            let initiator = Initiator::new(principal, &keytab);
            initiator.map(Self).map_err(|error| LdapConfigError::KeyTab(error.to_string()))
        }

        /// Signs in for the service `ldap` of `host`. Where the connection has no TLS, what follows is encrypted by the
        /// ticket; where it has, the ticket is bound to it.
        pub(in crate::ldap) async fn sign_in(&self, mut ldap: Ldap, host: &str) -> Result<LdapResult, TargetFault> {
            let (initiator, host) = (self.0.clone(), host.to_owned());
            let runtime = tokio::runtime::Handle::current();
            // The library waits for the realm in its own way; it must not hold up others while it does.
            let signing_in = tokio::task::spawn_blocking(move || {
                let credentials = initiator.credentials().map_err(refused)?;
                let bound = runtime.block_on(ldap.sasl_gssapi_cred_bind(cross_krb5::Cred::from(credentials), &host));
                bound.map_err(|error| {
                    if let LdapError::GssapiOperationError(said) = &error {
                        refused(said.clone())
                    } else {
                        super::super::fault::of_transport(&error)
                    }
                })
            });
            signing_in.await.unwrap_or_else(|_| Err(refused("the sign-in ended in disorder".to_owned())))
        }
    }

    fn refused(said: String) -> TargetFault {
        let said: String = said.chars().filter(|c| !c.is_control()).take(300).collect();
        TargetFault { kind: FaultKind::Credentials, cause: format!("sign-in by Kerberos: {said}") }
    }
}

#[cfg(not(feature = "kerberos"))]
mod missing {
    use std::path::PathBuf;

    use ephor_engine::port::target::TargetFault;
    use ldap3::{Ldap, LdapResult};

    use super::super::{config::LdapConfigError, fault};

    /// A principal whose key is in a key tab; this program cannot use it.
    #[derive(Debug, Clone)]
    pub(in crate::ldap) struct Tickets {}

    impl Tickets {
        pub(in crate::ldap) fn check(_: String, _: PathBuf) -> Result<Self, LdapConfigError> {
            Err(LdapConfigError::NoKerberos)
        }

        #[expect(clippy::unused_async, reason = "as where the library is")]
        pub(in crate::ldap) async fn sign_in(&self, _: Ldap, _: &str) -> Result<LdapResult, TargetFault> {
            Err(fault::rejected(LdapConfigError::NoKerberos.to_string()))
        }
    }
}

//! Targets of every kind, as an operator configures them.

use std::{net::SocketAddr, sync::Arc};

use ephor_domain::id::TargetId;
use ephor_engine::port::{Clock, target::TargetDirectory};

use crate::ldap::{ActiveDirectory, ActiveDirectoryConfig, LdapConfig, LdapConfigError, LdapTarget};

/// One way to a target.
#[derive(Debug, Clone)]
pub enum TargetConfig {
    /// An LDAP directory.
    Ldap(Box<LdapConfig>),
    /// An Active Directory domain.
    ActiveDirectory(Box<ActiveDirectoryConfig>),
}

/// Why a configured target cannot be used. Says what to change.
#[derive(Debug, thiserror::Error)]
pub enum TargetConfigError {
    /// A directory.
    #[error(transparent)]
    Directory(#[from] LdapConfigError),
}

impl TargetConfig {
    /// The word for its kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Ldap(_) => "ldap",
            Self::ActiveDirectory(_) => "active-directory",
        }
    }

    /// The table of the configuration that it stands in.
    #[must_use]
    pub const fn table(&self) -> &'static str {
        match self {
            Self::Ldap(_) => "ldap",
            Self::ActiveDirectory(_) => "active_directory",
        }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        match self {
            Self::Ldap(config) => &config.url,
            Self::ActiveDirectory(config) => &config.url,
        }
    }

    /// The target `id`. Connects to nothing yet; `own` are the addresses we listen on ourselves.
    ///
    /// # Errors
    /// When the configuration contradicts itself or names unreadable files.
    pub fn open(
        &self,
        id: TargetId,
        _own: &[SocketAddr],
        _clock: &Arc<dyn Clock>,
    ) -> Result<Arc<dyn TargetDirectory>, TargetConfigError> {
        Ok(match self {
            Self::Ldap(config) => Arc::new(LdapTarget::new(id, config.as_ref().clone())?),
            Self::ActiveDirectory(config) => Arc::new(ActiveDirectory::new(id, config.as_ref().clone())?),
        })
    }
}

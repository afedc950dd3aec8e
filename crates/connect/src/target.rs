//! Targets of every kind, as an operator configures them.

use std::{net::SocketAddr, sync::Arc};

use ephor_domain::id::TargetId;
use ephor_engine::port::{Clock, target::TargetDirectory};

use crate::{
    hook_target::{HookTarget, HookTargetConfig, HookTargetConfigError},
    ldap::{ActiveDirectory, ActiveDirectoryConfig, LdapConfig, LdapConfigError, LdapTarget},
    scim::{ScimConfig, ScimConfigError, ScimTarget},
};

/// One way to a target.
#[derive(Debug, Clone)]
pub enum TargetConfig {
    /// An LDAP directory.
    Ldap(Box<LdapConfig>),
    /// An Active Directory domain.
    ActiveDirectory(Box<ActiveDirectoryConfig>),
    /// A SCIM 2.0 server.
    Scim(Box<ScimConfig>),
    /// Anything else, by signed orders.
    Webhook(Box<HookTargetConfig>),
}

/// Why a configured target cannot be used. Says what to change.
#[derive(Debug, thiserror::Error)]
pub enum TargetConfigError {
    /// A directory.
    #[error(transparent)]
    Directory(#[from] LdapConfigError),
    /// A SCIM server.
    #[error(transparent)]
    Scim(#[from] ScimConfigError),
    /// A receiver of signed orders.
    #[error(transparent)]
    Webhook(#[from] HookTargetConfigError),
}

impl TargetConfig {
    /// The word for its kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Ldap(_) => "ldap",
            Self::ActiveDirectory(_) => "active-directory",
            Self::Scim(_) => "scim",
            Self::Webhook(_) => "webhook",
        }
    }

    /// The table of the configuration that it stands in.
    #[must_use]
    pub const fn table(&self) -> &'static str {
        match self {
            Self::Ldap(_) => "ldap",
            Self::ActiveDirectory(_) => "active_directory",
            Self::Scim(_) => "scim",
            Self::Webhook(_) => "webhook",
        }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        match self {
            Self::Ldap(config) => &config.url,
            Self::ActiveDirectory(config) => &config.url,
            Self::Scim(config) => &config.url,
            Self::Webhook(config) => &config.url,
        }
    }

    /// The target `id`. Connects to nothing yet; `own` are the addresses we listen on ourselves.
    ///
    /// # Errors
    /// When the configuration contradicts itself or names unreadable files.
    pub fn open(
        &self,
        id: TargetId,
        own: &[SocketAddr],
        clock: &Arc<dyn Clock>,
    ) -> Result<Arc<dyn TargetDirectory>, TargetConfigError> {
        Ok(match self {
            Self::Ldap(config) => Arc::new(LdapTarget::new(id, config.as_ref().clone())?),
            Self::ActiveDirectory(config) => Arc::new(ActiveDirectory::new(id, config.as_ref().clone())?),
            Self::Scim(config) => Arc::new(ScimTarget::new(id, config.as_ref().clone(), own, Arc::clone(clock))?),
            Self::Webhook(config) => Arc::new(HookTarget::new(id, config.as_ref().clone(), own, Arc::clone(clock))?),
        })
    }
}

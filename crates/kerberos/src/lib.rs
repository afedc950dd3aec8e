//! Kerberos tickets judged by the system's GSS-API library, behind the port of `identity`.
//!
//! The library is C and needs its headers to build, so it stands behind the feature `gssapi`. Without it the crate
//! compiles everywhere and [`negotiator`] says what is missing.

#[cfg(feature = "gssapi")]
mod accept;
#[cfg(feature = "gssapi")]
mod credential;
#[cfg(feature = "initiate")]
mod initiate;

use std::{path::PathBuf, sync::Arc};

use ephor_identity::negotiate::Negotiator;

#[cfg(feature = "initiate")]
pub use initiate::Initiator;

/// Whose tickets count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KerberosSettings {
    /// File with the keys of our service, read at each sign-in: keys can be changed without a restart.
    pub keytab: PathBuf,
    /// The service that tickets must be for, `HTTP/host` or `HTTP/host@REALM`; without it, any `HTTP` service of the
    /// key tab.
    pub service: Option<String>,
    /// File in which tickets seen lately are noted, so that none counts twice; without it, the library's own place.
    pub replay_cache: Option<PathBuf>,
}

/// Why there is nobody to judge tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KerberosError {
    /// Built without the library.
    #[error(
        "this program was built without Kerberos: install libkrb5-dev and libclang-dev, and build it with \
         `--features kerberos`"
    )]
    NotBuilt,
    /// A path that the library cannot take.
    #[error("the path of the key tab or of the replay cache has a zero byte or is not Unicode")]
    Path,
}

/// True when this program can judge tickets at all.
#[must_use]
pub const fn is_built() -> bool {
    cfg!(feature = "gssapi")
}

/// Who judges tickets by these settings.
///
/// # Errors
/// [`KerberosError`].
#[cfg(feature = "gssapi")]
pub fn negotiator(settings: KerberosSettings) -> Result<Arc<dyn Negotiator>, KerberosError> {
    Ok(Arc::new(accept::Acceptor::new(settings)?))
}

/// Who judges tickets by these settings.
///
/// # Errors
/// [`KerberosError::NotBuilt`].
#[cfg(not(feature = "gssapi"))]
pub fn negotiator(_: KerberosSettings) -> Result<Arc<dyn Negotiator>, KerberosError> {
    Err(KerberosError::NotBuilt)
}

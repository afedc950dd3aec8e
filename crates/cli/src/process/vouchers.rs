//! Those who vouch for people besides: directories with passwords and Kerberos, as configured.

use std::sync::Arc;

use ephor_cli::config::Config;
use ephor_connect::LdapDirectory;
use ephor_front::Limits;
use ephor_identity::{
    directory::Site,
    negotiate::{Negotiator, Realms},
};

use crate::exit::{Done, Failure};

/// Room for the largest ticket that Windows makes by default (`MaxTokenSize` 48,000) in base64, and for other fields.
const HEADERS_WITH_TICKETS: usize = 80 * 1024;

/// The directories that check passwords. Nobody is called yet.
pub(crate) fn directories(config: &Config) -> Done<Vec<Site>> {
    let site = |(name, directory): (&String, &ephor_cli::config::Directory)| {
        let unusable = |error| Failure::usage(format!("directories.{name}.ldap: {error}"));
        let connector = LdapDirectory::new(directory.ldap.clone()).map_err(unusable)?;
        Ok(Site {
            name: name.clone(),
            domains: directory.domains.clone(),
            directory: Arc::new(connector),
            failures: directory.limit(),
        })
    };
    config.directories.iter().map(site).collect()
}

/// Who judges Kerberos tickets, if anybody does.
pub(crate) fn tickets(config: &Config) -> Done<Option<(Arc<dyn Negotiator>, Realms)>> {
    let Some(kerberos) = &config.kerberos else { return Ok(None) };
    let negotiator = ephor_kerberos::negotiator(kerberos.settings(&config.data_dir))
        .map_err(|error| Failure::usage(format!("kerberos: {error}")))?;
    let realms = kerberos.realms.iter().map(|(realm, domain)| (realm.clone(), domain.clone())).collect();
    Ok(Some((negotiator, realms)))
}

/// Bounds of the listener: tickets are large.
pub(crate) fn limits(config: &Config) -> Limits {
    let limits = config.limits.front();
    match &config.kerberos {
        Some(_) => Limits { header_bytes: limits.header_bytes.max(HEADERS_WITH_TICKETS), ..limits },
        None => limits,
    }
}

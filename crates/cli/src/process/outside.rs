//! Outside issuers as configured, ready to be asked.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use ephor_cli::config::{Config, secrets::Resolved};
use ephor_connect::outgoing::{Limits, Web};
use ephor_engine::port::Clock;
use ephor_identity::outside::OutsideIssuer;

use crate::exit::{Done, Failure};

/// The issuers by the names they have here. Nobody is called yet.
pub(crate) fn issuers(
    config: &Config,
    resolved: &Resolved,
    own: &[SocketAddr],
    clock: &Arc<dyn Clock>,
) -> Done<BTreeMap<String, Arc<OutsideIssuer>>> {
    let mut issuers = BTreeMap::new();
    for (name, issuer) in &config.identity.issuers {
        let web = Web::new(issuer.allow_private, issuer.ca_file.as_deref(), own, Limits::default())
            .map_err(|error| Failure::usage(format!("identity.issuers.{name}: {error}")))?;
        let settings = issuer.settings(resolved.issuers.get(name).cloned());
        issuers.insert(name.clone(), Arc::new(OutsideIssuer::new(settings, Arc::new(web), Arc::clone(clock))));
    }
    Ok(issuers)
}

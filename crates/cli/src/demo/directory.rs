//! The LDAP directory that the demo's people live in, if one is given.

use std::sync::Arc;

use anyhow::Context as _;
use ephor_connect::{LdapConfig, LdapTarget};
use ephor_demo::cast;
use ephor_engine::port::target::TargetDirectory;
use serde_json::json;

use super::Arguments;
use crate::exit::{Done, Failure};

/// The directory, with its containers in place.
pub(super) async fn of(arguments: &Arguments) -> Done<Option<Arc<dyn TargetDirectory>>> {
    let Some(url) = &arguments.ldap else { return Ok(None) };
    let Some(password) = &arguments.ldap_password else {
        return Err(Failure::usage("--ldap needs a password: set EPHOR_LDAP_PASSWORD"));
    };
    let config = json!({"url": url, "bind_dn": arguments.ldap_bind, "base_dn": arguments.ldap_base});
    let mut config: LdapConfig = serde_json::from_value(config).context("--ldap")?;
    config.password = Some(password.clone());
    let target =
        LdapTarget::new(cast::outside_target(), config).map_err(|error| Failure::usage(format!("--ldap: {error}")))?;
    target.create_containers().await.with_context(|| url.clone())?;
    Ok(Some(Arc::new(target)))
}

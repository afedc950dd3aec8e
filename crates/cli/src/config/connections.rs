//! Whether certificates and connections can be used as configured: for `ephor doctor`, and before serving. Looks at files;
//! calls nobody.

use std::{net::SocketAddr, sync::Arc};

use ephor_connect::{HttpMfaHook, LdapDirectory, Webhook};
use ephor_domain::id::TargetId;
use ephor_engine::port::{Clock, SystemClock};
use ephor_front::certificate::Certificates;
use uuid::Uuid;

use super::{mistake::Mistake, secrets::Resolved, sections::Config, values::Text};

/// Everything that cannot be used, in the order of the file's sections.
#[must_use]
pub fn check(config: &Config, resolved: &Resolved) -> Vec<Mistake> {
    let mut found = Vec::new();
    if let (Some(chain), Some(key)) = (&config.tls.cert_file, &config.tls.key_file)
        && let Err(error) = Certificates::load(chain, key)
    {
        found.push(Mistake::at("tls", error.to_string()));
    }
    let own = own_addresses(config);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    for (name, target) in &config.targets {
        let Some(way) = target.way() else { continue };
        if let Err(error) = way.open(TargetId::new(Uuid::nil()), &own, &clock) {
            found.push(Mistake::at(&format!("targets.{name}.{}", way.table()), error.to_string()));
        }
    }
    for (name, directory) in &config.directories {
        if let Err(error) = LdapDirectory::new(directory.ldap.clone()) {
            found.push(Mistake::at(&format!("directories.{name}.ldap"), error.to_string()));
        }
    }
    if let Some(kerberos) = &config.kerberos {
        if let Err(error) = ephor_kerberos::negotiator(kerberos.settings(&config.data_dir)) {
            found.push(Mistake::at("kerberos", error.to_string()));
        }
        if let Err(sentence) = kerberos.keys() {
            found.push(Mistake::at("kerberos.keytab_file", sentence));
        }
    }
    if let Some(hook) = &resolved.mfa_hook
        && let Err(error) = HttpMfaHook::new(hook, &own, Arc::clone(&clock))
    {
        found.push(Mistake::at("mfa_hook", error.to_string()));
    }
    if let Some(webhook) = &resolved.webhook
        && let Err(error) = Webhook::new(webhook, &own, clock)
    {
        found.push(Mistake::at("notifications.webhook", error.to_string()));
    }
    found
}

/// The addresses Ephor listens on: no outgoing call may go there.
#[must_use]
pub fn own_addresses(config: &Config) -> Vec<SocketAddr> {
    config.http.listen.iter().chain(&config.https.listen).map(|Text(address)| *address).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{load, secrets};
    use super::*;

    #[test]
    fn what_cannot_be_used_is_named_with_its_section() {
        let text = r#"
            https.listen = "127.0.0.1:8443"
            tls = { cert_file = "/nowhere/server.pem", key_file = "/nowhere/server.key" }
            [targets.corp.ldap]
            url = "ldap://directory.example"
            bind_dn = "cn=ephor,dc=example"
            base_dn = "dc=example"
            password = "x"
            [mfa_hook]
            url = "https://127.0.0.1/mfa"
        "#;
        let config = load("ephor.toml", text, []).expect("a good configuration");
        let resolved = secrets::resolve(&config).expect("no files");
        let found = check(&config, &resolved);
        let keys: Vec<String> = found.iter().map(Mistake::key).collect();
        assert_eq!(keys, ["tls", "targets.corp.ldap", "mfa_hook"]);
        assert!(found[0].text().starts_with("cannot read /nowhere/server.pem"), "{}", found[0].text());
        assert!(check(&Config::default(), &resolved).iter().all(|mistake| mistake.key() == "mfa_hook"));
    }
}

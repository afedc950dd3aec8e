//! Those who vouch for people besides: directories with passwords, and Kerberos.

use std::{collections::BTreeSet, os::unix::fs::PermissionsExt as _, time::Duration};

use ephor_cli::config::{Config, Directory, Kerberos, values::Text};
use ephor_connect::{LdapDirectory, LockOut};
use ephor_identity::negotiate::keytab::Entry;

use super::Findings;

pub(super) async fn look(config: &Config, findings: &mut Findings) {
    for (name, directory) in &config.directories {
        look_at_directory(name, directory, findings).await;
    }
    if let Some(kerberos) = &config.kerberos {
        look_at_keys(config, kerberos, findings);
    }
}

async fn look_at_directory(name: &str, directory: &Directory, findings: &mut Findings) {
    let what = format!("directory {name}");
    // What is wrong with its configuration was told before.
    let Ok(connector) = LdapDirectory::new(directory.ldap.clone()) else { return };
    let health = match connector.self_test().await {
        Ok(health) => health,
        Err(fault) => {
            return findings
                .bad(&what, format!("{fault}; until it does, people of {} get 503", directory.domains.join(", ")));
        }
    };
    let product = health.product.unwrap_or_else(|| directory.ldap.url.clone());
    findings.good(&what, format!("{product} answers, for accounts of {}", directory.domains.join(", ")));
    if let Some(rule) = health.lock_out {
        look_at_rule(&what, directory, rule, findings);
    }
}

fn look_at_rule(what: &str, directory: &Directory, rule: LockOut, findings: &mut Findings) {
    let window = Duration::try_from(directory.failure_window.0).unwrap_or_default();
    let minutes = rule.window.as_secs() / 60;
    if directory.failures >= rule.threshold || window < rule.window {
        findings.bad(
            what,
            format!(
                "it locks an account after {} wrong passwords within {minutes} minutes, and lets Ephor send it {}: whoever \
                 guesses here locks people out there. Set `failures` below {} and `failure_window` to at least {minutes}m",
                rule.threshold, directory.failures, rule.threshold
            ),
        );
    } else {
        let left = rule.threshold - directory.failures;
        findings.good(what, format!("guesses here stay {left} short of its lock-out at {} failures", rule.threshold));
    }
}

fn look_at_keys(config: &Config, kerberos: &Kerberos, findings: &mut Findings) {
    // What keeps it from working was told with the configuration.
    let Ok(keys) = kerberos.keys() else { return };
    let path = kerberos.keytab_file.display();
    let names: BTreeSet<&str> = keys.iter().map(|key| key.principal.as_str()).collect();
    findings.good("kerberos", format!("{path} holds keys of {}", names.iter().copied().collect::<Vec<_>>().join(", ")));
    let mode = std::fs::metadata(&kerberos.keytab_file).map(|facts| facts.permissions().mode()).unwrap_or_default();
    if mode & 0o077 != 0 {
        let text = format!("{path} can be read by others: whoever reads it can sign in as anybody. chmod 600 it");
        findings.bad("kerberos", text);
    }
    if keys.iter().all(|key| key.encryption.is_weak()) {
        let kinds: BTreeSet<String> = keys.iter().map(|key| key.encryption.to_string()).collect();
        let kinds = kinds.into_iter().collect::<Vec<_>>().join(", ");
        findings.remark(
            "kerberos",
            format!("{path} holds weak keys alone ({kinds}), which others can guess from a ticket: allow AES for the service account and export the key again"),
        );
    }
    if let Some(Text(origin)) = &config.public_url {
        look_at_host(&origin.to_string(), &keys, findings);
    }
    let realm_of = |key: &Entry| key.principal.split_once('@').map(|(_, realm)| realm.to_owned());
    let strange = keys.iter().filter_map(realm_of).find(|realm| !kerberos.realms.contains_key(realm));
    if let Some(realm) = strange {
        let text = format!("the keys are of the realm {realm}, whose own people `kerberos.realms` does not let in");
        findings.remark("kerberos", text);
    }
}

/// Browsers ask for the service of the host they see.
fn look_at_host(public_url: &str, keys: &[Entry], findings: &mut Findings) {
    let Ok(url) = url::Url::parse(public_url) else { return };
    let Some(host) = url.host_str() else { return };
    let wanted = format!("HTTP/{host}@");
    if !keys.iter().any(|key| key.principal.get(..wanted.len()).is_some_and(|name| name.eq_ignore_ascii_case(&wanted)))
    {
        let text = format!(
            "browsers ask for HTTP/{host}, the host of `public_url`, which is no key of the key tab: add that name to the \
             service account, unless {host} is an alias (CNAME) of one that is there"
        );
        findings.remark("kerberos", text);
    }
}

//! What single values cannot show: whether they fit together. Pure: no file is looked at.

use std::{collections::BTreeSet, net::SocketAddr};

use ephor_domain::{Refusal, policy::context::ContextClass};
use tracing_subscriber::EnvFilter;

use super::{
    mistake::Mistake,
    sections::Config,
    values::{Period, Text},
};

/// All mistakes of a configuration whose values could be read.
pub(crate) fn check(config: &Config) -> Vec<Mistake> {
    let mut found = Vec::new();
    listening(config, &mut found);
    names(config, &mut found);
    limits(config, &mut found);
    store(config, &mut found);
    sign_in(config, &mut found);
    identity(config, &mut found);
    directories(config, &mut found);
    kerberos(config, &mut found);
    targets(config, &mut found);
    outgoing(config, &mut found);
    pam(config, &mut found);
    audit(config, &mut found);
    log(config, &mut found);
    found
}

fn listening(config: &Config, found: &mut Vec<Mistake>) {
    if config.http.listen.is_empty() && config.https.listen.is_empty() {
        found.push(Mistake::at("http.listen", "Ephor listens nowhere: set `http.listen` or `https.listen`"));
    }
    if !config.allow_plain_http {
        for Text(address) in config.http.listen.iter().filter(|Text(address)| is_beyond(address)) {
            found.push(Mistake::at(
                "http.listen",
                format!(
                    "plain HTTP on {address} would send passwords in clear over the network: use loopback or HTTPS, or \
                     set `allow_plain_http = true` if something in front speaks TLS"
                ),
            ));
        }
    }
    let mut seen = BTreeSet::new();
    for (key, list) in [("http.listen", &config.http.listen), ("https.listen", &config.https.listen)] {
        for Text(address) in list {
            if address.port() != 0 && !seen.insert(*address) {
                found.push(Mistake::at(key, format!("{address} is given twice")));
            }
        }
    }
    for (key, file) in [("tls.cert_file", &config.tls.cert_file), ("tls.key_file", &config.tls.key_file)] {
        match (file, config.https.listen.is_empty()) {
            (None, false) => found.push(Mistake::at(key, "HTTPS needs a certificate: this key must be set")),
            (Some(_), true) => {
                found.push(Mistake::at(key, "there is a certificate but `https.listen` names no address"));
            }
            (None, true) | (Some(_), false) => {}
        }
    }
    at_least(found, "tls.reload", config.tls.reload, 1);
}

fn is_beyond(address: &SocketAddr) -> bool {
    !address.ip().to_canonical().is_loopback()
}

fn names(config: &Config, found: &mut Vec<Mistake>) {
    let listens = || config.http.listen.iter().chain(&config.https.listen);
    match &config.public_url {
        None if listens().any(|Text(address)| is_beyond(address)) => found.push(Mistake::at(
            "public_url",
            "this key must be set as soon as Ephor listens beyond loopback: links in mail and tokens name it",
        )),
        Some(Text(origin))
            if !config.allow_plain_http
                && config.http.listen.is_empty()
                && origin.to_string().starts_with("http://") =>
        {
            found.push(Mistake::at("public_url", "Ephor listens by HTTPS only, so this must begin with https://"));
        }
        None | Some(_) => {}
    }
    if config.data_dir.as_os_str().is_empty() {
        found.push(Mistake::at("data_dir", "expected the path of a folder"));
    }
}

fn limits(config: &Config, found: &mut Vec<Mistake>) {
    let limits = &config.limits;
    for (key, period) in [
        ("limits.header_read", limits.header_read),
        ("limits.body_read", limits.body_read),
        ("limits.idle", limits.idle),
        ("limits.write_stall", limits.write_stall),
    ] {
        between(found, key, period, 1, 3600);
    }
    between(found, "limits.grace", limits.grace, 0, 600);
    for (key, count) in
        [("limits.connections", limits.connections), ("limits.connections_per_address", limits.connections_per_address)]
    {
        if count == 0 {
            found.push(Mistake::at(key, "expected at least 1"));
        }
    }
}

fn store(config: &Config, found: &mut Vec<Mistake>) {
    let store = &config.store;
    if store.url.is_some() && store.url_file.is_some() {
        found.push(Mistake::at("store.url_file", "set either `url` or `url_file`, not both"));
    }
    for (key, count, most) in [("store.connections", store.connections, 500), ("store.readers", store.readers, 64)] {
        if !(1..=most).contains(&count) {
            found.push(Mistake::at(key, format!("expected a number from 1 to {most}")));
        }
    }
}

fn sign_in(config: &Config, found: &mut Vec<Mistake>) {
    const NINETY_DAYS: i64 = 90 * 86_400;
    let sign_in = &config.sign_in;
    between(found, "sign_in.session_idle", sign_in.session_idle, 60, 7 * 86_400);
    between(found, "sign_in.session_absolute", sign_in.session_absolute, 60, 30 * 86_400);
    between(found, "sign_in.token_life", sign_in.token_life, 60, NINETY_DAYS);
    if sign_in.session_idle > sign_in.session_absolute {
        found.push(Mistake::at("sign_in.session_idle", "expected at most `session_absolute`"));
    }
    if !(8..=128).contains(&sign_in.password_length) {
        found.push(Mistake::at("sign_in.password_length", "expected a number from 8 to 128"));
    }
}

fn identity(config: &Config, found: &mut Vec<Mistake>) {
    const DAY: i64 = 86_400;
    between(found, "identity.key_period", config.identity.key_period, DAY, 366 * DAY);
    for audience in &config.identity.audiences {
        let graphic = audience.chars().all(|c| c.is_ascii_graphic());
        if audience.trim_end_matches('/').is_empty() || audience.len() > 200 || !graphic {
            found.push(Mistake::at("identity.audiences", "expected addresses such as \"https://graph.example.com\""));
        }
    }
    let mut seen = BTreeSet::new();
    for (name, issuer) in &config.identity.issuers {
        let at = |key: &str, text: &str| Mistake::at(&format!("identity.issuers.{name}.{key}"), text);
        let secure = issuer.issuer.starts_with("https://");
        if !(secure || issuer.allow_private && issuer.issuer.starts_with("http://")) {
            found.push(at("issuer", "expected https://HOST/PATH, or http://… with `allow_private = true`"));
        }
        if !seen.insert(issuer.issuer.as_str()) {
            found.push(at("issuer", "this issuer is configured twice"));
        }
        if issuer.client_secret.is_some() && issuer.client_secret_file.is_some() {
            found.push(at("client_secret_file", "set either `client_secret` or `client_secret_file`, not both"));
        }
        if issuer.mapping.contexts.values().any(|word| word.parse::<ContextClass>().is_err()) {
            found.push(at("mapping.contexts", "expected contexts from c1 to c99"));
        }
    }
}

fn directories(config: &Config, found: &mut Vec<Mistake>) {
    const DAY: i64 = 86_400;
    let mut seen = BTreeSet::new();
    for (name, directory) in &config.directories {
        let at = |key: &str| format!("directories.{name}.{key}");
        if directory.domains.is_empty() {
            found.push(Mistake::at(&at("domains"), "expected at least one domain, such as \"CORP\""));
        }
        for domain in &directory.domains {
            if !is_domain(domain) {
                found.push(Mistake::at(&at("domains"), "expected the short names of domains, such as \"CORP\""));
            } else if !seen.insert(domain.to_lowercase()) {
                found.push(Mistake::at(&at("domains"), format!("the domain {domain} is given twice")));
            }
        }
        if !(1..=100).contains(&directory.failures) {
            found.push(Mistake::at(&at("failures"), "expected a number from 1 to 100"));
        }
        between(found, &at("failure_window"), directory.failure_window, 60, DAY);
    }
}

fn kerberos(config: &Config, found: &mut Vec<Mistake>) {
    let Some(kerberos) = &config.kerberos else { return };
    if kerberos.realms.is_empty() {
        found.push(Mistake::at(
            "kerberos.realms",
            "expected at least one realm, such as \"CORP.EXAMPLE.COM\" = \"CORP\"",
        ));
    }
    for (realm, domain) in &kerberos.realms {
        if realm.is_empty() || realm.contains(['@', '/', '\\']) || realm.chars().any(char::is_whitespace) {
            found.push(Mistake::at("kerberos.realms", "expected names of realms, such as \"CORP.EXAMPLE.COM\""));
        }
        if !is_domain(domain) {
            found.push(Mistake::at("kerberos.realms", "expected the short names of domains, such as \"CORP\""));
        }
    }
    if let Some(service) = &kerberos.service
        && service.strip_prefix("HTTP/").is_none_or(str::is_empty)
    {
        found.push(Mistake::at("kerberos.service", "expected HTTP/HOST: clients ask for no other service"));
    }
}

fn is_domain(domain: &str) -> bool {
    !domain.is_empty() && domain.len() <= 64 && !domain.chars().any(|c| c.is_control() || "\\/@: ".contains(c))
}

fn targets(config: &Config, found: &mut Vec<Mistake>) {
    for (name, target) in &config.targets {
        let at = |key: &str, text: &str| Mistake::at(&format!("targets.{name}{key}"), text);
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
            let key = vec![super::tree::Step::Key("targets".to_owned()), super::tree::Step::Key(name.clone())];
            let text = "the name of a target has at most 64 lower-case letters, digits, hyphens and underscores";
            found.push(Mistake::new(super::mistake::Place::Nowhere, key, text));
        } else if name == "built-in" {
            found.push(at("", "this is the name of the built-in directory; choose another"));
        }
        if target.way().is_none() {
            found.push(at(
                "",
                "say how it is reached: one of the tables `ldap`, `active_directory`, `scim` and `webhook`",
            ));
        }
        let Some(ldap) = &target.ldap else { continue };
        match (&ldap.password, &ldap.password_file) {
            (Some(_), Some(_)) => {
                found.push(at(".ldap.password", "set either `password` or `password_file`, not both"))
            }
            (None, None) => found.push(at(".ldap.password_file", "set `password_file`, or `password`")),
            (Some(_), None) | (None, Some(_)) => {}
        }
    }
}

fn outgoing(config: &Config, found: &mut Vec<Mistake>) {
    let hook = config
        .mfa_hook
        .as_ref()
        .map(|hook| ("mfa_hook", &hook.url, hook.allow_private, hook.secret.is_some() && hook.secret_file.is_some()));
    let webhook = config.notifications.webhook.as_ref().map(|hook| {
        ("notifications.webhook", &hook.url, hook.allow_private, hook.secret.is_some() && hook.secret_file.is_some())
    });
    for (section, url, allow_private, two_secrets) in hook.into_iter().chain(webhook) {
        if two_secrets {
            let key = format!("{section}.secret_file");
            found.push(Mistake::at(&key, "set either `secret` or `secret_file`, not both"));
        }
        if !(url.starts_with("https://") || allow_private && url.starts_with("http://")) {
            let key = format!("{section}.url");
            found.push(Mistake::at(&key, "expected https://HOST/PATH, or http://… with `allow_private = true`"));
        }
    }
}

fn pam(config: &Config, found: &mut Vec<Mistake>) {
    if let Err(Refusal::Invalid { field, rule }) = config.pam.settings().check() {
        found.push(Mistake::at(&format!("pam.{}", snake(field)), rule));
    }
}

/// `privUserPrefix` → `priv_user_prefix`
fn snake(camel: &str) -> String {
    let mut out = String::new();
    for letter in camel.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

fn audit(config: &Config, found: &mut Vec<Mistake>) {
    if let Some(origin) = &config.audit.origin {
        let printable = |c: char| c.is_ascii_graphic() && c != '+';
        if origin.is_empty() || origin.len() > 200 || !origin.chars().all(printable) {
            found.push(Mistake::at("audit.origin", "expected printable text without blanks and plus signs"));
        }
    }
    if config.schedules.request_retention_days == 0 {
        found.push(Mistake::at("schedules.request_retention_days", "expected at least 1"));
    }
    if config.audit.retention_days == 0 {
        found.push(Mistake::at("audit.retention_days", "expected at least 1"));
    }
}

fn log(config: &Config, found: &mut Vec<Mistake>) {
    if EnvFilter::builder().parse(&config.log.filter).is_err() {
        found.push(Mistake::at(
            "log.filter",
            "expected error, warn, info, debug or trace, alone or for a part: \"info,ephor_engine=debug\"",
        ));
    }
}

fn at_least(found: &mut Vec<Mistake>, key: &str, period: Period, least: i64) {
    if period < Period::seconds(least) {
        found.push(Mistake::at(key, format!("expected at least {}", Period::seconds(least))));
    }
}

fn between(found: &mut Vec<Mistake>, key: &str, period: Period, least: i64, most: i64) {
    let (least, most) = (Period::seconds(least), Period::seconds(most));
    if period < least || period > most {
        found.push(Mistake::at(key, format!("expected between {least} and {most}")));
    }
}

use std::time::Duration;

use ephor_store::Location;

use super::*;

fn read(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    load("ephor.toml", text, variables).map_err(|mistakes| mistakes.to_string())
}

fn good(text: &str, variables: &[(&str, &str)]) -> Config {
    read(text, variables).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// The mistakes of a text, one a line.
fn check(text: &str, expected: &[&str]) {
    let found = read(text, &[]).expect_err(text);
    assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn nothing_is_a_good_configuration() {
    let config = good("", &[]);
    assert_eq!(config.http.listen[0].0.to_string(), "127.0.0.1:8086");
    assert_eq!(config.pam.settings(), ephor_domain::pam::Settings::default());
    assert_eq!(config.sign_in.settings(), ephor_identity::Settings::default());
    assert_eq!(config.limits.front(), ephor_front::Limits::default());
    assert_eq!(config.audit.retention_days, 400);
    assert_eq!(config.schedules.request_retention_days, 45);
    assert_eq!(config.limits.calls_per_second, 0);
}

#[test]
fn the_example_is_good() {
    let config = good(reference::EXAMPLE, &[]);
    assert_eq!(config.targets["corp"].mode, TargetMode::Authoritative);
    assert_eq!(config.targets["corp"].ldap.as_ref().unwrap().base_dn, "dc=example,dc=com");
    assert_eq!(config.https.listen[0].0.port(), 8443);
}

#[test]
fn one_address_or_several() {
    let config = good("http.listen = ['127.0.0.1:1', '[::1]:2']\n", &[]);
    assert_eq!(config.http.listen.len(), 2);
    let config = good("http.listen = '127.0.0.1:1, [::1]:2'\n", &[]);
    assert_eq!(config.http.listen[1].0.to_string(), "[::1]:2");
}

#[test]
fn the_environment_goes_over_the_file() {
    let config = good(
        "data_dir = '/a'\nhttp.listen = '127.0.0.1:1'\n",
        &[
            ("EPHOR_HTTP__LISTEN", "127.0.0.1:2,127.0.0.1:3"),
            ("EPHOR_PUBLIC_URL", "https://ephor.example"),
            ("EPHOR_ALLOW_PLAIN_HTTP", "true"),
            ("EPHOR_ALLOWED_ORIGINS", "http://a:1, http://b:2"),
            ("EPHOR_LIMITS__GRACE", "20s"),
            ("EPHOR_LIMITS__IDLE", "90"),
            ("EPHOR_LIMITS__CONNECTIONS", "100"),
            ("EPHOR_STORE__URL", "postgres://ephor:pw@db/ephor"),
            ("EPHOR_TARGETS__CORP__LDAP__URL", "ldaps://directory.example"),
            ("EPHOR_TARGETS__CORP__LDAP__BIND_DN", "cn=ephor"),
            ("EPHOR_TARGETS__CORP__LDAP__BASE_DN", "dc=example"),
            ("EPHOR_TARGETS__CORP__LDAP__PASSWORD", "12345"),
            ("EPHOR_DATA_DIR", ""),
            ("EPHOR_SERVER", "https://for.the.client"),
            ("EPHOR_TOKEN", "eph_x"),
            ("PATH", "/bin"),
        ],
    );
    assert_eq!(config.http.listen.iter().map(|a| a.0.port()).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(config.public_url.map(|url| url.0.to_string()), Some("https://ephor.example".to_owned()));
    assert!(config.allow_plain_http);
    assert_eq!(config.allowed_origins.len(), 2);
    assert_eq!(config.limits.grace.std(), Duration::from_secs(20));
    assert_eq!(config.limits.idle.std(), Duration::from_secs(90));
    assert_eq!(config.limits.connections, 100);
    assert_eq!(config.store.url.map(|url| url.0), Some(Location::Postgres("postgres://ephor:pw@db/ephor".into())));
    assert!(config.targets["corp"].ldap.as_ref().unwrap().password.is_some());
    assert_eq!(config.data_dir.to_str(), Some("/a"), "an empty variable is unset");
}

#[test]
fn all_mistakes_are_told_at_once_with_their_places() {
    check(
        "public_url = 'ephor.example'\n\
         alowed_origins = []\n\
         allowed_origins = ['https://a.example', 'https://b.example/path', 5]\n\
         [http]\n\
         listen = 'localhost'\n\
         port = 8086\n\
         [limits]\n\
         connections = -1\n\
         idle = 'soon'\n\
         [log]\n\
         format = 'xml'\n\
         filter = 7\n",
        &[
            "ephor.toml:1:14: public_url: expected an origin such as \"https://ephor.example\": scheme, host, a port if it is \
             not the usual one, no path",
            "ephor.toml:2:18: alowed_origins: there is no such key; did you mean `allowed_origins`?",
            "ephor.toml:3:41: allowed_origins[1]: expected an origin such as \"https://ephor.example\": scheme, host, a port \
             if it is not the usual one, no path",
            "ephor.toml:3:67: allowed_origins[2]: expected an origin such as \"https://ephor.example\": scheme, host, a port \
             if it is not the usual one, no path",
            "ephor.toml:5:10: http.listen: expected an IP address and a port such as \"127.0.0.1:8086\" or \"[::1]:8086\"",
            "ephor.toml:6:8: http.port: there is no such key; known are `listen`",
            "ephor.toml:8:15: limits.connections: expected a whole number, not negative",
            "ephor.toml:9:8: limits.idle: expected a length of time such as \"30m\", \"12h\", \"90d\", \"PT1H\", or a whole \
             number of seconds",
            "ephor.toml:11:10: log.format: expected \"auto\", \"json\" or \"pretty\"",
            "ephor.toml:12:10: log.filter: expected a text, found a number",
        ],
    );
}

#[test]
fn mistakes_of_the_syntax() {
    let found = read("a = \nb = 1 1\n", &[]).expect_err("no TOML");
    let lines: Vec<&str> = found.lines().collect();
    assert!(lines.iter().any(|line| line.starts_with("ephor.toml:1:") && line.contains("this is no TOML")), "{found}");
    assert!(lines.iter().any(|line| line.starts_with("ephor.toml:2:")), "{found}");
}

#[test]
fn mistakes_of_the_environment_name_the_variable() {
    let found = read(
        "data_dir = '/a'\n",
        &[
            ("EPHOR_LOG__FORMAT", "xml"),
            ("EPHOR_LOG__FROMAT", "json"),
            ("EPHOR_ALLOW_PLAIN_HTTP", "maybe"),
            ("EPHOR_HTTP", "127.0.0.1:1"),
            ("EPHOR_DATA_DIR__X", "y"),
        ],
    )
    .expect_err("mistakes");
    assert_eq!(
        found.lines().collect::<Vec<_>>(),
        [
            "EPHOR_ALLOW_PLAIN_HTTP: allow_plain_http: expected true or false, found a text",
            "EPHOR_DATA_DIR__X: data_dir.x: the file has a value here, not a table",
            "EPHOR_HTTP: http: expected a table, found a text",
            "EPHOR_LOG__FORMAT: log.format: expected \"auto\", \"json\" or \"pretty\"",
            "EPHOR_LOG__FROMAT: log.fromat: there is no such key; did you mean `format`?",
        ]
    );
}

#[test]
fn every_missing_key_is_named() {
    check(
        "[targets.corp.ldap]\nurl = 'ldaps://a'\n[mfa_hook]\nallow_private = true\n[targets.empty]\n",
        &[
            "ephor.toml:1:1: targets.corp.ldap.bind_dn: this key must be set",
            "ephor.toml:1:1: targets.corp.ldap.base_dn: this key must be set",
            "ephor.toml:1:1: targets.corp.ldap.password_file: set `password_file`, or `password`",
            "ephor.toml:3:1: mfa_hook.url: this key must be set",
            "ephor.toml:5:1: targets.empty: say how it is reached: one of the tables `ldap`, `active_directory`, `scim` and `webhook`",
        ],
    );
}

#[test]
fn two_brackets_where_one_is_meant_are_explained() {
    check(
        "[[targets]]\nname = 'corp'\n[[identity.issuers]]\nissuer = 'https://a'\n[[log]]\nformat = 'json'\n",
        &[
            "ephor.toml:1:1: targets: expected a table with a name for each entry, found a list; write [targets.NAME] for \
             each, not [[targets]]",
            "ephor.toml:3:1: identity.issuers: expected a table with a name for each entry, found a list; write \
             [identity.issuers.NAME] for each, not [[identity.issuers]]",
            "ephor.toml:5:1: log: expected a table, found a list; write [log], not [[log]]",
        ],
    );
}

#[test]
fn no_message_quotes_a_secret() {
    let found = read(
        "[mfa_hook]\nurl = 'https://a'\nsecret = 987654321\n[targets.a.ldap]\npassword = ['hunter22']\nurl = ''\n\
         [store]\nurl = 'mysql://ephor:hunter22@db'\n",
        &[("EPHOR_TARGETS__A__LDAP__PASSWORD__X", "hunter22")],
    )
    .expect_err("mistakes");
    assert!(!found.contains("987654321") && !found.contains("hunter22"), "{found}");
    let shown = format!("{:?}", good("[mfa_hook]\nurl = 'https://a'\nsecret = 'hunter22'\n", &[]));
    assert!(!shown.contains("hunter22"), "{shown}");
}

#[test]
fn values_that_do_not_fit_together() {
    check(
        "http.listen = []\n",
        &["ephor.toml:1:15: http.listen: Ephor listens nowhere: set `http.listen` or `https.listen`"],
    );
    check(
        "http.listen = '0.0.0.0:8086'\n",
        &[
            "ephor.toml:1:15: http.listen: plain HTTP on 0.0.0.0:8086 would send passwords in clear over the network: use \
             loopback or HTTPS, or set `allow_plain_http = true` if something in front speaks TLS",
            "ephor.toml: public_url: this key must be set as soon as Ephor listens beyond loopback: links in mail and tokens \
             name it",
        ],
    );
    check(
        "https.listen = '127.0.0.1:8086'\n",
        &[
            "ephor.toml:1:16: https.listen: 127.0.0.1:8086 is given twice",
            "ephor.toml: tls.cert_file: HTTPS needs a certificate: this key must be set",
            "ephor.toml: tls.key_file: HTTPS needs a certificate: this key must be set",
        ],
    );
    check(
        "tls.cert_file = 'a'\n",
        &["ephor.toml:1:17: tls.cert_file: there is a certificate but `https.listen` names no address"],
    );
    check(
        "[store]\nurl = 'sqlite:a'\nurl_file = 'b'\nreaders = 0\n",
        &[
            "ephor.toml:3:12: store.url_file: set either `url` or `url_file`, not both",
            "ephor.toml:4:11: store.readers: expected a number from 1 to 64",
        ],
    );
    check(
        "[sign_in]\nsession_idle = '2d'\ntoken_life = '91d'\npassword_length = 4\n",
        &[
            "ephor.toml:2:16: sign_in.session_idle: expected at most `session_absolute`",
            "ephor.toml:3:14: sign_in.token_life: expected between 1m and 90d",
            "ephor.toml:4:19: sign_in.password_length: expected a number from 8 to 128",
        ],
    );
    check(
        "[pam]\ntime_zone = 'Mars/Olympus'\n",
        &["ephor.toml:2:13: pam.time_zone: is not the IANA name of a time zone"],
    );
    check(
        "[notifications.webhook]\nurl = 'http://hooks.example'\nsecret = 'a'\nsecret_file = 'b'\n",
        &[
            "ephor.toml:2:7: notifications.webhook.url: expected https://HOST/PATH, or http://… with `allow_private = true`",
            "ephor.toml:4:15: notifications.webhook.secret_file: set either `secret` or `secret_file`, not both",
        ],
    );
    check(
        "log.filter = 'info=='\n",
        &["ephor.toml:1:14: log.filter: expected error, warn, info, debug or trace, alone or for a part: \
         \"info,ephor_engine=debug\""],
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = open(Some(std::path::Path::new("/nowhere/ephor.toml"))).expect_err("no such file");
    assert_eq!(error.to_string(), "cannot read /nowhere/ephor.toml: No such file or directory (os error 2)");
}

#[test]
fn the_environment_knows_every_key_of_the_root() {
    let schema = reference::schema();
    let properties = schema.get("properties").and_then(|properties| properties.as_object()).expect("an object");
    let mut known: Vec<&str> = sections::ROOT_KEYS.to_vec();
    known.sort_unstable();
    let mut keys: Vec<&str> = properties.keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, known);
}

/// The files in `docs` are what the types say. `EPHOR_WRITE_DOCS=1` writes them.
#[test]
fn the_reference_is_up_to_date() {
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    for (name, text) in
        [("configuration.md", reference::markdown()), ("configuration.schema.json", reference::schema_text())]
    {
        let path = docs.join(name);
        if std::env::var_os("EPHOR_WRITE_DOCS").is_some() {
            std::fs::write(&path, &text).expect("written");
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(stored == text, "docs/{name} is stale: run the tests of ephor-cli with EPHOR_WRITE_DOCS=1");
    }
}

//! The fuzz targets. Run one with `cargo xtask fuzz NAME`.

use ephor_connect::fuzz as connect;
use ephor_domain::fuzz as domain;
use ephor_face_admin::fuzz as admin;
use ephor_face_pam::fuzz as pam;
use ephor_front::fuzz as front;
use ephor_identity::fuzz as identity;
use ephor_odata::fuzz as odata;

/// One target.
#[derive(Debug)]
pub struct Target {
    /// What it is called.
    pub name: &'static str,
    /// Takes any bytes; panics when what the code promises does not hold.
    pub run: fn(&[u8]),
    /// Words worth trying.
    pub dictionary: &'static [&'static str],
}

/// All targets. To add one: a function in the crate that is fuzzed, and a line here.
pub const TARGETS: &[Target] = &[
    Target { name: "odata_filter", run: odata::fuzz_filter, dictionary: odata::DICTIONARY },
    Target { name: "odata_query", run: odata::fuzz_query, dictionary: odata::DICTIONARY },
    Target { name: "odata_key", run: odata::fuzz_key, dictionary: odata::DICTIONARY },
    Target { name: "path", run: front::fuzz_path, dictionary: front::DICTIONARY },
    Target { name: "instant", run: domain::fuzz_instant, dictionary: domain::DICTIONARY },
    Target { name: "duration", run: domain::fuzz_duration, dictionary: domain::DICTIONARY },
    Target { name: "pam_parameters", run: pam::fuzz_parameters, dictionary: pam::DICTIONARY },
    Target { name: "admin_body", run: admin::fuzz_body, dictionary: admin::DICTIONARY },
    Target { name: "admin_cursor", run: admin::fuzz_cursor, dictionary: admin::DICTIONARY },
    Target { name: "ldap_escape", run: connect::fuzz_escape, dictionary: connect::DICTIONARY },
    Target { name: "ldap_dn", run: connect::fuzz_dn, dictionary: connect::DICTIONARY },
    Target { name: "jwt", run: identity::fuzz_token, dictionary: identity::DICTIONARY },
    Target { name: "jwt_claims", run: identity::fuzz_claims, dictionary: identity::DICTIONARY },
    Target { name: "spnego", run: identity::fuzz_negotiate, dictionary: identity::SPNEGO_DICTIONARY },
    Target { name: "keytab", run: identity::fuzz_keytab, dictionary: identity::SPNEGO_DICTIONARY },
    Target { name: "jwk", run: identity::fuzz_key, dictionary: identity::DICTIONARY },
];

/// The target of that name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

impl Target {
    /// The dictionary as libFuzzer reads it: a quoted word a line, with `\\`, `\"` and `\xAB`.
    #[must_use]
    pub fn dictionary_file(&self) -> String {
        let escaped = |byte: u8| match byte {
            b'"' | b'\\' => format!("\\{}", char::from(byte)),
            b' '..=b'~' => char::from(byte).to_string(),
            _ => format!("\\x{byte:02X}"),
        };
        self.dictionary.iter().map(|word| format!("\"{}\"\n", word.bytes().map(escaped).collect::<String>())).collect()
    }
}

//! Entry points for fuzzing and for the property tests: any bytes may come, and what is promised is asserted.

use crate::{dn, ldap::filter};

/// Words worth trying.
pub const DICTIONARY: &[&str] = &[
    "cn=",
    "CN=",
    "2.5.4.3=",
    "uid=",
    ",dc=corp,dc=test",
    "+",
    ",",
    ";",
    "\\,",
    "\\2C",
    "\\20",
    "\\",
    "#04",
    "\"",
    " ",
    "  ",
    "=",
    "*",
    "(",
    ")",
    ")(uid=*",
    "\\2a",
    "\0",
    "\u{e9}",
    "e\u{301}",
    "\u{130}",
];

/// A value that somebody typed, put into a distinguished name and into a filter: it stays one value.
pub fn fuzz_escape(data: &[u8]) {
    let Ok(value) = str::from_utf8(data) else { return };
    let parent = "ou=groups,dc=corp,dc=test";
    let name = dn::child("cn", value, parent);
    if value.is_empty() {
        return;
    }
    assert!(dn::is_valid(&name), "{name}");
    // Below the parent and in no other place, whatever the value holds.
    let probe = dn::key(&dn::child("cn", "x", parent));
    let below = probe.strip_prefix("cn=x").unwrap_or_default();
    assert!(dn::key(&name).ends_with(below), "{name}");
    assert_eq!(dn::key(&name), dn::key(&dn::child("CN", value, "OU=Groups, DC=corp,DC=test")), "{name}");
    let condition = filter::equals("uid", value);
    let inside = condition.strip_prefix("(uid=").and_then(|rest| rest.strip_suffix(')')).unwrap_or("(");
    assert!(!inside.contains(['(', ')', '*', '\0']), "{condition}");
}

/// A distinguished name that a directory or an operator gave.
pub fn fuzz_dn(data: &[u8]) {
    let Ok(name) = str::from_utf8(data) else { return };
    let key = dn::key(name);
    if dn::is_valid(name) {
        assert_eq!(dn::key(&key), key, "the spelling of a spelling is itself: {name}");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn f19_pieces_of_names_stay_what_they_are(words in prop::collection::vec(prop::sample::select(DICTIONARY), 0..6), more in ".{0,12}") {
            let text = words.concat() + &more;
            fuzz_escape(text.as_bytes());
            fuzz_dn(text.as_bytes());
            fuzz_dn(format!("cn={text},dc=test").as_bytes());
        }
    }
}

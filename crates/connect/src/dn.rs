//! Distinguished names (RFC 4514): escaping what people typed, and one spelling under which equal names are equal.

use std::{fmt::Write as _, iter::Peekable, str::Chars};

use unicode_normalization::UnicodeNormalization as _;

/// Escapes a value for use inside a distinguished name, so that no character of it can end the value (RFC 4514 §2.4).
#[must_use]
pub fn escape(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(value.len() + 8);
    for (at, character) in value.chars().enumerate() {
        match character {
            '"' | '+' | ',' | ';' | '<' | '=' | '>' | '\\' => {
                escaped.push('\\');
                escaped.push(character);
            }
            // A number sign is special in front only; spelled in hex everywhere it is no bit string mark either.
            '#' => escaped.push_str("\\23"),
            ' ' if at == 0 || at == last => escaped.push_str("\\20"),
            c if c.is_control() => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    push_hex(&mut escaped, byte);
                }
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// The name of an entry `attribute=value` directly below `parent`.
#[must_use]
pub fn child(attribute: &str, value: &str, parent: &str) -> String {
    format!("{attribute}={},{parent}", escape(value))
}

/// The spelling under which two distinguished names compare equal: letter case, spaces around separators, escapes,
/// the order inside multi-valued RDNs, aliases of the common attribute names and Unicode forms do not count.
///
/// Text that is no distinguished name gets a key as well (trimmed, lower case), so a broken value never equals a
/// sound one by accident and never panics.
#[must_use]
pub fn key(name: &str) -> String {
    match Parser::new(name).name() {
        Some(rdns) => spell(rdns),
        None => name.trim().to_lowercase(),
    }
}

/// True when `name` is a distinguished name with at least one component.
#[must_use]
pub fn is_valid(name: &str) -> bool {
    Parser::new(name).name().is_some_and(|rdns| !rdns.is_empty())
}

/// One attribute of an RDN: folded type and value.
type Attribute = (String, String);

fn spell(rdns: Vec<Vec<Attribute>>) -> String {
    let mut spelled = String::new();
    for mut rdn in rdns {
        if !spelled.is_empty() {
            spelled.push(',');
        }
        rdn.sort();
        for (at, (kind, value)) in rdn.iter().enumerate() {
            if at > 0 {
                spelled.push('+');
            }
            spelled.push_str(kind);
            spelled.push('=');
            spelled.push_str(&escape(value));
        }
    }
    spelled
}

/// Folds a value as caseIgnoreMatch does (RFC 4518): compatibility form, lower case, spaces trimmed and collapsed.
fn fold(value: &str) -> String {
    let mut folded = String::with_capacity(value.len());
    for word in value.nfkc().flat_map(char::to_lowercase).nfkc().collect::<String>().split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    folded
}

/// The short name of an attribute type that servers and tools also spell in long or as an object identifier.
fn short_name(kind: &str) -> String {
    let kind = kind.to_ascii_lowercase();
    // The prefix stands before a number only.
    let number = kind.strip_prefix("oid.").filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let kind = number.unwrap_or(&kind);
    match kind {
        "commonname" | "2.5.4.3" => "cn",
        "userid" | "0.9.2342.19200300.100.1.1" => "uid",
        "domaincomponent" | "0.9.2342.19200300.100.1.25" => "dc",
        "organizationname" | "2.5.4.10" => "o",
        "organizationalunitname" | "2.5.4.11" => "ou",
        "surname" | "2.5.4.4" => "sn",
        "countryname" | "2.5.4.6" => "c",
        "localityname" | "2.5.4.7" => "l",
        "stateorprovincename" | "2.5.4.8" => "st",
        other => other,
    }
    .to_owned()
}

fn push_hex(text: &mut String, byte: u8) {
    write!(text, "\\{byte:02x}").expect("writing to a string cannot fail");
}

struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
}

impl<'a> Parser<'a> {
    fn new(name: &'a str) -> Self {
        Self { rest: name.chars().peekable() }
    }

    fn name(mut self) -> Option<Vec<Vec<Attribute>>> {
        let mut rdns = Vec::new();
        self.skip_spaces();
        if self.rest.peek().is_none() {
            return Some(rdns);
        }
        loop {
            rdns.push(self.rdn()?);
            match self.rest.next() {
                None => return Some(rdns),
                Some(',' | ';') => {}
                Some(_) => return None,
            }
        }
    }

    fn rdn(&mut self) -> Option<Vec<Attribute>> {
        let mut attributes = Vec::new();
        loop {
            attributes.push(self.attribute()?);
            if self.rest.next_if_eq(&'+').is_none() {
                return Some(attributes);
            }
        }
    }

    fn attribute(&mut self) -> Option<Attribute> {
        self.skip_spaces();
        let mut kind = String::new();
        while let Some(c) = self.rest.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')) {
            kind.push(c);
        }
        self.skip_spaces();
        if kind.is_empty() || self.rest.next() != Some('=') {
            return None;
        }
        self.skip_spaces();
        let value = match self.rest.peek() {
            Some('#') => self.hex_value()?,
            Some('"') => self.quoted_value()?,
            _ => self.plain_value()?,
        };
        self.skip_spaces();
        Some((short_name(&kind), fold(&String::from_utf8_lossy(&value))))
    }

    fn plain_value(&mut self) -> Option<Vec<u8>> {
        let mut value = Vec::new();
        // Trailing spaces count only when escaped.
        let mut kept = 0;
        while let Some(c) = self.rest.next_if(|c| !matches!(c, ',' | ';' | '+')) {
            match c {
                '\\' => {
                    self.escaped(&mut value)?;
                    kept = value.len();
                }
                '"' => return None,
                ' ' => value.push(b' '),
                c => {
                    push_char(&mut value, c);
                    kept = value.len();
                }
            }
        }
        value.truncate(kept);
        Some(value)
    }

    fn quoted_value(&mut self) -> Option<Vec<u8>> {
        self.rest.next();
        let mut value = Vec::new();
        loop {
            match self.rest.next()? {
                '"' => return Some(value),
                '\\' => self.escaped(&mut value)?,
                c => push_char(&mut value, c),
            }
        }
    }

    /// `#` and the hex of a BER string: its content.
    fn hex_value(&mut self) -> Option<Vec<u8>> {
        self.rest.next();
        let mut bytes = Vec::new();
        while let Some(high) = self.rest.next_if(char::is_ascii_hexdigit) {
            let low = self.rest.next_if(char::is_ascii_hexdigit)?;
            bytes.push(hex_byte(high, low)?);
        }
        match bytes.as_slice() {
            // A short primitive string of whatever type: tag, length, content.
            [_, length, content @ ..] if usize::from(*length) == content.len() && *length < 128 => {
                Some(content.to_vec())
            }
            _ => None,
        }
    }

    fn escaped(&mut self, value: &mut Vec<u8>) -> Option<()> {
        let first = self.rest.next()?;
        if first.is_ascii_hexdigit() {
            let second = self.rest.next()?;
            value.push(hex_byte(first, second)?);
        } else {
            push_char(value, first);
        }
        Some(())
    }

    fn skip_spaces(&mut self) {
        while self.rest.next_if(|c| matches!(c, ' ' | '\n' | '\r')).is_some() {}
    }
}

fn hex_byte(high: char, low: char) -> Option<u8> {
    let byte = high.to_digit(16)? * 16 + low.to_digit(16)?;
    u8::try_from(byte).ok()
}

fn push_char(value: &mut Vec<u8>, character: char) {
    value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Parser, child, escape, fold, is_valid, key};

    #[track_caller]
    fn same(left: &str, right: &str) {
        assert_eq!(key(left), key(right), "{left:?} against {right:?}");
    }

    #[test]
    fn key_ignores_what_directories_ignore() {
        same("uid=Jen,ou=People,dc=Demo", "UID=jen,OU=people,DC=demo");
        same("uid=jen , ou = people,dc=demo", "uid=jen,ou=people,dc=demo");
        same("cn=a  b,o=x", "cn=a b,o=x");
        same("cn=Doe\\, Jane,o=x", "cn=Doe\\2C Jane,o=x");
        same("cn=\"Doe, Jane\",o=x", "cn=Doe\\, Jane,o=x");
        same("cn=a;o=x", "cn=a,o=x");
        same("cn=a+uid=b,o=x", "uid=b+cn=a,o=x");
        same("commonName=a,2.5.4.10=x", "cn=a,o=x");
        same("OID.2.5.4.3=a,oid.1.2=b", "cn=a,1.2=b");
        assert_eq!(key("oid.oid.=a"), key(&key("oid.oid.=a")), "a spelling is spelled as itself");
        same("cn=\\c3\\a9,o=x", "cn=É,o=x");
        same("cn=e\u{301},o=x", "cn=é,o=x");
        same("cn=#0403414243,o=x", "cn=abc,o=x");
        same("cn=\\23a,o=x", "cn=a,o=x".replace("=a", "=\\#a").as_str());
    }

    #[test]
    fn key_keeps_apart_what_differs() {
        assert_ne!(key("uid=jen,ou=people,dc=demo"), key("uid=jen,ou=people,dc=demo2"));
        assert_ne!(key("cn=a\\,b,o=x"), key("cn=a,b=b,o=x"));
        assert_ne!(key("cn=a\\+uid\\=b,o=x"), key("cn=a+uid=b,o=x"));
        assert_ne!(key("cn=ab,o=x"), key("cn=a b,o=x"));
    }

    #[test]
    fn hostile_values_cannot_leave_their_place() {
        assert_eq!(child("uid", "x,ou=admins", "dc=demo"), "uid=x\\,ou\\=admins,dc=demo");
        assert_eq!(escape(" #a\0"), "\\20\\23a\\00");
        assert_eq!(escape(" "), "\\20");
        assert_eq!(escape("a\"+;<>\\b"), "a\\\"\\+\\;\\<\\>\\\\b");
    }

    #[test]
    fn broken_names_are_told_apart_from_sound_ones() {
        for broken in ["jen", "cn", "=a", "cn=a,", "cn=a\\", "cn=a\\4", "cn=\"a", "cn=#04", "cn=a\"b", "c n=a"] {
            assert!(!is_valid(broken), "{broken:?}");
        }
        assert!(is_valid("cn=,o=x"));
        assert!(!is_valid(""));
        assert_eq!(key("  Jen "), "jen");
    }

    proptest! {
        #[test]
        fn any_text_survives_escaping(value in "\\PC{0,40}|[ ,+\"\\\\<>;=#\0\n]{0,12}") {
            let name = child("cn", &value, "ou=people,dc=demo");
            let rdns = Parser::new(&name).name().unwrap();
            prop_assert_eq!(rdns.len(), 3);
            prop_assert_eq!(&rdns[0], &[("cn".to_owned(), fold(&value))]);
            let folded = key(&name);
            prop_assert_eq!(key(&folded), folded);
        }

        #[test]
        fn any_text_has_a_key(text in "\\PC{0,60}|[a-c=,+ \\\\\"#;0-9]{0,30}") {
            let once = key(&text);
            if is_valid(&text) {
                prop_assert_eq!(key(&once), once);
            }
        }

        #[test]
        fn different_plain_values_stay_different(left in "[a-z,+= #\\\\]{1,8}", right in "[a-z,+= #\\\\]{1,8}") {
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let equal = key(&child("cn", &left, "o=x")) == key(&child("cn", &right, "o=x"));
            prop_assert_eq!(equal, words(&left) == words(&right));
        }
    }
}

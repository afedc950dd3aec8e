//! Names of Kerberos clients.

use std::fmt;

/// Most bytes of an account name.
const LONGEST: usize = 256;

/// A client of one component: a person, as opposed to a service or a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientName {
    /// The name before the realm, without escapes.
    pub account: String,
    /// The realm, as it stands in the ticket; letter case counts.
    pub realm: String,
}

/// Why a name is no person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// Not of the form `account@REALM`.
    #[error("the name has no realm, or an escape that means nothing")]
    Form,
    /// Several components: `alice/admin`, `HTTP/host`.
    #[error("the name has several components, as services have")]
    Components,
    /// Characters that no account name has.
    #[error("the name has characters that no account name has")]
    Characters,
}

impl ClientName {
    /// Reads a name as the library shows it: `\` stands before `@`, `/`, `\` and odd characters that are part of it.
    ///
    /// # Errors
    /// Why it is no person's name.
    pub fn parse(shown: &str) -> Result<Self, NameFault> {
        let mut account = String::new();
        let mut chars = shown.char_indices();
        let realm = loop {
            match chars.next() {
                None => return Err(NameFault::Form),
                Some((_, '/')) => return Err(NameFault::Components),
                Some((at, '@')) => break shown.get(at + 1..).unwrap_or_default(),
                // Escapes for control characters (`\n`, `\t`, `\b`, `\0`) fall to the check below like others that no
                // account name has.
                Some((_, '\\')) => match chars.next() {
                    Some((_, escaped @ ('@' | '/' | '\\'))) => account.push(escaped),
                    Some(_) => return Err(NameFault::Characters),
                    None => return Err(NameFault::Form),
                },
                Some((_, plain)) => account.push(plain),
            }
        };
        if realm.is_empty() || realm.len() > LONGEST || realm.contains(['@', '\\', '/']) || account.is_empty() {
            return Err(NameFault::Form);
        }
        // `@` would make it another account's sign-in name, `\` one of another domain.
        let odd = |c: char| c.is_control() || matches!(c, '@' | '\\' | '/' | ':');
        if account.len() > LONGEST || account.chars().any(odd) || account.trim() != account {
            return Err(NameFault::Characters);
        }
        Ok(Self { account, realm: realm.to_owned() })
    }
}

impl fmt::Display for ClientName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.account, self.realm)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn people_have_one_component() {
        let alice = ClientName { account: "alice".to_owned(), realm: "CORP.TEST".to_owned() };
        assert_eq!(ClientName::parse("alice@CORP.TEST"), Ok(alice));
        assert_eq!(ClientName::parse("pc-17$@CORP.TEST").map(|name| name.account), Ok("pc-17$".to_owned()));
        assert_eq!(ClientName::parse("müller@CORP.TEST").map(|name| name.account), Ok("müller".to_owned()));
        for (shown, fault) in [
            ("alice", NameFault::Form),
            ("@CORP.TEST", NameFault::Form),
            ("alice@", NameFault::Form),
            ("alice@CORP@TEST", NameFault::Form),
            ("alice\\", NameFault::Form),
            ("alice/admin@CORP.TEST", NameFault::Components),
            ("HTTP/host@CORP.TEST", NameFault::Components),
            ("alice\\@evil@CORP.TEST", NameFault::Characters),
            ("PRIV\\\\alice@CORP.TEST", NameFault::Characters),
            ("a\\/b@CORP.TEST", NameFault::Characters),
            ("a\\nb@CORP.TEST", NameFault::Characters),
            ("a:b@CORP.TEST", NameFault::Characters),
            (" alice@CORP.TEST", NameFault::Characters),
        ] {
            assert_eq!(ClientName::parse(shown), Err(fault), "{shown}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_shown_as_it_was_read(shown in "\\PC{0,30}") {
            if let Ok(name) = ClientName::parse(&shown) {
                prop_assert_eq!(name.to_string(), shown);
            }
        }
    }
}

//! Search filters (RFC 4515) with every value escaped.

use std::fmt::Write as _;

/// The filter `(attribute=value)`.
pub(crate) fn equals(attribute: &str, value: &str) -> String {
    format!("({attribute}={})", escape(value))
}

/// Entries that carry one of `classes`.
pub(super) fn any_class(classes: &[&str]) -> String {
    classes.iter().fold("(|".to_owned(), |filter, class| filter + &equals("objectClass", class)) + ")"
}

/// Entries that meet both filters.
pub(super) fn both(left: &str, right: &str) -> String {
    format!("(&{left}{right})")
}

fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len() + 8);
    for character in value.chars() {
        if matches!(character, '*' | '(' | ')' | '\\') || character.is_control() {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                write!(escaped, "\\{byte:02x}").expect("writing to a string cannot fail");
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{any_class, both, equals};

    #[test]
    fn hostile_values_cannot_widen_a_filter() {
        assert_eq!(equals("uid", "*)(uid=*"), "(uid=\\2a\\29\\28uid=\\2a)");
        assert_eq!(equals("uid", "a\\b\0"), "(uid=a\\5cb\\00)");
        assert_eq!(both(&any_class(&["a", "b"]), &equals("cn", "x")), "(&(|(objectClass=a)(objectClass=b))(cn=x))");
    }

    proptest! {
        #[test]
        fn any_value_makes_one_equality(value in ".{0,60}") {
            let parsed = ldap3::parse_filter(equals("uid", &value)).unwrap();
            prop_assert_eq!(parsed, {
                use ldap3::asn1::{OctetString, Sequence, Tag, TagClass};
                let text = |inner: &str| Tag::OctetString(OctetString { inner: inner.as_bytes().to_vec(), ..OctetString::default() });
                Tag::Sequence(Sequence { id: 3, class: TagClass::Context, inner: vec![text("uid"), text(&value)] })
            });
        }
    }
}

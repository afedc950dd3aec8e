//! Percent-encoding, undone strictly.

/// What `+` stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plus {
    /// A blank, in a query.
    Blank,
    /// Itself, in a path.
    Itself,
}

/// Decodes once. `None` for an incomplete escape or what is not UTF-8: text that can be read in two ways is not read.
pub(crate) fn decode(encoded: &str, plus: Plus) -> Option<String> {
    let mut bytes = encoded.bytes();
    let mut decoded = Vec::with_capacity(encoded.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            b'+' if plus == Plus::Blank => b' ',
            _ => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::{Plus, decode};

    #[test]
    fn escapes_and_blanks_are_undone_once() {
        assert_eq!(decode("a%20b+c%2b%2525%C3%A9é", Plus::Blank).as_deref(), Some("a b c+%25éé"));
        assert_eq!(decode("a+b%27", Plus::Itself).as_deref(), Some("a+b'"));
    }

    #[test]
    fn broken_escapes_are_refused() {
        for encoded in ["%", "a%2", "%zz", "%2g", "%+1", "%ff", "%C3"] {
            assert_eq!(decode(encoded, Plus::Blank), None, "{encoded}");
        }
    }
}

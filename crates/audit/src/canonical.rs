//! Canonical JSON after RFC 8785: no blanks, members in the order of their UTF-16 code units, one way to escape. Numbers
//! are integers only, so no rule about fractions is needed.

use std::fmt::Display;
use std::io::Write;

/// Appends a JSON string.
pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            0x08 => b"\\b",
            0x09 => b"\\t",
            0x0a => b"\\n",
            0x0c => b"\\f",
            0x0d => b"\\r",
            0..=0x1f => b"\\u",
            _ => continue,
        };
        out.extend(text.as_bytes().get(plain_from..at).unwrap_or_default());
        out.extend(escape);
        if escape == b"\\u" {
            display(out, format_args!("{byte:04x}"));
        }
        plain_from = at + 1;
    }
    out.extend(text.as_bytes().get(plain_from..).unwrap_or_default());
    out.push(b'"');
}

/// Appends what prints without quotes: numbers.
pub(crate) fn display(out: &mut Vec<u8>, value: impl Display) {
    write!(out, "{value}").expect("a vector takes every byte");
}

/// Appends what prints without characters to escape (ids, instants, hex), in quotes.
pub(crate) fn quoted(out: &mut Vec<u8>, value: impl Display) {
    out.push(b'"');
    display(out, value);
    out.push(b'"');
}

/// An object being written; the caller names the members in canonical order.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> Object<'a> {
    pub(crate) fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    /// Writes the name of the next member and returns where its value goes.
    pub(crate) fn member(&mut self, name: &str) -> &mut Vec<u8> {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        text(self.out, name);
        self.out.push(b':');
        self.out
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) {
        text(self.member(name), value);
    }

    pub(crate) fn close(self) {
        self.out.push(b'}');
    }
}

/// The entries of a map in canonical order.
pub(crate) fn sorted<'m, V>(map: impl IntoIterator<Item = (&'m String, &'m V)>) -> Vec<(&'m String, &'m V)> {
    let mut entries: Vec<_> = map.into_iter().collect();
    entries.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    entries
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn strings_are_escaped_one_way() {
        let mut out = Vec::new();
        text(&mut out, "a\"\\/\u{8}\t\n\u{c}\r\u{0}\u{1f}\u{7f}é\u{2028}🦀");
        let expected = "\"a\\\"\\\\/\\b\\t\\n\\f\\r\\u0000\\u001f\u{7f}é\u{2028}🦀\"";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn members_come_in_utf16_order() {
        // RFC 8785 3.2.3: the astral character has the lower code unit, though the higher code point.
        let map: BTreeMap<String, ()> = ["\u{fb33}", "\u{1f600}", "1", "é"].map(|k| (k.to_owned(), ())).into();
        let keys: Vec<&str> = sorted(&map).into_iter().map(|(key, ())| key.as_str()).collect();
        assert_eq!(keys, ["1", "é", "\u{1f600}", "\u{fb33}"]);
    }
}

//! Entry point for fuzzing and for the property tests: any bytes may come, and what is promised is asserted.

use crate::path::{self, RequestPath};

/// Words worth trying.
pub const DICTIONARY: &[&str] = &[
    "/",
    "//",
    "/api",
    "/pamresources",
    "/API",
    "%2f",
    "%2F",
    "%2e",
    "%2E%2e",
    "..",
    "/.",
    "%00",
    "%25",
    "%c3%a9",
    "%",
    "(guid'",
    "')",
    "\u{e9}",
];

/// A path of a request line: it is read the same by everybody, once and in one spelling.
pub fn fuzz_path(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let _ = path::first_two(text);
    let Ok(read) = RequestPath::parse(text) else { return };
    for segment in read.segments() {
        assert!(!matches!(segment.as_ref(), "" | "." | "..") && !segment.contains('\0'), "{text}");
    }
    assert!(read.segments().iter().take(2).all(|segment| !segment.contains('/')), "{text}");
    let written = read.canonical(0);
    let again = RequestPath::parse(&written).expect("what was written can be read");
    assert_eq!(again, read, "{text}");
    assert_eq!(again.canonical(0), written, "{text}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn f19_pieces_of_paths_have_one_spelling(words in prop::collection::vec(prop::sample::select(DICTIONARY), 0..12), more in ".{0,12}") {
            fuzz_path(format!("/{}{more}", words.concat()).as_bytes());
        }
    }
}

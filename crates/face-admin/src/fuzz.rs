//! Entry points for fuzzing and for the property tests: any bytes may come, and what is promised is asserted.

use ephor_domain::id::GroupId;
use ephor_engine::admin::NameCursor;

use crate::{
    listing::{self, Place},
    resource,
};

/// Words worth trying.
pub const DICTIONARY: &[&str] = &[
    "{\"",
    "\":\"",
    "\":",
    "\",\"",
    "\"}",
    "null",
    "[]",
    "[[",
    "{}",
    "true",
    "1e400",
    "-1",
    "\\u0000",
    "\\ud800",
    "displayName",
    "candidates",
    "approvers",
    "privileges",
    "ttl",
    "availabilityWindow",
    "from",
    "to",
    "userIds",
    "status",
    "reason",
    "mode",
    "password",
    "label",
    "scopes",
    "00000000-0000-0000-0000-000000000000",
    "2026-03-02T10:00:00Z",
    "AAAAAAAAAAAAAAAAAAAAAA",
    "_-",
];

/// A body, as each operation reads it.
pub fn fuzz_body(data: &[u8]) {
    for problem in resource::read_as_each(data) {
        let text = problem.detail();
        // Says where and what sort of mistake it is, and repeats nothing of what was sent.
        assert!(text.len() < 300, "{text}");
    }
}

/// A cursor, as each list reads it: what is read is written and read as the same.
pub fn fuzz_cursor(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(Some(place)) = listing::after::<NameCursor>(Some(text)) {
        assert_eq!(NameCursor::read(&place.text()), Some(place));
    }
    if let Ok(Some(place)) = listing::after::<GroupId>(Some(text)) {
        assert_eq!(GroupId::read(&place.text()), Some(place));
    }
    if let Ok(Some(place)) = listing::after::<u64>(Some(text)) {
        assert_eq!(u64::read(&place.text()), Some(place));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn f19_pieces_of_bodies_and_cursors_are_read_or_refused(words in prop::collection::vec(prop::sample::select(DICTIONARY), 0..12), more in ".{0,12}") {
            let text = words.concat() + &more;
            fuzz_body(text.as_bytes());
            fuzz_cursor(text.as_bytes());
            fuzz_cursor(more.as_bytes());
        }
    }
}

//! Entry points for fuzzing and for the property tests: any bytes may come, and what is promised is asserted.

use jiff::tz::TimeZone;

use crate::time::{
    duration::{SpelledTtl, Ttl},
    instant,
};

/// Words worth trying; without them a fuzzer rarely finds a form.
pub const DICTIONARY: &[&str] = &[
    "0001-01-01T00:00:00",
    "9999-12-31T23:59:59.9999999Z",
    "2026-03-29T02:30:00",
    "2026-10-25T02:30:00+01:00",
    "-09999-01-02T01:59:59Z",
    ".0000000",
    "+14:00",
    "-00:00",
    "P1Y2M3W4DT5H6M7S",
    "PT",
    "P0D",
    "PT0.5S",
    "1.23:59:59",
    "1 day, 0:00:00",
    "00:00:00",
    "18446744073709551615",
    "1e400",
    "NaN",
    "\u{0660}",
];

/// Text of an instant: what is read is written and read as the same.
pub fn fuzz_instant(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let summer = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap_or(TimeZone::UTC);
    for zone in [&TimeZone::UTC, &summer] {
        if let Ok(Some(read)) = instant::from_pam(text, zone) {
            let written = instant::to_pam(read);
            let again = instant::from_pam(&written, &TimeZone::UTC).map(|again| again.map(instant::to_pam));
            assert_eq!(again, Ok(Some(written)), "{text}");
        }
    }
    if let Ok(read) = instant::from_graph(text) {
        assert_eq!(instant::from_graph(&instant::to_utc(read)), Ok(instant::stored(read)), "{text}");
    }
    if let Ok(read) = instant::from_utc_text(text) {
        let read = instant::stored(read);
        assert_eq!(instant::from_utc_text(&instant::to_utc_offset(read)), Ok(read), "{text}");
    }
}

/// Text of a duration: what is read is written and read as the same.
pub fn fuzz_duration(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let read = [
        Ttl::from_pam(text),
        Ttl::from_iso(text),
        Ttl::from_iso_with_calendar(text),
        Ttl::from_python_clock(text),
        SpelledTtl::from_graph(text).map(|read| read.ttl),
        SpelledTtl::from_arm(text).map(|read| read.ttl),
    ];
    for ttl in read.into_iter().flatten() {
        assert_eq!(Ttl::from_pam(&ttl.to_pam()), Ok(ttl), "{text}");
        // ISO text is for lengths; only PAM has an order to give up.
        if !ttl.is_zero() {
            assert_eq!(Ttl::from_iso(&ttl.to_iso()), Ok(ttl), "{text}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn f19_pieces_of_times_are_read_or_refused(words in prop::collection::vec(prop::sample::select(DICTIONARY), 0..4), more in ".{0,12}") {
            let text = words.concat() + &more;
            fuzz_instant(text.as_bytes());
            fuzz_duration(text.as_bytes());
            fuzz_instant(more.as_bytes());
            fuzz_duration(more.as_bytes());
        }
    }
}

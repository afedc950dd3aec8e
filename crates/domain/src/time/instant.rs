//! Instants in and out: PAM, Graph and ARM spellings of UTC microseconds (seams §10).

use std::fmt;

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime, Time},
    tz::{AmbiguousOffset, Offset, TimeZone},
};
use thiserror::Error;

use super::scan::Scan;

/// The PAM spelling of "no value" (`PAM 5`).
pub const PAM_SENTINEL: &str = "0001-01-01T00:00:00";

/// The last instant that can be stored: a moment of 9999-12-30. Later input is cut to it.
pub const LAST: Timestamp = Timestamp::constant(253_402_207_200, 999_999_000);

/// The first instant that can be written: the year 1 begins. Earlier input, which only an offset can make, is moved to it.
pub const FIRST: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// Why a text is no instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InstantError {
    /// Not of an accepted form, or no such day or time of day.
    #[error("not a date and time")]
    Malformed,
    /// Without zone where one is needed (`GRAPH 3.6`).
    #[error("the date and time needs a zone")]
    NoZone,
    /// Before 1970 or after 9998 (`PAM 7.2`).
    #[error("the date and time is outside the years 1970 to 9998")]
    OutOfRange,
}

/// Reads a PAM `RequestedTime`: `YYYY/MM/DD HH:mm[:ss]`, `YYYY-MM-DD HH:mm[:ss]` or
/// `YYYY-MM-DDTHH:mm[:ss[.f{1,7}]][Z|±hh:mm]` (`PAM 7.2`).
///
/// A time without zone is local to `zone`; one that the clocks skipped moves forward to the next valid time, one that
/// happened twice is the earlier (`PAM-056`). Empty text and the sentinel are `None`: start now.
///
/// # Errors
/// [`InstantError::Malformed`], and [`InstantError::OutOfRange`] for years before 1970 or after 9998.
pub fn from_pam(text: &str, zone: &TimeZone) -> Result<Option<Timestamp>, InstantError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let written = Written::read(text, Form::Pam)?;
    if written.local == DateTime::constant(1, 1, 1, 0, 0, 0, 0) {
        return Ok(None);
    }
    let instant = match written.offset {
        Some(offset) => offset.to_timestamp(written.local).map_err(|_| InstantError::OutOfRange)?,
        None => from_local(written.local, zone).ok_or(InstantError::OutOfRange)?,
    };
    let years = 1970..=9998;
    let utc = Offset::UTC.to_datetime(instant);
    if years.contains(&written.local.year()) && years.contains(&utc.year()) {
        Ok(Some(instant))
    } else {
        Err(InstantError::OutOfRange)
    }
}

/// Reads an instant of the Graph face: ISO 8601 with `Z` or an offset (`GRAPH 3.6`).
///
/// # Errors
/// [`InstantError::NoZone`] without zone, else [`InstantError::Malformed`].
pub fn from_graph(text: &str) -> Result<Timestamp, InstantError> {
    let written = Written::read(text, Form::Iso)?;
    let offset = written.offset.ok_or(InstantError::NoZone)?;
    Ok(clamped(written.local, offset))
}

/// Reads an instant of the ARM face: RFC 3339, UTC when it names no zone (`ARM 2.4`); also the reading of a `$filter`
/// literal on PAM (`PAM 8`).
///
/// # Errors
/// [`InstantError::Malformed`].
pub fn from_utc_text(text: &str) -> Result<Timestamp, InstantError> {
    let written = Written::read(text, Form::Iso)?;
    Ok(clamped(written.local, written.offset.unwrap_or(Offset::UTC)))
}

/// The instant of a wall-clock time in `zone`: the first valid one after a skipped time, the earlier of two (`PAM-056`).
///
/// `None` only at the ends of representable time.
#[must_use]
pub fn from_local(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
            offset.to_timestamp(local).ok()
        }
        AmbiguousOffset::Gap { before, .. } => {
            // Counted on from before the change, the skipped time lies at or after the change: that is the latest one up to it.
            let counted = before.to_timestamp(local).ok()?;
            let beyond = counted.checked_add(SignedDuration::from_nanos(1)).ok()?;
            zone.preceding(beyond).next().map_or(Some(counted), |change| Some(change.timestamp()))
        }
    }
}

/// Cuts an instant to the stored precision, microseconds: later digits are dropped (seams §10).
#[must_use]
pub fn stored(instant: Timestamp) -> Timestamp {
    instant
        .checked_sub(SignedDuration::from_nanos(i64::from(instant.subsec_nanosecond()).rem_euclid(1_000)))
        .unwrap_or(instant)
        .min(LAST)
}

/// The PAM spelling: UTC with `Z`, at most three fraction digits, no trailing zeros (`PAM 5`, `PAM-062`).
#[must_use]
pub fn to_pam(instant: Timestamp) -> String {
    spelled(instant, 3, "Z")
}

/// The PAM spelling of an instant that may be missing: the sentinel then.
#[must_use]
pub fn to_pam_or_sentinel(instant: Option<Timestamp>) -> String {
    instant.map_or_else(|| PAM_SENTINEL.to_owned(), to_pam)
}

/// The PAM spelling of a time of day: on the sentinel's date, without zone (`PAM 6.1`).
#[must_use]
pub fn time_of_day_to_pam(time: Time) -> String {
    format!("0001-01-01T{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
}

/// The spelling of Graph, and of ARM outside policies and alerts: UTC with `Z`, no trailing zeros in the fraction.
#[must_use]
pub fn to_utc(instant: Timestamp) -> String {
    spelled(instant, 7, "Z")
}

/// The spelling of ARM policies and alerts: UTC as `+00:00` (seams §10).
#[must_use]
pub fn to_utc_offset(instant: Timestamp) -> String {
    spelled(instant, 7, "+00:00")
}

fn spelled(instant: Timestamp, digits: usize, zone: &str) -> String {
    let utc = Offset::UTC.to_datetime(instant);
    let fraction = format!("{:09}", utc.subsec_nanosecond());
    let fraction = fraction.get(..digits).unwrap_or(&fraction).trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    let (date, time) = (utc.date(), utc.time());
    format!("{}T{:02}:{:02}:{:02}{point}{fraction}{zone}", Day(date), time.hour(), time.minute(), time.second())
}

struct Day(Date);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

fn clamped(local: DateTime, offset: Offset) -> Timestamp {
    // Only the two last days of year 9999 can fail: clients write "for ever" so.
    offset.to_timestamp(local).map_or(LAST, |instant| instant.clamp(FIRST, LAST))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Pam,
    Iso,
}

struct Written {
    local: DateTime,
    offset: Option<Offset>,
}

impl Written {
    fn read(text: &str, form: Form) -> Result<Self, InstantError> {
        Self::parse(text, form).ok_or(InstantError::Malformed)
    }

    fn parse(text: &str, form: Form) -> Option<Self> {
        let mut scan = Scan::new(text);
        let year = scan.number(4)?;
        let slashes = form == Form::Pam && scan.eat("/");
        let between = if slashes { "/" } else { "-" };
        if !slashes && !scan.eat("-") {
            return None;
        }
        let month = scan.number(2)?;
        if !scan.eat(between) {
            return None;
        }
        let day = scan.number(2)?;
        let iso = !slashes && scan.eat("T");
        if !iso && !scan.eat(" ") {
            return None;
        }
        // PAM knows fractions and zones in the ISO form only; RFC 3339 allows a blank for the `T`.
        let full = iso || form == Form::Iso;
        let hour = scan.number(2)?;
        if !scan.eat(":") {
            return None;
        }
        let minute = scan.number(2)?;
        let second = if scan.eat(":") { Some(scan.number(2)?) } else { None };
        let micros = if full && second.is_some() && scan.eat(".") { fraction(scan.digits(), form)? } else { 0 };
        let offset = if full { zone(&mut scan)? } else { None };
        if !scan.is_done() {
            return None;
        }
        let small = |number: i64| i8::try_from(number).ok();
        let date = Date::new(i16::try_from(year).ok()?, small(month)?, small(day)?).ok()?;
        let time = Time::new(small(hour)?, small(minute)?, small(second.unwrap_or(0))?, micros * 1_000).ok()?;
        // Year 0 exists for the calendar but for no contract.
        (year > 0).then_some(Self { local: date.to_datetime(time), offset })
    }
}

/// Microseconds of a fraction; further digits are dropped.
fn fraction(digits: &str, form: Form) -> Option<i32> {
    let longest = match form {
        Form::Pam => 7,
        // Go and Java print nanoseconds.
        Form::Iso => 9,
    };
    if digits.is_empty() || digits.len() > longest {
        return None;
    }
    digits.chars().chain(std::iter::repeat('0')).take(6).collect::<String>().parse().ok()
}

/// `None` when malformed, `Some(None)` when there is no zone.
fn zone(scan: &mut Scan<'_>) -> Option<Option<Offset>> {
    if scan.is_done() {
        return Some(None);
    }
    if scan.eat("Z") || scan.eat("z") {
        return Some(Some(Offset::UTC));
    }
    let sign = if scan.eat("+") {
        1
    } else if scan.eat("-") {
        -1
    } else {
        return None;
    };
    let hours = scan.number(2).filter(|hours| *hours <= 23)?;
    if !scan.eat(":") {
        return None;
    }
    let minutes = scan.number(2).filter(|minutes| *minutes <= 59)?;
    let seconds = i32::try_from(sign * (hours * 3_600 + minutes * 60)).ok()?;
    Offset::from_seconds(seconds).ok().map(Some)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pacific() -> TimeZone {
        TimeZone::posix("PST8PDT,M3.2.0,M11.1.0").unwrap()
    }

    fn check(text: &str, expected: &str) {
        let instant = from_pam(text, &pacific()).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(to_pam_or_sentinel(instant), expected, "{text:?}");
    }

    fn refused(text: &str, expected: InstantError) {
        assert_eq!(from_pam(text, &pacific()), Err(expected), "{text:?}");
    }

    #[test]
    fn f19_an_offset_before_the_year_1_is_moved_to_its_beginning() {
        let read = from_graph("0001-01-01T00:00+14:00");
        assert_eq!(read, Ok(FIRST));
        assert_eq!(to_utc(FIRST), "0001-01-01T00:00:00Z");
        assert_eq!(from_utc_text("0001-01-01T00:00:00+00:01"), Ok(FIRST));
    }

    #[test]
    fn pam_051_a_time_without_zone_is_read_in_the_server_zone() {
        check("2015/07/11 23:40", "2015-07-12T06:40:00Z");
        check("2015/07/11 23:40:07", "2015-07-12T06:40:07Z");
        check("2015-07-11 23:40", "2015-07-12T06:40:00Z");
        check("2015-01-11 23:40:07", "2015-01-12T07:40:07Z");
    }

    #[test]
    fn pam_052_iso_input_with_zone_offset_and_fraction() {
        check("2015-07-11T23:40", "2015-07-12T06:40:00Z");
        check("2015-07-11T23:40:00Z", "2015-07-11T23:40:00Z");
        check("2015-07-11T23:40Z", "2015-07-11T23:40:00Z");
        check("2015-07-11T23:40:00+05:30", "2015-07-11T18:10:00Z");
        check("2015-07-11T23:40:00.1234567-07:00", "2015-07-12T06:40:00.123Z");
        check("2015-07-11T23:40:00.5Z", "2015-07-11T23:40:00.5Z");
        check("2016-02-29T00:00:00Z", "2016-02-29T00:00:00Z");
    }

    #[test]
    fn pam_052_the_seventh_digit_is_dropped() {
        let instant = from_pam("2015-07-11T23:40:00.1234567Z", &pacific()).unwrap().unwrap();
        assert_eq!(to_utc(instant), "2015-07-11T23:40:00.123456Z");
    }

    #[test]
    fn pam_053_nothing_and_the_sentinel_mean_now() {
        for text in ["", "  ", PAM_SENTINEL, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000000", "0001/01/01 00:00"]
        {
            assert_eq!(from_pam(text, &pacific()), Ok(None), "{text:?}");
        }
    }

    #[test]
    fn pam_055_what_is_no_time_is_refused() {
        for text in [
            "tomorrow",
            "2015-07-11",
            "2015-7-11T23:40",
            "2015-07-32T00:00",
            "2015-02-29T00:00:00",
            "2015-07-11T24:00:00",
            "2015-07-11T23:60:00",
            "2015-07-11T23:40:60Z",
            "2015-07-11T23:40:00.Z",
            "2015-07-11T23:40:00.12345678Z",
            "2015-07-11T23:40.5Z",
            "2015-07-11T23:40:00+24:00",
            "2015-07-11T23:40:00+0100",
            "2015/07/11T23:40:00",
            "2015/07-11 23:40",
            "2015/07/11 23:40Z",
            "2015-07-11 23:40:00.5",
            "2015-07-11T23:40:00Z ago",
            "0000-01-01T00:00:00Z",
            "12015-07-11T23:40",
        ] {
            refused(text, InstantError::Malformed);
        }
    }

    #[test]
    fn pam_055_years_outside_1970_to_9998_are_refused() {
        for text in ["1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z", "1970-01-01T00:00:00+01:00", "9999-12-31T23:59:59"]
        {
            refused(text, InstantError::OutOfRange);
        }
        refused("0001-01-01T00:00:01", InstantError::OutOfRange);
        check("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z");
        check("9998-12-31T23:59:59Z", "9998-12-31T23:59:59Z");
    }

    #[test]
    fn pam_056_a_skipped_time_moves_forward_and_a_repeated_one_is_the_earlier() {
        check("2015/03/08 01:59", "2015-03-08T09:59:00Z");
        check("2015/03/08 02:00", "2015-03-08T10:00:00Z");
        check("2015/03/08 02:30", "2015-03-08T10:00:00Z");
        check("2015/03/08 03:00", "2015-03-08T10:00:00Z");
        check("2015/11/01 01:30", "2015-11-01T08:30:00Z");
        check("2015/11/01 02:00", "2015-11-01T10:00:00Z");
    }

    #[test]
    fn pam_062_output_is_utc_without_trailing_zeros() {
        for (text, pam, utc, offset) in [
            ("2015-07-11T23:40:00Z", "2015-07-11T23:40:00Z", "2015-07-11T23:40:00Z", "2015-07-11T23:40:00+00:00"),
            ("2015-07-11T23:40:00.510Z", "…51Z", "2015-07-11T23:40:00.51Z", "2015-07-11T23:40:00.51+00:00"),
            (
                "2015-07-11T23:40:00.000400Z",
                "2015-07-11T23:40:00Z",
                "2015-07-11T23:40:00.0004Z",
                "2015-07-11T23:40:00.0004+00:00",
            ),
        ] {
            let instant = from_graph(text).unwrap();
            assert_eq!(to_pam(instant), pam.replace('…', "2015-07-11T23:40:00."));
            assert_eq!(to_utc(instant), utc);
            assert_eq!(to_utc_offset(instant), offset);
        }
    }

    #[test]
    fn pam_035_a_time_of_day_carries_no_zone() {
        assert_eq!(time_of_day_to_pam(Time::constant(8, 0, 0, 0)), "0001-01-01T08:00:00");
    }

    #[test]
    fn graph_needs_a_zone_and_arm_takes_utc() {
        assert_eq!(from_graph("2022-05-01T10:00:00"), Err(InstantError::NoZone));
        assert_eq!(to_utc(from_utc_text("2022-05-01T10:00:00").unwrap()), "2022-05-01T10:00:00Z");
        assert_eq!(to_utc(from_graph("2022-05-01T10:00:00.123456789+00:00").unwrap()), "2022-05-01T10:00:00.123456Z");
        assert_eq!(to_utc(from_graph("2022-05-01 10:00:00-02:00").unwrap()), "2022-05-01T12:00:00Z");
        assert_eq!(from_graph("2022/05/01 10:00"), Err(InstantError::Malformed));
    }

    #[test]
    fn for_ever_is_the_last_instant() {
        assert_eq!(from_utc_text("9999-12-31T23:59:59Z"), Ok(LAST));
        assert_eq!(from_utc_text("9999-12-31T23:59:59.9999999-23:00"), Ok(LAST));
        assert_eq!(stored(Timestamp::MAX), LAST);
    }

    proptest! {
        #[test]
        fn the_utc_spelling_reads_back(micros in 0..253_402_207_200_000_000i64) {
            let instant = Timestamp::from_microsecond(micros).unwrap();
            prop_assert_eq!(from_graph(&to_utc(instant)), Ok(instant));
            prop_assert_eq!(from_utc_text(&to_utc_offset(instant)), Ok(instant));
        }

        #[test]
        fn a_local_reading_never_lies_before_the_asked_wall_time(minutes in 0..60_000i64) {
            // Every minute of six weeks around the spring change.
            let local = DateTime::constant(2015, 2, 20, 0, 0, 0, 0)
                .checked_add(SignedDuration::from_mins(minutes)).unwrap();
            let instant = from_local(local, &pacific()).unwrap();
            prop_assert!(pacific().to_datetime(instant) >= local);
        }

        #[test]
        fn no_text_makes_a_reader_panic(text in "\\PC{0,40}|[-0-9:/TZ.+ ]{0,40}") {
            let _ = (from_pam(&text, &pacific()), from_graph(&text), from_utc_text(&text));
        }

        #[test]
        fn storing_cuts_to_microseconds(nanos in -1_000_000_000_000_000_000i128..1_000_000_000_000_000_000) {
            let instant = Timestamp::from_nanosecond(nanos).unwrap();
            let cut = stored(instant);
            prop_assert_eq!(cut.as_nanosecond().rem_euclid(1_000), 0);
            prop_assert!((0..1_000).contains(&(instant.as_nanosecond() - cut.as_nanosecond())));
        }
    }
}

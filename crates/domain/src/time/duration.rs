//! Durations: whole seconds inside, three spellings outside.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use super::scan::Scan;

/// A length of time in whole seconds, zero included (on PAM zero means *give up*, `PAM 9.5`).
///
/// At most [`Ttl::MAX`]: longer input is refused, never clamped, because the asked value is echoed (`PAM 10.2`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Ttl(u64);

/// Why a text is no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DurationError {
    /// Not of the expected form.
    #[error("not a duration")]
    Malformed,
    /// Years or months where a fixed length is needed (`GRAPH 3.6`).
    #[error("years and months have no fixed length")]
    Calendar,
    /// A fraction of a second in an ISO or clock text (seams §10).
    #[error("a duration is a whole number of seconds")]
    Fraction,
    /// No length at all where one is needed.
    #[error("a duration must be longer than zero")]
    Zero,
    /// Below zero.
    #[error("a duration must not be negative")]
    Negative,
    /// More seconds than [`Ttl::MAX`].
    #[error("the duration is too long")]
    TooLong,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Longest text that is looked at, in bytes: real ones have fewer than thirty.
const MAX_TEXT: usize = 128;

impl Ttl {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest length: 2^63 − 1 s, so that it fits a signed column of either store.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// This many seconds, or `None` beyond [`Ttl::MAX`].
    #[must_use]
    pub const fn new(seconds: u64) -> Option<Self> {
        if seconds <= Self::MAX.0 { Some(Self(seconds)) } else { None }
    }

    /// This many seconds.
    #[must_use]
    pub const fn seconds(seconds: u32) -> Self {
        Self(seconds as u64)
    }

    /// This many minutes.
    #[must_use]
    pub const fn minutes(minutes: u32) -> Self {
        Self(minutes as u64 * MINUTE)
    }

    /// This many hours.
    #[must_use]
    pub const fn hours(hours: u32) -> Self {
        Self(hours as u64 * HOUR)
    }

    /// This many days of 24 hours.
    #[must_use]
    pub const fn days(days: u32) -> Self {
        Self(days as u64 * DAY)
    }

    /// The length in seconds.
    #[must_use]
    pub const fn as_seconds(self) -> u64 {
        self.0
    }

    /// True for no time at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Sum, at most [`Ttl::MAX`].
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        let sum = self.0.saturating_add(other.0);
        if sum > Self::MAX.0 { Self::MAX } else { Self(sum) }
    }

    /// Difference, at least zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The instant this long after `start`; the end of representable time (year 9999) if that comes first.
    #[must_use]
    pub fn after(self, start: Timestamp) -> Timestamp {
        i64::try_from(self.0)
            .ok()
            .and_then(|seconds| start.checked_add(SignedDuration::from_secs(seconds)).ok())
            .unwrap_or(super::instant::LAST)
    }

    /// The whole seconds from `start` to `end`, rounded up; zero if `end` is not later.
    #[must_use]
    pub fn between(start: Timestamp, end: Timestamp) -> Self {
        let length = end.duration_since(start);
        let Ok(seconds) = u64::try_from(length.as_secs()) else { return Self::ZERO };
        if length.subsec_nanos() > 0 { Self(seconds.saturating_add(1)) } else { Self(seconds) }
    }

    /// Reads a PAM duration: decimal seconds ≥ 0, a fraction rounded to the nearest second, halves up (`PAM 7.2`).
    ///
    /// The exponent form is accepted because browsers print large and tiny numbers so (`1e+21`, `1e-7`).
    /// The reading is exact: no floating point is involved.
    pub fn from_pam(text: &str) -> Result<Self, DurationError> {
        if text.len() > MAX_TEXT {
            return Err(DurationError::Malformed);
        }
        let mut scan = Scan::new(text.trim());
        let negative = scan.eat("-");
        if !negative {
            scan.eat("+");
        }
        let whole = scan.digits();
        let fraction = if scan.eat(".") { scan.digits() } else { "" };
        if whole.is_empty() && fraction.is_empty() {
            return Err(DurationError::Malformed);
        }
        let exponent = if scan.eat("e") || scan.eat("E") { exponent(&mut scan)? } else { 0 };
        if !scan.is_done() {
            return Err(DurationError::Malformed);
        }
        let seconds = round_decimal(whole, fraction, exponent)?;
        if negative && (whole.bytes().chain(fraction.bytes())).any(|digit| digit != b'0') {
            return Err(DurationError::Negative);
        }
        Self::new(seconds).ok_or(DurationError::TooLong)
    }

    /// Reads an ISO 8601 duration without calendar parts, longer than zero (`GRAPH 3.6`). Weeks stand alone: `P2W`.
    pub fn from_iso(text: &str) -> Result<Self, DurationError> {
        parse_iso(text, Calendar::Refused)
    }

    /// Reads an ISO 8601 duration, longer than zero, with 1 year = 365 days and 1 month = 30 days (`ARM 2.4`).
    pub fn from_iso_with_calendar(text: &str) -> Result<Self, DurationError> {
        parse_iso(text, Calendar::Fixed)
    }

    /// Reads what Python prints for a `timedelta`: `8:00:00`, `1 day, 2:00:00`, `90 days, 0:00:00` (`GRAPH 3.6`).
    pub fn from_python_clock(text: &str) -> Result<Self, DurationError> {
        parse_python_clock(text)
    }

    /// The PAM spelling: seconds as a string of digits (`PAM 5`).
    #[must_use]
    pub fn to_pam(self) -> String {
        self.0.to_string()
    }

    /// The canonical ISO spelling: whole days as `PnD`, else `PnDTnHnMnS` without zero parts (`GRAPH 3.6`).
    #[must_use]
    pub fn to_iso(self) -> String {
        Iso(self.0).to_string()
    }
}

impl<'de> Deserialize<'de> for Ttl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = u64::deserialize(deserializer)?;
        Self::new(seconds).ok_or_else(|| serde::de::Error::custom(DurationError::TooLong))
    }
}

/// A duration beside the text it is served as: what was received if that was ISO, else canonical (seams §10).
///
/// Rules read [`SpelledTtl::ttl`] only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpelledTtl {
    /// The length.
    pub ttl: Ttl,
    /// The served spelling.
    pub text: String,
}

impl SpelledTtl {
    /// The canonical spelling of `ttl`.
    #[must_use]
    pub fn canonical(ttl: Ttl) -> Self {
        Self { ttl, text: ttl.to_iso() }
    }

    /// Reads a duration of the Graph face: ISO kept as received, Python clock text made canonical (`GRAPH 3.6`).
    pub fn from_graph(text: &str) -> Result<Self, DurationError> {
        match Ttl::from_iso(text) {
            Ok(ttl) => Ok(Self { ttl, text: text.to_owned() }),
            Err(DurationError::Malformed) => Ttl::from_python_clock(text).map(Self::canonical),
            Err(other) => Err(other),
        }
    }

    /// Reads a duration of the ARM face, kept verbatim (`ARM 2.4`).
    pub fn from_arm(text: &str) -> Result<Self, DurationError> {
        Ttl::from_iso_with_calendar(text).map(|ttl| Self { ttl, text: text.to_owned() })
    }
}

struct Iso(u64);

impl fmt::Display for Iso {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, rest) = (self.0 / DAY, self.0 % DAY);
        f.write_str("P")?;
        if days > 0 {
            write!(f, "{days}D")?;
        }
        if rest > 0 || days == 0 {
            f.write_str("T")?;
        }
        for (amount, unit) in [(rest / HOUR, 'H'), (rest % HOUR / MINUTE, 'M'), (rest % MINUTE, 'S')] {
            if amount > 0 {
                write!(f, "{amount}{unit}")?;
            }
        }
        if self.0 == 0 { f.write_str("0S") } else { Ok(()) }
    }
}

fn exponent(scan: &mut Scan<'_>) -> Result<i64, DurationError> {
    let negative = scan.eat("-");
    if !negative {
        scan.eat("+");
    }
    let digits = scan.digits();
    if digits.is_empty() {
        return Err(DurationError::Malformed);
    }
    // A run too long to count shifts the point further than any text here is long.
    let size = digits.parse::<i64>().unwrap_or(i64::MAX).min(1_000);
    Ok(if negative { -size } else { size })
}

/// Rounds `whole.fraction × 10^exponent` to the nearest integer, halves up.
fn round_decimal(whole: &str, fraction: &str, exponent: i64) -> Result<u64, DurationError> {
    let all = || whole.bytes().chain(fraction.bytes());
    // How many of all digits stand before the decimal point.
    let point = i64::try_from(whole.len()).unwrap_or(i64::MAX).saturating_add(exponent);
    let Ok(point) = usize::try_from(point) else { return Ok(0) };
    let mut value: u64 = 0;
    for digit in all().chain(std::iter::repeat(b'0')).take(point) {
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(u64::from(digit - b'0')))
            .ok_or(DurationError::TooLong)?;
    }
    let round_up = all().nth(point).is_some_and(|digit| digit >= b'5');
    value.checked_add(u64::from(round_up)).ok_or(DurationError::TooLong)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Calendar {
    Refused,
    Fixed,
}

fn parse_iso(text: &str, calendar: Calendar) -> Result<Ttl, DurationError> {
    if text.len() > MAX_TEXT {
        return Err(DurationError::Malformed);
    }
    let mut scan = Scan::new(text);
    let negative = scan.eat("-");
    if !scan.eat("P") || scan.is_done() {
        return Err(DurationError::Malformed);
    }
    let mut total: u64 = 0;
    let mut date_units: &[(char, u64)] = &[('Y', 365 * DAY), ('M', 30 * DAY), ('W', 7 * DAY), ('D', DAY)];
    let mut saw_calendar = false;
    let mut saw_week = false;
    let mut parts: usize = 0;
    while !scan.is_done() && scan.peek() != Some('T') {
        let (amount, unit) = part(&mut scan, &mut date_units)?;
        saw_calendar |= amount.unit == 'Y' || amount.unit == 'M';
        saw_week |= amount.unit == 'W';
        parts += 1;
        total = sum(total, amount.count, unit)?;
    }
    if scan.eat("T") {
        let mut time_units: &[(char, u64)] = &[('H', HOUR), ('M', MINUTE), ('S', 1)];
        if scan.is_done() {
            return Err(DurationError::Malformed);
        }
        while !scan.is_done() {
            let (amount, unit) = part(&mut scan, &mut time_units)?;
            parts += 1;
            total = sum(total, amount.count, unit)?;
        }
    }
    if saw_week && parts > 1 {
        return Err(DurationError::Malformed);
    }
    if saw_calendar && calendar == Calendar::Refused {
        return Err(DurationError::Calendar);
    }
    match (total, negative) {
        (0, _) => Err(DurationError::Zero),
        (_, true) => Err(DurationError::Negative),
        (seconds, false) => Ttl::new(seconds).ok_or(DurationError::TooLong),
    }
}

struct Amount {
    count: u64,
    unit: char,
}

/// Reads `<digits><unit>`; units come in the order of `left`, each at most once.
fn part(scan: &mut Scan<'_>, left: &mut &[(char, u64)]) -> Result<(Amount, u64), DurationError> {
    if scan.eat("-") {
        return Err(DurationError::Negative);
    }
    let digits = scan.digits();
    if scan.eat(".") || scan.eat(",") {
        return Err(if scan.digits().is_empty() { DurationError::Malformed } else { DurationError::Fraction });
    }
    if digits.is_empty() {
        return Err(DurationError::Malformed);
    }
    while let Some(((unit, seconds), rest)) = left.split_first() {
        *left = rest;
        if scan.eat(unit.encode_utf8(&mut [0; 4])) {
            let count = digits.parse().map_err(|_| DurationError::TooLong)?;
            return Ok((Amount { count, unit: *unit }, *seconds));
        }
    }
    Err(DurationError::Malformed)
}

fn sum(total: u64, count: u64, unit: u64) -> Result<u64, DurationError> {
    count.checked_mul(unit).and_then(|part| total.checked_add(part)).ok_or(DurationError::TooLong)
}

fn parse_python_clock(text: &str) -> Result<Ttl, DurationError> {
    if text.len() > MAX_TEXT {
        return Err(DurationError::Malformed);
    }
    let mut scan = Scan::new(text);
    let negative = scan.eat("-");
    let first = scan.digits();
    let (days, hours) = if scan.eat(" day, ") || scan.eat(" days, ") { (first, scan.digits()) } else { ("0", first) };
    let clock = |digits: &str, limit: u64| {
        let value = digits.parse::<u64>().map_err(|_| DurationError::Malformed)?;
        if digits.len() <= 2 && value < limit { Ok(value) } else { Err(DurationError::Malformed) }
    };
    let two = |scan: &mut Scan<'_>| {
        let digits = if scan.eat(":") { scan.digits() } else { "" };
        if digits.len() == 2 { clock(digits, 60) } else { Err(DurationError::Malformed) }
    };
    let hours = clock(hours, 24)?;
    let minutes = two(&mut scan)?;
    let seconds = two(&mut scan)?;
    if scan.eat(".") {
        return Err(if scan.digits().is_empty() { DurationError::Malformed } else { DurationError::Fraction });
    }
    if days.is_empty() || !scan.is_done() {
        return Err(DurationError::Malformed);
    }
    if negative {
        return Err(DurationError::Negative);
    }
    let days: u64 = days.parse().map_err(|_| DurationError::TooLong)?;
    let seconds = sum(hours * HOUR + minutes * MINUTE + seconds, days, DAY)?;
    if seconds == 0 { Err(DurationError::Zero) } else { Ttl::new(seconds).ok_or(DurationError::TooLong) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pam(text: &str, expected: Result<u64, DurationError>) {
        assert_eq!(Ttl::from_pam(text).map(Ttl::as_seconds), expected, "{text:?}");
    }

    fn iso(text: &str, expected: Result<u64, DurationError>) {
        assert_eq!(Ttl::from_iso(text).map(Ttl::as_seconds), expected, "{text:?}");
    }

    fn arm(text: &str, expected: Result<u64, DurationError>) {
        assert_eq!(Ttl::from_iso_with_calendar(text).map(Ttl::as_seconds), expected, "{text:?}");
    }

    fn python(text: &str, expected: Result<u64, DurationError>) {
        assert_eq!(Ttl::from_python_clock(text).map(Ttl::as_seconds), expected, "{text:?}");
    }

    #[test]
    fn pam_046_what_is_no_number_of_seconds_is_refused() {
        for text in ["abc", "NaN", "", " ", "Infinity", "0x10", "1 2", "1,5", "--1", ".", "1e", "1:00:00", "12h", "١"]
        {
            pam(text, Err(DurationError::Malformed));
        }
        pam("-1", Err(DurationError::Negative));
        pam("-0.4", Err(DurationError::Negative));
    }

    #[test]
    fn pam_047_a_fraction_is_rounded_to_the_nearest_second() {
        pam("1008.0000000000001", Ok(1008));
        pam("1007.9999999999999", Ok(1008));
        pam("0.5", Ok(1));
        pam("0.49999999999999999999", Ok(0));
        pam("899.5", Ok(900));
        pam(".5", Ok(1));
        pam("3.", Ok(3));
        pam("-0", Ok(0));
    }

    #[test]
    fn pam_048_huge_values_are_legal() {
        pam("12960000", Ok(12_960_000));
        pam("1000000000000000", Ok(1_000_000_000_000_000));
        pam("1e15", Ok(1_000_000_000_000_000));
        pam("1.5E+3", Ok(1500));
        pam("5e-1", Ok(1));
        pam("1e-7", Ok(0));
        pam("9223372036854775807", Ok(i64::MAX as u64));
        pam("9223372036854775808", Err(DurationError::TooLong));
        pam("1e21", Err(DurationError::TooLong));
        pam("1e999999999999999999999", Err(DurationError::TooLong));
        pam("1e-999999999999999999999", Ok(0));
    }

    #[test]
    fn iso_without_calendar_parts() {
        iso("PT8H", Ok(28_800));
        iso("P365D", Ok(31_536_000));
        iso("P1DT2H3M4S", Ok(93_784));
        iso("PT480M", Ok(28_800));
        iso("P2W", Ok(1_209_600));
        iso("P1Y", Err(DurationError::Calendar));
        iso("P6M", Err(DurationError::Calendar));
        iso("PT0S", Err(DurationError::Zero));
        iso("P0D", Err(DurationError::Zero));
        iso("-PT1H", Err(DurationError::Negative));
        iso("PT-1H", Err(DurationError::Negative));
        iso("PT1.5S", Err(DurationError::Fraction));
        iso("PT99999999999999999999H", Err(DurationError::TooLong));
        iso("P999999999999999D", Err(DurationError::TooLong));
        for text in
            ["", "P", "PT", "P1DT", "8H", "PT8", "pt8h", "PT1S1H", "PT1H1H", "P1W1D", "P1H", "PT1H ", "PTH", "P1"]
        {
            iso(text, Err(DurationError::Malformed));
        }
    }

    #[test]
    fn arm_counts_years_and_months_as_fixed_days() {
        arm("P1Y", Ok(365 * DAY));
        arm("P6M", Ok(180 * DAY));
        arm("P1Y2M3DT4H5M6S", Ok((365 + 60 + 3) * DAY + 4 * HOUR + 5 * MINUTE + 6));
        arm("PT24H1S", Ok(DAY + 1));
        arm("P0D", Err(DurationError::Zero));
    }

    #[test]
    fn python_prints_a_timedelta_as_clock_text() {
        python("8:00:00", Ok(28_800));
        python("5:30:00", Ok(19_800));
        python("90 days, 0:00:00", Ok(90 * DAY));
        python("1 day, 2:00:00", Ok(DAY + 2 * HOUR));
        python("0:00:00", Err(DurationError::Zero));
        python("-1 day, 23:00:00", Err(DurationError::Negative));
        python("8:00:00.500000", Err(DurationError::Fraction));
        for text in ["24:00:00", "8:60:00", "8:0:00", "8:00", " 8:00:00", "1 day,2:00:00", "1 day", "day, 8:00:00", ""]
        {
            python(text, Err(DurationError::Malformed));
        }
    }

    #[test]
    fn graph_serves_iso_as_received_and_the_rest_canonical() {
        let served = |text| SpelledTtl::from_graph(text).map(|spelled| spelled.text);
        assert_eq!(served("PT480M").as_deref(), Ok("PT480M"));
        assert_eq!(served("90 days, 0:00:00").as_deref(), Ok("P90D"));
        assert_eq!(served("1 day, 2:00:00").as_deref(), Ok("P1DT2H"));
        assert_eq!(served("P1Y"), Err(DurationError::Calendar));
        assert_eq!(served("eight hours"), Err(DurationError::Malformed));
    }

    #[test]
    fn canonical_text_leaves_zero_parts_out() {
        for (ttl, text) in [
            (Ttl::ZERO, "PT0S"),
            (Ttl::hours(8), "PT8H"),
            (Ttl::days(365), "P365D"),
            (Ttl::seconds(93_784), "P1DT2H3M4S"),
            (Ttl::seconds(3_601), "PT1H1S"),
            (Ttl::hours(25), "P1DT1H"),
        ] {
            assert_eq!(ttl.to_iso(), text);
        }
    }

    #[test]
    fn an_end_beyond_all_calendars_is_the_last_instant() {
        assert_eq!(Ttl::MAX.after(Timestamp::UNIX_EPOCH), super::super::instant::LAST);
        assert_eq!(Ttl::hours(1).after(Timestamp::UNIX_EPOCH).as_second(), 3_600);
    }

    proptest! {
        #[test]
        fn every_spelling_reads_back(seconds in 1..=i64::MAX as u64) {
            let ttl = Ttl::new(seconds).unwrap();
            prop_assert_eq!(Ttl::from_pam(&ttl.to_pam()), Ok(ttl));
            prop_assert_eq!(Ttl::from_iso(&ttl.to_iso()), Ok(ttl));
            prop_assert_eq!(Ttl::from_iso_with_calendar(&ttl.to_iso()), Ok(ttl));
        }

        #[test]
        fn no_text_makes_a_reader_panic(text in "\\PC{0,40}|[-+P0-9YMWDTHS.,eE: days]{0,20}") {
            let _ = (Ttl::from_pam(&text), SpelledTtl::from_graph(&text), SpelledTtl::from_arm(&text));
        }

        #[test]
        fn between_and_after_agree(start in 0..4_000_000_000i64, seconds in 0..4_000_000_000u64) {
            let start = Timestamp::from_second(start).unwrap();
            let ttl = Ttl::new(seconds).unwrap();
            prop_assert_eq!(Ttl::between(start, ttl.after(start)), ttl);
        }
    }
}

//! Points in time as filters write and compare them.

use std::fmt;

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::Offset;
use winnow::Parser;
use winnow::ascii::digit1;
use winnow::combinator::{alt, eof, opt, preceded};
use winnow::error::EmptyError;
use winnow::token::take_while;

/// A point in time, ordered so that *no value* comes before every real instant (PAM 5, 8).
///
/// The wire spells years up to 9999 to the last tick, a little more than [`Timestamp`] reaches; that remainder is one
/// value after every real instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Instant {
    /// The sentinel `0001-01-01T00:00:00`, and everything before it: no value.
    Unset,
    /// A real instant.
    At(Timestamp),
    /// Later than any instant that can be stored.
    EndOfTime,
}

impl From<Timestamp> for Instant {
    fn from(timestamp: Timestamp) -> Self {
        if timestamp <= sentinel() { Self::Unset } else { Self::At(timestamp) }
    }
}

fn sentinel() -> Timestamp {
    Offset::UTC.to_timestamp(civil::DateTime::constant(1, 1, 1, 0, 0, 0, 0)).expect("year 1 is in range")
}

/// A date and time of a literal: `YYYY-MM-DDThh:mm[:ss[.f]]` with `Z`, `±hh:mm` or no zone. Years run from 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime {
    civil: civil::DateTime,
    offset: Option<Offset>,
}

impl DateTime {
    /// Reads the whole of `text`; `None` if it is not a date and time that exists.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (date_time, eof).map(|(value, _)| value).parse(text).ok()
    }

    /// The instant meant; without a zone the text is UTC (PAM 8).
    #[must_use]
    pub fn instant(&self) -> Instant {
        match self.offset.unwrap_or(Offset::UTC).to_timestamp(self.civil) {
            Ok(timestamp) => timestamp.into(),
            Err(_) if self.civil.year() > 5000 => Instant::EndOfTime,
            Err(_) => Instant::Unset,
        }
    }

    /// The time of day as written, whatever the date and zone.
    #[must_use]
    pub fn time(&self) -> civil::Time {
        self.civil.time()
    }

    /// Whether a zone was written.
    #[must_use]
    pub fn has_zone(&self) -> bool {
        self.offset.is_some()
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.civil)?;
        let Some(offset) = self.offset else { return Ok(()) };
        let minutes = offset.seconds() / 60;
        if minutes == 0 {
            return f.write_str("Z");
        }
        let sign = if minutes < 0 { '-' } else { '+' };
        write!(f, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
    }
}

type Reading<T> = Result<T, EmptyError>;

fn date_time(input: &mut &str) -> Reading<DateTime> {
    let (year, month, day) = (digits(4), preceded('-', digits(2)), preceded('-', digits(2))).parse_next(input)?;
    let (hour, minute) = (preceded('T', digits(2)), preceded(':', digits(2))).parse_next(input)?;
    let seconds = opt((preceded(':', digits(2)), opt(preceded('.', nanoseconds)))).parse_next(input)?;
    let (second, nanosecond) = seconds.map_or((0, 0), |(second, fraction)| (second, fraction.unwrap_or(0)));
    let offset = opt(alt(('Z'.value(Offset::UTC), offset))).parse_next(input)?;

    let narrow = |value: i32| i8::try_from(value).map_err(|_| EmptyError);
    let year = i16::try_from(year).ok().filter(|year| *year >= 1).ok_or(EmptyError)?;
    let civil = civil::DateTime::new(
        year,
        narrow(month)?,
        narrow(day)?,
        narrow(hour)?,
        narrow(minute)?,
        narrow(second)?,
        nanosecond,
    )
    .map_err(|_| EmptyError)?;
    Ok(DateTime { civil, offset })
}

/// Exactly `count` digits, at most nine.
fn digits<'i>(count: usize) -> impl Parser<&'i str, i32, EmptyError> {
    take_while(count, |c: char| c.is_ascii_digit()).parse_to::<i32>()
}

/// A fraction of a second: 1 to 9 digits. The wire has up to 7 (PAM 7.2), some clients print 9.
fn nanoseconds(input: &mut &str) -> Reading<i32> {
    let written: &str = digit1.parse_next(input)?;
    let missing = 9_usize.checked_sub(written.len()).ok_or(EmptyError)?;
    let scale = 10_i32.pow(u32::try_from(missing).map_err(|_| EmptyError)?);
    Ok(written.parse::<i32>().map_err(|_| EmptyError)? * scale)
}

fn offset(input: &mut &str) -> Reading<Offset> {
    let sign = alt(('+'.value(1), '-'.value(-1))).parse_next(input)?;
    let (hours, minutes) = (digits(2), preceded(':', digits(2))).parse_next(input)?;
    if hours > 23 || minutes > 59 {
        return Err(EmptyError);
    }
    Offset::from_seconds(sign * (hours * 60 + minutes) * 60).map_err(|_| EmptyError)
}

#[cfg(test)]
mod tests {
    use super::{DateTime, Instant};

    fn instant(text: &str) -> Instant {
        DateTime::parse(text).unwrap().instant()
    }

    fn at(text: &str) -> Instant {
        Instant::At(text.parse().unwrap())
    }

    #[test]
    fn every_documented_form_is_read_as_utc() {
        for (written, meant) in [
            ("2015-01-09T08:26:49.721Z", "2015-01-09T08:26:49.721Z"),
            ("2015-07-11T23:40", "2015-07-11T23:40:00Z"),
            ("2015-07-11T23:40:27.7229894", "2015-07-11T23:40:27.7229894Z"),
            ("2015-07-11T23:40:00-07:00", "2015-07-12T06:40:00Z"),
            ("2015-07-12T05:10:00+05:30", "2015-07-11T23:40:00Z"),
            ("2016-02-29T23:59:59.123456789Z", "2016-02-29T23:59:59.123456789Z"),
        ] {
            assert_eq!(instant(written), at(meant), "{written}");
        }
    }

    #[test]
    fn the_sentinel_is_before_and_the_far_future_after_every_real_instant() {
        for sentinel in ["0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"] {
            assert_eq!(instant(sentinel), Instant::Unset, "{sentinel}");
        }
        for far in ["9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59-23:59", "9999-12-31T00:00:00"] {
            assert_eq!(instant(far), Instant::EndOfTime, "{far}");
        }
        assert!(Instant::Unset < instant("0001-01-01T00:00:00.0000001"));
        assert!(Instant::Unset < Instant::At(jiff::Timestamp::UNIX_EPOCH));
        assert!(Instant::At(jiff::Timestamp::MAX) < Instant::EndOfTime);
        assert_eq!(Instant::from(jiff::Timestamp::MIN), Instant::Unset);
    }

    #[test]
    fn what_is_no_date_and_time_is_refused() {
        for text in [
            "",
            "2015-01-09",
            "2015-01-09T",
            "2015-01-09T08",
            "2015-01-09 08:26:49Z",
            "2015-01-09t08:26:49Z",
            "2015-01-09T08:26:49z",
            "2015/01/09T08:26:49Z",
            "2015-02-29T00:00:00Z",
            "2015-13-01T00:00:00Z",
            "2015-01-09T24:00:00Z",
            "2015-01-09T08:60:00Z",
            "2015-01-09T08:26:60Z",
            "2015-01-09T08:26:49.",
            "2015-01-09T08:26:49.1234567890Z",
            "2015-01-09T08:26:49+24:00",
            "2015-01-09T08:26:49+0100",
            "2015-01-09T08:26:49Z ",
            "0000-01-01T00:00:00",
            "10000-01-01T00:00:00",
            "-001-01-01T00:00:00",
        ] {
            assert_eq!(DateTime::parse(text), None, "{text}");
        }
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        for text in [
            "0001-01-01T00:00:00",
            "2015-01-09T08:26:49.721Z",
            "2015-01-09T08:26:49-07:00",
            "2015-01-09T08:26:49-00:30",
            "9999-12-31T23:59:59.9999999+14:00",
        ] {
            assert_eq!(DateTime::parse(text).unwrap().to_string(), text);
        }
        assert!(!DateTime::parse("2015-01-09T08:26").unwrap().has_zone());
    }
}

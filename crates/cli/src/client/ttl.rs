//! How long: a whole number of seconds, a .NET `TimeSpan`, ISO 8601, or `1h 30m` (`PAM 14.3`).

use std::{fmt, str::FromStr};

use jiff::{Span, SpanRelativeTo};

/// A duration in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ttl(pub(crate) u64);

/// `1d 2h 30m`, which is read again.
impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [(self.0 / 86_400, "d"), (self.0 / 3600 % 24, "h"), (self.0 / 60 % 60, "m"), (self.0 % 60, "s")];
        let said: Vec<String> =
            parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
        f.write_str(if said.is_empty() { "0s".to_owned() } else { said.join(" ") }.as_str())
    }
}

/// Not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a duration: give seconds (600), hh:mm:ss (00:10:00), d.hh:mm:ss, PT10M or 10m")]
pub(crate) struct TtlError;

impl FromStr for Ttl {
    type Err = TtlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.bytes().all(|b| b.is_ascii_digit()) {
            // A bare integer is seconds, though a TimeSpan would read ticks: the published example means 600 s.
            return text.parse().map(Self).map_err(|_| TtlError);
        }
        if text.contains(':') {
            return time_span(text).map(Self).ok_or(TtlError);
        }
        let span = text.parse::<Span>().map_err(|_| TtlError)?;
        // A month has no length; a day has 24 hours.
        let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| TtlError)?;
        let rounded = duration.as_secs() + i64::from(duration.subsec_millis() >= 500);
        u64::try_from(rounded).map(Self).map_err(|_| TtlError)
    }
}

/// `[d.]hh:mm[:ss[.fffffff]]`; a fraction is rounded to the nearest second.
fn time_span(text: &str) -> Option<u64> {
    let fields: Vec<&str> = text.split(':').collect();
    let (first, minutes, seconds) = match fields.as_slice() {
        [first, minutes] => (*first, *minutes, "0"),
        [first, minutes, seconds] => (*first, *minutes, *seconds),
        _ => return None,
    };
    let (days, hours) = first.split_once('.').unwrap_or(("0", first));
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) || fraction.is_empty() || fraction.len() > 7 {
        return None;
    }
    let round = u64::from(fraction.as_bytes().first().is_some_and(|digit| *digit >= b'5'));
    let hours = field(hours, 23)?;
    field(days, 10_675_199)?
        .checked_mul(86_400)?
        .checked_add(hours * 3600 + field(minutes, 59)? * 60 + field(seconds, 59)? + round)
}

fn field(text: &str, most: u64) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|value| digits && *value <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pam_125_seconds_time_spans_and_words_are_read() {
        for (text, seconds) in [
            ("600", 600),
            ("0", 0),
            ("00:10:00", 600),
            ("1:30", 5400),
            ("01:00:00.5", 3601),
            ("1.02:03:04", 93_784),
            ("PT10M", 600),
            ("P1DT1H", 90_000),
            ("10m", 600),
            ("1h 30m", 5400),
            (" 2h ", 7200),
            ("1w", 604_800),
        ] {
            assert_eq!(text.parse(), Ok(Ttl(seconds)), "{text}");
            assert_eq!(Ttl(seconds).to_string().parse(), Ok(Ttl(seconds)), "{text}");
        }
        for text in [
            "",
            "-5",
            "1:60",
            "25:00",
            "1:2:3:4",
            "a",
            "1:",
            ":1",
            "-PT1H",
            "P1M",
            "1.5",
            "00:00:01.",
            "99999999999999999999",
        ] {
            assert_eq!(text.parse::<Ttl>(), Err(TtlError), "{text}");
        }
    }
}

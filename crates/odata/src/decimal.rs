//! Decimal numbers of any length, exact.

use std::cmp::Ordering;
use std::fmt;

/// A decimal number exactly as written, whatever its length; equal values are equal (`1.50` is `1.5`, `-0` is `0`).
///
/// A filter may carry more digits than any machine number holds, and a bound must never be moved by rounding.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    negative: bool,
    /// No leading zero.
    whole: Box<str>,
    /// No trailing zero.
    fraction: Box<str>,
}

impl Decimal {
    /// Reads `[-]digits[.digits]`; anything else is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, magnitude) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = magnitude.split_once('.').unwrap_or((magnitude, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Self { negative: negative && !zero, whole: whole.into(), fraction: fraction.into() })
    }

    /// Whether the number has no fraction.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.fraction.is_empty()
    }

    /// The greatest whole number not above this one, held at the ends of `i128`.
    ///
    /// With [`is_whole`](Self::is_whole) it answers every comparison with a 64-bit integer exactly.
    #[must_use]
    pub fn floor(&self) -> i128 {
        let whole = if self.whole.is_empty() { Ok(0) } else { self.whole.parse::<i128>() };
        match (whole, self.negative) {
            (Ok(whole), false) => whole,
            (Ok(whole), true) => -whole - i128::from(!self.is_whole()),
            (Err(_), false) => i128::MAX,
            (Err(_), true) => i128::MIN,
        }
    }
}

impl From<i128> for Decimal {
    fn from(value: i128) -> Self {
        let whole = value.unsigned_abs().to_string();
        Self { negative: value < 0, whole: whole.trim_start_matches('0').into(), fraction: "".into() }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        // Without leading zeros the longer whole part is the greater; fractions compare like words.
        let magnitude =
            || (self.whole.len(), &self.whole, &self.fraction).cmp(&(other.whole.len(), &other.whole, &other.fraction));
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => magnitude(),
            (true, true) => magnitude().reverse(),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        f.write_str(if self.whole.is_empty() { "0" } else { &self.whole })?;
        if !self.fraction.is_empty() {
            write!(f, ".{}", self.fraction)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn equal_numbers_are_equal_however_written() {
        for (written, plain) in
            [("007", "7"), ("1.50", "1.5"), ("-0", "0"), ("-0.00", "0"), ("000.0", "0"), ("3.0", "3")]
        {
            assert_eq!(decimal(written), decimal(plain));
            assert_eq!(decimal(written).to_string(), plain);
        }
    }

    #[test]
    fn order_is_that_of_numbers() {
        let long = "123456789012345678901234567890123456789012345678901234567890";
        let ascending =
            ["-1e", "-1000", "-2.5", "-2.49", "-1", "-0.1", "0", "0.05", "0.1", "0.11", "1", "9", "10", "10.01", long];
        let numbers: Vec<_> = ascending.iter().filter_map(|text| Decimal::parse(text)).collect();
        assert_eq!(numbers.len(), ascending.len() - 1, "-1e is not a number");
        assert!(numbers.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn floor_rounds_down_and_stays_in_range() {
        let long = "9".repeat(60);
        for (text, floor) in [("2.9", 2), ("2", 2), ("-2", -2), ("-2.1", -3), ("-0.5", -1), ("0.5", 0)] {
            assert_eq!(decimal(text).floor(), floor, "{text}");
        }
        assert_eq!(decimal(&long).floor(), i128::MAX);
        assert_eq!(decimal(&format!("-{long}")).floor(), i128::MIN);
        assert_eq!(Decimal::from(-40).to_string(), "-40");
        assert_eq!(Decimal::from(0), decimal("0"));
    }

    #[test]
    fn other_spellings_are_no_numbers() {
        for text in ["", "-", ".", "1.", ".5", "+1", "1e3", "--1", "1.2.3", " 1", "1 ", "٣", "0x1"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}

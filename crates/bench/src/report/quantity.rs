//! Figures with their units.

use std::{fmt, time::Duration};

use serde::Serialize;

/// A figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "unit", content = "value")]
pub enum Quantity {
    /// So many in a second.
    Rate(f64),
    /// So long.
    Time(Duration),
    /// So many bytes.
    Bytes(u64),
    /// So many times something else.
    Times(f64),
}

impl Quantity {
    /// The bare number, in seconds, bytes, or a second.
    #[must_use]
    pub fn size(self) -> f64 {
        match self {
            Self::Rate(size) | Self::Times(size) => size,
            Self::Time(time) => time.as_secs_f64(),
            #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52 bytes")]
            Self::Bytes(bytes) => bytes as f64,
        }
    }

    /// How many times `floor` this is; nothing for different units.
    #[must_use]
    pub fn ratio_to(self, floor: Self) -> Option<f64> {
        let same = std::mem::discriminant(&self) == std::mem::discriminant(&floor);
        (same && floor.size() > 0.0).then(|| self.size() / floor.size())
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Rate(rate) => write!(f, "{}/s", grouped(rate)),
            Self::Time(time) => time_text(f, time),
            Self::Bytes(_) => write!(f, "{:.1} MB", self.size() / 1e6),
            Self::Times(times) => write!(f, "{times:.2} ×"),
        }
    }
}

fn time_text(f: &mut fmt::Formatter<'_>, time: Duration) -> fmt::Result {
    let seconds = time.as_secs_f64();
    if seconds >= 1.0 {
        write!(f, "{seconds:.2} s")
    } else if seconds >= 0.01 {
        write!(f, "{:.0} ms", seconds * 1e3)
    } else {
        write!(f, "{:.2} ms", seconds * 1e3)
    }
}

/// Thousands apart, without a fraction.
fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.max(0.0));
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_for_people() {
        for (quantity, text) in [
            (Quantity::Rate(1_234_567.4), "1,234,567/s"),
            (Quantity::Rate(999.0), "999/s"),
            (Quantity::Time(Duration::from_micros(125)), "0.12 ms"),
            (Quantity::Time(Duration::from_micros(45_600)), "46 ms"),
            (Quantity::Time(Duration::from_millis(4_321)), "4.32 s"),
            (Quantity::Bytes(41_300_000), "41.3 MB"),
            (Quantity::Times(1.276), "1.28 ×"),
        ] {
            assert_eq!(quantity.to_string(), text);
        }
    }

    #[test]
    fn only_like_is_set_against_like() {
        assert_eq!(Quantity::Rate(1.0).ratio_to(Quantity::Times(1.0)), None);
        assert_eq!(Quantity::Rate(1.0).ratio_to(Quantity::Rate(0.0)), None);
        assert_eq!(Quantity::Bytes(3).ratio_to(Quantity::Bytes(2)), Some(1.5));
    }
}

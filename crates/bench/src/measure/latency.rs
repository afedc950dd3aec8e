//! How long things took.

use std::time::Duration;

use serde::Serialize;

/// Durations as they come, in nanoseconds. A run has at most a few million of them: sorting beats bucketing, and loses
/// nothing.
#[derive(Debug, Default, Clone)]
pub struct Latencies {
    nanos: Vec<u64>,
}

impl Latencies {
    /// Notes one.
    pub fn record(&mut self, took: Duration) {
        self.nanos.push(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Takes over those of another.
    pub fn merge(&mut self, other: Self) {
        self.nanos.extend(other.nanos);
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.nanos.len()
    }

    /// The usual marks.
    #[must_use]
    pub fn spread(mut self) -> Spread {
        self.nanos.sort_unstable();
        let at = |permille: usize| {
            // The smallest value that at least so many permille are not above.
            let rank = (self.nanos.len() * permille).div_ceil(1000).max(1);
            Duration::from_nanos(self.nanos.get(rank - 1).copied().unwrap_or_default())
        };
        Spread { p50: at(500), p99: at(990), max: at(1000) }
    }
}

impl FromIterator<Duration> for Latencies {
    fn from_iter<I: IntoIterator<Item = Duration>>(durations: I) -> Self {
        let mut latencies = Self::default();
        durations.into_iter().for_each(|took| latencies.record(took));
        latencies
    }
}

/// Median, 99th percentile, worst.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// Median.
    pub p50: Duration,
    /// 99 of 100 took no longer.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [p50, p99, max] = [self.p50, self.p99, self.max].map(|time| time.as_secs_f64() * 1e3);
        write!(f, "p50 {p50:.2}, p99 {p99:.2}, max {max:.1} ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_values_that_occurred() {
        let spread = (1..=200).rev().map(Duration::from_millis).collect::<Latencies>().spread();
        assert_eq!(
            spread,
            Spread {
                p50: Duration::from_millis(100),
                p99: Duration::from_millis(198),
                max: Duration::from_millis(200)
            }
        );
        assert_eq!(Latencies::default().spread(), Spread::default());
        let one = [Duration::from_millis(7)].into_iter().collect::<Latencies>().spread();
        assert_eq!((one.p50, one.p99, one.max), (one.max, one.max, Duration::from_millis(7)));
    }
}

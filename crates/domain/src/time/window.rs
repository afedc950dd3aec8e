//! The daily availability window of a role (`PAM 10.3`).

use jiff::{Timestamp, civil::Time, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// A time-of-day window in the server's zone, every day alike: `from ≤ t ≤ to`. Never crosses midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyWindow {
    from: Time,
    to: Time,
}

impl DailyWindow {
    /// The window, if `to` is later than `from` (`PAM-114`).
    #[must_use]
    pub fn new(from: Time, to: Time) -> Option<Self> {
        (to > from).then_some(Self { from, to })
    }

    /// Earliest time of day.
    #[must_use]
    pub const fn from(self) -> Time {
        self.from
    }

    /// Latest time of day.
    #[must_use]
    pub const fn to(self) -> Time {
        self.to
    }

    /// Is the window open at `at` on the clocks of `zone`?
    #[must_use]
    pub fn is_open(self, at: Timestamp, zone: &TimeZone) -> bool {
        let time = zone.to_datetime(at).time();
        self.from <= time && time <= self.to
    }

    /// The first instant from `at` on at which the window is open.
    #[must_use]
    pub fn next_open(self, at: Timestamp, zone: &TimeZone) -> Timestamp {
        let mut date = zone.to_datetime(at).date();
        if self.is_open(at, zone) {
            return at;
        }
        // A day whose opening falls into a clock change can fail to open at all; a few days later one does.
        for _ in 0..8 {
            if let Ok(opening) = zone.to_ambiguous_zoned(date.to_datetime(self.from)).compatible() {
                let opening = opening.timestamp();
                if opening >= at && self.is_open(opening, zone) {
                    return opening;
                }
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
        at
    }
}

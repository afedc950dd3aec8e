//! The daily availability window of a role (`PAM 10.3`).

use jiff::{SignedDuration, Timestamp, civil::Time, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize};

/// Times of day, both inclusive, between which an activation may start: every day alike, in the zone it is asked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct DailyWindow {
    from: Time,
    to: Time,
}

impl DailyWindow {
    /// The window `from ≤ t ≤ to`, if `to` is later than `from` (`PAM-114`); it cannot cross midnight.
    #[must_use]
    pub fn new(from: Time, to: Time) -> Option<Self> {
        (to > from).then_some(Self { from, to })
    }

    /// Earliest time of day.
    #[must_use]
    pub const fn from(self) -> Time {
        self.from
    }

    /// Latest time of day, still inside.
    #[must_use]
    pub const fn to(self) -> Time {
        self.to
    }

    /// True when the wall clock of `zone` shows a time inside the window.
    #[must_use]
    pub fn is_open(self, at: Timestamp, zone: &TimeZone) -> bool {
        self.contains(zone.to_datetime(at).time())
    }

    /// The first instant at or after `at` that lies inside: `at` itself while the window is open.
    ///
    /// When the clocks skip the beginning it opens at the change; a window that is skipped whole opens the next day;
    /// one that happens twice opens twice.
    #[must_use]
    pub fn next_open(self, at: Timestamp, zone: &TimeZone) -> Timestamp {
        // The wall clock runs evenly from one change of the zone to the next; look at one such stretch at a time.
        let mut begin = at;
        for change in zone.following(at).map(|change| change.timestamp()).take(CHANGES) {
            let opening = self.next_open_of_even_clock(begin, zone);
            if opening < change {
                return opening;
            }
            begin = change;
        }
        self.next_open_of_even_clock(begin, zone)
    }

    fn next_open_of_even_clock(self, at: Timestamp, zone: &TimeZone) -> Timestamp {
        let time = zone.to_datetime(at).time();
        if self.contains(time) {
            return at;
        }
        let wait = time.duration_until(self.from);
        let wait = if wait.is_negative() { wait + SignedDuration::from_hours(24) } else { wait };
        at.checked_add(wait).unwrap_or(Timestamp::MAX)
    }

    fn contains(self, time: Time) -> bool {
        self.from <= time && time <= self.to
    }
}

/// More changes than any zone ever had between two openings.
const CHANGES: usize = 64;

impl<'de> Deserialize<'de> for DailyWindow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Times {
            from: Time,
            to: Time,
        }
        let Times { from, to } = Times::deserialize(deserializer)?;
        Self::new(from, to).ok_or_else(|| serde::de::Error::custom("a daily window must end later than it begins"))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};
    use proptest::prelude::*;

    use super::*;
    use crate::time::instant;

    fn pacific() -> TimeZone {
        TimeZone::posix("PST8PDT,M3.2.0,M11.1.0").unwrap()
    }

    fn office() -> DailyWindow {
        DailyWindow::new(time(8, 0, 0, 0), time(17, 0, 0, 0)).unwrap()
    }

    fn utc(text: &str) -> Timestamp {
        instant::from_graph(text).unwrap()
    }

    #[test]
    fn pam_109_both_ends_are_inside() {
        let open = |text: &str| office().is_open(utc(text), &TimeZone::UTC);
        assert!(open("2015-07-11T12:00:00Z"));
        assert!(open("2015-07-11T08:00:00Z"));
        assert!(open("2015-07-11T17:00:00Z"));
        assert!(!open("2015-07-11T07:59:00Z"));
        assert!(!open("2015-07-11T07:59:59.999999Z"));
        assert!(!open("2015-07-11T17:00:00.000001Z"));
        assert!(!open("2015-07-11T17:01:00Z"));
    }

    #[test]
    fn pam_110_a_start_tomorrow_inside_the_window_is_judged_by_tomorrow() {
        assert!(!office().is_open(utc("2015-07-11T20:00:00Z"), &TimeZone::UTC));
        assert!(office().is_open(utc("2015-07-12T09:00:00Z"), &TimeZone::UTC));
        assert_eq!(office().next_open(utc("2015-07-11T20:00:00Z"), &TimeZone::UTC), utc("2015-07-12T08:00:00Z"));
        assert_eq!(office().next_open(utc("2015-07-12T03:00:00Z"), &TimeZone::UTC), utc("2015-07-12T08:00:00Z"));
        assert_eq!(office().next_open(utc("2015-07-12T09:00:00Z"), &TimeZone::UTC), utc("2015-07-12T09:00:00Z"));
    }

    #[test]
    fn pam_112_the_window_is_of_the_zone_and_of_every_day() {
        // 16:00 UTC is 08:00 in winter and 09:00 in summer at UTC−8 with summer time.
        assert!(office().is_open(utc("2015-01-04T16:00:00Z"), &pacific()));
        assert!(!office().is_open(utc("2015-01-04T15:59:59Z"), &pacific()));
        assert!(office().is_open(utc("2015-07-04T15:00:00Z"), &pacific()));
        assert!(!office().is_open(utc("2015-07-04T08:00:00Z"), &pacific()));
    }

    #[test]
    fn pam_114_a_window_that_does_not_end_later_is_refused() {
        assert_eq!(DailyWindow::new(time(17, 0, 0, 0), time(8, 0, 0, 0)), None);
        assert_eq!(DailyWindow::new(time(8, 0, 0, 0), time(8, 0, 0, 0)), None);
    }

    #[test]
    fn a_skipped_beginning_opens_at_the_change() {
        let night = DailyWindow::new(time(2, 30, 0, 0), time(5, 0, 0, 0)).unwrap();
        assert_eq!(night.next_open(utc("2015-03-08T09:00:00Z"), &pacific()), utc("2015-03-08T10:00:00Z"));
    }

    #[test]
    fn a_window_skipped_whole_opens_the_next_day() {
        let night = DailyWindow::new(time(2, 10, 0, 0), time(2, 50, 0, 0)).unwrap();
        assert_eq!(night.next_open(utc("2015-03-08T09:00:00Z"), &pacific()), utc("2015-03-09T09:10:00Z"));
    }

    #[test]
    fn a_window_that_happens_twice_opens_twice() {
        let night = DailyWindow::new(time(1, 15, 0, 0), time(1, 45, 0, 0)).unwrap();
        assert_eq!(night.next_open(utc("2015-11-01T08:00:00Z"), &pacific()), utc("2015-11-01T08:15:00Z"));
        assert_eq!(night.next_open(utc("2015-11-01T08:50:00Z"), &pacific()), utc("2015-11-01T09:15:00Z"));
        assert_eq!(night.next_open(utc("2015-11-01T09:50:00Z"), &pacific()), utc("2015-11-02T09:15:00Z"));
    }

    proptest! {
        #[test]
        fn the_next_opening_is_open_and_nothing_before_it_is(
            minute in 0..(366 * 24 * 60i64),
            from in 0..1439i32,
            length in 1..1439i32,
        ) {
            let clock = |minute: i32| {
                let minute = minute.min(1439);
                time(i8::try_from(minute / 60).unwrap(), i8::try_from(minute % 60).unwrap(), 0, 0)
            };
            let window = DailyWindow::new(clock(from), clock(from + length)).unwrap();
            let zone = pacific();
            let start = date(2015, 1, 1).at(0, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp();
            let at = start.checked_add(SignedDuration::from_mins(minute)).unwrap();
            let opening = window.next_open(at, &zone);
            prop_assert!(window.is_open(opening, &zone));
            prop_assert!(opening.duration_since(at) <= SignedDuration::from_hours(48));
            let mut probe = at;
            while probe < opening {
                prop_assert!(!window.is_open(probe, &zone), "open at {}", probe);
                probe = probe.checked_add(SignedDuration::from_mins(1)).unwrap();
            }
        }
    }
}

//! Schedule windows: half-open, with or without end.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use super::duration::Ttl;

/// `[start, end)`, or `[start, …)` without end. The end is always later than the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Window {
    start: Timestamp,
    end: Option<Timestamp>,
}

/// A window whose end is not later than its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the end of a schedule must be later than its start")]
pub struct WindowError;

impl Window {
    /// The window from `start` up to, not including, `end`.
    pub fn new(start: Timestamp, end: Option<Timestamp>) -> Result<Self, WindowError> {
        if end.is_some_and(|end| end <= start) { Err(WindowError) } else { Ok(Self { start, end }) }
    }

    /// The window that never ends.
    #[must_use]
    pub const fn endless(start: Timestamp) -> Self {
        Self { start, end: None }
    }

    /// The window of this length. An end beyond year 9999 is that year's; only a zero `ttl` is refused.
    pub fn lasting(start: Timestamp, ttl: Ttl) -> Result<Self, WindowError> {
        Self::new(start, Some(ttl.after(start)))
    }

    /// The first instant inside.
    #[must_use]
    pub const fn start(&self) -> Timestamp {
        self.start
    }

    /// The first instant after it; `None` when endless.
    #[must_use]
    pub const fn end(&self) -> Option<Timestamp> {
        self.end
    }

    /// The length in seconds, rounded up; `None` when endless.
    #[must_use]
    pub fn length(&self) -> Option<Ttl> {
        self.end.map(|end| Ttl::between(self.start, end))
    }

    /// True when longer than `limit`; a window exactly as long passes (`GRAPH 10.2`). Endless is longer than anything.
    #[must_use]
    pub fn is_longer_than(&self, limit: Ttl) -> bool {
        self.end.is_none_or(|end| end > limit.after(self.start))
    }

    /// True when shorter than `limit`.
    #[must_use]
    pub fn is_shorter_than(&self, limit: Ttl) -> bool {
        self.end.is_some_and(|end| end < limit.after(self.start))
    }

    /// True at `start ≤ at < end`: from its end on a grant is never in force (R1).
    #[must_use]
    pub fn covers(&self, at: Timestamp) -> bool {
        self.has_started(at) && !self.has_ended(at)
    }

    /// True from the start on.
    #[must_use]
    pub fn has_started(&self, at: Timestamp) -> bool {
        self.start <= at
    }

    /// True from the end on.
    #[must_use]
    pub fn has_ended(&self, at: Timestamp) -> bool {
        self.end.is_some_and(|end| end <= at)
    }

    /// True when every instant of `inner` lies in `self`.
    #[must_use]
    pub fn contains(&self, inner: &Self) -> bool {
        self.start <= inner.start && ends_no_later(inner.end, self.end)
    }

    /// True when some instant lies in both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        !self.has_ended(other.start) && !other.has_ended(self.start)
    }

    /// The part that lies in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        Self::new(self.start.max(other.start), earlier(self.end, other.end)).ok()
    }

    /// The window with its end no later than `limit` (an eligibility's end: `GRAPH 9.3`, `ARM A-9`); `None` when
    /// nothing is left.
    #[must_use]
    pub fn cut(&self, limit: Option<Timestamp>) -> Option<Self> {
        Self::new(self.start, earlier(self.end, limit)).ok()
    }

    /// A start in the past moved to `now`, a relative end moved with it (`GRAPH 5.3`, `ARM 9.6`).
    #[must_use]
    pub fn shifted_to(&self, start: Timestamp) -> Self {
        let end = self.end.map(|end| {
            let length = end.duration_since(self.start);
            start.checked_add(length).unwrap_or(super::instant::LAST).min(super::instant::LAST)
        });
        // Only a start beyond year 9999 could leave nothing; it keeps its place then.
        Self::new(start, end).unwrap_or(*self)
    }
}

/// The earlier of two ends, where `None` is never.
#[must_use]
pub fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (end, None) | (None, end) => end,
    }
}

fn ends_no_later(inner: Option<Timestamp>, outer: Option<Timestamp>) -> bool {
    outer.is_none_or(|outer| inner.is_some_and(|inner| inner <= outer))
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Ends {
            start: Timestamp,
            end: Option<Timestamp>,
        }
        let Ends { start, end } = Ends::deserialize(deserializer)?;
        Self::new(start, end).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn window(start: i64, end: i64) -> Window {
        Window::new(at(start), Some(at(end))).unwrap()
    }

    #[test]
    fn a_window_covers_its_start_and_not_its_end() {
        let window = window(10, 20);
        assert_eq!([9, 10, 19, 20].map(|second| window.covers(at(second))), [false, true, true, false]);
        assert!(window.has_ended(at(20)) && !window.has_ended(at(19)));
        assert!(Window::endless(at(10)).covers(at(1_000_000)));
    }

    #[test]
    fn an_empty_window_cannot_be_made() {
        assert_eq!(Window::new(at(10), Some(at(10))), Err(WindowError));
        assert_eq!(Window::lasting(at(10), Ttl::ZERO), Err(WindowError));
        assert_eq!(window(10, 20).cut(Some(at(10))), None);
        assert_eq!(window(10, 20).intersection(&window(20, 30)), None);
    }

    #[test]
    fn exactly_as_long_as_the_limit_passes() {
        assert!(!window(0, 3_600).is_longer_than(Ttl::hours(1)));
        assert!(window(0, 3_601).is_longer_than(Ttl::hours(1)));
        assert!(Window::endless(at(0)).is_longer_than(Ttl::MAX));
        assert!(window(0, 299).is_shorter_than(Ttl::minutes(5)));
        assert!(!window(0, 300).is_shorter_than(Ttl::minutes(5)));
    }

    #[test]
    fn a_cut_keeps_the_earlier_end() {
        assert_eq!(window(0, 100).cut(Some(at(50))), Some(window(0, 50)));
        assert_eq!(window(0, 100).cut(Some(at(150))), Some(window(0, 100)));
        assert_eq!(window(0, 100).cut(None), Some(window(0, 100)));
        assert_eq!(Window::endless(at(0)).cut(Some(at(50))), Some(window(0, 50)));
        assert_eq!(window(0, 100).shifted_to(at(30)), window(30, 130));
    }

    fn any_window() -> impl Strategy<Value = Window> {
        (0..40i64, prop::option::of(1..20i64))
            .prop_map(|(start, length)| Window::new(at(start), length.map(|length| at(start + length))).unwrap())
    }

    proptest! {
        #[test]
        fn overlap_and_intersection_agree_with_the_instants(one in any_window(), other in any_window()) {
            let both: Vec<i64> = (0..100).filter(|s| one.covers(at(*s)) && other.covers(at(*s))).collect();
            prop_assert_eq!(one.overlaps(&other), !both.is_empty());
            let shared = one.intersection(&other);
            let covered: Vec<i64> = (0..100).filter(|s| shared.is_some_and(|w| w.covers(at(*s)))).collect();
            prop_assert_eq!(covered, both);
        }

        #[test]
        fn containment_means_that_the_intersection_is_the_inner(one in any_window(), other in any_window()) {
            prop_assert_eq!(one.contains(&other), one.intersection(&other) == Some(other));
        }
    }
}

//! When keys are made, used and given up: a function of the keys there are and of the clock.

use jiff::{SignedDuration, Timestamp};

/// How keys follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// How long a key signs.
    pub period: SignedDuration,
    /// How long before its first use a key is published, so that those who keep a copy of the keys know it by then.
    pub lead: SignedDuration,
    /// Longest life of a token: that long a key is published after its last use.
    pub longest_token: SignedDuration,
}

impl Default for Rotation {
    fn default() -> Self {
        Self {
            period: SignedDuration::from_hours(30 * 24),
            lead: SignedDuration::from_hours(24),
            longest_token: SignedDuration::from_hours(24),
        }
    }
}

/// When a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Term {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

impl Rotation {
    fn term(&self, from: Timestamp) -> Term {
        Term { from, until: later(from, self.period) }
    }

    /// The term of the key that is to be made now; `None` while there is no need.
    pub(super) fn wanted(&self, terms: &[Term], now: Timestamp) -> Option<Term> {
        let Some(last) = terms.iter().max() else {
            return Some(self.term(now));
        };
        if now >= last.until {
            // Nobody looked in time.
            Some(self.term(now))
        } else if now >= self.follows(*last) {
            Some(self.term(last.until))
        } else {
            None
        }
    }

    /// When the key after `last` is to be made. It is there before the lead if the period is shorter than that.
    fn follows(&self, last: Term) -> Timestamp {
        earlier(last.until, self.lead).max(last.from)
    }

    /// When [`Rotation::wanted`] will answer next.
    pub(super) fn due(&self, terms: &[Term]) -> Option<Timestamp> {
        terms.iter().max().map(|last| self.follows(*last))
    }

    /// How long a key is published whose term ends at `until`. The leeway of those who verify is in it.
    pub(super) fn published_until(&self, until: Timestamp) -> Timestamp {
        later(until, self.longest_token.saturating_add(SignedDuration::from_mins(10)))
    }
}

/// Which of these signs at `now`. After a clock was set back, the oldest that has not ended.
pub(super) fn signing(terms: &[Term], now: Timestamp) -> Option<usize> {
    let running = |term: &Term| now < term.until;
    let started = terms.iter().enumerate().filter(|(_, term)| running(term) && term.from <= now);
    let any = || terms.iter().enumerate().filter(|(_, term)| running(term)).min_by_key(|(_, term)| **term);
    started.max_by_key(|(_, term)| **term).or_else(any).map(|(at, _)| at)
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(at)
}

fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_sub(by).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn at(days: i64) -> Timestamp {
        Timestamp::from_second(days * DAY).unwrap()
    }

    fn term(from: i64, until: i64) -> Term {
        Term { from: at(from), until: at(until) }
    }

    #[test]
    fn a_key_is_there_a_day_before_it_signs() {
        let check = |terms: &[Term], now: i64, expected: Option<Term>| {
            assert_eq!(Rotation::default().wanted(terms, at(now)), expected, "{terms:?} at {now}");
        };
        check(&[], 0, Some(term(0, 30)));
        check(&[term(0, 30)], 28, None);
        check(&[term(0, 30)], 29, Some(term(30, 60)));
        check(&[term(0, 30), term(30, 60)], 29, None);
        check(&[term(30, 60), term(0, 30)], 58, None);
        check(&[term(0, 30)], 200, Some(term(200, 230)));
        assert_eq!(Rotation::default().due(&[term(0, 30)]), Some(at(29)));
        assert_eq!(Rotation::default().due(&[]), None);
        assert_eq!(Rotation::default().published_until(at(30)), at(31) + SignedDuration::from_mins(10));
    }

    #[test]
    fn a_period_shorter_than_the_lead_makes_the_next_key_at_once() {
        let rotation = Rotation { period: SignedDuration::from_hours(12), ..Rotation::default() };
        let first = rotation.wanted(&[], at(0)).unwrap();
        let second = rotation.wanted(&[first], at(0)).unwrap();
        assert_eq!(second.from, first.until);
        assert_eq!(rotation.wanted(&[first, second], at(0)), None);
    }

    #[test]
    fn one_key_signs_at_a_time() {
        let terms = [term(0, 30), term(30, 60)];
        for (now, expected) in [(0, Some(0)), (29, Some(0)), (30, Some(1)), (59, Some(1)), (60, None), (-5, Some(0))] {
            assert_eq!(signing(&terms, at(now)), expected, "{now}");
        }
        assert_eq!(signing(&[], at(0)), None);
    }
}

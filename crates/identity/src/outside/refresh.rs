//! When the keys of an issuer are asked for again: a function of what is held and of the clock.

use jiff::{SignedDuration, Timestamp};

/// Keys of this age are asked for again.
pub const REFRESH: SignedDuration = SignedDuration::from_hours(1);

/// Keys that cannot be refreshed go on to count until this age.
pub const KEEP_STALE: SignedDuration = SignedDuration::from_hours(24);

/// The issuer is asked this often at most for a key that is not known, or after it did not answer.
pub const RETRY: SignedDuration = SignedDuration::from_secs(60);

/// Most keys of a set that are held.
pub const MOST_KEYS: usize = 64;

/// What is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Held {
    /// When the keys were read; `None` before the first time.
    pub(super) read: Option<Timestamp>,
    /// When the issuer was last asked, with or without an answer.
    pub(super) asked: Option<Timestamp>,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The held keys count.
    Use,
    /// Ask; the held keys count if there is no answer.
    Ask,
    /// Nothing can be said now: nothing is held that counts, and it is too soon to ask.
    Pause,
}

impl Held {
    /// What to do for a key that is held (`known`) or not.
    pub(super) fn step(self, known: bool, now: Timestamp) -> Step {
        let since = |at: Option<Timestamp>| at.map(|at| now.duration_since(at));
        // A clock set back makes all ages negative: then we ask.
        let within = |age: Option<SignedDuration>, most| age.is_some_and(|age| !age.is_negative() && age < most);
        let may_ask = !within(since(self.asked), RETRY);
        let usable = within(since(self.read), KEEP_STALE);
        if usable && known && within(since(self.read), REFRESH) {
            Step::Use
        } else if may_ask {
            Step::Ask
        } else if usable {
            Step::Use
        } else {
            Step::Pause
        }
    }

    /// True while the held keys count.
    pub(super) fn counts(self, now: Timestamp) -> bool {
        self.read.is_some_and(|read| now.duration_since(read) < KEEP_STALE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;

    fn check(read: Option<i64>, asked: Option<i64>, known: bool, now: i64, expected: Step) {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let held = Held { read: read.map(at), asked: asked.map(at) };
        assert_eq!(held.step(known, at(now)), expected, "{held:?} {known} {now}");
    }

    #[test]
    fn an_issuer_is_asked_seldom() {
        check(None, None, false, 0, Step::Ask);
        check(Some(0), Some(0), true, HOUR - 1, Step::Use);
        check(Some(0), Some(0), true, HOUR, Step::Ask);
        // A name that is not known: once a minute.
        check(Some(0), Some(0), false, 59, Step::Use);
        check(Some(0), Some(0), false, 60, Step::Ask);
        // No answer: the old keys count for a day, with a minute between two questions.
        check(Some(0), Some(2 * HOUR), true, 2 * HOUR + 59, Step::Use);
        check(Some(0), Some(2 * HOUR), true, 2 * HOUR + 60, Step::Ask);
        check(Some(0), Some(24 * HOUR), true, 24 * HOUR, Step::Pause);
        check(None, Some(0), false, 59, Step::Pause);
        // A clock set back.
        check(Some(HOUR), Some(HOUR), true, 0, Step::Ask);
    }
}

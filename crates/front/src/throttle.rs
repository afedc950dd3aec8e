//! How many calls one caller may make, for the faces that say so: counted by the second, in memory, by each node for itself.

use std::collections::HashMap;

use jiff::Timestamp;
use parking_lot::Mutex;
use uuid::Uuid;

/// Counts the calls of callers.
#[derive(Debug, Default)]
pub struct Throttle {
    /// Most calls of one caller a second; 0 is no limit.
    most: u32,
    counted: Mutex<Counted>,
}

/// The calls of one second. Nothing is kept of the seconds before.
#[derive(Debug, Default)]
struct Counted {
    second: i64,
    calls: HashMap<Uuid, u32>,
}

impl Throttle {
    /// At most `calls` of one caller a second; 0 is no limit.
    #[must_use]
    pub fn per_second(calls: u32) -> Self {
        Self { most: calls, counted: Mutex::default() }
    }

    /// Counts a call of `caller`. False when it is one too many: the next second takes it.
    pub fn admits(&self, caller: Uuid, now: Timestamp) -> bool {
        if self.most == 0 {
            return true;
        }
        let mut counted = self.counted.lock();
        let second = now.as_second();
        // Also when the clock was set back.
        if counted.second != second {
            counted.second = second;
            counted.calls.clear();
        }
        let calls = counted.calls.entry(caller).or_default();
        let admits = *calls < self.most;
        *calls = calls.saturating_add(1);
        admits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn each_caller_has_so_many_calls_in_each_second() {
        let throttle = Throttle::per_second(2);
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let first = at("2030-06-03T12:00:00.100Z");
        let admitted = [one, one, one, other].map(|caller| throttle.admits(caller, first));
        assert_eq!(admitted, [true, true, false, true]);
        assert!(!throttle.admits(one, at("2030-06-03T12:00:00.999Z")));
        assert!(throttle.admits(one, at("2030-06-03T12:00:01Z")));
        // A clock that was set back locks nobody out.
        assert!(throttle.admits(one, at("2030-06-03T11:00:00Z")));
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let throttle = Throttle::default();
        let now = at("2030-06-03T12:00:00Z");
        assert!((0..10_000).all(|_| throttle.admits(Uuid::nil(), now)));
        assert!(throttle.counted.lock().calls.is_empty());
    }
}

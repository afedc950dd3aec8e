//! Guesses of typed codes and the making of device codes: a budget for each account or address, in memory.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

/// So many at once.
const BURST: i32 = 10;
/// Time that buys one more.
const REFILL: SignedDuration = SignedDuration::from_secs(30);
/// Most that are remembered; when there are more, those who begin anew wait for the oldest to be forgotten.
const MOST: usize = 10_000;

/// Who has tried how often: for each the instant at which its budget is whole again.
#[derive(Debug, Default)]
pub(crate) struct Guesses(Mutex<HashMap<String, Timestamp>>);

impl Guesses {
    /// Pays for one try.
    ///
    /// # Errors
    /// Seconds until the next one.
    pub(crate) fn pay(&self, who: &str, now: Timestamp) -> Result<(), i64> {
        let most = REFILL * BURST;
        let mut all = self.0.lock();
        if all.len() >= MOST {
            all.retain(|_, whole| *whole > now);
            if all.len() >= MOST && !all.contains_key(who) {
                return Err(REFILL.as_secs());
            }
        }
        // A budget cannot owe more than all of it: the clock was set back, which must lock nobody out.
        let owed = all.get(who).copied().filter(|whole| *whole > now && whole.duration_since(now) <= most);
        let whole = owed.unwrap_or(now).saturating_add(REFILL).unwrap_or(now);
        let over = whole.duration_since(now) - most;
        if over.is_positive() {
            return Err(over.as_secs().max(1));
        }
        all.insert(who.to_owned(), whole);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn ten_at_once_then_one_every_half_minute() {
        let guesses = Guesses::default();
        for _ in 0..10 {
            assert_eq!(guesses.pay("jen", at(1000)), Ok(()));
        }
        assert_eq!(guesses.pay("jen", at(1000)), Err(30));
        assert_eq!(guesses.pay("sam", at(1000)), Ok(()));
        assert_eq!(guesses.pay("jen", at(1030)), Ok(()));
        assert_eq!(guesses.pay("jen", at(1030)), Err(30));
        assert_eq!(guesses.pay("jen", at(0)), Ok(()), "a clock set back");
    }
}

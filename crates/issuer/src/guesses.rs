//! Guesses of typed codes and the making of device codes: a budget for each account or address, and one of all strangers,
//! in memory.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

/// So many at once.
const BURST: i32 = 10;
/// Time that buys one more.
const REFILL: SignedDuration = SignedDuration::from_secs(30);
/// Most that are remembered; when there are more, those who begin anew wait for the oldest to be forgotten.
const MOST: usize = 10_000;

/// So many of all strangers at once: fewer than are remembered, so that they never crowd anybody out.
const STRANGERS_BURST: i32 = 1_000;
/// Time that buys them one more.
const STRANGERS_REFILL: SignedDuration = SignedDuration::from_millis(500);

/// Who has tried how often: for each the instant at which its budget is whole again.
#[derive(Debug, Default)]
pub(crate) struct Guesses(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    each: HashMap<String, Timestamp>,
    strangers: Option<Timestamp>,
}

impl Guesses {
    /// Pays for one try.
    ///
    /// # Errors
    /// Seconds until the next one.
    pub(crate) fn pay(&self, who: &str, now: Timestamp) -> Result<(), i64> {
        self.pay_also(who, false, now)
    }

    /// Pays for one try of somebody of whom nothing is known, also from the budget of all such.
    ///
    /// # Errors
    /// Seconds until the next one. What is refused costs nothing, and is not remembered.
    pub(crate) fn pay_as_stranger(&self, who: &str, now: Timestamp) -> Result<(), i64> {
        self.pay_also(who, true, now)
    }

    fn pay_also(&self, who: &str, is_stranger: bool, now: Timestamp) -> Result<(), i64> {
        let mut tables = self.0.lock();
        if tables.each.len() >= MOST {
            tables.each.retain(|_, whole| *whole > now);
            if tables.each.len() >= MOST && !tables.each.contains_key(who) {
                return Err(REFILL.as_secs());
            }
        }
        let whole = paid(tables.each.get(who).copied(), BURST, REFILL, now)?;
        if is_stranger {
            tables.strangers = Some(paid(tables.strangers, STRANGERS_BURST, STRANGERS_REFILL, now)?);
        }
        tables.each.insert(who.to_owned(), whole);
        Ok(())
    }
}

/// When a budget is whole again after one more try.
fn paid(whole: Option<Timestamp>, burst: i32, refill: SignedDuration, now: Timestamp) -> Result<Timestamp, i64> {
    let most = refill * burst;
    // A budget cannot owe more than all of it: the clock was set back, which must lock nobody out.
    let owed = whole.filter(|whole| *whole > now && whole.duration_since(now) <= most);
    let whole = owed.unwrap_or(now).saturating_add(refill).unwrap_or(now);
    let over = whole.duration_since(now) - most;
    if over.is_positive() { Err(over.as_secs().max(1)) } else { Ok(whole) }
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

    #[test]
    fn f18_strangers_of_many_addresses_share_one_budget_and_crowd_nobody_out() {
        let guesses = Guesses::default();
        let from = |number: u32, now| guesses.pay_as_stranger(&format!("2001:db8:{number:x}::"), at(now));
        assert_eq!((0..20_000).filter(|number| from(*number, 1_000).is_ok()).count(), 1_000);
        assert_eq!(guesses.0.lock().each.len(), 1_000, "who is refused is not remembered");
        assert_eq!(from(20_001, 1_000), Err(1));
        assert_eq!(guesses.pay("198.51.100.7", at(1_000)), Ok(()), "from where somebody signed in");
        assert_eq!((20_002..20_100).filter(|number| from(*number, 1_010).is_ok()).count(), 20);
    }
}

//! Bounds what strangers may ask for before they say who they are: challenges for whichever passkey, ways to outside issuers
//! and back. Each costs a row or a call to somebody else.
//!
//! Every address has a budget, and all strangers together have one. An address from which somebody signed in lately pays
//! from its own alone: however many strangers ask, people go on to sign in from where they work.

use std::{collections::HashMap, net::IpAddr};

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use crate::{settings::Throttling, throttle::block_of};

/// Of one address: a minute's worth of a busy office at once, then one each second.
const OF_ADDRESS: Budget = Budget { burst: 60, refill: SignedDuration::from_secs(1) };
/// Of all strangers.
const OF_STRANGERS: Budget = Budget { burst: 2_000, refill: SignedDuration::from_millis(200) };

/// How long an address stays known.
const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Most addresses that are remembered, of each kind.
const CAPACITY: usize = 20_000;

#[derive(Debug, Clone, Copy)]
struct Budget {
    burst: i32,
    refill: SignedDuration,
}

impl Budget {
    /// Pays once. `whole_at` is the instant at which the budget is whole again; answers the new one.
    fn pay(self, whole_at: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, SignedDuration> {
        let most = self.refill * self.burst;
        // No budget owes more than all of it: the clock was set back, which must hold nobody up.
        let from = whole_at.filter(|at| *at > now && at.duration_since(now) <= most).unwrap_or(now);
        let whole = from.saturating_add(self.refill).unwrap_or(from);
        let over = whole.duration_since(now) - most;
        if over.is_positive() { Err(over) } else { Ok(whole) }
    }
}

#[derive(Debug)]
pub(crate) struct Pace {
    policy: Throttling,
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    addresses: HashMap<IpAddr, Timestamp>,
    strangers: Option<Timestamp>,
    known: HashMap<IpAddr, Timestamp>,
}

impl Pace {
    pub(crate) fn new(policy: Throttling) -> Self {
        Self { policy, tables: Mutex::default() }
    }

    /// Pays for one thing that is asked for from `address`.
    ///
    /// # Errors
    /// How long until the next one is done.
    pub(crate) fn pay(&self, address: IpAddr, now: Timestamp) -> Result<(), SignedDuration> {
        let block = block_of(address);
        if self.policy == Throttling::NotLoopback && block.is_loopback() {
            return Ok(());
        }
        let mut tables = self.tables.lock();
        let known = tables.known.get(&block).is_some_and(|seen| now.duration_since(*seen) < KNOWN_FOR);
        let own = OF_ADDRESS.pay(tables.addresses.get(&block).copied(), now)?;
        if !known {
            tables.strangers = Some(OF_STRANGERS.pay(tables.strangers, now)?);
        }
        if tables.addresses.len() >= CAPACITY && !tables.addresses.contains_key(&block) {
            tables.addresses.retain(|_, whole| *whole > now);
            if tables.addresses.len() >= CAPACITY {
                // So many cannot be in debt at once while strangers have one budget, unless they are known.
                tables.addresses.clear();
            }
        }
        tables.addresses.insert(block, own);
        Ok(())
    }

    /// True when somebody signed in from there lately.
    pub(crate) fn knows(&self, address: IpAddr, now: Timestamp) -> bool {
        let tables = self.tables.lock();
        tables.known.get(&block_of(address)).is_some_and(|seen| now.duration_since(*seen) < KNOWN_FOR)
    }

    /// Somebody signed in from there.
    pub(crate) fn welcome(&self, address: IpAddr, now: Timestamp) {
        let mut tables = self.tables.lock();
        if tables.known.len() >= CAPACITY {
            tables.known.retain(|_, seen| now.duration_since(*seen) < KNOWN_FOR);
        }
        if tables.known.len() < CAPACITY {
            tables.known.insert(block_of(address), now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + millisecond).unwrap()
    }

    fn address(number: u32) -> IpAddr {
        IpAddr::from((0xC633_0000_u32 + number).to_be_bytes())
    }

    fn wait(pace: &Pace, from: u32, millisecond: i64) -> i64 {
        pace.pay(address(from), at(millisecond)).map_or_else(|wait| i64::try_from(wait.as_millis()).unwrap(), |()| 0)
    }

    #[test]
    fn an_address_has_sixty_at_once_then_one_each_second() {
        let pace = Pace::new(Throttling::Everywhere);
        assert_eq!((0..60).map(|_| wait(&pace, 1, 0)).sum::<i64>(), 0);
        assert_eq!(wait(&pace, 1, 0), 1_000);
        assert_eq!(wait(&pace, 1, 300), 700, "as long as it says");
        assert_eq!(wait(&pace, 1, 1_000), 0);
        assert_eq!(wait(&pace, 1, 1_000), 1_000, "what was refused is not paid for");
        assert_eq!(wait(&pace, 2, 1_000), 0);
        assert_eq!(wait(&pace, 1, -1_000_000), 0, "a clock set back holds nobody up");
    }

    #[test]
    fn strangers_share_one_budget_and_hold_up_nobody_who_is_known() {
        let pace = Pace::new(Throttling::Everywhere);
        pace.welcome(address(1), at(0));
        let done = (100..5_000).filter(|from| wait(&pace, *from, 0) == 0).count();
        assert_eq!(done, 2_000);
        assert_eq!((wait(&pace, 2, 0), wait(&pace, 1, 0)), (200, 0));
        assert!(pace.tables.lock().addresses.len() <= 2_001, "who is refused is not remembered");
    }

    #[test]
    fn the_demo_leaves_loopback_alone() {
        let pace = Pace::new(Throttling::NotLoopback);
        assert!((0..200).all(|_| pace.pay(IpAddr::from([127, 0, 0, 1]), at(0)).is_ok()));
        assert_eq!((0..200).filter(|_| wait(&pace, 1, 0) > 0).count(), 140);
    }
}

//! Slows down guessing without letting strangers lock people out.
//!
//! Three budgets of failed attempts, each refilled over time: of an address, of an address at one account, and of all
//! strangers at one account. A *known* address is one from which that account signed in before: it is never held back
//! by the failures of others, so nobody can lock a person out of the place he works from. An attempt is paid for
//! before the password is looked at and refunded when it was right, so that parallel guesses gain nothing.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
};

use ephor_domain::id::PrincipalId;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use crate::settings::Throttling;

/// Whose password is guessed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// An account, however it was spelled.
    Account(PrincipalId),
    /// A name that no account has, folded.
    Nobody(String),
    /// A ticket, which says whose it is only once it was looked at: until then there is nothing but the address.
    Ticket,
}

/// A budget: `burst` attempts at once, one more every `refill`.
#[derive(Debug, Clone, Copy)]
struct Quota {
    burst: i64,
    refill: SignedDuration,
}

const OF_ADDRESS: Quota = Quota { burst: 60, refill: SignedDuration::from_secs(6) };
const OF_PAIR: Quota = Quota { burst: 10, refill: SignedDuration::from_secs(30) };
const OF_STRANGERS: Quota = Quota { burst: 30, refill: SignedDuration::from_secs(60) };

/// How long an address stays known to an account.
const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Most entries of each table.
const CAPACITY: usize = 50_000;

#[derive(Debug)]
pub(crate) struct Throttle {
    policy: Throttling,
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    addresses: HashMap<IpAddr, Bucket>,
    pairs: HashMap<(Subject, IpAddr), Bucket>,
    strangers: HashMap<Subject, Bucket>,
    known: HashMap<(Subject, IpAddr), Timestamp>,
}

/// The instant at which the budget is whole again.
#[derive(Debug, Clone, Copy)]
struct Bucket(Timestamp);

/// An attempt that was paid for.
#[derive(Debug)]
#[must_use = "a right password is refunded"]
pub(crate) struct Attempt {
    subject: Subject,
    block: IpAddr,
    paid: bool,
    known: bool,
}

impl Attempt {
    /// The account signed in from there before.
    pub(crate) fn is_from_known_address(&self) -> bool {
        self.known
    }
}

impl Throttle {
    pub(crate) fn new(policy: Throttling) -> Self {
        Self { policy, tables: Mutex::default() }
    }

    /// Pays for an attempt.
    ///
    /// # Errors
    /// How long until an attempt can be paid for.
    pub(crate) fn attempt(&self, subject: Subject, address: IpAddr, now: Timestamp) -> Result<Attempt, SignedDuration> {
        let block = block_of(address);
        if self.policy == Throttling::NotLoopback && block.is_loopback() {
            return Ok(Attempt { subject, block, paid: false, known: true });
        }
        let mut tables = self.tables.lock();
        let pair = (subject.clone(), block);
        let known = tables.known.get(&pair).is_some_and(|seen| now.duration_since(*seen) < KNOWN_FOR);
        let named = subject != Subject::Ticket;
        let mut wait = SignedDuration::ZERO;
        if named {
            wait = wait_of(&tables.pairs, &pair, OF_PAIR, now);
        }
        if !known {
            wait = wait.max(wait_of(&tables.addresses, &block, OF_ADDRESS, now));
            if named {
                wait = wait.max(wait_of(&tables.strangers, &subject, OF_STRANGERS, now));
            }
        }
        if wait.is_positive() {
            return Err(wait);
        }
        if named {
            pay(&mut tables.pairs, pair, OF_PAIR, now);
        }
        if !known {
            pay(&mut tables.addresses, block, OF_ADDRESS, now);
            if named {
                pay(&mut tables.strangers, subject.clone(), OF_STRANGERS, now);
            }
        }
        Ok(Attempt { subject, block, paid: true, known })
    }

    /// The password was not looked at, so the attempt costs nothing.
    pub(crate) fn refund(&self, attempt: &Attempt) {
        if !attempt.paid {
            return;
        }
        let mut tables = self.tables.lock();
        give_back(&mut tables.pairs, &(attempt.subject.clone(), attempt.block), OF_PAIR);
        if !attempt.known {
            give_back(&mut tables.addresses, &attempt.block, OF_ADDRESS);
            give_back(&mut tables.strangers, &attempt.subject, OF_STRANGERS);
        }
    }

    /// The password was right: the attempt costs nothing, and the address is known from now on.
    pub(crate) fn succeed(&self, attempt: Attempt, now: Timestamp) {
        self.refund(&attempt);
        let mut tables = self.tables.lock();
        let pair = (attempt.subject, attempt.block);
        // What the person got wrong himself before is forgotten.
        tables.pairs.remove(&pair);
        if tables.known.len() >= CAPACITY {
            tables.known.retain(|_, seen| now.duration_since(*seen) < KNOWN_FOR);
        }
        if tables.known.len() < CAPACITY {
            tables.known.insert(pair, now);
        }
    }
}

fn wait_of<K: Eq + Hash>(table: &HashMap<K, Bucket>, key: &K, quota: Quota, now: Timestamp) -> SignedDuration {
    let Some(Bucket(whole_at)) = table.get(key) else {
        return SignedDuration::ZERO;
    };
    let debt = whole_at.duration_since(now);
    if debt > span(quota, quota.burst) {
        // No budget owes that much: the clock was set back, which must lock nobody out.
        return SignedDuration::ZERO;
    }
    (debt - span(quota, quota.burst - 1)).max(SignedDuration::ZERO)
}

fn pay<K: Eq + Hash>(table: &mut HashMap<K, Bucket>, key: K, quota: Quota, now: Timestamp) {
    if table.len() >= CAPACITY {
        table.retain(|_, bucket| bucket.0 > now);
        // All budgets in use at once: strangers with very many addresses. Forgetting costs them nothing they had not
        // bought already, growing would cost us everything.
        if table.len() >= CAPACITY {
            table.clear();
        }
    }
    let bucket = table.entry(key).or_insert(Bucket(now));
    let from = if bucket.0.duration_since(now) > span(quota, quota.burst) { now } else { bucket.0.max(now) };
    bucket.0 = from.saturating_add(quota.refill).unwrap_or(from);
}

fn give_back<K: Eq + Hash>(table: &mut HashMap<K, Bucket>, key: &K, quota: Quota) {
    if let Some(bucket) = table.get_mut(key) {
        bucket.0 = bucket.0.saturating_sub(quota.refill).unwrap_or(bucket.0);
    }
}

fn span(quota: Quota, attempts: i64) -> SignedDuration {
    SignedDuration::from_secs(quota.refill.as_secs().saturating_mul(attempts))
}

/// One subscriber: an IPv4 address, or the /64 of an IPv6 address.
#[must_use]
pub fn block_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from(u128::from(address) & (u128::MAX << 64)))
        }
        address @ (IpAddr::V4(_) | IpAddr::V6(_)) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("in range")
    }

    fn address(last: u16) -> IpAddr {
        let [high, low] = last.to_be_bytes();
        IpAddr::from([198, 51, high, low])
    }

    fn jen() -> Subject {
        Subject::Account(PrincipalId::new(uuid::Uuid::from_u128(1)))
    }

    fn fail(throttle: &Throttle, subject: Subject, address: IpAddr, second: i64) -> Result<(), i64> {
        throttle.attempt(subject, address, at(second)).map(drop).map_err(|wait| wait.as_secs())
    }

    #[test]
    fn ten_failures_of_an_address_at_an_account_then_one_each_half_minute() {
        let throttle = Throttle::new(Throttling::Everywhere);
        for _ in 0..10 {
            assert_eq!(fail(&throttle, jen(), address(1), 0), Ok(()));
        }
        assert_eq!(fail(&throttle, jen(), address(1), 0), Err(30));
        assert_eq!(fail(&throttle, jen(), address(1), 29), Err(1));
        assert_eq!(fail(&throttle, jen(), address(1), 30), Ok(()));
        assert_eq!(fail(&throttle, jen(), address(1), 30), Err(30));
        assert_eq!(fail(&throttle, jen(), address(2), 30), Ok(()), "another address");
    }

    #[test]
    fn a_right_password_costs_nothing_and_clears_the_pair() {
        let throttle = Throttle::new(Throttling::Everywhere);
        for _ in 0..9 {
            assert_eq!(fail(&throttle, jen(), address(1), 0), Ok(()));
        }
        for _ in 0..1000 {
            let attempt = throttle.attempt(jen(), address(1), at(0)).expect("never throttled");
            throttle.succeed(attempt, at(0));
        }
        for _ in 0..10 {
            assert_eq!(fail(&throttle, jen(), address(1), 0), Ok(()));
        }
    }

    #[test]
    fn strangers_cannot_lock_a_person_out_of_a_known_address() {
        let throttle = Throttle::new(Throttling::Everywhere);
        let attempt = throttle.attempt(jen(), address(1), at(0)).expect("free");
        throttle.succeed(attempt, at(0));
        let refused = (100..200).filter(|n| fail(&throttle, jen(), address(*n), 1).is_err()).count();
        assert_eq!(refused, 70, "all strangers together have thirty attempts");
        let attempt = throttle.attempt(jen(), address(1), at(2)).expect("the known address is free");
        throttle.succeed(attempt, at(2));
        assert_eq!(fail(&throttle, jen(), address(2), 2), Err(59), "a new address waits its turn");
    }

    #[test]
    fn an_address_that_tries_many_names_is_slowed() {
        let throttle = Throttle::new(Throttling::Everywhere);
        let refused =
            (0..100).filter(|n| fail(&throttle, Subject::Nobody(format!("name{n}")), address(1), 0).is_err()).count();
        assert_eq!(refused, 40);
        assert_eq!(fail(&throttle, jen(), address(1), 0), Err(6));
    }

    #[test]
    fn the_same_slash_64_is_one_stranger() {
        let throttle = Throttle::new(Throttling::Everywhere);
        let refused = (0..100u32)
            .filter(|n| {
                let address = format!("2001:db8::{n:x}").parse().expect("an address");
                fail(&throttle, Subject::Nobody(format!("name{n}")), address, 0).is_err()
            })
            .count();
        assert_eq!(refused, 40);
    }

    #[test]
    fn the_demo_leaves_loopback_alone() {
        let throttle = Throttle::new(Throttling::NotLoopback);
        for loopback in ["127.0.0.1", "::1"] {
            for _ in 0..200 {
                assert_eq!(fail(&throttle, jen(), loopback.parse().expect("an address"), 0), Ok(()));
            }
        }
        let refused = (0..11).filter(|_| fail(&throttle, jen(), address(1), 0).is_err()).count();
        assert_eq!(refused, 1);
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let throttle = Throttle::new(Throttling::Everywhere);
        for second in [1_000_000, 0] {
            for _ in 0..10 {
                assert_eq!(fail(&throttle, jen(), address(1), second), Ok(()));
            }
            assert_eq!(fail(&throttle, jen(), address(1), second), Err(30));
        }
    }
}

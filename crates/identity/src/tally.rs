//! Failed sign-ins for the record: the first ten a minute of an account or address one by one, then one event a minute
//! with the count (seams §16). Else strangers fill the disk, and a full disk stops grants.

use std::{collections::BTreeMap, net::IpAddr};

use ephor_domain::id::PrincipalId;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use crate::{
    event::{Event, EventKind},
    throttle::block_of,
};

/// Recorded one by one in each minute.
const ONE_BY_ONE: u64 = 10;

/// Most accounts and addresses counted apart; the rest are counted together.
const CAPACITY: usize = 10_000;

const MINUTE: SignedDuration = SignedDuration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Account(PrincipalId),
    Address(IpAddr),
    Others,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    since: Timestamp,
    seen: u64,
    /// Not recorded one by one: how many, the first, the last.
    held: Option<(u64, Timestamp, Timestamp)>,
}

#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: Mutex<BTreeMap<Key, Count>>,
}

impl Tally {
    /// Takes a failure; answers what is to be recorded now.
    pub(crate) fn take(&self, failure: Event) -> Vec<Event> {
        let now = failure.at;
        let mut counts = self.counts.lock();
        let mut out = settle(&mut counts, now);
        let keys = [failure.principal.map(Key::Account), failure.address.map(|at| Key::Address(block_of(at)))];
        let mut holder = None;
        for key in keys.into_iter().flatten() {
            let key = if counts.contains_key(&key) || counts.len() < CAPACITY { key } else { Key::Others };
            let count = counts.entry(key).or_insert(Count { since: now, seen: 0, held: None });
            count.seen += 1;
            if count.seen > ONE_BY_ONE {
                holder.get_or_insert(key);
            }
        }
        match holder.and_then(|key| counts.get_mut(&key)) {
            Some(count) => {
                let (held, first, _) = count.held.unwrap_or((0, now, now));
                count.held = Some((held + 1, first, now));
            }
            None => out.push(failure),
        }
        out
    }

    /// What is to be recorded because its minute is over.
    pub(crate) fn settle(&self, now: Timestamp) -> Vec<Event> {
        settle(&mut self.counts.lock(), now)
    }

    /// When the next minute with held failures is over.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        let counts = self.counts.lock();
        let ends = counts.values().filter(|count| count.held.is_some()).map(end_of);
        ends.min()
    }
}

fn end_of(count: &Count) -> Timestamp {
    count.since.saturating_add(MINUTE).unwrap_or(count.since)
}

fn settle(counts: &mut BTreeMap<Key, Count>, now: Timestamp) -> Vec<Event> {
    let mut out = Vec::new();
    counts.retain(|key, count| {
        // A clock set back ends the minute too, or nothing would be recorded until it caught up.
        let over = now >= end_of(count) || now < count.since;
        if over && let Some((held, from, to)) = count.held {
            let (principal, address) = match key {
                Key::Account(account) => (Some(*account), None),
                Key::Address(address) => (None, Some(*address)),
                Key::Others => (None, None),
            };
            let kind = EventKind::SignInsFailed { count: held, from, to };
            out.push(Event { at: now, by: None, principal, address, kind });
        }
        !over
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::FailureReason;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("in range")
    }

    fn account(number: u128) -> PrincipalId {
        PrincipalId::new(uuid::Uuid::from_u128(number))
    }

    fn failure(principal: Option<u128>, address: &str, second: i64) -> Event {
        Event {
            at: at(second),
            by: None,
            principal: principal.map(account),
            address: Some(address.parse().expect("an address")),
            kind: EventKind::SignInFailed { reason: FailureReason::WrongPassword },
        }
    }

    #[test]
    fn ten_one_by_one_then_one_with_the_count() {
        let tally = Tally::default();
        for second in 0..10 {
            let event = failure(Some(1), "192.0.2.1", second);
            assert_eq!(tally.take(event.clone()), [event]);
        }
        assert_eq!(tally.due(), None);
        for second in 10..25 {
            assert_eq!(tally.take(failure(Some(1), "192.0.2.1", second)), []);
        }
        assert_eq!(tally.due(), Some(at(60)));
        assert_eq!(tally.settle(at(59)), []);
        assert_eq!(
            tally.settle(at(60)),
            [Event {
                at: at(60),
                by: None,
                principal: Some(account(1)),
                address: None,
                kind: EventKind::SignInsFailed { count: 15, from: at(10), to: at(24) },
            }]
        );
        let event = failure(Some(1), "192.0.2.1", 61);
        assert_eq!(tally.take(event.clone()), [event]);
    }

    #[test]
    fn an_address_is_counted_over_all_accounts() {
        let tally = Tally::default();
        let recorded: usize = (0..30).map(|n| tally.take(failure(Some(n), "192.0.2.1", 0)).len()).sum();
        assert_eq!(recorded, 10);
        let settled = tally.settle(at(60));
        assert_eq!(settled.len(), 1);
        let EventKind::SignInsFailed { count, .. } = settled[0].kind else { panic!("{settled:?}") };
        assert_eq!((count, settled[0].principal, settled[0].address), (20, None, "192.0.2.1".parse().ok()));
    }

    #[test]
    fn every_failure_is_recorded_or_counted() {
        let tally = Tally::default();
        let mut total = 0;
        let mut tell = |events: Vec<Event>| {
            for event in events {
                total += if let EventKind::SignInsFailed { count, .. } = event.kind { count } else { 1 };
            }
        };
        for n in 0..500u32 {
            let address = format!("192.0.2.{}", n % 7);
            tell(tally.take(failure((n % 3 == 0).then_some(u128::from(n % 5)), &address, i64::from(n))));
        }
        tell(tally.settle(at(1000)));
        assert_eq!(total, 500);
        assert_eq!(tally.due(), None);
    }
}

//! The create limit: so many requests a person a minute (seams §15). Kept in memory, by each node.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU32, Ordering},
};

use ephor_domain::id::PersonId;
use jiff::Timestamp;
use parking_lot::Mutex;

/// Counts requests by person in fixed minutes. The limit is the one that the last command found in the settings: reading
/// them before each command would cost a second trip to the store.
#[derive(Debug, Default)]
pub(crate) struct CreateLimit {
    limit: AtomicU32,
    minute: Mutex<(i64, HashMap<PersonId, u32>)>,
}

impl CreateLimit {
    /// Learns the limit in force; `None` is no limit.
    pub(crate) fn learn(&self, limit: Option<u32>) {
        self.limit.store(limit.unwrap_or(0), Ordering::Relaxed);
    }

    /// Counts one more request; false when that is more than the limit in this minute.
    pub(crate) fn admit(&self, person: PersonId, now: Timestamp) -> bool {
        let limit = self.limit.load(Ordering::Relaxed);
        if limit == 0 {
            return true;
        }
        let minute = now.as_second().div_euclid(60);
        let mut counted = self.minute.lock();
        if counted.0 != minute {
            *counted = (minute, HashMap::new());
        }
        let count = counted.1.entry(person).or_insert(0);
        *count = count.saturating_add(1);
        *count <= limit
    }
}

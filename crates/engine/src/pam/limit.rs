//! The create limit: so many requests a person a minute (seams §15). Kept in memory, by each node.

use std::collections::HashMap;

use ephor_domain::id::PersonId;
use jiff::Timestamp;
use parking_lot::Mutex;

/// Counts requests by person in fixed minutes.
#[derive(Debug, Default)]
pub(crate) struct CreateLimit {
    minute: Mutex<(i64, HashMap<PersonId, u32>)>,
}

impl CreateLimit {
    /// Counts one more request; false when that is more than `limit` in this minute.
    pub(crate) fn admit(&self, person: PersonId, limit: u32, now: Timestamp) -> bool {
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

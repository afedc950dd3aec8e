//! What was looked up lately, as long as nothing it rests on was changed: API tokens, and who stands behind signed ones.
//!
//! Reading it anew with each call would cost as much as most calls themselves. What is remembered is dropped with the
//! first change of the configuration (a revoked token, a disabled account, a new link between accounts), before whoever
//! made the change is answered. Where other processes write to the store as well, nothing is remembered.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

/// Most that is remembered: some megabytes.
const MOST: usize = 16 * 1024;

#[derive(Debug)]
pub(crate) struct Recognised<K, V> {
    known: Mutex<Known<K, V>>,
}

#[derive(Debug)]
struct Known<K, V> {
    version: u64,
    found: HashMap<K, V>,
}

impl<K, V> Default for Recognised<K, V> {
    fn default() -> Self {
        Self { known: Mutex::new(Known { version: 0, found: HashMap::new() }) }
    }
}

impl<K: Eq + Hash, V: Clone> Recognised<K, V> {
    /// What is remembered in this version of the configuration.
    pub(crate) fn get(&self, key: &K, version: u64) -> Option<V> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.found.get(key).filter(|_| known.version == version).cloned()
    }

    /// Remembers what was read while the configuration had this version, taken before the read.
    pub(crate) fn remember(&self, key: K, version: u64, found: &V) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.version < version || known.found.len() >= MOST {
            known.found.clear();
        }
        if known.version <= version {
            known.version = version;
            known.found.insert(key, found.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_known_after_it() {
        let known: Recognised<&str, u8> = Recognised::default();
        known.remember("token", 3, &1);
        assert_eq!(known.get(&"token", 3), Some(1));
        assert_eq!(known.get(&"token", 4), None);
        known.remember("token", 4, &2);
        // A slow reader comes back with what it read before the change.
        known.remember("token", 3, &1);
        assert_eq!(known.get(&"token", 4), Some(2));
        assert_eq!(known.get(&"token", 3), None);
    }

    #[test]
    fn a_crowd_of_callers_is_forgotten_before_it_fills_the_memory() {
        let known: Recognised<usize, ()> = Recognised::default();
        (0..=MOST).for_each(|number| known.remember(number, 1, &()));
        assert_eq!((known.get(&0, 1), known.get(&MOST, 1)), (None, Some(())));
    }
}

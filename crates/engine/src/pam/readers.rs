//! Callers recognised lately as PAM users, as long as the configuration stays as it is.
//!
//! Looking an account up anew with each list would cost a third of the list. What is remembered is dropped with the first
//! change of the configuration (a user made or removed, an account disabled, the settings), before whoever made the change is
//! answered. Where other processes write to the store as well, nothing is remembered.

use std::collections::HashMap;

use ephor_domain::id::{PersonId, PrincipalId};
use parking_lot::Mutex;

/// Most that is remembered: less than a megabyte.
const MOST: usize = 16 * 1024;

/// An enabled PAM account that reads, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reader {
    pub(crate) id: PrincipalId,
    pub(crate) person: PersonId,
}

/// Readers by the account that is signed in.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    version: u64,
    readers: HashMap<PrincipalId, Reader>,
}

impl Readers {
    /// What is remembered of an account in this version of the configuration.
    pub(crate) fn find(&self, signed_in: PrincipalId, version: u64) -> Option<Reader> {
        let known = self.known.lock();
        known.readers.get(&signed_in).filter(|_| known.version == version).copied()
    }

    /// Remembers what was read while the configuration had this version, taken before the read.
    pub(crate) fn remember(&self, signed_in: PrincipalId, version: u64, reader: Reader) {
        let mut known = self.known.lock();
        if known.version < version || known.readers.len() >= MOST {
            known.readers.clear();
        }
        if known.version <= version {
            known.version = version;
            known.readers.insert(signed_in, reader);
        }
    }
}

#[cfg(test)]
mod tests {
    use ephor_domain::id::Id;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_known_after_it() {
        let reader =
            |number: u128| Reader { id: Id::new(Uuid::from_u128(number)), person: Id::new(Uuid::from_u128(9)) };
        let (known, jen) = (Readers::default(), reader(1).id);
        known.remember(jen, 3, reader(1));
        assert_eq!(known.find(jen, 3), Some(reader(1)));
        assert_eq!(known.find(jen, 4), None);
        known.remember(jen, 4, reader(2));
        // A slow reader comes back with what it read before the change.
        known.remember(jen, 3, reader(1));
        assert_eq!((known.find(jen, 4), known.find(jen, 3)), (Some(reader(2)), None));
    }
}

//! API tokens looked up lately, as long as nothing they rest on was changed.
//!
//! Reading them anew with each call would cost as much as most calls themselves. What is remembered is dropped with the
//! first change of the configuration (a revoked token, a disabled account, a new link between accounts), before whoever
//! made the change is answered. Where other processes write to the store as well, nothing is remembered.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use ephor_domain::principal::Principal;
use ephor_store::tx::token::ApiToken;

use crate::secret::SecretHash;

/// Most that is remembered: some megabytes.
const MOST: usize = 16 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Recognised {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    version: u64,
    tokens: HashMap<SecretHash, (ApiToken, Principal)>,
}

impl Recognised {
    /// What is remembered of a token in this version of the configuration.
    pub(crate) fn token(&self, hash: &SecretHash, version: u64) -> Option<(ApiToken, Principal)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.tokens.get(hash).filter(|_| known.version == version).cloned()
    }

    /// Remembers what was read while the configuration had this version, taken before the read.
    pub(crate) fn remember(&self, hash: &SecretHash, version: u64, found: &(ApiToken, Principal)) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.version < version || known.tokens.len() >= MOST {
            known.tokens.clear();
        }
        if known.version <= version {
            known.version = version;
            known.tokens.insert(hash.clone(), found.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use ephor_domain::{
        id::{Id, PersonId},
        principal::PrincipalKind,
    };
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::secret::Purpose;

    fn found(number: u128) -> (ApiToken, Principal) {
        let principal = Principal {
            id: Id::new(Uuid::from_u128(number)),
            kind: PrincipalKind::User,
            person: PersonId::new(Uuid::from_u128(number)),
            domain: "DEMO".to_owned(),
            account: "jen".to_owned(),
            display_name: "Jen".to_owned(),
            upn: None,
            enabled: true,
        };
        let token = ApiToken {
            id: Id::new(Uuid::from_u128(number)),
            principal: principal.id,
            hash: vec![1],
            scopes: Vec::new(),
            label: String::new(),
            created: Timestamp::UNIX_EPOCH,
            expires: Timestamp::UNIX_EPOCH,
            revoked: None,
        };
        (token, principal)
    }

    #[test]
    fn what_was_read_before_a_change_is_not_known_after_it() {
        let (known, hash) = (Recognised::default(), SecretHash::of(Purpose::ApiToken, &"t".into()));
        known.remember(&hash, 3, &found(1));
        assert_eq!(known.token(&hash, 3), Some(found(1)));
        assert_eq!(known.token(&hash, 4), None);
        known.remember(&hash, 4, &found(2));
        // A slow reader comes back with what it read before the change.
        known.remember(&hash, 3, &found(1));
        assert_eq!(known.token(&hash, 4), Some(found(2)));
        assert_eq!(known.token(&hash, 3), None);
    }
}

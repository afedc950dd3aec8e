//! Verified pairs of name and password, remembered for a minute (seams §12): Argon2id on each call would be a denial
//! of service. What is kept is a hash under a key that never leaves this process.

use std::collections::HashMap;

use ephor_domain::id::PrincipalId;
use ephor_engine::port::Entropy;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Most pairs remembered at once.
const CAPACITY: usize = 10_000;

#[derive(Debug)]
pub(crate) struct Remembered {
    key: Zeroizing<[u8; 32]>,
    life: SignedDuration,
    pairs: Mutex<HashMap<[u8; 32], Pair>>,
}

#[derive(Debug, Clone, Copy)]
struct Pair {
    principal: PrincipalId,
    /// When the password was set that was verified: another one makes the pair worthless at once, on every node.
    changed: Timestamp,
    from: Timestamp,
}

impl Remembered {
    pub(crate) fn new(life: SignedDuration, entropy: &dyn Entropy) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        entropy.fill(key.as_mut());
        Self { key, life: life.min(SignedDuration::from_secs(60)), pairs: Mutex::default() }
    }

    /// True when this pair was verified within the last minute for this account and this password of it.
    pub(crate) fn knows(
        &self,
        principal: PrincipalId,
        changed: Timestamp,
        password: &SecretString,
        now: Timestamp,
    ) -> bool {
        let key = self.keyed(principal, password);
        let mut pairs = self.pairs.lock();
        let Some(pair) = pairs.get(&key) else {
            return false;
        };
        if pair.principal == principal && pair.changed == changed && self.is_fresh(pair, now) {
            return true;
        }
        pairs.remove(&key);
        false
    }

    pub(crate) fn remember(&self, principal: PrincipalId, changed: Timestamp, password: &SecretString, now: Timestamp) {
        let key = self.keyed(principal, password);
        let mut pairs = self.pairs.lock();
        if pairs.len() >= CAPACITY {
            pairs.retain(|_, pair| self.is_fresh(pair, now));
        }
        if pairs.len() < CAPACITY {
            pairs.insert(key, Pair { principal, changed, from: now });
        }
    }

    /// Drops what is known of an account: its password changed, or it was disabled.
    pub(crate) fn forget(&self, principal: PrincipalId) {
        self.pairs.lock().retain(|_, pair| pair.principal != principal);
    }

    /// A clock set back makes a pair worthless rather than long-lived.
    fn is_fresh(&self, pair: &Pair, now: Timestamp) -> bool {
        let age = now.duration_since(pair.from);
        !age.is_negative() && age < self.life
    }

    fn keyed(&self, principal: PrincipalId, password: &SecretString) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_ref()).expect("HMAC takes keys of any length");
        mac.update(principal.uuid().as_bytes());
        mac.update(password.expose_secret().as_bytes());
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use ephor_engine::port::SeededEntropy;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("in range")
    }

    #[test]
    fn a_pair_is_known_for_a_minute_and_for_one_password_of_one_account() {
        let entropy = SeededEntropy::new(3);
        let remembered = Remembered::new(SignedDuration::from_hours(1), &entropy);
        let (jen, pat) = (PrincipalId::new(entropy.guid()), PrincipalId::new(entropy.guid()));
        let (right, wrong) = (SecretString::from("right"), SecretString::from("wrong"));
        remembered.remember(jen, at(0), &right, at(10));
        assert!(remembered.knows(jen, at(0), &right, at(69)));
        assert!(!remembered.knows(jen, at(0), &wrong, at(11)));
        assert!(!remembered.knows(pat, at(0), &right, at(11)));
        assert!(!remembered.knows(jen, at(0), &right, at(70)), "a minute and no more, whatever was asked for");

        remembered.remember(jen, at(0), &right, at(10));
        assert!(!remembered.knows(jen, at(5), &right, at(11)), "the password was set anew");
        remembered.remember(jen, at(5), &right, at(12));
        assert!(!remembered.knows(jen, at(5), &right, at(11)), "the clock was set back");
        remembered.remember(jen, at(5), &right, at(12));
        remembered.forget(pat);
        assert!(remembered.knows(jen, at(5), &right, at(12)));
        remembered.forget(jen);
        assert!(!remembered.knows(jen, at(5), &right, at(12)));
    }
}

//! Wrong passwords that reached a directory, counted exactly: directories lock accounts after a few of them, and whoever
//! guesses here must not lock people out there.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::FailureLimit;
use crate::throttle::Subject;

/// Most subjects counted at once.
const CAPACITY: usize = 50_000;

#[derive(Debug)]
pub(crate) struct Failures {
    limit: FailureLimit,
    counted: Mutex<HashMap<Subject, Vec<Timestamp>>>,
}

impl Failures {
    pub(crate) fn new(limit: FailureLimit) -> Self {
        Self { limit, counted: Mutex::default() }
    }

    /// Counts a failure before the directory is asked, so that guesses at the same time gain nothing.
    ///
    /// # Errors
    /// How long until the directory may be asked again.
    pub(crate) fn reserve(&self, subject: &Subject, now: Timestamp) -> Result<(), SignedDuration> {
        let mut counted = self.counted.lock();
        if counted.len() >= CAPACITY && !counted.contains_key(subject) {
            counted.retain(|_, failures| failures.iter().any(|at| self.counts(*at, now)));
            // Strangers with very many names. Those of accounts stay: there are no more of them than accounts.
            if counted.len() >= CAPACITY {
                counted.retain(|subject, _| matches!(subject, Subject::Account(_)));
            }
        }
        let failures = counted.entry(subject.clone()).or_default();
        failures.retain(|at| self.counts(*at, now));
        let most = usize::try_from(self.limit.most).unwrap_or(usize::MAX);
        if let Some(oldest) = failures.iter().min()
            && failures.len() >= most
        {
            return Err(self.limit.window - now.duration_since(*oldest));
        }
        failures.push(now);
        Ok(())
    }

    /// The directory counted nothing: it was not asked, gave no answer, or refused for another reason.
    pub(crate) fn refund(&self, subject: &Subject, reserved: Timestamp) {
        let mut counted = self.counted.lock();
        if let Some(failures) = counted.get_mut(subject)
            && let Some(place) = failures.iter().position(|at| *at == reserved)
        {
            failures.swap_remove(place);
        }
    }

    /// A right password: the directory has forgotten the wrong ones as well.
    pub(crate) fn forget(&self, subject: &Subject) {
        self.counted.lock().remove(subject);
    }

    /// A failure of the future is a clock set back, which must lock nobody out.
    fn counts(&self, at: Timestamp, now: Timestamp) -> bool {
        let age = now.duration_since(at);
        !age.is_negative() && age < self.limit.window
    }
}

#[cfg(test)]
mod tests {
    use ephor_domain::id::PrincipalId;
    use uuid::Uuid;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("in range")
    }

    fn account(number: u128) -> Subject {
        Subject::Account(PrincipalId::new(Uuid::from_u128(number)))
    }

    #[test]
    fn never_more_than_the_limit_in_any_stretch() {
        let failures = Failures::new(FailureLimit { most: 3, window: SignedDuration::from_secs(60) });
        for second in [0, 10, 20] {
            assert_eq!(failures.reserve(&account(1), at(second)), Ok(()));
        }
        assert_eq!(failures.reserve(&account(1), at(30)), Err(SignedDuration::from_secs(30)));
        assert_eq!(failures.reserve(&account(2), at(30)), Ok(()));
        assert_eq!(failures.reserve(&account(1), at(60)), Ok(()));
        assert_eq!(failures.reserve(&account(1), at(61)), Err(SignedDuration::from_secs(9)));
    }

    #[test]
    fn what_the_directory_did_not_count_is_given_back() {
        let failures = Failures::new(FailureLimit { most: 1, window: SignedDuration::from_secs(60) });
        assert_eq!(failures.reserve(&account(1), at(0)), Ok(()));
        failures.refund(&account(1), at(0));
        assert_eq!(failures.reserve(&account(1), at(1)), Ok(()));
        assert!(failures.reserve(&account(1), at(2)).is_err());
        failures.forget(&account(1));
        assert_eq!(failures.reserve(&account(1), at(3)), Ok(()));
        assert_eq!(failures.reserve(&account(1), at(-500)), Ok(()), "the clock was set back");
    }
}

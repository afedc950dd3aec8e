//! What a commit sets in motion: who must be woken, and who waits for whom.

use std::collections::{BTreeSet, HashMap, hash_map::Entry};

use ephor_domain::id::{GrantId, GroupId, PrincipalId, TargetId};
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// What the workers must know of a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wake {
    /// The earliest instant at which something is due because of it.
    pub due: Option<Timestamp>,
    /// Targets that have work now.
    pub targets: BTreeSet<TargetId>,
    /// Grants that came into force or were gone in it.
    pub settled: Vec<GrantId>,
    /// Memberships at outside targets that are owed until an instant; `None` is for good.
    pub extended: Vec<((GroupId, PrincipalId), Option<Timestamp>)>,
    /// A challenge waits for the MFA provider.
    pub challenge: bool,
    /// A notification waits.
    pub notify: bool,
}

impl Wake {
    /// Something is due at `at`.
    pub fn at(&mut self, at: Option<Timestamp>) {
        self.due = match (self.due, at) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    /// Everything of `other` as well.
    pub fn merge(&mut self, other: Self) {
        self.at(other.due);
        self.targets.extend(other.targets);
        self.settled.extend(other.settled);
        self.extended.extend(other.extended);
        self.challenge |= other.challenge;
        self.notify |= other.notify;
    }
}

/// Calls that wait for a grant to come into force, or to be gone (seams §5).
#[derive(Debug, Default)]
pub struct Waiters {
    waiting: Mutex<HashMap<GrantId, Vec<oneshot::Sender<()>>>>,
}

impl Waiters {
    /// Waits for `grant` to settle. Ask before the commit, or the news may be missed.
    pub fn wait(&self, grant: GrantId) -> Waiting<'_> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.lock().entry(grant).or_default().push(sender);
        Waiting { waiters: self, grant, receiver }
    }

    /// Tells everybody who waits for `grants`.
    pub fn settled(&self, grants: &[GrantId]) {
        let mut waiting = self.waiting.lock();
        for grant in grants {
            for sender in waiting.remove(grant).into_iter().flatten() {
                // A caller that gave up waiting is no error.
                let _ = sender.send(());
            }
        }
    }

    /// Forgets those who have stopped waiting for `grant`, and nobody else.
    fn sweep(&self, grant: GrantId) {
        if let Entry::Occupied(mut entry) = self.waiting.lock().entry(grant) {
            entry.get_mut().retain(|sender| !sender.is_closed());
            if entry.get().is_empty() {
                entry.remove();
            }
        }
    }
}

/// One who waits for a grant to settle. Dropping it ends the wait, also when the whole call is given up.
#[derive(Debug)]
pub struct Waiting<'w> {
    waiters: &'w Waiters,
    grant: GrantId,
    receiver: oneshot::Receiver<()>,
}

impl Waiting<'_> {
    /// The grant.
    #[must_use]
    pub fn grant(&self) -> GrantId {
        self.grant
    }

    /// Completes when the grant has settled.
    pub async fn news(&mut self) {
        // The sender goes unused only together with the engine.
        let _ = (&mut self.receiver).await;
    }

    /// True when the grant has settled by now.
    pub fn has_settled(&mut self) -> bool {
        self.receiver.try_recv().is_ok()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.receiver.close();
        self.waiters.sweep(self.grant);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn one_who_stops_waiting_leaves_the_others_waiting() {
        let waiters = Waiters::default();
        let grant = GrantId::new(Uuid::from_u128(1));
        let gone = waiters.wait(grant);
        let mut stays = waiters.wait(grant);
        drop(gone);
        assert!(!stays.has_settled());
        waiters.settled(&[grant]);
        assert!(stays.has_settled());
    }

    #[test]
    fn nothing_is_kept_of_those_who_stopped_waiting() {
        let waiters = Waiters::default();
        for id in 0..100 {
            drop(waiters.wait(GrantId::new(Uuid::from_u128(id))));
        }
        assert!(waiters.waiting.lock().is_empty());
    }
}

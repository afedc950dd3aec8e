//! What a commit sets in motion: who must be woken, and who waits for whom.

use std::collections::{BTreeSet, HashMap};

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
    /// A receiver that completes when `grant` settles. Ask before the commit, or the news may be missed.
    pub fn wait(&self, grant: GrantId) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting.lock();
        let entry = waiting.entry(grant).or_default();
        entry.retain(|sender| !sender.is_closed());
        entry.push(sender);
        receiver
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

    /// Forgets everybody who waits for `grant`.
    pub fn forget(&self, grant: GrantId) {
        self.waiting.lock().remove(&grant);
    }
}

//! Policies of entitlements: the stored rules, or those that hold until somebody changes them (seams §9).
//!
//! A command that obeys a policy reads it by [`effective`] in its own transaction; faces show policies by
//! [`Engine::policies`] and change them by [`ChangePolicy`]. A PAM role carries its rules itself and has none here.

mod change;
mod right;

use std::collections::HashMap;

use ephor_domain::{entitlement::EntitlementKey, id::PrincipalId, policy::Policy, principal::Actor};
use ephor_store::{Fault, Tx, tx::policy::StoredPolicy};
use jiff::Timestamp;
use uuid::Uuid;

pub use change::{ChangePolicy, ResetPolicy};

use crate::{answer::Answer, answer::Denied, engine::Engine};

/// The policy of an entitlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyEntry {
    /// Whose rules: see [`EntitlementKey::policy_owner`].
    pub key: EntitlementKey,
    /// The rules.
    pub policy: Policy,
    /// The last change; none of an untouched policy.
    pub modified: Option<Modified>,
}

/// A change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modified {
    /// When.
    pub at: Timestamp,
    /// By whom; nobody for the server itself.
    pub by: Option<PrincipalId>,
}

impl PolicyEntry {
    fn untouched(owner: EntitlementKey) -> Self {
        Self { policy: Policy::untouched(owner.provider()), key: owner, modified: None }
    }
}

impl From<StoredPolicy> for PolicyEntry {
    fn from(stored: StoredPolicy) -> Self {
        let modified = Some(Modified { at: stored.modified, by: stored.modified_by });
        Self { key: stored.key, policy: stored.policy, modified }
    }
}

/// What a command locks, shared, that obeys the policy of `key`.
#[must_use]
pub fn lock(key: &EntitlementKey) -> Uuid {
    key.policy_owner().id().uuid()
}

/// The policy that holds for an entitlement: that of its owner, wherever the entitlement is held.
pub(crate) async fn effective(tx: &mut Tx, key: &EntitlementKey) -> Result<PolicyEntry, Fault> {
    let owner = key.policy_owner();
    let stored = tx.policy(owner.id()).await?;
    Ok(stored.map_or_else(|| PolicyEntry::untouched(owner), PolicyEntry::from))
}

/// The same for many, in the order asked.
pub(crate) async fn effective_of(tx: &mut Tx, keys: &[EntitlementKey]) -> Result<Vec<PolicyEntry>, Fault> {
    let owners: Vec<EntitlementKey> = keys.iter().map(EntitlementKey::policy_owner).collect();
    let ids: Vec<_> = owners.iter().map(EntitlementKey::id).collect();
    let stored = tx.policies_of(&ids).await?;
    let mut stored: HashMap<_, _> = stored.into_iter().map(|stored| (stored.key.id(), stored)).collect();
    let entry = |owner: EntitlementKey| match stored.remove(&owner.id()) {
        Some(stored) => stored.into(),
        None => PolicyEntry::untouched(owner),
    };
    Ok(owners.into_iter().map(entry).collect())
}

impl Engine {
    /// The policies of these entitlements, in the order asked; each entitlement once.
    ///
    /// # Errors
    /// [`ephor_domain::Refusal::NotAdministrator`] when the caller may not see one of them (`GRAPH 17.2`),
    /// [`ephor_domain::Refusal::NotFound`] for what there is not; faults of the store.
    pub async fn policies(&self, actor: &Actor, keys: Vec<EntitlementKey>) -> Answer<Vec<PolicyEntry>> {
        let (now, actor) = (self.now(), actor.clone());
        let read = self.store.read(move |tx| {
            let (actor, keys) = (actor.clone(), keys.clone());
            Box::pin(async move {
                match right::reads(tx, &actor, &keys, now).await {
                    Ok(()) => Ok(Ok(effective_of(tx, &keys).await?)),
                    Err(Denied::Refused(refusal)) => Ok(Err(refusal)),
                    Err(Denied::Failed(fault)) => Err(fault),
                }
            })
        });
        Ok(read.await??)
    }
}

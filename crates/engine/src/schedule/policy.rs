//! The rules that apply to an entitlement.

use ephor_domain::{entitlement::EntitlementKey, policy::Policy};
use ephor_store::{Fault, Tx};
use uuid::Uuid;

use crate::policy;

/// The rules of an entitlement, as they stand in this transaction.
pub(super) async fn of(tx: &mut Tx, key: &EntitlementKey) -> Result<Policy, Fault> {
    Ok(policy::effective(tx, key).await?.policy)
}

/// What is held shared while the rules are applied: nobody changes them meanwhile.
pub(super) fn lock(key: &EntitlementKey) -> Uuid {
    policy::lock(key)
}

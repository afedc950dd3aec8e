//! The rules that apply to an entitlement.

use ephor_domain::{entitlement::EntitlementKey, policy::Policy, time::Ttl};
use ephor_store::{Fault, Tx};
use uuid::Uuid;

use crate::policy;

/// The rules of an entitlement, as they stand in this transaction.
pub(super) async fn of(tx: &mut Tx, key: &EntitlementKey) -> Result<Policy, Fault> {
    Ok(policy::effective(tx, key).await?.policy)
}

/// How long an activation of `key` may last that rests on an eligibility at `eligible`: what both allow (`ARM A-6`).
pub(super) async fn longest(tx: &mut Tx, key: &EntitlementKey, eligible: &EntitlementKey) -> Result<Ttl, Fault> {
    let here = of(tx, key).await?.activation.expiration.maximum.ttl;
    if eligible == key {
        return Ok(here);
    }
    Ok(here.min(of(tx, eligible).await?.activation.expiration.maximum.ttl))
}

/// What is held shared while the rules are applied: nobody changes them meanwhile.
pub(super) fn lock(key: &EntitlementKey) -> Uuid {
    policy::lock(key)
}
